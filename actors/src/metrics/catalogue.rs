//! Every metric of the service: name, kind, labels, help and buckets, declared once.
//!
//! Dashboards, alerts, the docs and the run's summary are checked against this list, so a metric
//! that is not here does not exist.

/// The kinds of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows.
    Counter,
    /// A counter of seconds, which counts whole microseconds; whoever exposes it divides.
    Seconds,
    /// Goes up and down.
    Gauge,
    /// A distribution, in [`Declaration::buckets`].
    Histogram,
}

/// One declared metric.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Its name, in base units, with the prefix `inference_` once.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The label names, each from a closed set.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
    /// Upper bounds of a histogram's buckets; empty otherwise.
    pub buckets: &'static [f64],
}

/// From a cheap hop (100 µs) to a stage stuck for minutes; three a decade are enough to see a
/// bottleneck move.
const SECONDS: &[f64] =
    &[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

/// Batches double, and the largest permitted batch is 64.
const ITEMS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

macro_rules! catalogue {
    ($($(#[doc = $help:literal])+ $constant:ident = $kind:ident $name:literal $labels:expr, $buckets:expr;)*) => {
        $(
            $(#[doc = $help])+
            pub const $constant: Declaration = Declaration {
                name: $name,
                kind: Kind::$kind,
                labels: &$labels,
                help: concat!($($help),+),
                buckets: $buckets,
            };
        )*

        /// All of them.
        pub const CATALOGUE: &[Declaration] = &[$($constant),*];
    };
}

catalogue! {
    /// Messages received from the queue.
    MESSAGES_RECEIVED = Counter "inference_messages_received_total" [], &[];
    /// Messages settled and confirmed by the queue, by outcome. With the messages in flight they
    /// add up to the messages received.
    MESSAGES_FINISHED = Counter "inference_messages_finished_total" ["outcome"], &[];
    /// Messages received and not yet settled.
    INFLIGHT_MESSAGES = Gauge "inference_inflight_messages" [], &[];
    /// Deliveries that failed, by class, whether they were parked or given back.
    FAILURES = Counter "inference_failures_total" ["class"], &[];
    /// Duplicate deliveries that joined one already in flight.
    COALESCED = Counter "inference_coalesced_messages_total" [], &[];
    /// Leases extended for work that takes longer.
    LEASE_EXTENSIONS = Counter "inference_lease_extensions_total" [], &[];
    /// Leases lost, by the stage the delivery had reached.
    LEASE_LOST = Counter "inference_lease_lost_total" ["stage"], &[];
    /// Queue calls that failed and will be repeated, by call.
    QUEUE_ERRORS = Counter "inference_queue_errors_total" ["call"], &[];
    /// Calls that wait for a dependency that does not answer. While there are any nothing is received.
    DEPENDENCY_WAITS = Gauge "inference_dependency_waiting_calls" ["dependency"], &[];
    /// Time that work waited in a stage's mailbox and backlog before the stage took it up.
    STAGE_WAIT = Histogram "inference_stage_wait_seconds" ["stage"], SECONDS;
    /// Time that a stage worked on an item or batch.
    STAGE_SERVICE = Histogram "inference_stage_service_seconds" ["stage"], SECONDS;
    /// Work in a stage's mailbox now.
    STAGE_QUEUE_LENGTH = Gauge "inference_stage_queue_length" ["stage"], &[];
    /// The most work a stage's mailbox may ever hold.
    STAGE_QUEUE_CAPACITY = Gauge "inference_stage_queue_capacity" ["stage"], &[];
    /// Work refused by a mailbox. The arithmetic of credits says never; anything above 0 is a bug.
    MAILBOX_REFUSALS = Counter "inference_mailbox_refusals_total" ["stage"], &[];
    /// Bytes of fetched inputs held in memory.
    CREDIT_BYTES = Gauge "inference_credit_bytes_in_use" [], &[];
    /// Pixels of decoded inputs held in memory.
    CREDIT_PIXELS = Gauge "inference_credit_pixels_in_use" [], &[];
    /// Time that a stage stood still for want of credits.
    BACKPRESSURE = Seconds "inference_backpressure_seconds_total" ["stage"], &[];
    /// Inputs asked of their hosts, by what came: ok, or the class of the failure.
    DOWNLOADS = Counter "inference_download_requests_total" ["outcome"], &[];
    /// Bytes fetched.
    DOWNLOAD_BYTES = Counter "inference_download_bytes_total" [], &[];
    /// Inputs in a batch handed to a worker.
    BATCH_SIZE = Histogram "inference_batch_size" ["inferrer"], ITEMS;
    /// Time that workers spent inferring.
    WORKER_BUSY = Seconds "inference_worker_busy_seconds_total" ["inferrer"], &[];
    /// Time that workers stood idle although a delivery they had yet to see was in flight.
    WORKER_STARVED = Seconds "inference_worker_idle_with_backlog_seconds_total" ["inferrer"], &[];
    /// Workers replaced or rebuilt, by cause.
    WORKER_RESTARTS = Counter "inference_worker_restarts_total" ["inferrer", "cause"], &[];
    /// Threads given up as hung that still run.
    ABANDONED_THREADS = Gauge "inference_abandoned_threads" ["inferrer"], &[];
    /// Bulk requests repeated because the index did not take them.
    SINK_RETRIES = Counter "inference_sink_retries_total" [], &[];
    /// Time from receiving a message to the queue's confirmation of its settlement.
    DELIVERY = Histogram "inference_delivery_seconds" [], SECONDS;
    /// The generation of actors now running; 1 after an undisturbed start.
    GENERATION = Gauge "inference_pipeline_generation" [], &[];
    /// Always 1: the version and commit that run.
    BUILD_INFO = Gauge "inference_build_info" ["version", "commit"], &[];
    /// Always 1: the models that serve.
    MODEL_INFO = Gauge "inference_model_info" ["inferrer", "name", "version", "sha256"], &[];
    /// Time from sending a message to its document being indexed: the service level.
    END_TO_END_AGE = Histogram "inference_end_to_end_age_seconds" [], SECONDS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_base_units_with_one_prefix_and_the_suffix_of_their_kind() {
        let mut seen = std::collections::HashSet::new();
        for Declaration { name, kind, help, buckets, .. } in CATALOGUE {
            assert!(name.starts_with("inference_") && name.matches("inference_").count() == 1);
            assert!(seen.insert(name), "{name} is declared twice");
            let counts = matches!(kind, Kind::Counter | Kind::Seconds);
            assert_eq!(counts, name.ends_with("_total"), "{name}");
            assert_eq!(*kind == Kind::Seconds, name.ends_with("_seconds_total"), "{name}");
            assert_eq!(*kind == Kind::Histogram, !buckets.is_empty(), "{name}");
            assert!(!name.contains("_ms") && !name.contains("milli"), "{name}");
            assert!(help.trim().ends_with('.'), "{name}: {help}");
        }
    }
}
