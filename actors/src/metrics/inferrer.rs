//! The metrics of one inferrer's pool.

use metrics::{Counter, Gauge, Histogram, Recorder};

use super::catalogue as c;
use super::labels::RestartCause;
use super::seconds::Seconds;
use super::{METADATA, key};
use crate::inference::InferrerName;

/// The metrics of one inferrer's pool.
#[derive(Clone)]
pub struct InferrerMetrics {
    /// See [`c::BATCH_SIZE`].
    pub batch_size: Histogram,
    /// See [`c::POOL_WORKERS`].
    pub workers: Gauge,
    /// See [`c::WORKER_BUSY`].
    pub busy: Seconds,
    /// Adds seconds to [`c::WORKER_CPU`].
    pub cpu: Seconds,
    /// See [`c::MODEL_LOAD`].
    pub model_load: Histogram,
    /// See [`c::WORKER_STARVED`].
    pub starved: Seconds,
    restarts: [Counter; RestartCause::ALL.len()],
    /// See [`c::ABANDONED_THREADS`].
    pub abandoned_threads: Gauge,
}

impl InferrerMetrics {
    /// Registers the metrics of `inferrer` with `recorder`.
    #[must_use]
    pub fn new(recorder: &dyn Recorder, inferrer: &InferrerName) -> Self {
        let labels = [("inferrer", inferrer.as_str())];
        let counter =
            |declaration| recorder.register_counter(&key(declaration, &labels), &METADATA);
        let histogram =
            |declaration| recorder.register_histogram(&key(declaration, &labels), &METADATA);
        let gauge = |declaration| recorder.register_gauge(&key(declaration, &labels), &METADATA);
        Self {
            batch_size: histogram(&c::BATCH_SIZE),
            workers: gauge(&c::POOL_WORKERS),
            busy: Seconds(counter(&c::WORKER_BUSY)),
            cpu: Seconds(counter(&c::WORKER_CPU)),
            model_load: histogram(&c::MODEL_LOAD),
            starved: Seconds(counter(&c::WORKER_STARVED)),
            restarts: RestartCause::ALL.map(|cause| {
                let labels = [("inferrer", inferrer.as_str()), ("cause", cause.as_str())];
                recorder.register_counter(&key(&c::WORKER_RESTARTS, &labels), &METADATA)
            }),
            abandoned_threads: gauge(&c::ABANDONED_THREADS),
        }
    }

    /// The counter of restarts by one cause.
    pub fn restarts(&self, cause: RestartCause) -> &Counter {
        &self.restarts[cause as usize]
    }
}
