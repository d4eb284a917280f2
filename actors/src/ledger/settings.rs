//! How the Ledger keeps its book.

use std::time::Duration;

/// How the Ledger keeps its book.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// How often leases are looked at. A small part of a lease, so that an extension that failed
    /// can be tried again several times before the lease ends.
    pub tick: Duration,
    /// How long after its receive a delivery is given back at the latest. SQS extends a lease to
    /// twelve hours from the receive; ten minutes less, so that giving it back still works.
    pub give_up_after: Duration,
    /// The lease of a delivery that has reached no new stage for so long is extended no longer: half an
    /// hour. Waits for slots and credits, and outages, do not count. What is left of healthy work stands
    /// still longest in a pool, where 64 pictures wait for one worker: under a minute for VGG16, and 16
    /// minutes where each takes fifteen seconds. Before it a picture has half a minute for its fetch,
    /// as much for a place at its host, and as much for its decode. Never below four inference
    /// deadlines, after which a pool with so many hanging threads has given up.
    pub stuck_after: Duration,
    /// Whether leases are extended at all; off only to show in a test what it is good for.
    pub extend_leases: bool,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(1),
            give_up_after: Duration::from_mins(11 * 60 + 50),
            stuck_after: Duration::from_mins(30),
            extend_leases: true,
            seed: 0,
        }
    }
}
