//! The augmented document: the initial one with what was inferred from it, for every index alike.
//!
//! ```text
//! { …, "state": { …, "inferredData":    { "features": [0.013270198, …], "averageColorHex": "#0aa7bc", … },
//!                    "augmentedTime":   "2025-04-01T10:00:00.000Z",
//!                    "inferenceModels": { "features": { "name": …, "version": …, "sha256": … }, … } }, … }
//! ```
//! Every other value of the initial document, unknown keys and nulls included, comes out as it went
//! in and in its place. The document is written straight from the record: nothing is cloned.

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::inference::{Inference, Value as Inferred};
use actors::ports::Augmented;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::wire::json_object::JsonObject;
use crate::wire::model_stamp::Stamp;
use crate::wire::{packed_floats, short_floats, timestamp};

/// The keys of `state` that belong to inference. An initial document that holds them already, since
/// it was augmented before, gets new ones.
const OURS: [&str; 3] = ["inferredData", "augmentedTime", "inferenceModels"];

/// One record's augmented document, not yet written.
pub struct AugmentedDocument<'a> {
    document: &'a Map<String, Value>,
    state: &'a Map<String, Value>,
    inferences: &'a [Inference],
    at: Timestamp,
    packed: Option<&'a BTreeSet<Arc<str>>>,
}

/// Why a record cannot become an augmented document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAugmentable {
    /// The initial document is a text, a number, a list or null.
    #[error("the initial document is not an object")]
    NotAnObject,
    /// There is no place for the inferred data.
    #[error("the initial document has no object called state")]
    NoState,
}

impl<'a> AugmentedDocument<'a> {
    /// The document of `augmented`, inferred at `at`.
    ///
    /// # Errors
    /// [`NotAugmentable`] where the initial document has no object `state`.
    pub fn new(augmented: &'a Augmented, at: Timestamp) -> Result<Self, NotAugmentable> {
        let document = augmented.record.document.as_object().ok_or(NotAugmentable::NotAnObject)?;
        let state =
            document.get("state").and_then(Value::as_object).ok_or(NotAugmentable::NoState)?;
        Ok(Self { document, state, inferences: &augmented.inferences, at, packed: None })
    }

    /// With the vectors of these fields as base64 of big-endian f32, which only an index that declares
    /// them as dense vectors reads as such: a third of the bytes and of the index's work.
    #[must_use]
    pub const fn with_packed_vectors(mut self, fields: &'a BTreeSet<Arc<str>>) -> Self {
        self.packed = Some(fields);
        self
    }

    /// The document as JSON text on one line. Vectors that are not packed are numbers: each the
    /// shortest text that reads back as the same f32.
    ///
    /// # Errors
    /// None in practice: all keys are texts and memory is the only thing written to.
    pub fn to_json(&self) -> serde_json::Result<Bytes> {
        let mut text = Vec::with_capacity(self.likely_length());
        let mut document = JsonObject::open(&mut text);
        for (key, value) in self.document {
            if key == "state" {
                self.write_state(document.value_of(key)?)?;
            } else {
                document.entry(key, value)?;
            }
        }
        document.close();
        text.shrink_to_fit(); // it waits for the sink's batch; memory there is per document
        Ok(text.into())
    }

    fn likely_length(&self) -> usize {
        const BYTES_OF_A_NUMBER: usize = 14;
        const BYTES_OF_THE_REST: usize = 4096;
        let numbers = self.values().map(|(name, value)| match value {
            Inferred::Vector(vector) if self.is_packed(name) => vector.len().div_ceil(2),
            Inferred::Vector(vector) => vector.len(),
            _ => 1,
        });
        BYTES_OF_THE_REST + BYTES_OF_A_NUMBER * numbers.sum::<usize>()
    }

    fn is_packed(&self, field: &str) -> bool {
        self.packed.is_some_and(|fields| fields.contains(field))
    }

    fn values(&self) -> impl Iterator<Item = (&str, &Inferred)> {
        self.inferences.iter().flat_map(|inference| {
            let names = inference.spec.fields.iter().map(|field| &*field.name);
            names.zip(&inference.values)
        })
    }

