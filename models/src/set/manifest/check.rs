//! From the manifest as written to one that can be followed.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::network::Precision;

use super::file::{FieldEntry, GoldenEntry, ManifestFile, PreprocessingEntry, WeightsEntry};
use super::{
    Architecture, Expected, FORMAT, Field, FieldKind, Filter, Golden, Manifest, ManifestError,
    Normalisation, Preprocessing, ViewSpec, WeightsFile, architecture,
};

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

fn fields(entries: &[FieldEntry]) -> Checked<Vec<Field>> {
    if entries.is_empty() {
        return Err(ManifestError::value("fields", "[]", "a model answers at least one field"));
    }
    let mut fields: Vec<Field> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        if entry.name.is_empty() || fields.iter().any(|field| field.name == entry.name) {
            let key = format!("fields[{at}].name");
            return Err(ManifestError::value(key, format!("{:?}", entry.name), "empty or twice"));
        }
        fields.push(Field { name: entry.name.clone(), kind: kind(at, entry)? });
    }
    Ok(fields)
}

fn kind(at: usize, entry: &FieldEntry) -> Checked<FieldKind> {
    let key = |name: &str| format!("fields[{at}].{name}");
    match entry.kind.as_str() {
        "number" => Ok(FieldKind::Number),
        "text" => Ok(FieldKind::Text),
        "vector" => {
            let dimensions = entry.dimensions.and_then(|d| usize::try_from(d).ok()).unwrap_or(0);
            if dimensions == 0 {
                let found = entry.dimensions.map_or("missing".into(), |d| d.to_string());
                return Err(ManifestError::value(key("dimensions"), found, "at least 1"));
            }
            let normalisation = match entry.normalisation.as_deref() {
                None | Some("none") => Normalisation::None,
                Some("l2") => Normalisation::L2,
                Some(other) => {
                    return Err(ManifestError::value(key("normalisation"), other, "l2 or none"));
                }
            };
            Ok(FieldKind::Vector { dimensions, normalisation })
        }
        other => Err(ManifestError::value(key("type"), other, "vector, number or text")),
    }
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

fn golden(entry: GoldenEntry, fields: &[Field]) -> Checked<Golden> {
    plain_name("golden.input", &entry.input)?;
    if !(entry.tolerance.is_finite() && entry.tolerance >= 0.0) {
        return Err(ManifestError::value("golden.tolerance", entry.tolerance, "0 or more"));
    }
    if let Some(name) = entry.output.keys().find(|name| fields.iter().all(|f| f.name != **name)) {
        return Err(ManifestError::value("golden.output", name, "no such field"));
    }
    let mut output = BTreeMap::new();
    for field in fields {
        let key = format!("golden.output.{}", field.name);
        let value = entry.output.get(&field.name).unwrap_or(&Value::Null);
        output.insert(field.name.clone(), expected(&key, value, field.kind)?);
    }
    Ok(Golden { input: entry.input, output, tolerance: entry.tolerance })
}

fn expected(key: &str, value: &Value, kind: FieldKind) -> Checked<Expected> {
    let length = match kind {
        FieldKind::Vector { dimensions, .. } => dimensions,
        FieldKind::Number | FieldKind::Text => 1,
    };
    let entries = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.len() != length {
        let found = format!("of length {}", entries.len());
        return Err(ManifestError::value(key, found, format!("an array of length {length}")));
    }
    if let (FieldKind::Text, Some(text)) = (kind, entries[0].as_str()) {
        return Ok(Expected::Text(text.to_owned()));
    }
    #[expect(clippy::cast_possible_truncation, reason = "they were written as f32")]
    let numbers = entries.iter().map(|entry| entry.as_f64().map(|number| number as f32));
    match numbers.collect::<Option<Vec<f32>>>() {
        Some(numbers) if kind != FieldKind::Text => Ok(Expected::Numbers(numbers)),
        _ => Err(ManifestError::value(key, value, "numbers, or a text for a text field")),
    }
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
