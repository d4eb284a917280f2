//! One inferrer of a set: checked, shared between threads, ready to be built in each of them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::golden;
use super::source::Folder;
use super::{Manifest, Preprocessing, SetError, WeightsFile};
use crate::model::{Device, Model, ModelError};
use crate::network::Loaded;
use crate::picture::{Limits, ViewSpec, Views, decode};
use crate::plan::Profile;
use crate::weights::Stored;

/// Which model made a field. It goes onto every document, so that a retrain can tell old from new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 in hex: of the weights, or of `manifest.json` where there are none.
    pub sha256: String,
}

/// An inferrer whose manifest and files were checked. Cheap to clone; one can be shared by all
/// workers, which then share the weights too.
#[derive(Clone, Debug)]
pub struct LoadedInferrer(Arc<Inner>);

struct Inner {
    manifest: Manifest,
    stamp: Stamp,
    views: Vec<ViewSpec>,
    golden: Views,
    folder: Folder,
    /// The networks that were loaded, one a device; workers share them.
    networks: Mutex<Vec<(Device, Loaded)>>,
}

impl LoadedInferrer {
    /// Checks manifest, digest and golden picture of `folder`.
    pub(super) fn open(folder: Folder) -> Result<Self, SetError> {
        let json = folder.manifest()?;
        let manifest = Manifest::from_json(&json)
            .and_then(|manifest| manifest.in_folder(&folder.name()))
            .map_err(|cause| SetError::Manifest { path: folder.manifest_path(), cause })?;
        let sha256 = match &manifest.weights {
            Some(weights) => open_weights(&folder, weights).map(|_| weights.sha256.clone())?,
            None => sha256(&json),
        };
        let views = manifest.architecture.views(manifest.preprocessing.as_ref());
        let golden = golden_views(&folder, &manifest.golden.input, &views)?;
        let (name, version) = (manifest.name.clone(), manifest.version.clone());
        let stamp = Stamp { name, version, sha256 };
        let networks = Mutex::default();
        Ok(Self(Arc::new(Inner { manifest, stamp, views, golden, folder, networks })))
    }

    /// What it is and promises.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// What to note on each document.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        &self.0.stamp
    }

    /// The sizes in which it needs each picture.
    #[must_use]
    pub fn views(&self) -> &[ViewSpec] {
        &self.0.views
    }

    /// Builds the model for the calling thread. The first call for a device reads the weights; the
    /// others share them, so that a further worker costs no memory for weights and no time.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when they cannot be read or do not fit the architecture.
    pub fn build(&self, device: Device) -> Result<Box<dyn Model>, ModelError> {
        let manifest = &self.0.manifest;
        let (Some(preprocessing), Some(weights)) = (&manifest.preprocessing, &manifest.weights)
        else {
            return manifest.architecture.build();
        };
        let network = self.network(device, preprocessing, weights)?;
        Ok(crate::network::model(network, preprocessing, &manifest.fields[0]))
    }

    /// What each step of the network takes for the golden picture on the calling thread, computed
    /// `pictures` times; `clock` answers the time since whenever. None if it has no plan: a device of
    /// burn's computes, or it is no network.
    ///
    /// # Errors
    /// [`ModelError::Weights`] when they cannot be read or do not fit the architecture.
    pub fn profile(
        &self,
        device: Device,
        pictures: u32,
        clock: &dyn Fn() -> Duration,
    ) -> Result<Option<Profile>, ModelError> {
        let manifest = &self.0.manifest;
        let (Some(preprocessing), Some(weights)) = (&manifest.preprocessing, &manifest.weights)
        else {
            return Ok(None);
        };
        let network = self.network(device, preprocessing, weights)?;
        crate::network::profile(network, preprocessing, &self.0.golden, pictures, clock)
    }

    /// The network on `device`, loaded by whoever asks first.
    fn network(
        &self,
        device: Device,
        preprocessing: &Preprocessing,
        weights: &WeightsFile,
    ) -> Result<Loaded, ModelError> {
        let Inner { manifest, networks, .. } = &*self.0;
        // A panic while loading leaves the list as it was, so a poisoned lock is no reason to stop.
        let mut networks = networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = networks.iter().find(|(of, _)| *of == device) {
            return Ok(known.clone());
        }
        let stored = open_weights(&self.0.folder, weights)
            .map_err(|error| ModelError::Weights(error.to_string()))?;
        let network = manifest.architecture.load(&stored, device, preprocessing.view)?;
        networks.push((device, network.clone()));
        Ok(network)
    }

    /// Proves `model`, which [`build`](Self::build) made, on the golden picture; the first real
    /// picture then finds it warm.
    ///
    /// # Errors
    /// [`ModelError::Golden`] naming the field and how far off it is, or what `infer` said.
    pub fn self_test(&self, model: &mut dyn Model) -> Result<(), ModelError> {
        let answers = model.infer(&[&self.0.golden])?;
        golden::check(&self.0.manifest, answers.first().map(Vec::as_slice).unwrap_or_default())
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedInferrer")
            .field("inferrer", &self.manifest.inferrer)
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}

fn golden_views(folder: &Folder, input: &str, specs: &[ViewSpec]) -> Result<Views, SetError> {
    let picture = decode(&folder.read(input)?, &Limits::default())
        .map_err(|cause| SetError::Golden { path: folder.path(input), cause })?;
    Ok(Views::new(&picture, specs))
}

/// Opens the weights and refuses them unless length and digest are those of the manifest.
fn open_weights(folder: &Folder, weights: &WeightsFile) -> Result<Stored, SetError> {
    let path = folder.path(&weights.file);
    let unreadable = |cause| SetError::Unreadable { path: path.clone(), cause };
    let wrong =
        |what, found, expected| Err(SetError::Digest { path: path.clone(), what, found, expected });
    let stored = folder.weights(&weights.file)?;
    let length = stored.length().map_err(unreadable)?;
    if length != weights.bytes {
        return wrong("length", length.to_string(), weights.bytes.to_string());
    }
    let found = stored.sha256().map_err(unreadable)?;
    if found != weights.sha256 {
        return wrong("SHA-256", found, weights.sha256.clone());
    }
    Ok(stored)
}

/// SHA-256 of `bytes` in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
