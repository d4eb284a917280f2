//! What an inferrer answers: named fields, checked against what its model's manifest promises.
//!
//! The pipeline knows no model. A field's name, length and checks are data, so that a new inferrer
//! changes nothing in this crate.

use std::fmt;
use std::sync::Arc;

/// Names an inferrer: `features`, `palette`, `aspect-ratio`. A closed set, known at start-up, so it
/// may label a metric.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InferrerName(Arc<str>);

impl InferrerName {
    /// Names an inferrer.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InferrerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which model made a field; stamped on every document so that a retrain can tell old from new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelStamp {
    /// For instance `efficientnet-lite0-imagenet1k`.
    pub name: String,
    /// The manifest's version.
    pub version: String,
    /// Hex digest of the weights; of the manifest where a model has none.
    pub sha256: String,
}

/// What one inferrer is and promises.
#[derive(Clone, Debug, PartialEq)]
pub struct InferrerSpec {
    /// The inferrer's name.
    pub name: InferrerName,
    /// The model that answers.
    pub model: ModelStamp,
    /// The fields of every answer, in this order.
    pub fields: Vec<FieldSpec>,
    /// What its network computes on, for instance `simd avx2`; empty where there is no network.
    pub engine: String,
}

/// One promised field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSpec {
    /// Its key in `state.inferredData`.
    pub name: Arc<str>,
    /// What its values look like.
    pub kind: FieldKind,
}

/// The kinds of fields and what is checked of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A vector of finite f32 of exactly `dimensions`; of L2 norm 1 (± 1e-3) if `unit`.
    Vector {
        /// Its length.
        dimensions: usize,
        /// Whether it is L2-normalised.
        unit: bool,
    },
    /// A finite number.
    Number,
    /// A text that is not empty.
    Text,
    /// A list of tokens, possibly empty.
    Tokens,
}

/// One inferred value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A dense vector.
    Vector(Vec<f32>),
    /// A single number.
    Number(f32),
    /// A text.
    Text(String),
    /// Tokens.
    Tokens(Vec<String>),
}

/// What an inferrer says of one input: its fields, in the order of its [`InferrerSpec`].
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(pub Vec<Value>);

/// One inferrer's checked answer for one record, ready for the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    /// Who answered.
    pub spec: Arc<InferrerSpec>,
    /// The values, one for each of `spec.fields`.
    pub values: Vec<Value>,
}

/// How far from 1 the norm of a unit vector may lie. Elasticsearch refuses `dot_product` vectors
/// beyond 1e-3 as well, so a vector that passes here is taken there.
const NORM_TOLERANCE: f64 = 1e-3;

impl InferrerSpec {
    /// Checks `answer` against what this inferrer promises.
    ///
    /// # Errors
    /// A sentence that names the field and what is wrong with it.
    pub fn check(&self, answer: &Answer) -> Result<(), String> {
        if answer.0.len() != self.fields.len() {
            return Err(format!(
                "{} answered {} fields instead of {}",
                self.name,
                answer.0.len(),
                self.fields.len()
            ));
        }
        self.fields.iter().zip(&answer.0).try_for_each(|(field, value)| field.check(value))
    }
}

impl FieldSpec {
    fn check(&self, value: &Value) -> Result<(), String> {
        match (&self.kind, value) {
            (FieldKind::Vector { dimensions, unit }, Value::Vector(vector)) => {
                self.check_vector(vector, *dimensions, *unit)
            }
            (FieldKind::Number, Value::Number(number)) if number.is_finite() => Ok(()),
            (FieldKind::Text, Value::Text(text)) if !text.is_empty() => Ok(()),
            (FieldKind::Tokens, Value::Tokens(_)) => Ok(()),
            (kind, value) => Err(format!("{} is {value:?}, not a valid {kind:?}", self.name)),
        }
    }

    fn check_vector(&self, vector: &[f32], dimensions: usize, unit: bool) -> Result<(), String> {
        if vector.len() != dimensions {
            return Err(format!(
                "{} has {} dimensions instead of {dimensions}",
                self.name,
                vector.len()
            ));
        }
        if let Some(at) = vector.iter().position(|x| !x.is_finite()) {
            return Err(format!("{}[{at}] is {}", self.name, vector[at]));
        }
        let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        if unit && (norm - 1.0).abs() > NORM_TOLERANCE {
            return Err(format!("{} has the L2 norm {norm:.6} instead of 1", self.name));
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "inference_tests.rs"]
mod tests;
