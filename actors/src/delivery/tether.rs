//! What connects a delivery with the Ledger's book.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::failure::Stage;
use crate::trace::{Journey, Trace};

/// What the Ledger and the delivery know of each other while the delivery is under way.
#[derive(Debug)]
pub struct Tether {
    /// When it was where.
    pub journey: Journey,
    /// The trace that it belongs to, if any.
    pub trace: Option<Trace>,
    stage: AtomicU8,
    cancelled: AtomicBool,
    waits: AtomicBool,
    /// That of the delivery whose end this one shares.
    leader: OnceLock<Arc<Self>>,
}

/// A delivery's wait for credits or a slot, over when dropped: that it does not move meanwhile is right.
#[derive(Debug)]
pub struct Wait(Arc<Tether>);

impl Default for Tether {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Tether {
    /// The tether of a delivery that belongs to `trace`.
    #[must_use]
    pub fn new(trace: Option<Trace>) -> Self {
        Self {
            journey: Journey::default(),
            trace,
            stage: AtomicU8::new(Stage::Source as u8),
            cancelled: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            leader: OnceLock::new(),
        }
    }

    /// Notes that the delivery has reached `stage`.
    pub fn reach(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        self.journey.reach(stage);
    }

    /// Notes that the delivery waits for credits or a slot until the answer is dropped.
    #[must_use]
    pub fn wait(self: &Arc<Self>) -> Wait {
        self.waits.store(true, Ordering::Relaxed);
        Wait(Arc::clone(self))
    }

    /// Notes that the delivery shares the end of `leader`'s. It joins once, and stays.
    pub fn follow(&self, leader: &Arc<Self>) {
        let _ = self.leader.set(Arc::clone(leader));
    }

    /// Where its work stands, and whether that waits for credits: the leader's, where it is a duplicate.
    #[must_use]
    pub fn standing(&self) -> (Stage, bool) {
        let of = self.leader.get().map_or(self, |leader| &**leader);
        (of.stage(), of.waits.load(Ordering::Relaxed))
    }

    /// The stage the delivery has reached.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::Relaxed))]
    }

    /// The trace that it belongs to, if any, and when it reached which stage.
    #[must_use]
    pub fn traced(&self) -> Option<(Trace, Vec<(Stage, Duration)>)> {
        self.trace.map(|trace| (trace, self.journey.stops()))
    }

    /// Tells the delivery that its work is in vain: its lease is lost.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work is in vain.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.waits.store(false, Ordering::Relaxed);
    }
}
