//! The models of a process, proven before anything is begun.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::models::{LoadedInferrer, ModelSet, SetError};
use actors::inference::InferrerSpec;
use actors::ports::InferrerFactory;

use crate::adapters::aws::{self, object};
use crate::adapters::model_inferrers::ModelFactory;
use crate::adapters::s3_models::{self, Place};
use crate::config::{ModelConfig, SetLocation};
use crate::exit::Stopped;
use crate::runtime;

/// A model set with a factory for each inferrer, every model proven once.
pub struct Models {
    /// The set.
    pub set: ModelSet,
    /// One factory an inferrer, in the order of the document's fields.
    pub factories: Vec<Arc<ModelFactory>>,
}

impl Models {
    /// Opens the set and proves every model on its golden picture, so that a set that cannot serve
    /// is told before anything is begun.
    ///
    /// # Errors
    /// [`Stopped`]: usage for a manifest that cannot be followed, unavailable for files that cannot
    /// be read, wrong digests and models that fail their golden picture.
    pub fn open(config: &ModelConfig) -> Result<Self, Stopped> {
        let set = match &config.set {
            SetLocation::Bundled => ModelSet::bundled(),
            SetLocation::Folder(path) => ModelSet::open(path),
            SetLocation::Bucket { place, cache } => ModelSet::open(&fetch(place, cache)?),
        };
        let set = set.map_err(refused)?;
        let factory = |inferrer: &LoadedInferrer| {
            let device = config.device(&inferrer.manifest().inferrer);
            Arc::new(ModelFactory::new(inferrer.clone(), device))
        };
        let factories: Vec<_> = set.inferrers().iter().map(factory).collect();
        for factory in &factories {
            let name = &factory.spec().name;
            factory
                .build()
                .map_err(|e| Stopped::unavailable(format!("the model of {name}: {e}")))?;
            tracing::info!(inferrer = %name, engine = factory.spec().engine, "proven");
        }
        Ok(Self { set, factories })
    }

    /// The inferrers of `names` alone: documents then have their fields and no others.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        let is_named =
            |factory: &&Arc<ModelFactory>| names.iter().any(|n| n == factory.spec().name.as_str());
        Self {
            set: self.set.only(names),
            factories: self.factories.iter().filter(is_named).cloned().collect(),
        }
    }

    /// What the inferrers promise.
    #[must_use]
    pub fn specs(&self) -> Vec<Arc<InferrerSpec>> {
        self.factories.iter().map(|factory| Arc::clone(factory.spec())).collect()
    }

    /// How many workers each inferrer has.
    #[must_use]
    pub fn workers(&self, config: &ModelConfig) -> Vec<(String, usize)> {
        let names = self.factories.iter().map(|factory| factory.spec().name.to_string());
        names
            .map(|name| {
                let workers = config.workers(&name);
                (name, workers)
            })
            .collect()
    }
}

fn refused(error: SetError) -> Stopped {
    match error {
        SetError::Manifest { .. } | SetError::NoManifest(_) | SetError::Missing(_) => {
            Stopped::usage(error)
        }
        SetError::Unreadable { .. } | SetError::Digest { .. } | SetError::Golden { .. } => {
            Stopped::unavailable(error)
        }
    }
}

/// Fetches a set from S3. Blocks: there is nothing else to do before the models are there.
fn fetch(place: &Place, cache: &Path) -> Result<PathBuf, Stopped> {
    runtime::on_this_thread()?.block_on(async {
        let config = aws::load().await.map_err(Stopped::usage)?;
        let fetched = s3_models::fetch(&object::client(&config), place, cache).await;
        fetched.map_err(|error| Stopped::refused(error.is_usage(), error))
    })
}
