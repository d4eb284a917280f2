//! Messages a second, for `/status`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use actors::ledger::book::Accounts;
use tokio::time::Instant;

use super::status::named;

/// The accounts of the last minute, for rates.
#[derive(Debug, Default)]
pub struct Rates(VecDeque<(Instant, Accounts)>);

/// What rates are over.
const WINDOW: Duration = Duration::from_mins(1);

impl Rates {
    /// Notes the accounts at `now`.
    pub fn look(&mut self, accounts: Accounts, now: Instant) {
        self.0.push_back((now, accounts));
        // The oldest one kept is just outside the window, so that the window is always whole.
        while self.0.get(1).is_some_and(|(then, _)| now.duration_since(*then) >= WINDOW) {
            self.0.pop_front();
        }
    }

    /// Messages a second over the window, or since the start if that is shorter.
    #[must_use]
    pub fn per_second(&self) -> BTreeMap<&'static str, f64> {
        let (Some((then, before)), Some((now, after))) = (self.0.front(), self.0.back()) else {
            return BTreeMap::new();
        };
        let seconds = now.duration_since(*then).as_secs_f64();
        let rate = |((name, after), (_, before)): ((&'static str, u64), (_, u64))| {
            (name, if seconds > 0.0 { (after - before) as f64 / seconds } else { 0.0 })
        };
        let grown = named(*after).into_iter().zip(named(*before));
        grown.filter(|((name, _), _)| *name != "inFlight").map(rate).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_over_the_last_minute() {
        let start = Instant::now();
        let mut rates = Rates::default();
        for second in 0..300 {
            let indexed = if second < 200 { 0 } else { 2 * (second - 200) };
            let accounts = Accounts { received: indexed, indexed, ..Accounts::default() };
            rates.look(accounts, start + Duration::from_secs(second));
        }

        assert_eq!(rates.per_second()["indexed"], 2.0);
        assert_eq!(rates.per_second()["parked"], 0.0);
        assert!(rates.0.len() <= 61);
    }

    #[test]
    fn before_anything_was_looked_at_there_are_no_rates() {
        assert!(Rates::default().per_second().is_empty());
    }
}
