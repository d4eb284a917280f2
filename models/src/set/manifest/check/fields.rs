//! The fields of an answer.

use super::super::file::FieldEntry;
use super::{Checked, ManifestError};
use crate::field::{Field, FieldKind, Normalisation};

/// At least one, each under a name of its own.
pub(super) fn fields(entries: &[FieldEntry]) -> Checked<Vec<Field>> {
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
