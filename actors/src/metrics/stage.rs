//! The metrics of one stage.

use metrics::{Counter, Gauge, Histogram, Recorder};

use super::catalogue as c;
use super::seconds::Seconds;
use super::{METADATA, key};
use crate::failure::Stage;

/// The metrics of one stage.
#[derive(Clone)]
pub struct StageMetrics {
    /// See [`c::STAGE_WAIT`].
    pub wait: Histogram,
    /// See [`c::STAGE_SERVICE`].
    pub service: Histogram,
    /// See [`c::STAGE_QUEUE_LENGTH`].
    pub queue_length: Gauge,
    /// See [`c::STAGE_QUEUE_CAPACITY`].
    pub queue_capacity: Gauge,
    /// See [`c::MAILBOX_REFUSALS`].
    pub refusals: Counter,
    /// Adds seconds to [`c::BACKPRESSURE`].
    pub backpressure: Seconds,
}

impl StageMetrics {
    pub(super) fn new(recorder: &dyn Recorder, stage: Stage) -> Self {
        let labels = [("stage", stage.as_str())];
        Self {
            wait: recorder.register_histogram(&key(&c::STAGE_WAIT, &labels), &METADATA),
            service: recorder.register_histogram(&key(&c::STAGE_SERVICE, &labels), &METADATA),
            queue_length: recorder.register_gauge(&key(&c::STAGE_QUEUE_LENGTH, &labels), &METADATA),
            queue_capacity: recorder
                .register_gauge(&key(&c::STAGE_QUEUE_CAPACITY, &labels), &METADATA),
            refusals: recorder.register_counter(&key(&c::MAILBOX_REFUSALS, &labels), &METADATA),
            backpressure: Seconds(
                recorder.register_counter(&key(&c::BACKPRESSURE, &labels), &METADATA),
            ),
        }
    }
}
