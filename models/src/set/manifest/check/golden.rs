//! What the golden picture must give.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::file::GoldenEntry;
use super::super::{Expected, Golden};
use super::{Checked, ManifestError, plain_name};
use crate::field::{Field, FieldKind};

/// One answer for each of `fields`, of its kind.
pub(super) fn golden(entry: GoldenEntry, fields: &[Field]) -> Checked<Golden> {
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
