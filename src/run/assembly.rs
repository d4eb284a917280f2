//! Everything that a pipeline over a folder is made of.

use std::sync::Arc;
use std::time::Duration;

use actors::downloader::{DownloaderPorts, DownloaderSettings};
use actors::flow::credits::Budget;
use actors::flow::outages::Outages;
use actors::inference::InferrerSpec;
use actors::ledger::SharedBook;
use actors::ledger::book::Book;
use actors::ledger::disposition::Policy;
use actors::metrics::{InferrerMetrics, Metrics};
use actors::pool::worker::OwnThreads;
use actors::pool::{AbandonedThreads, InferrerBlueprint, PoolSettings};
use actors::ports::{Decoder, InferrerFactory, Queue};
use actors::sink::SinkPorts;
use actors::supervision::generation::{Blueprint, Settings};
use models::{ModelSet, SetError};

use crate::adapters::embedded::{EmbeddedFolder, NoTopic};
use crate::adapters::illustrating_decoder::IllustratingDecoder;
use crate::adapters::model_inferrers::ModelFactory;
use crate::adapters::picture_decoder::PictureDecoder;
use crate::config::{Config, ModelConfig, SetLocation, cores};
use crate::exit::Stopped;
use crate::page::album::Album;
use crate::page::thumbnail;
use crate::telemetry::readings::Readings;

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
        };
        let set = set.map_err(refused)?;
        let factory = |inferrer: &models::LoadedInferrer| {
            let device = config.device(&inferrer.manifest().inferrer);
            Arc::new(ModelFactory::new(inferrer.clone(), device))
        };
        let factories: Vec<_> = set.inferrers().iter().map(factory).collect();
        for factory in &factories {
            let name = &factory.spec().name;
            factory
                .build()
                .map_err(|e| Stopped::unavailable(format!("the model of {name}: {e}")))?;
        }
        Ok(Self { set, factories })
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

/// What is plugged together.
pub struct Assembly {
    /// The pipeline's parts.
    pub blueprint: Blueprint,
}

impl Assembly {
    /// The pipeline over `folder`.
    #[must_use]
    pub fn over(
        folder: &EmbeddedFolder,
        models: &Models,
        config: &Config,
        readings: &Readings,
    ) -> Self {
        let limits = &config.limits;
        let outages = Outages::default();
        let downloads = DownloaderPorts {
            fetcher: folder.fetcher.clone(),
            decoder: decoder(models, config),
            bytes: Budget::new(limits.bytes_in_flight),
            pixels: Budget::new(limits.pixels_in_flight),
        };
        let topic = Arc::new(NoTopic);
        let sink = SinkPorts { index: folder.index.clone(), topic, outages: outages.clone() };
        let policy = Policy::new(folder.queue.receive_limit(), seed());
        let blueprint = Blueprint {
            queue: folder.queue.clone(),
            catalogue: folder.catalogue.clone(),
            downloads,
            inferrers: inferrers(models, &config.models, readings),
            sink,
            placement: Arc::new(OwnThreads),
            messages: Budget::new(limits.in_flight),
            book: SharedBook::new(Book::new(policy)),
            outages,
            abandoned: AbandonedThreads::default(),
            metrics: Metrics::new(readings),
            settings: settings(),
        };
        Self { blueprint }
    }
}

/// Decodes for the models, and draws the thumbnails where a page is wanted.
fn decoder(models: &Models, config: &Config) -> Arc<dyn Decoder> {
    let limits = models::picture::Limits { pixels: config.limits.picture_pixels.into() };
    let mut views = models.set.views();
    if !config.page {
        return Arc::new(PictureDecoder::new(limits, views));
    }
    if !views.contains(&thumbnail::VIEW) {
        views.push(thumbnail::VIEW);
    }
    let decoder = PictureDecoder::new(limits, views);
    Arc::new(IllustratingDecoder::new(decoder, Album::of(&config.out)))
}

fn inferrers(models: &Models, config: &ModelConfig, readings: &Readings) -> Vec<InferrerBlueprint> {
    let blueprint = |factory: &Arc<ModelFactory>| {
        let name = &factory.spec().name;
        InferrerBlueprint {
            metrics: InferrerMetrics::new(readings, name),
            settings: PoolSettings {
                workers: config.workers(name.as_str()),
                batch: config.batch,
                inference_deadline: config.inference_deadline,
                seed: seed(),
                ..PoolSettings::default()
            },
            factory: factory.clone(),
        }
    };
    models.factories.iter().map(blueprint).collect()
}

fn settings() -> Settings {
    let mut settings = Settings {
        downloader: DownloaderSettings {
            decodes: cores(),
            decode_deadline: Duration::from_secs(30),
            ..DownloaderSettings::default()
        },
        ..Settings::default()
    };
    settings.source.seed = seed();
    settings.retriever.seed = seed();
    settings.sink.seed = seed();
    settings.ledger.seed = seed();
    settings
}

/// Jitter that differs from process to process, so that many do not come back at once.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}
