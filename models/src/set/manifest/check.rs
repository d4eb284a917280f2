//! From the manifest as written to one that can be followed.

mod fields;
mod golden;

use serde_json::Value;

use super::file::{ManifestFile, PreprocessingEntry, WeightsEntry};
use super::{FORMAT, Manifest, ManifestError, WeightsFile};
use crate::architecture::{self, Architecture};
use crate::network::{Precision, Preprocessing};
use crate::picture::{Filter, ViewSpec};
use fields::fields;
use golden::golden;

type Checked<T> = Result<T, ManifestError>;

/// The largest side of a network's input. Beyond it a wrong digit is likelier than a purpose.
const LARGEST_INPUT: u32 = 4096;

/// Reads and checks a manifest.
pub fn manifest(json: &[u8]) -> Checked<Manifest> {
    let value: Value = serde_json::from_slice(json).map_err(|e| json_error(&e))?;
    // The format comes first: of another one nothing else may be assumed.
    match &value["format"] {
        Value::Number(format) if format.as_u64() == Some(FORMAT) => {}
        Value::Null => return Err(ManifestError::Format("missing".into())),
        other => return Err(ManifestError::Format(other.to_string())),
    }
    let file: ManifestFile = serde_json::from_value(value).map_err(|e| json_error(&e))?;
    checked(file)
}

fn json_error(error: &serde_json::Error) -> ManifestError {
    ManifestError::Json(error.to_string())
}

fn checked(file: ManifestFile) -> Checked<Manifest> {
    let architecture = architecture::by_name(&file.architecture).ok_or_else(|| {
        let known = architecture::names().join(", ");
        ManifestError::value("architecture", &file.architecture, format!("known are {known}"))
    })?;
    for (key, value) in [("name", &file.name), ("version", &file.version)] {
        if value.trim().is_empty() {
            return Err(ManifestError::value(key, "empty", "it identifies the model"));
        }
    }
    let fields = fields(&file.fields)?;
    let manifest = Manifest {
        inferrer: inferrer(file.inferrer)?,
        architecture,
        name: file.name,
        version: file.version,
        golden: golden(file.golden, &fields)?,
        fields,
        preprocessing: file.preprocessing.map(preprocessing).transpose()?,
        weights: file.weights.map(weights).transpose()?,
        licence: file.licence,
        source: file.source,
    };
    fits(architecture, &manifest)?;
    Ok(manifest)
}

fn inferrer(name: String) -> Checked<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !name.is_empty() && name.chars().all(plain) {
        return Ok(name);
    }
    Err(ManifestError::value("inferrer", format!("{name:?}"), "it must be of a-z, 0-9 and -"))
}

fn preprocessing(entry: PreprocessingEntry) -> Checked<Preprocessing> {
    let key = |name: &str| format!("preprocessing.{name}");
    for (name, side) in [("width", entry.width), ("height", entry.height)] {
        if !(1..=LARGEST_INPUT).contains(&side) {
            let reason = format!("1 to {LARGEST_INPUT} pixels");
            return Err(ManifestError::value(key(name), side, reason));
        }
    }
    let filter = Filter::from_name(&entry.filter)
        .ok_or_else(|| ManifestError::value(key("filter"), &entry.filter, "bilinear or nearest"))?;
    let mean = channels(&key("mean"), entry.mean, f32::MIN)?;
    let std = channels(&key("std"), entry.std, f32::MIN_POSITIVE)?;
    if !(entry.scale.is_finite() && entry.scale > 0.0) {
        return Err(ManifestError::value(key("scale"), entry.scale, "above 0"));
    }
    let view = ViewSpec { width: entry.width, height: entry.height, filter };
    Ok(Preprocessing { view, mean, std, scale: entry.scale })
}

fn channels(key: &str, values: Vec<f32>, least: f32) -> Checked<[f32; 3]> {
    let wrong = |values: &[f32], reason| ManifestError::value(key, format!("{values:?}"), reason);
    if let Some(bad) = values.iter().find(|value| !(value.is_finite() && **value >= least)) {
        return Err(wrong(&[*bad], "finite, and a deviation above 0"));
    }
    values.try_into().map_err(|values: Vec<f32>| wrong(&values, "three numbers: red, green, blue"))
}

fn weights(entry: WeightsEntry) -> Checked<WeightsFile> {
    let wrong = |name: &str, value: &dyn std::fmt::Display, reason: &str| {
        Err(ManifestError::value(format!("weights.{name}"), value, reason))
    };
    plain_name("weights.file", &entry.file)?;
    if !entry.file.ends_with(".safetensors") {
        return wrong("file", &entry.file, "a file *.safetensors");
    }
    let hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if entry.sha256.len() != 64 || !entry.sha256.bytes().all(hex) {
        return wrong("sha256", &entry.sha256, "64 lower-case hex digits");
    }
    if entry.bytes == 0 {
        return wrong("bytes", &0, "the file's length");
    }
    if !Precision::ALL.map(Precision::name).contains(&entry.dtype.as_str()) {
        return wrong("dtype", &entry.dtype, "f16 or f32");
    }
    let WeightsEntry { file, bytes, sha256, dtype } = entry;
    Ok(WeightsFile { file, bytes, sha256, dtype })
}

/// A set's files lie in the inferrer's own folder; a path would let a manifest name any file.
fn plain_name(key: &str, file: &str) -> Checked<()> {
    let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\', '\0']);
    if plain {
        return Ok(());
    }
    Err(ManifestError::value(key, format!("{file:?}"), "the name of a file in this folder"))
}

/// Holds the manifest against what its architecture answers and needs.
fn fits(architecture: &Architecture, manifest: &Manifest) -> Checked<()> {
    let name = architecture.name();
    let kinds: Vec<_> = manifest.fields.iter().map(|field| field.kind).collect();
    if kinds != architecture.answers() {
        let reason = format!("{name} answers {:?}", architecture.answers());
        return Err(ManifestError::value("fields", format!("{kinds:?}"), reason));
    }
    let wanted = architecture.is_network();
    let parts = [
        ("preprocessing", manifest.preprocessing.is_some()),
        ("weights", manifest.weights.is_some()),
    ];
    for (part, present) in parts {
        if present != wanted {
            let found = if present { "present" } else { "missing" };
            let reason = format!("{name} {} one", if wanted { "needs" } else { "has no use for" });
            return Err(ManifestError::value(part, found, reason));
        }
    }
    let Some(view) = manifest.preprocessing.map(|preprocessing| preprocessing.view) else {
        return Ok(());
    };
    let step = architecture.input_multiple();
    if view.width % step == 0 && view.height % step == 0 {
        return Ok(());
    }
    let size = format!("{}×{}", view.width, view.height);
    Err(ManifestError::value("preprocessing", size, format!("{name} takes multiples of {step}")))
}
