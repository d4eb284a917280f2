//! The metrics as handles, registered once and passed in: no actor names a metric.

pub mod catalogue;
mod inferrer;
mod labels;
mod seconds;
mod stage;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};

use crate::failure::{Class, Stage};
use crate::inference::{InferrerSpec, ModelStamp};
use catalogue as c;

pub use inferrer::InferrerMetrics;
pub use labels::{Dependency, Outcome, QueueCall, RestartCause};
pub use seconds::{MICROSECONDS_PER_SECOND, Seconds};
pub use stage::StageMetrics;

/// The pipeline's metrics, except those of single inferrers ([`InferrerMetrics`]).
#[derive(Clone)]
pub struct Metrics {
    /// See [`c::MESSAGES_RECEIVED`].
    pub received: Counter,
    finished: [Counter; Outcome::ALL.len()],
    /// See [`c::INFLIGHT_MESSAGES`].
    pub inflight: Gauge,
    failures: Vec<Counter>,
    /// See [`c::COALESCED`].
    pub coalesced: Counter,
    /// See [`c::LEASE_EXTENSIONS`].
    pub lease_extensions: Counter,
    lease_lost: [Counter; Stage::ALL.len()],
    queue_errors: [Counter; QueueCall::ALL.len()],
    waiting_for: [Gauge; Dependency::ALL.len()],
    stages: Vec<StageMetrics>,
    /// See [`c::CREDIT_MESSAGES`].
    pub credit_messages: CreditMetrics,
    /// See [`c::CREDIT_BYTES`].
    pub credit_bytes: CreditMetrics,
    /// See [`c::CREDIT_PIXELS`].
    pub credit_pixels: CreditMetrics,
    downloaded: Counter,
    not_downloaded: Vec<Counter>,
    /// See [`c::DOWNLOAD_BYTES`].
    pub download_bytes: Counter,
    /// Those of [`c::ABANDONED_THREADS`] in which a decoder hangs.
    pub abandoned_decoders: Gauge,
    /// See [`c::SINK_BULK`].
    pub sink_bulk: Histogram,
    sink_item_errors: [Counter; REFUSED_DOCUMENTS.len()],
    /// See [`c::SINK_RETRIES`].
    pub sink_retries: Counter,
    /// See [`c::DELIVERY`].
    pub delivery: Histogram,
    /// See [`c::GENERATION`].
    pub generation: Gauge,
    /// See [`c::END_TO_END_AGE`].
    pub end_to_end_age: Histogram,
}

/// What stands in an inferrer's place where a decoder hangs.
const DECODER: &str = "decoder";

/// What becomes of a document that the index does not take.
const REFUSED_DOCUMENTS: [Class; 3] =
    [Class::IndexUnavailable, Class::DocumentRejected, Class::DocumentTooLarge];

/// The metrics of one currency of credits.
#[derive(Clone, Debug)]
pub struct CreditMetrics {
    /// What is lent out.
    pub in_use: Gauge,
    /// All there is.
    pub capacity: Gauge,
}

