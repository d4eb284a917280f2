//! What the world is told of a closed delivery: counts, one log line, its story.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::SystemTime;

use crate::flow::contained::panic_message;
use crate::metrics::{Metrics, Outcome};
use crate::ports::{NoTracer, Passage, Tracer};

use super::closed::Closed;

/// Where the Ledger tells what became of deliveries.
#[derive(Clone)]
pub struct Accounting {
    /// Counts.
    pub metrics: Metrics,
    /// Stories.
    pub tracer: Arc<dyn Tracer>,
}

/// Counts alone.
impl From<Metrics> for Accounting {
    fn from(metrics: Metrics) -> Self {
        Self { metrics, tracer: Arc::new(NoTracer) }
    }
}

impl Accounting {
    /// Counts a closed delivery, writes its one log line and ends its trace.
    pub fn report(&self, closed: &Closed) {
        self.count(closed);
        self.trace(closed);
        let (id, location) = (closed.dossier.id.as_ref(), closed.dossier.location.as_deref());
        let failure = closed.failure.as_ref();
        tracing::info!(
            id = id.map(tracing::field::display),
            location,
            outcome = closed.outcome.as_str(),
            class = failure.map(|failure| failure.class.as_str()),
            stage = failure.map(|failure| failure.stage.as_str()),
            cause = failure.map(|failure| failure.cause.as_str()),
            seconds = closed.open_for.as_secs_f64(),
            "delivery settled"
        );
    }

    fn count(&self, closed: &Closed) {
        self.metrics.finished(closed.outcome).increment(1);
        self.metrics.delivery.record(closed.open_for);
        if let Some(failure) = &closed.failure {
            self.metrics.failures(failure.class).increment(1);
        }
        if closed.outcome == Outcome::Lost {
            self.metrics.lease_lost(closed.stage).increment(1);
        }
        if let (Outcome::Indexed, Some(age)) = (closed.outcome, closed.age) {
            self.metrics.end_to_end_age.record(age);
        }
    }

    fn trace(&self, closed: &Closed) {
        let Some((trace, stops)) = &closed.traced else { return };
        let now = SystemTime::now();
        let passage = Passage {
            trace: *trace,
            began: now.checked_sub(closed.open_for).unwrap_or(now),
            took: closed.open_for,
            stops,
            id: closed.dossier.id.as_ref(),
            attempt: closed.attempt,
            outcome: closed.outcome,
            class: closed.failure.as_ref().map(|failure| failure.class),
        };
        // A trace is worth no generation: what the engine panics over is one story less.
        let told = catch_unwind(AssertUnwindSafe(|| self.tracer.end(&passage)));
        if let Err(payload) = told {
            let cause = panic_message(payload.as_ref());
            tracing::warn!(cause, "the tracer panicked over a delivery's story");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use metrics::NoopRecorder;

    use super::*;
    use crate::delivery::Dossier;
    use crate::failure::Stage;
    use crate::trace::{Trace, TraceContext};

    const OWN: TraceContext = TraceContext { trace_id: 1, span_id: 1, sampled: true };

    /// Panics over every story.
    #[derive(Default)]
    struct Broken(AtomicBool);

    impl Tracer for Broken {
        fn begin(&self, _: Option<TraceContext>) -> Option<Trace> {
            None
        }

        fn end(&self, _: &Passage<'_>) {
            self.0.store(true, Ordering::Relaxed);
            panic!("as the test has it");
        }

        fn finish(&self) {}
    }

    #[test]
    fn a_tracer_that_panics_takes_nobody_with_it() {
        let tracer = Arc::new(Broken::default());
        let metrics = Metrics::new(&NoopRecorder);
        let accounting = Accounting { metrics, tracer: Arc::clone(&tracer) as Arc<dyn Tracer> };

        accounting.report(&Closed {
            outcome: Outcome::Indexed,
            failure: None,
            dossier: Dossier::default(),
            stage: Stage::Sink,
            open_for: Duration::from_secs(1),
            age: None,
            attempt: 1,
            traced: Some((Trace { own: OWN, sender: None }, Vec::new())),
        });

        assert!(tracer.0.load(Ordering::Relaxed), "it was told");
    }
}
