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
    /// What it belongs to, as the documentation groups them.
    pub group: &'static str,
    /// Its name, in base units, with the prefix `inference_` once.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The label names, each from a closed set.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
    /// A histogram's buckets; [`Buckets::NONE`] otherwise.
    pub buckets: Buckets,
}

/// The buckets of a histogram.
#[derive(Clone, Copy, Debug)]
pub struct Buckets {
    /// Their upper bounds, ascending; one more, without a bound, is implied.
    pub bounds: &'static [f64],
    /// Why these.
    pub reason: &'static str,
}

impl Buckets {
    /// No histogram.
    pub const NONE: Self = Self { bounds: &[], reason: "" };
}

const SECONDS: Buckets = Buckets {
    bounds: &[
        0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0,
    ],
    reason: "from a hop between two stages to a stage that is stuck for minutes; three a decade are \
             enough to see a bottleneck move",
};

const LEASES: Buckets = Buckets {
    bounds: &[0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 43_200.0],
    reason: "from a thumbnail on an idle service to the twelve hours after which a queue takes its \
             message back; in between the lease (1 min), which longer work has to extend",
};

const AGES: Buckets = Buckets {
    bounds: &[
        1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0,
        21_600.0, 43_200.0, 86_400.0, 345_600.0,
    ],
    reason: "seconds where the service idles, minutes where it starts from zero, hours in a backlog, \
             days (4, the queue's retention) in an outage; the service level (1 h) and what a whole \
             reindex may take (6 h) are bounds, so that they are counted and not interpolated",
};

const ITEMS: Buckets = Buckets {
    bounds: &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
    reason: "batches double, and the largest permitted batch is 64",
};

const LOADS: Buckets = Buckets {
    bounds: &[0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0],
    reason: "from constants to half a gigabyte on a cold disk; a worker that loads longer than 120 s is \
             taken for hung",
};

const NONE: Buckets = Buckets::NONE;

