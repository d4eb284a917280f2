//! The manifest of an imported network.

use serde_json::Value;

use super::INFERRER;
use super::golden::{FIELD, GOLDEN_NAME};
use crate::architecture::NetworkKind;
use crate::set;
use crate::set::file::{FieldEntry, GoldenEntry, ManifestFile, PreprocessingEntry, WeightsEntry};

/// How far a value of the golden vector may be off. Hosts with other instruction sets sum in
/// another order, which moves values by about 1e-7; a wrong weight moves them by far more.
const TOLERANCE: f32 = 1e-4;

/// What the set says of the network `name`, whose weights file is `weights` and which answers
/// `golden` to the golden picture.
pub(super) fn manifest(
    name: &str,
    kind: &NetworkKind,
    weights: &[u8],
    golden: &[f32],
    lineage: Value,
) -> ManifestFile {
    let provenance = &kind.provenance;
    let preprocessing = &provenance.preprocessing;
    ManifestFile {
        format: set::FORMAT,
        inferrer: INFERRER.into(),
        architecture: name.into(),
        name: provenance.name.into(),
        version: provenance.version.into(),
        fields: vec![FieldEntry {
            name: FIELD.into(),
            kind: "vector".into(),
            dimensions: Some(kind.dimensions as u64),
            normalisation: Some("l2".into()),
        }],
        preprocessing: Some(PreprocessingEntry {
            width: preprocessing.view.width,
            height: preprocessing.view.height,
            filter: preprocessing.view.filter.name().into(),
            mean: preprocessing.mean.to_vec(),
            std: preprocessing.std.to_vec(),
            scale: preprocessing.scale,
        }),
        weights: Some(WeightsEntry {
            file: "weights.safetensors".into(),
            bytes: weights.len() as u64,
            sha256: set::sha256(weights),
            dtype: kind.precision.name().into(),
        }),
        golden: GoldenEntry {
            input: GOLDEN_NAME.into(),
            output: [(FIELD.into(), golden.iter().map(|x| Value::from(*x)).collect())].into(),
            tolerance: TOLERANCE,
        },
        licence: Some(provenance.licence.into()),
        source: Some(provenance.source.into()),
        lineage,
    }
}
