//! Model sets: folders of manifests and weights, checked before anything is computed with them.
//!
//! ```text
//! <set>/<inferrer>/manifest.json          what it is and promises: Manifest
//! <set>/<inferrer>/weights.safetensors    if it has weights; its digest stands in the manifest
//! <set>/<inferrer>/golden.png             the picture that proves it at every start
//! ```

mod golden;
mod loaded;
mod manifest;
mod source;

use std::path::{Path, PathBuf};

pub(crate) use loaded::sha256;
pub use loaded::{LoadedInferrer, Stamp};
pub(crate) use manifest::file;
pub use manifest::{Expected, FORMAT, Golden, Manifest, ManifestError, WeightsFile};

pub use crate::field::{Field, FieldKind, Normalisation};
pub use crate::network::Preprocessing;
use crate::picture::{PictureError, ViewSpec};
use source::Folder;

/// Why a set of models cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// A file of the set cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: std::io::Error,
    },
    /// The folder holds no `<inferrer>/manifest.json`.
    #[error("{0} is no model set: it has no <inferrer>/manifest.json")]
    NoManifest(PathBuf),
    /// A manifest that cannot be followed.
    #[error("{path}: {cause}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it: field and value.
        cause: ManifestError,
    },
    /// A file of another length or digest than its manifest says.
    #[error("{path} has the {what} {found}, its manifest says {expected}")]
    Digest {
        /// The weights.
        path: PathBuf,
        /// Length in bytes, or SHA-256.
        what: &'static str,
        /// That of the file.
        found: String,
        /// That of the manifest.
        expected: String,
    },
    /// The golden picture is no picture.
    #[error("{path}: {cause}")]
    Golden {
        /// The picture.
        path: PathBuf,
        /// What is wrong with it.
        cause: PictureError,
    },
    /// An inferrer is missing, and the bundled one has weights, so it does not stand in.
    #[error("the set has no {0}, and the bundled {0} does not stand in for a model with weights")]
    Missing(String),
}

/// A checked set of inferrers.
#[derive(Clone, Debug)]
pub struct ModelSet {
    inferrers: Vec<LoadedInferrer>,
}

impl ModelSet {
    /// Opens the set in the folder `path`, checks every manifest and digest, and takes from the
    /// bundled set what has no weights and is missing here.
    ///
    /// # Errors
    /// [`SetError`] for the first thing that is wrong.
    pub fn open(path: &Path) -> Result<Self, SetError> {
        let mut inferrers = Vec::new();
        for folder in Folder::on_disk(path)? {
            inferrers.push(LoadedInferrer::open(folder)?);
        }
        if inferrers.is_empty() {
            return Err(SetError::NoManifest(path.to_owned()));
        }
        let mut set = Self { inferrers };
        set.complete()?;
        Ok(set)
    }

    /// The set that is compiled into the program: `models/sets/default/`.
    ///
    /// # Errors
    /// [`SetError`] if it was built from a broken folder.
    pub fn bundled() -> Result<Self, SetError> {
        let opened = Folder::bundled().into_iter().map(LoadedInferrer::open);
        let mut set = Self { inferrers: opened.collect::<Result<_, _>>()? };
        set.sort();
        Ok(set)
    }

    /// All inferrers, by name.
    #[must_use]
    pub fn inferrers(&self) -> &[LoadedInferrer] {
        &self.inferrers
    }

    /// The inferrer `name`, for instance `features`.
    #[must_use]
    pub fn inferrer(&self, name: &str) -> Option<&LoadedInferrer> {
        self.inferrers.iter().find(|inferrer| inferrer.manifest().inferrer == name)
    }

    /// The inferrers of `names` alone.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        let is_named = |inferrer: &&LoadedInferrer| names.contains(&inferrer.manifest().inferrer);
        Self { inferrers: self.inferrers.iter().filter(is_named).cloned().collect() }
    }

    /// Every size that any inferrer needs, each once: what to make of a decoded picture.
    #[must_use]
    pub fn views(&self) -> Vec<ViewSpec> {
        let mut views: Vec<_> = self.inferrers.iter().flat_map(|i| i.views().to_vec()).collect();
        views.sort_unstable();
        views.dedup();
        views
    }

    /// What the bundled set adds to a set of the inferrers `given`: those that this lacks.
    ///
    /// # Errors
    /// [`SetError::Missing`] if one of them has weights, and so does not stand in.
    pub fn stand_ins(given: &[String]) -> Result<Vec<LoadedInferrer>, SetError> {
        let mut stand_ins = Vec::new();
        for folder in Folder::bundled() {
            // Not even opened: reading the bundled weights takes their 14 MB into memory.
            if given.iter().any(|name| *name == folder.name()) {
                continue;
            }
            let inferrer = LoadedInferrer::open(folder)?;
            if inferrer.manifest().weights.is_some() {
                return Err(SetError::Missing(inferrer.manifest().inferrer.clone()));
            }
            stand_ins.push(inferrer);
        }
        Ok(stand_ins)
    }

    fn complete(&mut self) -> Result<(), SetError> {
        let name = |inferrer: &LoadedInferrer| inferrer.manifest().inferrer.clone();
        let given: Vec<String> = self.inferrers.iter().map(name).collect();
        self.inferrers.extend(Self::stand_ins(&given)?);
        self.sort();
        Ok(())
    }

    fn sort(&mut self) {
        self.inferrers.sort_by(|a, b| a.manifest().inferrer.cmp(&b.manifest().inferrer));
    }
}
