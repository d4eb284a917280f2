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
    /// holds: that does not count. Nor does the time until the queue shows again what was given back
    /// with a delay, the last of it at `back_by`.
    pub fn is_over(
        &mut self,
        accounts: Accounts,
        back_by: Option<Instant>,
        ready: bool,
        now: Instant,
    ) -> bool {
        let works = accounts.in_flight > 0 || accounts.received != self.received;
        if !ready || works || back_by > Some(now) {
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
            let back_by = Some(start + Duration::from_secs(130));
            let back_by = if received == 3 { back_by } else { None };
            idleness.is_over(accounts(received, in_flight), back_by, ready, now)
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
        assert!(!over(129, 3, 0, true), "the queue will show it again");
        assert!(!over(138, 3, 0, true));
        assert!(over(139, 3, 0, true));
    }
}
