//! Whether a one-off task has worked its queue off.

use std::time::Duration;

use actors::ledger::book::Accounts;
use tokio::time::Instant;

/// For how long nothing has come and nothing was in flight. Pure: time is an argument.
#[derive(Debug)]
pub struct Idleness {
    limit: Duration,
    received: u64,
    since: Instant,
}

impl Idleness {
    /// Idleness of at most `limit`, from `now` on.
    #[must_use]
    pub const fn new(limit: Duration, now: Instant) -> Self {
        Self { limit, received: 0, since: now }
    }

    /// Whether it has lasted long enough. While the process is not ready nobody knows what the queue
    /// holds: that does not count.
    pub fn is_over(&mut self, accounts: Accounts, ready: bool, now: Instant) -> bool {
        if !ready || accounts.in_flight > 0 || accounts.received != self.received {
            self.received = accounts.received;
            self.since = now;
        }
        now - self.since >= self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_from_the_last_work_or_outage_on() {
        let start = Instant::now();
        let mut idleness = Idleness::new(Duration::from_secs(10), start);
        let accounts =
            |received, in_flight| Accounts { received, in_flight, ..Accounts::default() };
        let mut over = |second, received, in_flight, ready| {
            let now = start + Duration::from_secs(second);
            idleness.is_over(accounts(received, in_flight), ready, now)
        };

        assert!(!over(9, 0, 0, false), "it is still starting");
        assert!(!over(18, 0, 0, true));
        assert!(!over(19, 1, 0, true), "one came and went between two looks");
        assert!(!over(28, 2, 1, true));
        assert!(!over(100, 2, 1, true), "it is still worked on");
        assert!(!over(109, 2, 0, true));
        assert!(!over(110, 2, 0, false), "a dependency is away");
        assert!(!over(119, 2, 0, true));
        assert!(over(120, 2, 0, true));
    }
}
