//! What a mapping declares for a place in documents, and whether what will be written there fits.

use actors::inference::FieldKind;
use serde_json::{Map, Value};

/// What will be written to a place.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Time,
    Field(&'a FieldKind),
}

/// A path in documents and what is declared for it.
#[derive(Clone)]
pub(super) struct Place<'a> {
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
    pub fn root(mapping: &'a Map<String, Value>) -> Self {
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

    pub fn at(&self, key: &str) -> Self {
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

    pub fn kind(&self) -> Option<&'a str> {
        match &self.declared {
            Declared::As(mapping) => kind(mapping),
            Declared::Free | Declared::Refused(_) => None,
        }
    }

    pub fn element(&self) -> &'a str {
        match &self.declared {
            Declared::As(mapping) => text(mapping, "element_type").unwrap_or("float"),
            Declared::Free | Declared::Refused(_) => "",
        }
    }

    /// Why `content` would be refused here.
    pub fn refusal(&self, content: Content<'_>) -> Option<String> {
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
