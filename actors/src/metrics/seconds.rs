//! Counters of time.

use metrics::Counter;

/// A counter of seconds. Counters count whole numbers, so it counts microseconds and the exporter
/// divides: the unit of what is exposed stays the second.
#[derive(Clone)]
pub struct Seconds(pub(super) Counter);

impl Seconds {
    /// Adds a duration.
    pub fn add(&self, duration: std::time::Duration) {
        self.0.increment(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }
}

/// What a counter of seconds must be divided by when it is exposed.
pub const MICROSECONDS_PER_SECOND: f64 = 1e6;