macro_rules! catalogue {
    ($($group:literal { $(
        $(#[doc = $help:literal])+
        $constant:ident = $kind:ident $name:literal $labels:expr, $buckets:expr;
    )* })*) => {
        $($(
            $(#[doc = $help])+
            pub const $constant: Declaration = Declaration {
                group: $group,
                name: $name,
                kind: Kind::$kind,
                labels: &$labels,
                help: concat!($($help),+),
                buckets: $buckets,
            };
        )*)*

        /// All of them.
        pub const CATALOGUE: &[Declaration] = &[$($($constant,)*)*];
    };
}

catalogue! {
    "Messages" {
        /// Messages received from the queue.
        MESSAGES_RECEIVED = Counter "inference_messages_received_total" [], NONE;
        /// Messages settled and confirmed by the queue, by outcome. With the messages in flight they
        /// add up to the messages received.
        MESSAGES_FINISHED = Counter "inference_messages_finished_total" ["outcome"], NONE;
        /// Messages received and not yet settled.
        INFLIGHT_MESSAGES = Gauge "inference_inflight_messages" [], NONE;
        /// Deliveries that failed, by class, whether they were parked or given back.
        FAILURES = Counter "inference_failures_total" ["class"], NONE;
        /// Duplicate deliveries that joined one already in flight.
        COALESCED = Counter "inference_coalesced_messages_total" [], NONE;
        /// Time from sending a message to its document being indexed: the service level.
        END_TO_END_AGE = Histogram "inference_end_to_end_age_seconds" [], AGES;
        /// Time from receiving a message to the queue's confirmation of its settlement.
        DELIVERY = Histogram "inference_delivery_seconds" [], LEASES;
    }
    "Queue and dependencies" {
        /// Leases extended for work that takes longer.
        LEASE_EXTENSIONS = Counter "inference_lease_extensions_total" [], NONE;
        /// Leases lost, by the stage the delivery had reached.
        LEASE_LOST = Counter "inference_lease_lost_total" ["stage"], NONE;
        /// Queue calls that failed and will be repeated, by call.
        QUEUE_ERRORS = Counter "inference_queue_errors_total" ["call"], NONE;
        /// Calls that wait for a dependency that does not answer. While there are any nothing is received.
        DEPENDENCY_WAITS = Gauge "inference_dependency_waiting_calls" ["dependency"], NONE;
    }
    "Stages and credits" {
        /// Time that work waited in a stage's mailbox and backlog before the stage took it up.
        STAGE_WAIT = Histogram "inference_stage_wait_seconds" ["stage"], SECONDS;
        /// Time that a stage worked on an item or batch.
        STAGE_SERVICE = Histogram "inference_stage_service_seconds" ["stage"], SECONDS;
        /// Work in a stage's mailbox now.
        STAGE_QUEUE_LENGTH = Gauge "inference_stage_queue_length" ["stage"], NONE;
        /// The most work a stage's mailbox may ever hold.
        STAGE_QUEUE_CAPACITY = Gauge "inference_stage_queue_capacity" ["stage"], NONE;
        /// Work refused by a mailbox. The arithmetic of credits says never; anything above 0 is a bug.
        MAILBOX_REFUSALS = Counter "inference_mailbox_refusals_total" ["stage"], NONE;
        /// Time that a stage stood still for want of credits.
        BACKPRESSURE = Seconds "inference_backpressure_seconds_total" ["stage"], NONE;
        /// Credits for messages lent out: to messages in flight, and to a receive under way.
        CREDIT_MESSAGES = Gauge "inference_credit_messages_in_use" [], NONE;
        /// The most messages in flight (--in-flight).
        CREDIT_MESSAGES_CAPACITY = Gauge "inference_credit_messages_capacity" [], NONE;
        /// Bytes of fetched inputs held in memory, or reserved for fetches under way.
        CREDIT_BYTES = Gauge "inference_credit_bytes_in_use" [], NONE;
        /// The most bytes of fetched inputs (--bytes-in-flight).
        CREDIT_BYTES_CAPACITY = Gauge "inference_credit_bytes_capacity" [], NONE;
        /// Pixels of decoded inputs held in memory, or reserved for decodes under way.
        CREDIT_PIXELS = Gauge "inference_credit_pixels_in_use" [], NONE;
        /// The most pixels of decoded inputs (--pixels-in-flight).
        CREDIT_PIXELS_CAPACITY = Gauge "inference_credit_pixels_capacity" [], NONE;
    }
    "Downloads and documents" {
        /// Inputs asked of their hosts, by what came: ok, or the class of the failure.
        DOWNLOADS = Counter "inference_download_requests_total" ["outcome"], NONE;
        /// Bytes fetched.
        DOWNLOAD_BYTES = Counter "inference_download_bytes_total" [], NONE;
        /// Time that the index took to answer a bulk request, whatever it answered.
        SINK_BULK = Histogram "inference_sink_bulk_seconds" [], SECONDS;
        /// Documents that the index did not take from a bulk request, by class. Those that it could not
        /// take just then are tried again, the others are parked.
        SINK_ITEM_ERRORS = Counter "inference_sink_item_errors_total" ["class"], NONE;
        /// Requests repeated because the index or the topic did not take everything.
        SINK_RETRIES = Counter "inference_sink_retries_total" [], NONE;
    }
    "Inferrers" {
        /// Inputs in a batch handed to a worker.
        BATCH_SIZE = Histogram "inference_batch_size" ["inferrer"], ITEMS;
        /// Workers that the pool keeps.
        POOL_WORKERS = Gauge "inference_pool_workers" ["inferrer"], NONE;
        /// Time that workers spent inferring.
        WORKER_BUSY = Seconds "inference_worker_busy_seconds_total" ["inferrer"], NONE;
        /// CPU time of the workers' threads spent inferring. Where it is well below the busy time, the
        /// machine has fewer cores than there are workers.
        WORKER_CPU = Seconds "inference_cpu_seconds_total" ["inferrer"], NONE;
        /// Time that workers stood idle although a delivery they had yet to see was in flight.
        WORKER_STARVED = Seconds "inference_worker_idle_with_backlog_seconds_total" ["inferrer"], NONE;
        /// Time that a worker took to load its model and prove it on its golden input.
        MODEL_LOAD = Histogram "inference_model_load_seconds" ["inferrer"], LOADS;
    }
    "Supervision" {
        /// Workers replaced or rebuilt, by cause.
        WORKER_RESTARTS = Counter "inference_worker_restarts_total" ["inferrer", "cause"], NONE;
        /// Threads given up as hung that still run; those that hang in a decoder count for the inferrer
        /// decoder.
        ABANDONED_THREADS = Gauge "inference_abandoned_threads" ["inferrer"], NONE;
        /// The generation of actors now running; 1 after an undisturbed start.
        GENERATION = Gauge "inference_pipeline_generation" [], NONE;
        /// 1 while /readyz says so: models proven, dependencies answering, not draining.
        READY = Gauge "inference_ready" [], NONE;
        /// Always 1: the version and commit that run.
        BUILD_INFO = Gauge "inference_build_info" ["version", "commit"], NONE;
        /// Always 1: the models that serve.
        MODEL_INFO = Gauge "inference_model_info" ["inferrer", "name", "version", "sha256", "engine"], NONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Their values are enums, or what a deployment is: a handful each. A picture, a host or a URL is
    /// none of them.
    const CLOSED_SETS: &[&str] = &[
        "call",
        "cause",
        "class",
        "commit",
        "dependency",
        "engine",
        "inferrer",
        "name",
        "outcome",
        "sha256",
        "stage",
        "version",
    ];

    #[test]
    fn every_label_is_from_a_closed_set() {
        for Declaration { name, labels, .. } in CATALOGUE {
            assert!(labels.iter().all(|label| CLOSED_SETS.contains(label)), "{name}: {labels:?}");
        }
    }

    #[test]
    fn names_are_in_base_units_with_one_prefix_and_the_suffix_of_their_kind() {
        let mut seen = std::collections::HashSet::new();
        for Declaration { name, kind, help, buckets, .. } in CATALOGUE {
            assert!(name.starts_with("inference_") && name.matches("inference_").count() == 1);
            assert!(seen.insert(name), "{name} is declared twice");
            let counts = matches!(kind, Kind::Counter | Kind::Seconds);
            assert_eq!(counts, name.ends_with("_total"), "{name}");
            assert_eq!(*kind == Kind::Seconds, name.ends_with("_seconds_total"), "{name}");
            assert_eq!(*kind == Kind::Histogram, !buckets.bounds.is_empty(), "{name}");
            assert_eq!(*kind == Kind::Histogram, !buckets.reason.is_empty(), "{name}");
            assert!(buckets.bounds.is_sorted_by(|a, b| a < b), "{name}");
            assert!(!name.contains("_ms") && !name.contains("milli"), "{name}");
            assert!(help.trim().ends_with('.'), "{name}: {help}");
        }
    }
}
