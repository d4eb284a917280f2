//! Threads that were given up as hung and still run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use metrics::Gauge;

/// How many threads were given up as hung and still run, in all pools of all generations.
#[derive(Clone, Debug, Default)]
pub struct AbandonedThreads(Arc<AtomicUsize>);

impl AbandonedThreads {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts one worker's thread among the abandoned from when it is given up until its worker is gone
/// after all. The worker holds it, and its pool only weakly: so it counts right, whichever of the two
/// lives longer.
pub struct ThreadCount {
    abandoned: AtomicBool,
    in_all: AbandonedThreads,
    shown: Gauge,
}

impl ThreadCount {
    /// A thread that works; `shown` counts those of the same inferrer that are given up.
    #[must_use]
    pub fn new(in_all: AbandonedThreads, shown: Gauge) -> Arc<Self> {
        Arc::new(Self { abandoned: AtomicBool::new(false), in_all, shown })
    }

    /// Gives the thread up.
    pub fn abandon(&self) {
        if !self.abandoned.swap(true, Ordering::Relaxed) {
            self.in_all.0.fetch_add(1, Ordering::Relaxed);
            self.shown.increment(1.0);
        }
    }
}

impl Drop for ThreadCount {
    fn drop(&mut self) {
        if self.abandoned.load(Ordering::Relaxed) {
            self.in_all.0.fetch_sub(1, Ordering::Relaxed);
            self.shown.decrement(1.0);
        }
    }
}
