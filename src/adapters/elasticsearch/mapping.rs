//! What the mapping of the augmented index says about the documents that will be written to it.
//!
//! The reference's mapping declares no inferred field and ignores what it does not declare: that is
//! fine. What is declared has to agree, since a document that contradicts it is refused, one by one,
//! when its inference is already paid for.

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::inference::{FieldKind, FieldSpec, InferrerSpec};
use serde_json::{Map, Value};

use super::declaration::{Content, Place};

/// The mapping of one index.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    index: String,
    uuid: Option<String>,
    root: Map<String, Value>,
}

impl Mapping {
    /// Reads the answer to `GET /INDEX?flat_settings=true`.
    ///
    /// # Errors
    /// A sentence where the name stands for several indices, or the answer is something else.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let unreadable = || "the cluster's answer is not a mapping".to_owned();
        let indices: Map<String, Value> = serde_json::from_slice(body).map_err(|_| unreadable())?;
        if indices.len() > 1 {
            let names: Vec<&str> = indices.keys().map(String::as_str).collect();
            return Err(format!("it is an alias of several indices: {}", names.join(", ")));
        }
        let (index, mut described) = indices.into_iter().next().ok_or_else(unreadable)?;
        let uuid = described.pointer("/settings/index.uuid").and_then(Value::as_str);
        let uuid = uuid.map(str::to_owned);
        match described.get_mut("mappings").map(Value::take) {
            Some(Value::Object(root)) => Ok(Self { index, uuid, root }),
            _ => Err(unreadable()),
        }
    }

    /// The index itself, whatever alias was asked about.
    #[must_use]
    pub fn index(&self) -> &str {
        &self.index
    }

    /// Whether this is another index than `before`, with another mapping: mostly one that a write has
    /// created, which indexes what nobody declared. One made anew by the same mapping is as good.
    #[must_use]
    pub fn replaces(&self, before: &Self) -> bool {
        self.uuid != before.uuid && self.root != before.root
    }

    /// Everything because of which documents with the fields of `specs` would be refused or lost.
    #[must_use]
    pub fn disagreements(&self, specs: &[Arc<InferrerSpec>]) -> Vec<String> {
        let root = Place::root(&self.root);
        let state = root.at("state");
        let inferred = state.at("inferredData");
        let models = state.at("inferenceModels");
        let mut found = self.disagreements_of_the_whole();
        found.extend(state.at("augmentedTime").refusal(Content::Time));
        for field in specs.iter().flat_map(|spec| &spec.fields) {
            found.extend(inferred.at(&field.name).refusal(Content::Field(&field.kind)));
            for key in ["name", "version", "sha256"] {
                let stamp = models.at(&field.name).at(key);
                found.extend(stamp.refusal(Content::Field(&FieldKind::Text)));
            }
        }
        let mut told = BTreeSet::new(); // an object that holds nothing refuses each of its keys
        found.retain(|reason| told.insert(reason.clone()));
        found
    }

    fn disagreements_of_the_whole(&self) -> Vec<String> {
        let flag = |object: &str, key: &str| self.root.get(object)?.get(key)?.as_bool();
        let mut found = Vec::new();
        if flag("_source", "enabled") == Some(false) {
            found.push("it keeps no _source, so nobody could read its documents".to_owned());
        }
        if flag("_routing", "required") == Some(true) {
            found.push("it requires a routing, which documents are written without".to_owned());
        }
        found
    }

    /// The vectors among the fields of `specs` that are declared as `dense_vector` of floats.
    #[must_use]
    pub fn dense_vectors(&self, specs: &[Arc<InferrerSpec>]) -> BTreeSet<Arc<str>> {
        let root = Place::root(&self.root);
        let inferred = root.at("state").at("inferredData");
        let is_dense = |field: &&FieldSpec| {
            let is_vector = matches!(field.kind, FieldKind::Vector { .. });
            let place = inferred.at(&field.name);
            is_vector && place.kind() == Some("dense_vector") && place.element() == "float"
        };
        let fields = specs.iter().flat_map(|spec| &spec.fields);
        fields.filter(is_dense).map(|field| Arc::clone(&field.name)).collect()
    }
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
