//! What the world is told of a closed delivery: counts, one log line, its story.

use std::sync::Arc;
use std::time::SystemTime;

use crate::metrics::{Metrics, Outcome};
use crate::ports::{NoTracer, Passage, Tracer};

use super::book::Closed;

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
        self.trace(closed);
        self.count(closed);
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
        self.tracer.end(&Passage {
            trace: *trace,
            began: now.checked_sub(closed.open_for).unwrap_or(now),
            took: closed.open_for,
            stops,
            id: closed.dossier.id.as_ref(),
            attempt: closed.attempt,
            outcome: closed.outcome,
            class: closed.failure.as_ref().map(|failure| failure.class),
        });
    }
}
