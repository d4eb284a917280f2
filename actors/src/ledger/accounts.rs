//! The accounting identity in numbers. Pure.

use crate::metrics::Outcome;

/// The accounting identity in numbers: `received` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Deliveries opened.
    pub received: u64,
    /// Documents written.
    pub indexed: u64,
    /// Newer documents found.
    pub superseded: u64,
    /// Parked with a failure.
    pub parked: u64,
    /// Given back.
    pub released: u64,
    /// Leases lost.
    pub lost: u64,
    /// Open, or settled and not yet confirmed by the queue.
    pub in_flight: u64,
}

impl Accounts {
    /// Whether the identity holds.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.received
            == self.indexed
                + self.superseded
                + self.parked
                + self.released
                + self.lost
                + self.in_flight
    }

    /// Counts a delivery that is closed.
    pub(super) fn count(&mut self, outcome: Outcome) {
        let count = match outcome {
            Outcome::Indexed => &mut self.indexed,
            Outcome::Superseded => &mut self.superseded,
            Outcome::Parked => &mut self.parked,
            Outcome::Released => &mut self.released,
            Outcome::Lost => &mut self.lost,
        };
        *count += 1;
    }
}
