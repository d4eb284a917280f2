//! What every generation is built from.

use std::sync::Arc;

use crate::downloader::{DownloaderPorts, DownloaderSettings};
use crate::flow::credits::Budget;
use crate::flow::outages::Outages;
use crate::ledger::{LedgerSettings, SharedBook};
use crate::metrics::Metrics;
use crate::pool::placement::Placement;
use crate::pool::{AbandonedThreads, InferrerBlueprint};
use crate::ports::{Catalogue, Queue, Tracer};
use crate::retriever::RetrieverSettings;
use crate::sink::{SinkPorts, SinkSettings};
use crate::source::SourceSettings;

/// Everything a generation is built from; shared by all generations.
#[derive(Clone)]
pub struct Blueprint {
    /// Where messages come from.
    pub queue: Arc<dyn Queue>,
    /// Where records are looked up.
    pub catalogue: Arc<dyn Catalogue>,
    /// How inputs are fetched and decoded, and the credits for that.
    pub downloads: DownloaderPorts,
    /// The inferrers, in the order of the document's fields.
    pub inferrers: Vec<InferrerBlueprint>,
    /// Where documents and announcements go.
    pub sink: SinkPorts,
    /// Where workers run.
    pub placement: Arc<dyn Placement>,
    /// Credits for messages in flight.
    pub messages: Budget,
    /// The accounts with the queue.
    pub book: SharedBook,
    /// Which dependencies are down.
    pub outages: Outages,
    /// Threads given up as hung.
    pub abandoned: AbandonedThreads,
    /// The metrics.
    pub metrics: Metrics,
    /// Where traces go.
    pub tracer: Arc<dyn Tracer>,
    /// The settings.
    pub settings: Settings,
}

/// The settings of every actor but the pools.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The Source's.
    pub source: SourceSettings,
    /// The Retriever's.
    pub retriever: RetrieverSettings,
    /// The Downloader's.
    pub downloader: DownloaderSettings,
    /// The Sink's.
    pub sink: SinkSettings,
    /// The Ledger's.
    pub ledger: LedgerSettings,
}
