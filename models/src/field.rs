//! What models answer: fields, each of one kind.

/// One field of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key in the document.
    pub name: String,
    /// What its values look like.
    pub kind: FieldKind,
}

/// What a field's values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A vector of finite numbers.
    Vector {
        /// Its length, at least 1.
        dimensions: usize,
        /// How it is scaled.
        normalisation: Normalisation,
    },
    /// A finite number.
    Number,
    /// A text that is not empty.
    Text,
}

/// How a vector is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// Not at all.
    None,
    /// To Euclidean length 1.
    L2,
}
