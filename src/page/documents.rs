//! Reads the augmented documents back: what the page shows of each picture, and what it compares.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::album::Key;
use super::palette::{self, Swatch};
use super::sketch::{Sketch, Sketcher};
use super::{PageError, crew};
use crate::wire::local_document::{LocalId, file_path};

/// What the page shows of one augmented picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// The canonical id.
    pub id: String,
    /// `modifiedTime` in milliseconds since 1970.
    pub version: i64,
    /// The path relative to the folder, for people.
    pub name: String,
    /// Where its file is, if the document says so.
    pub path: Option<PathBuf>,
    /// `#rrggbb`.
    pub average_colour: Option<String>,
    /// Width / height.
    pub aspect_ratio: Option<f32>,
    /// The strongest colours.
    pub swatches: Vec<Swatch>,
    /// Which model made which field.
    pub models: BTreeMap<String, Model>,
    /// Its features, to compare.
    pub features: Option<Sketch>,
    /// Its palette, to compare.
    pub palette: Option<Sketch>,
}

/// A model, as documents name it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Model {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Digest of its weights or manifest.
    #[serde(default)]
    pub sha256: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    modified_time: Option<String>,
    state: State,
    #[serde(default)]
    locations: Vec<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    canonical_id: String,
    source_identifier: Option<SourceIdentifier>,
    inferred_data: InferredData,
    #[serde(default)]
    inference_models: BTreeMap<String, Model>,
}

#[derive(Deserialize)]
struct SourceIdentifier {
    value: String,
}

#[derive(Deserialize)]
struct Location {
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InferredData {
    #[serde(default)]
    features: Vec<f32>,
    #[serde(default)]
    palette_embedding: Vec<f32>,
    average_color_hex: Option<String>,
    aspect_ratio: Option<f32>,
}

impl Picture {
    fn new(document: Document, sketcher: Sketcher) -> Self {
        let Document { modified_time, state, locations } = document;
        let inferred = state.inferred_data;
        let modified: Option<Timestamp> = modified_time.and_then(|time| time.parse().ok());
        let name = state.source_identifier.map(|identifier| identifier.value);
        Self {
            name: name.unwrap_or_else(|| state.canonical_id.clone()),
            id: state.canonical_id,
            version: modified.map_or(0, Timestamp::as_millisecond),
            path: locations.first().and_then(|location| file_path(&location.url)),
            average_colour: inferred.average_color_hex.filter(|hex| is_colour(hex)),
            aspect_ratio: inferred.aspect_ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0),
            swatches: palette::swatches(&inferred.palette_embedding),
            models: state.inference_models,
            features: sketcher.sketch(inferred.features),
            palette: sketcher.sketch(inferred.palette_embedding),
        }
    }

    /// What its thumbnail is filed under, if it is a local picture's.
    pub fn key(&self) -> Option<Key> {
        LocalId::parse(&self.id).map(|id| (id, self.version))
    }
}

/// Reads all pictures, in the order of their names, with `threads` threads. A file that is not there
/// has none.
pub fn read(path: &Path, threads: usize) -> Result<Vec<Picture>, PageError> {
    let Some(lines) = lines(path)? else { return Ok(vec![]) };
    let sketcher = Sketcher::new(lines.count());
    let Some(lines) = self::lines(path)? else { return Ok(vec![]) };
    let parse = |(line, text): (usize, io::Result<Vec<u8>>)| -> Result<Picture, PageError> {
        let text = text.map_err(PageError::io(path))?;
        serde_json::from_slice(&text)
            .map(|document| Picture::new(document, sketcher))
            .map_err(|cause| PageError::Malformed { path: path.into(), line: line + 1, cause })
    };
    let mut pictures = vec![];
    let mut first_error: Option<PageError> = None;
    crew::in_parallel(lines.enumerate(), threads, parse, |parsed| match parsed {
        Ok(picture) => pictures.push(picture),
        Err(error) => _ = first_error.get_or_insert(error),
    });
    pictures.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    first_error.map_or(Ok(pictures), Err)
}

fn lines(path: &Path) -> Result<Option<impl Iterator<Item = io::Result<Vec<u8>>>>, PageError> {
    match File::open(path) {
        Ok(file) => Ok(Some(BufReader::with_capacity(1 << 16, file).split(b'\n'))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PageError::io(path)(error)),
    }
}

/// Whether `text` is `#rrggbb`.
fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_hexadecimal_digits_are_a_colour() {
        assert!(is_colour("#0aA7bc"));
        for other in ["", "#", "0aa7bc", "#0aa7b", "#0aa7bcd", "#0aa7b;", "red", "#ééé"] {
            assert!(!is_colour(other), "{other}");
        }
    }

    #[test]
    fn pictures_come_by_name_whatever_the_order_of_the_lines_and_unknown_keys_are_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("augmented.ndjson");
        let line = |name: &str, value: f32| {
            serde_json::json!({"x": [1], "modifiedTime": "1970-01-01T00:00:02.5Z", "state": {
                "canonicalId": format!("id-{name}"), "sourceIdentifier": {"value": name, "y": null},
                "inferredData": {"features": [value, 1.0], "z": {}},
            }})
            .to_string()
        };
        std::fs::write(&path, [line("b", 1.0), line("c", 1.0), line("a", -1.0)].join("\n"))
            .unwrap();

        let pictures = read(&path, 2).unwrap();

        let names: Vec<_> = pictures.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(pictures[0].version, 2500);
        assert!(pictures[1].features == pictures[2].features && pictures[1].features.is_some());
        assert!(pictures[0].features != pictures[1].features);
        assert_eq!(pictures[0].palette, None);
    }

    #[test]
    fn a_missing_file_has_no_pictures_and_a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("augmented.ndjson");
        assert_eq!(read(&path, 1).unwrap(), []);

        let good = r#"{"state":{"canonicalId":"a","inferredData":{}}}"#;
        std::fs::write(&path, format!("{good}\n{{\n")).unwrap();
        let error = read(&path, 1).err().map(|error| error.to_string()).unwrap();
        assert!(error.contains("augmented.ndjson, line 2: "), "{error}");
    }
}
