//! The manifest as it is written, before anything of it is believed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `manifest.json`, key by key; keys that are not named here are tolerated.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManifestFile {
    pub format: u64,
    pub inferrer: String,
    pub architecture: String,
    pub name: String,
    pub version: String,
    pub fields: Vec<FieldEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessing: Option<PreprocessingEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<WeightsEntry>,
    pub golden: GoldenEntry,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(default)]
    pub lineage: Value,
}

/// One of `fields`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FieldEntry {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalisation: Option<String>,
}

/// `preprocessing`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreprocessingEntry {
    pub width: u32,
    pub height: u32,
    pub filter: String,
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
    pub scale: f32,
}

/// `weights`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WeightsEntry {
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
    pub dtype: String,
}

/// `golden`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GoldenEntry {
    pub input: String,
    pub output: BTreeMap<String, Value>,
    pub tolerance: f32,
}

impl ManifestFile {
    /// The file's text: objects over several lines, arrays on one, so that a vector of a thousand
    /// numbers does not bury the rest.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, Layout::default());
        self.serialize(&mut serializer).expect("plain data into memory always serialises");
        text.push(b'\n');
        String::from_utf8(text).expect("serde_json writes nothing but UTF-8")
    }
}

/// Objects as `PrettyFormatter` writes them, arrays on one line.
#[derive(Default)]
struct Layout<'a>(serde_json::ser::PrettyFormatter<'a>);

impl serde_json::ser::Formatter for Layout<'_> {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + std::io::Write>(&mut self, writer: &mut W) -> std::io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        self.0.end_object_value(writer)
    }
}
