//! Where a delivery stands in a distributed trace, and when it was where.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Stage;

/// A span's place in a distributed trace (W3C Trace Context).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; not 0.
    pub trace_id: u128,
    /// The span in it; not 0.
    pub span_id: u64,
    /// Whether somebody records the trace.
    pub sampled: bool,
}

/// The trace that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where the message's own span stands: what it causes is sent from there.
    pub own: TraceContext,
    /// Where it was sent from, if its sender said so.
    pub sender: Option<TraceContext>,
}

/// When a delivery reached which stage.
#[derive(Debug)]
pub struct Journey {
    opened_at: Instant,
    /// Microseconds after the opening, plus one; 0 for a stage that it has not reached.
    reached: [AtomicU64; Stage::ALL.len()],
}

impl Default for Journey {
    fn default() -> Self {
        Self { opened_at: Instant::now(), reached: Default::default() }
    }
}

impl Journey {
    /// Notes that the delivery is at `stage` from now on. A stage is reached once.
    pub fn reach(&self, stage: Stage) {
        let after = u64::try_from(self.opened_at.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
        let place = &self.reached[stage as usize];
        let _ = place.compare_exchange(0, after + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The stages that it reached, in flow order, and how long after the opening.
    #[must_use]
    pub fn stops(&self) -> Vec<(Stage, Duration)> {
        let after = |stage: &Stage| {
            let micros = self.reached[*stage as usize].load(Ordering::Relaxed).checked_sub(1)?;
            Some((*stage, Duration::from_micros(micros)))
        };
        Stage::ALL.iter().filter_map(after).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn stages_are_told_in_flow_order_from_when_they_were_first_reached() {
        let journey = Journey::default();
        let wait = async |millis| tokio::time::advance(Duration::from_millis(millis)).await;
        journey.reach(Stage::Retriever);
        wait(3).await;
        journey.reach(Stage::Sink);
        wait(4).await;
        journey.reach(Stage::Sink);

        let stops = [(Stage::Retriever, Duration::ZERO), (Stage::Sink, Duration::from_millis(3))];
        assert_eq!(journey.stops(), stops);
    }
}
