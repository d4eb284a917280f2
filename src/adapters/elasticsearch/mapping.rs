//! What the mapping of the augmented index says about the documents that will be written to it.
//!
//! The reference's mapping declares no inferred field and ignores what it does not declare: that is
//! fine. What is declared has to agree, since a document that contradicts it is refused, one by one,
//! when its inference is already paid for.

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::inference::{FieldKind, FieldSpec, InferrerSpec};
use serde_json::{Map, Value};

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

/// What will be written to a place.
#[derive(Clone, Copy)]
enum Content<'a> {
    Time,
    Field(&'a FieldKind),
}

/// A path in documents and what is declared for it.
#[derive(Clone)]
struct Place<'a> {
    path: String,
    declared: Declared<'a>,
    strict: bool,
}

#[derive(Clone)]
enum Declared<'a> {
    /// By this mapping.
    As(&'a Map<String, Value>),
    /// Not, and everything is taken.
    Free,
    /// Not, and it or what it would lie in is refused: this path.
    Refused(String),
}

impl<'a> Place<'a> {
    fn root(mapping: &'a Map<String, Value>) -> Self {
        Self { path: String::new(), declared: Declared::As(mapping), strict: false }
            .inherit(mapping)
    }

    /// `dynamic` and `enabled` hold for everything below, until something below says otherwise.
    fn inherit(mut self, mapping: &'a Map<String, Value>) -> Self {
        if let Some(dynamic) = mapping.get("dynamic") {
            self.strict = dynamic.as_str() == Some("strict");
        }
        let opaque = mapping.get("enabled").and_then(Value::as_bool) == Some(false)
            || matches!(kind(mapping), Some("flattened" | "flat_object"));
        if opaque {
            self.declared = Declared::Free;
        }
        self
    }

    fn at(&self, key: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        let path = format!("{}{dot}{key}", self.path);
        let place = |declared| Self { path: path.clone(), declared, strict: self.strict };
        let Declared::As(mapping) = &self.declared else {
            return place(self.declared.clone());
        };
        if !matches!(kind(mapping), None | Some("object" | "nested")) {
            let reason =
                format!("{} is declared as {}, not as an object", self.path, shown(mapping));
            return place(Declared::Refused(reason));
        }
        match mapping.get("properties").and_then(|properties| properties.get(key)) {
            Some(Value::Object(declared)) => place(Declared::As(declared)).inherit(declared),
            _ if self.strict => {
                let reason = format!("the mapping is strict and does not declare {path}");
                place(Declared::Refused(reason))
            }
            _ => place(Declared::Free),
        }
    }

    fn kind(&self) -> Option<&'a str> {
        match &self.declared {
            Declared::As(mapping) => kind(mapping),
            Declared::Free | Declared::Refused(_) => None,
        }
    }

    fn element(&self) -> &'a str {
        match &self.declared {
            Declared::As(mapping) => text(mapping, "element_type").unwrap_or("float"),
            Declared::Free | Declared::Refused(_) => "",
        }
    }

    /// Why `content` would be refused here.
    fn refusal(&self, content: Content<'_>) -> Option<String> {
        let mapping = match &self.declared {
            Declared::Free => return None,
            Declared::Refused(reason) => return Some(reason.clone()),
            Declared::As(mapping) => mapping,
        };
        let complaint = match (content, kind(mapping)) {
            (_, Some("alias")) => "as an alias, which nothing can be written to".to_owned(),
            (
                Content::Field(FieldKind::Vector { dimensions, unit }),
                Some("dense_vector" | "knn_vector"),
            ) => vector_complaint(mapping, *dimensions, *unit)?,
            (content, declared) if !fits(content, declared) => {
                format!("as {}, which does not take {}", shown(mapping), content.described())
            }
            _ => return None,
        };
        Some(format!("{} is declared {complaint}", self.path))
    }
}

impl Content<'_> {
    const fn described(self) -> &'static str {
        match self {
            Self::Time => "a time",
            Self::Field(FieldKind::Vector { .. }) => "a vector",
            Self::Field(FieldKind::Number) => "a number",
            Self::Field(FieldKind::Text) => "a text",
            Self::Field(FieldKind::Tokens) => "tokens",
        }
    }
}

fn fits(content: Content<'_>, kind: Option<&str>) -> bool {
    const TEXTS: &[&str] =
        &["keyword", "text", "wildcard", "match_only_text", "search_as_you_type", "semantic_text"];
    const FLOATS: &[&str] = &["float", "double", "half_float", "scaled_float"];
    let Some(kind) = kind else { return false }; // an object
    let is = |kinds: &[&str]| kinds.contains(&kind);
    is(TEXTS)
        || match content {
            Content::Time => is(&["date", "date_nanos"]),
            Content::Field(FieldKind::Vector { .. }) => is(FLOATS),
            // An integer's index loses what is behind the point; the document keeps it.
            Content::Field(FieldKind::Number) => {
                is(FLOATS) || is(&["long", "integer", "short", "byte"])
            }
            Content::Field(FieldKind::Text | FieldKind::Tokens) => false,
        }
}

/// What of a declared vector contradicts ours. `index_options` are free.
fn vector_complaint(mapping: &Map<String, Value>, dimensions: usize, unit: bool) -> Option<String> {
    let declared = mapping.get("dims").or_else(|| mapping.get("dimension")).and_then(Value::as_u64);
    if let Some(declared) = declared.filter(|declared| usize::try_from(*declared) != Ok(dimensions))
    {
        return Some(format!("with {declared} dimensions; the model has {dimensions}"));
    }
    let element = text(mapping, "element_type").or_else(|| text(mapping, "data_type"));
    if let Some(element @ ("byte" | "bit" | "binary")) = element {
        return Some(format!("with elements of type {element}; the model has floats"));
    }
    let needs_unit = text(mapping, "similarity") == Some("dot_product");
    (needs_unit && !unit).then(|| {
        "with the similarity dot_product, which takes unit vectors alone; the model's are not"
            .to_owned()
    })
}

fn kind(mapping: &Map<String, Value>) -> Option<&str> {
    text(mapping, "type")
}

fn text<'a>(mapping: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    mapping.get(key).and_then(Value::as_str)
}

fn shown(mapping: &Map<String, Value>) -> &str {
    kind(mapping).unwrap_or("an object")
}

#[cfg(test)]
#[path = "mapping_tests.rs"]
mod tests;
