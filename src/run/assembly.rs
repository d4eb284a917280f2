//! Everything that a pipeline is made of, whatever it works on.

use std::sync::Arc;
use std::time::Duration;

use actors::downloader::{DownloaderPorts, DownloaderSettings};
use actors::flow::credits::Budget;
use actors::flow::outages::Outages;
use actors::ledger::SharedBook;
use actors::ledger::book::Book;
use actors::ledger::disposition::Policy;
use actors::metrics::{InferrerMetrics, Metrics, tell_build, tell_model};
use actors::pool::last_fault::LastFault;
use actors::pool::placement::OwnThreads;
use actors::pool::{AbandonedThreads, InferrerBlueprint, PoolSettings};
use actors::ports::{Catalogue, Decoder, Fetcher, Index, InferrerFactory, Queue, Topic};
use actors::sink::SinkPorts;
use actors::supervision::generation::{Blueprint, Settings};
use metrics::Recorder;

use super::instruments::Instruments;
use super::models::Models;
use crate::adapters::model_inferrers::ModelFactory;
use crate::config::{Config, ModelConfig, cores};
use crate::version;

/// The engines behind the ports: what is plugged together.
pub struct Ports {
    /// Where messages come from.
    pub queue: Arc<dyn Queue>,
    /// Where records are looked up.
    pub catalogue: Arc<dyn Catalogue>,
    /// What brings pictures.
    pub fetcher: Arc<dyn Fetcher>,
    /// What decodes them.
    pub decoder: Arc<dyn Decoder>,
    /// Where documents go.
    pub index: Arc<dyn Index>,
    /// Where ids are announced.
    pub topic: Arc<dyn Topic>,
}

/// The parts of the pipeline behind `ports` with `models`.
#[must_use]
pub fn assemble(
    ports: Ports,
    models: &Models,
    config: &Config,
    instruments: &Instruments,
    settings: Settings,
) -> Blueprint {
    let recorder: &dyn Recorder = &*instruments.recorder;
    let limits = &config.limits;
    let metrics = Metrics::new(recorder);
    let outages = Outages::new(&metrics);
    tell_build(recorder, version::VERSION, version::COMMIT);
    models.specs().iter().for_each(|spec| tell_model(recorder, spec));
    let Ports { queue, catalogue, fetcher, decoder, index, topic } = ports;
    let policy = Policy::new(queue.receive_limit(), seed());
    let settings = patient_with(config.models.inference_deadline, settings);
    let downloads = DownloaderPorts {
        fetcher,
        decoder,
        bytes: Budget::new(limits.bytes_in_flight).shown(&metrics.credit_bytes),
        pixels: Budget::new(limits.pixels_in_flight).shown(&metrics.credit_pixels),
    };
    Blueprint {
        queue,
        catalogue,
        downloads,
        inferrers: inferrers(models, &config.models, recorder),
        sink: SinkPorts { index, topic, outages: outages.clone() },
        placement: Arc::new(OwnThreads),
        messages: Budget::new(limits.in_flight).shown(&metrics.credit_messages),
        book: SharedBook::new(Book::new(policy)),
        outages,
        abandoned: AbandonedThreads::default(),
        metrics,
        tracer: Arc::clone(&instruments.tracer),
        settings,
    }
}

fn inferrers(
    models: &Models,
    config: &ModelConfig,
    recorder: &dyn Recorder,
) -> Vec<InferrerBlueprint> {
    let blueprint = |factory: &Arc<ModelFactory>| {
        let name = &factory.spec().name;
        InferrerBlueprint {
            metrics: InferrerMetrics::new(recorder, name),
            last_fault: LastFault::default(),
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

/// The actors' settings on this machine.
#[must_use]
pub fn settings() -> Settings {
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

/// With a ledger that takes nothing for stuck while so many batches could still be hanging.
fn patient_with(inference_deadline: Duration, mut settings: Settings) -> Settings {
    settings.ledger.stuck_after = settings.ledger.stuck_after.max(4 * inference_deadline);
    settings
}

/// Jitter that differs from process to process, so that many do not come back at once.
#[must_use]
pub fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}
