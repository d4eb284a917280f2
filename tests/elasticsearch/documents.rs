//! Initial documents and what is inferred from them, small enough to be read.

use std::sync::Arc;

use actors::inference::{
    FieldKind, FieldSpec, Inference, InferrerName, InferrerSpec, ModelStamp, Value as Inferred,
};
use actors::ports::{Augmented, Prepared};
use actors::record::{Record, RecordId};
use bytes::Bytes;
use serde_json::{Value, json};

pub fn id(text: &str) -> RecordId {
    RecordId::new(text).expect("a test names its ids rightly")
}

pub fn ids(texts: &[&str]) -> Vec<RecordId> {
    texts.iter().map(|text| id(text)).collect()
}

/// An initial document in the shape that production has, with keys that nobody knows.
pub fn initial(name: &str, modified: &str) -> Value {
    json!({
        "version": 3,
        "modifiedTime": modified,
        "state": {
            "sourceIdentifier": {"identifierType": {"id": "miro-image-number"}, "ontologyType": "Image", "value": "V0017087"},
            "canonicalId": name,
        },
        "locations": [{
            "url": "https://iiif.example.org/image/V0017087/info.json",
            "locationType": {"id": "iiif-image"}, "license": null, "credit": "Somebody",
        }],
        "source": {"type": "ParentWork", "id": {"canonicalId": "a24esypq", "otherIdentifiers": []},
                   "data": {"title": "“Ünïcode”\n\u{2028}", "imageData": []}, "version": 1},
        "unknown": {"z": 1, "a": [0.1, 1e-7, 9_007_199_254_740_993_i64, -0.0, 18_446_744_073_709_551_615_u64]},
    })
}

/// What the inferrers of these tests promise: a unit vector of three, a colour, a ratio.
pub fn specs() -> Vec<Arc<InferrerSpec>> {
    vec![
        spec("features", "features", FieldKind::Vector { dimensions: 3, unit: true }),
        spec("palette", "averageColorHex", FieldKind::Text),
        spec("aspect-ratio", "aspectRatio", FieldKind::Number),
    ]
}

fn spec(name: &str, field: &str, kind: FieldKind) -> Arc<InferrerSpec> {
    let model = ModelStamp {
        name: format!("{name}-model"),
        version: "2026-11-23".into(),
        sha256: "ab".repeat(32),
    };
    let fields = vec![FieldSpec { name: field.into(), kind }];
    Arc::new(InferrerSpec { name: InferrerName::new(name), model, fields, engine: String::new() })
}

pub fn augmented(record: Record) -> Augmented {
    augmented_with(record, vec![0.6, 0.8, 0.0])
}

pub fn augmented_with(record: Record, features: Vec<f32>) -> Augmented {
    let values =
        [Inferred::Vector(features), Inferred::Text("#0aa7bc".into()), Inferred::Number(1.5)];
    let inferences = specs().into_iter().zip(values);
    let inferences =
        inferences.map(|(spec, value)| Inference { spec, values: vec![value] }).collect();
    Augmented { record, inferences }
}

/// A rendered document that says nothing, for tests of the way there.
pub fn prepared(name: &str, version: i64) -> Prepared {
    prepared_as(name, version, &json!({"state": {"canonicalId": name}}))
}

pub fn prepared_as(name: &str, version: i64, document: &Value) -> Prepared {
    Prepared { id: id(name), version, body: Bytes::from(document.to_string()) }
}
