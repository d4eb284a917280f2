//! Which model made a field, as documents and parked records write it.

use std::borrow::Cow;

use actors::inference::ModelStamp;
use serde::{Deserialize, Serialize};

/// `{"name", "version", "sha256"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp<'a> {
    /// The model's name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its manifest's version.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// Hex digest of its weights; of its manifest where it has none.
    #[serde(borrow)]
    pub sha256: Cow<'a, str>,
}

impl<'a> From<&'a ModelStamp> for Stamp<'a> {
    fn from(model: &'a ModelStamp) -> Self {
        Self {
            name: (&model.name).into(),
            version: (&model.version).into(),
            sha256: (&model.sha256).into(),
        }
    }
}
