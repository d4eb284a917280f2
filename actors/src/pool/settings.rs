//! What a pool is made from, and whom it tells its news.

use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;

use crate::messages::{PoolGaveUp, PoolReady};
use crate::metrics::InferrerMetrics;
use crate::ports::InferrerFactory;

use super::last_fault::LastFault;

/// How a pool works.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// Workers, each with a model and a thread of its own.
    pub workers: usize,
    /// The largest batch.
    pub batch: usize,
    /// A worker that infers longer is taken for hung. Sixteen pictures through VGG16 on a busy core
    /// take under ten seconds.
    pub inference_deadline: Duration,
    /// A worker that loads longer is taken for hung. Half a gigabyte from a cold disk takes seconds.
    pub start_deadline: Duration,
    /// How often workers are looked at.
    pub tick: Duration,
    /// Restarts of workers (not panics inside inference) that are permitted within a minute.
    pub restarts: usize,
    /// Threads given up as hung that may run at once, in all pools; one more, and only a new process
    /// helps.
    pub abandoned_threads: usize,
    /// Whether failing batches are bisected; off only to show in a test what it is good for.
    pub bisect: bool,
    /// Whether hung workers are replaced; off only to show in a test what it is good for.
    pub replace_hung: bool,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            workers: 1,
            batch: 8,
            inference_deadline: Duration::from_secs(30),
            start_deadline: Duration::from_mins(2),
            tick: Duration::from_millis(500),
            restarts: 5,
            abandoned_threads: 3,
            bisect: true,
            replace_hung: true,
            seed: 0,
        }
    }
}

/// One inferrer of the pipeline: what its pool is made from.
#[derive(Clone)]
pub struct InferrerBlueprint {
    /// Builds its models.
    pub factory: Arc<dyn InferrerFactory>,
    /// Its pool's settings.
    pub settings: PoolSettings,
    /// Its pool's metrics.
    pub metrics: InferrerMetrics,
    /// Its pool's last fault, in any generation.
    pub last_fault: LastFault,
}

/// Whom a pool tells its news.
#[derive(Clone)]
pub struct PoolNews {
    /// Every worker is ready.
    pub ready: Recipient<PoolReady>,
    /// It cannot go on.
    pub gave_up: Recipient<PoolGaveUp>,
}
