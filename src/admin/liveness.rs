//! Whether the process moves. Pure: time is an argument.

use std::time::Duration;

use actors::ledger::book::Accounts;
use tokio::time::Instant;

/// The main thread beats once a second; one that is silent for so long is stuck.
const SILENCE: Duration = Duration::from_secs(30);

/// Work in flight ends one way or another within the deadlines of fetch, decode and inference, which
/// together are far below this.
const STANDSTILL: Duration = Duration::from_mins(10);

/// When the process was last seen to move.
#[derive(Debug)]
pub struct Liveness {
    beaten: Instant,
    moved: Instant,
    accounts: Accounts,
    standstill: Duration,
}

impl Liveness {
    /// Alive from `now` on, with inference that may take `inference_deadline` a batch.
    #[must_use]
    pub fn new(now: Instant, inference_deadline: Duration) -> Self {
        let standstill = STANDSTILL.max(4 * inference_deadline);
        Self { beaten: now, moved: now, accounts: Accounts::default(), standstill }
    }

    /// The main thread ran at `now`.
    pub fn beat(&mut self, now: Instant) {
        self.beaten = now;
    }

    /// The pipeline's accounts at `now`. While nothing is in flight, or a dependency is waited for,
    /// standing still is right.
    pub fn look(&mut self, accounts: Accounts, outage: bool, now: Instant) {
        if accounts != self.accounts || accounts.in_flight == 0 || outage {
            self.moved = now;
            self.accounts = accounts;
        }
    }

    /// Why the process should be replaced, if it should.
    #[must_use]
    pub fn dead(&self, now: Instant) -> Option<String> {
        let silent = now.saturating_duration_since(self.beaten);
        let still = now.saturating_duration_since(self.moved);
        if silent > SILENCE {
            Some(format!("the main thread has been stuck for {} s", silent.as_secs()))
        } else if still > self.standstill {
            let (count, seconds) = (self.accounts.in_flight, still.as_secs());
            Some(format!("{count} messages in flight have not moved for {seconds} s"))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn accounts(received: u64, in_flight: u64) -> Accounts {
        Accounts { received, in_flight, ..Accounts::default() }
    }

    /// Beats all the time, and looks once a minute for `minutes` at the same accounts.
    fn after(minutes: u32, seen: Accounts, outage: bool) -> Option<String> {
        let start = Instant::now();
        let mut liveness = Liveness::new(start, 30 * SECOND);
        let end = start + 60 * SECOND * minutes;
        for minute in 0..=minutes {
            liveness.look(seen, outage, start + 60 * SECOND * minute);
        }
        liveness.beat(end);
        liveness.dead(end)
    }

    #[test]
    fn work_in_flight_that_does_not_move_is_a_reason_to_be_replaced() {
        assert_eq!(after(9, accounts(5, 3), false), None);
        assert_eq!(
            after(11, accounts(5, 3), false).as_deref(),
            Some("3 messages in flight have not moved for 660 s")
        );
    }

    #[test]
    fn idleness_and_outages_are_none() {
        assert_eq!(after(600, accounts(5, 0), false), None);
        assert_eq!(after(600, accounts(5, 3), true), None);
    }

    #[test]
    fn a_stuck_main_thread_is_one() {
        let start = Instant::now();
        let liveness = Liveness::new(start, SECOND);

        assert_eq!(liveness.dead(start + 29 * SECOND), None);
        assert!(liveness.dead(start + 31 * SECOND).is_some_and(|why| why.contains("31 s")));
    }

    #[test]
    fn slow_models_get_more_time() {
        let start = Instant::now();
        let mut liveness = Liveness::new(start, 600 * SECOND);
        liveness.look(accounts(1, 1), false, start);
        liveness.beat(start + 1200 * SECOND);

        assert_eq!(liveness.dead(start + 1200 * SECOND), None);
    }
}