    fn write_state(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let mut state = JsonObject::open(text);
        for (key, value) in self.state.iter().filter(|(key, _)| !OURS.contains(&key.as_str())) {
            state.entry(key, value)?;
        }
        self.write_inferred_data(state.value_of("inferredData")?)?;
        state.entry("augmentedTime", &timestamp::milliseconds(self.at))?;
        self.write_inference_models(state.value_of("inferenceModels")?)?;
        state.close();
        Ok(())
    }

    fn write_inferred_data(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let mut fields = JsonObject::open(text);
        for (name, value) in self.values() {
            match value {
                Inferred::Vector(vector) if self.is_packed(name) => {
                    packed_floats::write_vector(fields.value_of(name)?, vector);
                }
                Inferred::Vector(vector) => {
                    short_floats::write_vector(fields.value_of(name)?, vector)?;
                }
                Inferred::Number(number) => fields.entry(name, number)?,
                Inferred::Text(text) => fields.entry(name, text)?,
                Inferred::Tokens(tokens) => fields.entry(name, tokens)?,
            }
        }
        fields.close();
        Ok(())
    }

    fn write_inference_models(&self, text: &mut Vec<u8>) -> serde_json::Result<()> {
        let mut models = JsonObject::open(text);
        for inference in self.inferences {
            for field in &inference.spec.fields {
                models.entry(&field.name, &Stamp::from(&inference.spec.model))?;
            }
        }
        models.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actors::inference::{FieldKind, FieldSpec, InferrerName, InferrerSpec, ModelStamp};
    use actors::record::{Record, RecordId};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn inference(name: &str, field: &str, value: Inferred) -> Inference {
        let model = ModelStamp {
            name: format!("{name}-model"),
            version: "2026-11-23".into(),
            sha256: "ab".repeat(32),
        };
        let fields = vec![FieldSpec { name: field.into(), kind: FieldKind::Number }];
        let spec =
            InferrerSpec { name: InferrerName::new(name), model, fields, engine: String::new() };
        Inference { spec: Arc::new(spec), values: vec![value] }
    }

    fn augmented(document: Value, inferences: Vec<Inference>) -> Augmented {
        let id = RecordId::new("swms7qdx").unwrap();
        Augmented { record: Record { id, version: 1, document: Arc::new(document) }, inferences }
    }

    fn render(augmented: &Augmented) -> String {
        let at = "2025-04-01T10:00:00Z".parse().unwrap();
        let text = AugmentedDocument::new(augmented, at).unwrap().to_json().unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn the_document_is_the_initial_one_with_inferences_added_to_its_state() {
        let initial = json!({
            "version": 3,
            "state": {"sourceIdentifier": {"value": "V0017087"}, "canonicalId": "swms7qdx", "odd": null},
            "locations": [{"url": "https://example.org/info.json", "license": null}],
            "source": {"data": {"imageData": [], "unknown": {"z": 1, "a": 0.1}}},
            "imageData": [{"k": 18_446_744_073_709_551_615_u64}],
        });
        let inferences = vec![
            inference("features", "features", Inferred::Vector(vec![0.6, -0.8])),
            inference("aspect-ratio", "aspectRatio", Inferred::Number(1.162_790_7)),
            inference("palette", "averageColorHex", Inferred::Text("#0aa7bc".into())),
            inference("tokens", "tokens", Inferred::Tokens(vec!["1-2".into()])),
        ];

        let text = render(&augmented(initial, inferences));

        let stamp = |name: &str| {
            let hash = "ab".repeat(32);
            format!(r#"{{"name":"{name}-model","version":"2026-11-23","sha256":"{hash}"}}"#)
        };
        let expected = [
            r#"{"version":3,"state":{"sourceIdentifier":{"value":"V0017087"},"#,
            r#""canonicalId":"swms7qdx","odd":null,"inferredData":{"features":[0.6,-0.8],"#,
            r##""aspectRatio":1.1627907,"averageColorHex":"#0aa7bc","tokens":["1-2"]},"##,
            r#""augmentedTime":"2025-04-01T10:00:00.000Z","inferenceModels":{"#,
            &format!(
                r#""features":{},"aspectRatio":{},"#,
                stamp("features"),
                stamp("aspect-ratio")
            ),
            &format!(r#""averageColorHex":{},"tokens":{}}}}},"#, stamp("palette"), stamp("tokens")),
            r#""locations":[{"url":"https://example.org/info.json","license":null}],"#,
            r#""source":{"data":{"imageData":[],"unknown":{"z":1,"a":0.1}}},"#,
            r#""imageData":[{"k":18446744073709551615}]}"#,
        ];
        assert_eq!(text, expected.concat());
    }

    #[test]
    fn a_document_that_was_augmented_before_gets_new_inferences_and_no_key_twice() {
        let initial = json!({"state": {
            "inferredData": {"old": 1}, "canonicalId": "a", "augmentedTime": "x", "inferenceModels": {}
        }});

        let text =
            render(&augmented(initial, vec![inference("n", "field", Inferred::Number(2.0))]));

        assert!(text.starts_with(r#"{"state":{"canonicalId":"a","inferredData":{"field":2.0},"#));
        for key in OURS {
            assert_eq!(text.matches(&format!("\"{key}\"")).count(), 1, "{key}");
        }
    }

    #[test]
    fn only_the_vectors_that_are_named_are_packed() {
        let vector = |name| inference(name, name, Inferred::Vector(vec![1.0, -2.5]));
        let augmented = augmented(json!({"state": {}}), vec![vector("features"), vector("other")]);
        let fields = BTreeSet::from(["features".into(), "averageColorHex".into()]);

        let document = AugmentedDocument::new(&augmented, Timestamp::UNIX_EPOCH).unwrap();
        let text = document.with_packed_vectors(&fields).to_json().unwrap();

        let back: Value = serde_json::from_slice(&text).unwrap();
        // 1.0 is 3f800000 and -2.5 is c0200000.
        let expected = json!({"features": "P4AAAMAgAAA=", "other": [1.0, -2.5]});
        assert_eq!(back["state"]["inferredData"], expected);
    }

    #[test]
    fn a_document_without_a_state_is_refused() {
        let at = Timestamp::UNIX_EPOCH;
        let refusal = |document| AugmentedDocument::new(&augmented(document, vec![]), at).err();

        assert_eq!(refusal(json!([1])), Some(NotAugmentable::NotAnObject));
        assert_eq!(refusal(json!({"version": 1})), Some(NotAugmentable::NoState));
        assert_eq!(refusal(json!({"state": null})), Some(NotAugmentable::NoState));
    }

    /// Any JSON without an object that repeats a key.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from), // not finite: null
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_other_value_of_the_initial_document_comes_out_unchanged_and_in_order(
            before in any_json(), inside in any_json(), after in any_json(),
        ) {
            let initial = json!({"before": before, "state": {"inside": inside}, "after": after});

            let text = render(&augmented(initial.clone(), vec![]));

            prop_assert!(!text.contains('\n'));
            let mut back: Value = serde_json::from_str(&text).unwrap();
            for key in OURS {
                back["state"].as_object_mut().unwrap().shift_remove(key);
            }
            prop_assert_eq!(back.to_string(), initial.to_string());
        }

        #[test]
        fn every_f32_is_written_as_a_short_text_that_reads_back_as_the_same_bits(
            bits in any::<u32>().prop_filter("finite", |bits| f32::from_bits(*bits).is_finite()),
        ) {
            let number = f32::from_bits(bits);

            let text = render(&augmented(
                json!({"state": {}}), vec![inference("f", "v", Inferred::Vector(vec![number]))],
            ));

            let written = text.split(['[', ']']).nth(1).unwrap();
            prop_assert_eq!(written.parse::<f32>().unwrap().to_bits(), bits);
            let digits = written.split(['e', 'E']).next().unwrap();
            let digits = digits.replace(['.', '-'], "");
            let significant = digits.trim_matches('0').len();
            prop_assert!(significant <= 9, "{} has {} digits", written, significant);
        }
    }
}
