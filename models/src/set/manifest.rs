//! What an inferrer is and promises, as its `manifest.json` says it.

mod check;
pub(crate) mod file;

use std::collections::BTreeMap;

use crate::architecture::Architecture;
use crate::field::Field;
use crate::network::Preprocessing;

/// The one format that is understood; a manifest of another is refused, whatever else it says.
pub const FORMAT: u64 = 1;

/// A manifest that was checked: its parts fit each other and its architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The inferrer's name, that of its folder: `features`, `palette`, `aspect-ratio`.
    pub inferrer: String,
    /// What computes.
    pub architecture: &'static Architecture,
    /// The model's name, for instance `efficientnet-lite0-imagenet1k`.
    pub name: String,
    /// The model's version.
    pub version: String,
    /// The fields of every answer, in this order; at least one, no name twice.
    pub fields: Vec<Field>,
    /// How pictures become the network's input; only networks have it.
    pub preprocessing: Option<Preprocessing>,
    /// The weights; only networks have them.
    pub weights: Option<WeightsFile>,
    /// The picture that proves a loaded model.
    pub golden: Golden,
    /// The weights' licence, as an SPDX expression.
    pub licence: Option<String>,
    /// Where they come from.
    pub source: Option<String>,
}

/// The file of a model's weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsFile {
    /// Its name in the inferrer's folder.
    pub file: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, 64 lower-case hex digits.
    pub sha256: String,
    /// How matrices and kernels are stored: `f16` or `f32`; computing is always in f32.
    pub dtype: String,
}

/// A picture of the set and what it must give.
#[derive(Clone, Debug, PartialEq)]
pub struct Golden {
    /// The picture's file in the inferrer's folder.
    pub input: String,
    /// What each field must be; one entry for each of the manifest's fields.
    pub output: BTreeMap<String, Expected>,
    /// The largest difference of any number.
    pub tolerance: f32,
}

/// What one field of the golden picture must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// These numbers, each within the tolerance.
    Numbers(Vec<f32>),
    /// Exactly this text.
    Text(String),
}

/// What is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON, or a key is missing or of another type.
    #[error("{0}")]
    Json(String),
    /// It is of a format that this program does not know.
    #[error("format is {0}, this program knows format {FORMAT}")]
    Format(String),
    /// A value that cannot be followed.
    #[error("{field} is {value}: {reason}")]
    Value {
        /// The key, as a path: `fields[0].dimensions`.
        field: String,
        /// The value as written.
        value: String,
        /// What it may be.
        reason: String,
    },
}

impl Manifest {
    /// Reads and checks the text of a `manifest.json`.
    ///
    /// # Errors
    /// [`ManifestError`], which names the field and its value.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        check::manifest(json)
    }

    /// Itself, if it stands in the folder of its own inferrer.
    ///
    /// # Errors
    /// [`ManifestError`] if the folder has another name.
    pub fn in_folder(self, folder: &str) -> Result<Self, ManifestError> {
        if self.inferrer == folder {
            return Ok(self);
        }
        let reason = format!("it stands in the folder {folder:?}");
        Err(ManifestError::value("inferrer", &self.inferrer, reason))
    }
}

impl ManifestError {
    fn value(field: impl Into<String>, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::Value { field: field.into(), value: value.to_string(), reason: reason.into() }
    }
}
