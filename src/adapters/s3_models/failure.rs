//! Why a set could not be fetched.

use std::io;
use std::path::{Path, PathBuf};

use models::set::ManifestError;

use super::Place;
use crate::adapters::aws::fault::Fault;

/// Why a set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum S3ModelsError {
    /// S3 did not answer, or refused.
    #[error("{what}: {cause}")]
    Unavailable {
        /// The object or folder.
        what: String,
        /// What S3 said.
        cause: Fault,
    },
    /// There is no manifest below the place.
    #[error("{0} is no model set: it has no <inferrer>/manifest.json")]
    NoManifest(Place),
    /// A manifest that cannot be followed.
    #[error("{what}: {cause}")]
    Manifest {
        /// The manifest.
        what: String,
        /// What is wrong with it.
        cause: ManifestError,
    },
    /// A manifest names a file outside its folder.
    #[error("{what} names the file {file:?}, which is no plain name")]
    FileName {
        /// The manifest.
        what: String,
        /// The name.
        file: String,
    },
    /// An object of another length or digest than its manifest says.
    #[error("{what} has the {property} {found}, its manifest says {expected}")]
    Digest {
        /// The object.
        what: String,
        /// Length in bytes, or SHA-256.
        property: &'static str,
        /// That of the object.
        found: String,
        /// That of the manifest.
        expected: String,
    },
    /// An object that should be small is not.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// The object.
        what: String,
        /// The limit.
        limit: usize,
    },
    /// The cache cannot be written.
    #[error(
        "the cache of models {path} (--models-cache): {cause}; make it writable, or make space there \
         (sets that no longer serve may be deleted), or name another folder"
    )]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: io::Error,
    },
}

impl S3ModelsError {
    /// Whether the set itself is at fault, and not a server, a transfer or a disk.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::NoManifest(_) | Self::Manifest { .. } | Self::FileName { .. })
    }
}

/// What the cache's refusal of `path` is.
pub(super) fn refused(path: &Path) -> impl FnOnce(io::Error) -> S3ModelsError + use<> {
    let path = path.to_owned();
    |cause| S3ModelsError::Cache { path, cause }
}