impl Metrics {
    /// Registers every metric of the pipeline with `recorder`, all label sets at once, so that rates
    /// and alerts work from the first event on.
    #[must_use]
    pub fn new(recorder: &dyn Recorder) -> Self {
        let counter = |declaration, labels: &[(&'static str, &str)]| {
            recorder.register_counter(&key(declaration, labels), &METADATA)
        };
        let gauge = |declaration| recorder.register_gauge(&key(declaration, &[]), &METADATA);
        let histogram =
            |declaration| recorder.register_histogram(&key(declaration, &[]), &METADATA);
        let credits =
            |in_use, capacity| CreditMetrics { in_use: gauge(in_use), capacity: gauge(capacity) };
        Self {
            received: counter(&c::MESSAGES_RECEIVED, &[]),
            finished: Outcome::ALL
                .map(|o| counter(&c::MESSAGES_FINISHED, &[("outcome", o.as_str())])),
            inflight: gauge(&c::INFLIGHT_MESSAGES),
            failures: Class::ALL
                .iter()
                .map(|class| counter(&c::FAILURES, &[("class", class.as_str())]))
                .collect(),
            coalesced: counter(&c::COALESCED, &[]),
            lease_extensions: counter(&c::LEASE_EXTENSIONS, &[]),
            lease_lost: Stage::ALL.map(|s| counter(&c::LEASE_LOST, &[("stage", s.as_str())])),
            queue_errors: QueueCall::ALL
                .map(|call| counter(&c::QUEUE_ERRORS, &[("call", call.as_str())])),
            waiting_for: Dependency::ALL.map(|dependency| {
                let labels = [("dependency", dependency.as_str())];
                recorder.register_gauge(&key(&c::DEPENDENCY_WAITS, &labels), &METADATA)
            }),
            stages: Stage::ALL.iter().map(|stage| StageMetrics::new(recorder, *stage)).collect(),
            credit_messages: credits(&c::CREDIT_MESSAGES, &c::CREDIT_MESSAGES_CAPACITY),
            credit_bytes: credits(&c::CREDIT_BYTES, &c::CREDIT_BYTES_CAPACITY),
            credit_pixels: credits(&c::CREDIT_PIXELS, &c::CREDIT_PIXELS_CAPACITY),
            downloaded: counter(&c::DOWNLOADS, &[("outcome", "ok")]),
            not_downloaded: Class::ALL
                .iter()
                .map(|class| counter(&c::DOWNLOADS, &[("outcome", class.as_str())]))
                .collect(),
            download_bytes: counter(&c::DOWNLOAD_BYTES, &[]),
            abandoned_decoders: recorder
                .register_gauge(&key(&c::ABANDONED_THREADS, &[("inferrer", DECODER)]), &METADATA),
            sink_bulk: histogram(&c::SINK_BULK),
            sink_item_errors: REFUSED_DOCUMENTS
                .map(|class| counter(&c::SINK_ITEM_ERRORS, &[("class", class.as_str())])),
            sink_retries: counter(&c::SINK_RETRIES, &[]),
            delivery: histogram(&c::DELIVERY),
            generation: gauge(&c::GENERATION),
            end_to_end_age: histogram(&c::END_TO_END_AGE),
        }
    }

    /// The counter of one outcome.
    pub fn finished(&self, outcome: Outcome) -> &Counter {
        &self.finished[outcome as usize]
    }

    /// The counter of one failure class.
    pub fn failures(&self, class: Class) -> &Counter {
        &self.failures[class as usize]
    }

    /// The counter of downloads that ended so: well, or with a failure of this class.
    pub fn downloads(&self, failure: Option<Class>) -> &Counter {
        failure.map_or(&self.downloaded, |class| &self.not_downloaded[class as usize])
    }

    /// Counts a document that the index did not take, for one of the reasons it may have.
    pub fn not_taken(&self, class: Class) {
        let found = REFUSED_DOCUMENTS.iter().position(|known| *known == class);
        debug_assert!(found.is_some(), "{class} is no reason of an index");
        found.iter().for_each(|at| self.sink_item_errors[*at].increment(1));
    }

    /// The counter of leases lost at one stage.
    pub fn lease_lost(&self, stage: Stage) -> &Counter {
        &self.lease_lost[stage as usize]
    }

    /// The counter of failures of one queue call.
    pub fn queue_errors(&self, call: QueueCall) -> &Counter {
        &self.queue_errors[call as usize]
    }

    /// How many calls wait for one dependency.
    pub fn waiting_for(&self, dependency: Dependency) -> &Gauge {
        &self.waiting_for[dependency as usize]
    }

    /// The metrics of one stage.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> &StageMetrics {
        &self.stages[stage as usize]
    }
}

/// Registers whether the process works.
pub fn readiness(recorder: &dyn Recorder) -> Gauge {
    recorder.register_gauge(&key(&c::READY, &[]), &METADATA)
}

/// Registers which build runs. The gauge is 1 for good.
pub fn tell_build(recorder: &dyn Recorder, version: &str, commit: &str) {
    let key = key(&c::BUILD_INFO, &[("version", version), ("commit", commit)]);
    recorder.register_gauge(&key, &METADATA).set(1.0);
}

/// Registers which model an inferrer serves. The gauge is 1 for good.
pub fn tell_model(recorder: &dyn Recorder, spec: &InferrerSpec) {
    let ModelStamp { name, version, sha256 } = &spec.model;
    let labels = [
        ("inferrer", spec.name.as_str()),
        ("name", name.as_str()),
        ("version", version.as_str()),
        ("sha256", sha256.as_str()),
        ("engine", spec.engine.as_str()),
    ];
    recorder.register_gauge(&key(&c::MODEL_INFO, &labels), &METADATA).set(1.0);
}

static METADATA: Metadata<'static> = Metadata::new("inference", Level::INFO, None);

fn key(declaration: &c::Declaration, labels: &[(&'static str, &str)]) -> Key {
    debug_assert!(labels.iter().map(|(name, _)| *name).eq(declaration.labels.iter().copied()));
    let labels: Vec<Label> =
        labels.iter().map(|(name, value)| Label::new(*name, (*value).to_owned())).collect();
    Key::from_parts(declaration.name, labels)
}
