//! When a host that does not work is left alone. Pure; clock and chance are passed in.

use std::time::Duration;

use actors::flow::backoff::Backoff;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::Instant;

/// When a breaker opens, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it. Twenty are twice what is in flight to a host: one hiccup that
    /// breaks every connection at once does not open it, its retries failing too does.
    pub failures: u32,
    /// How long it stays open at most, the first time; twice as long after each probe that failed.
    pub first_wait: Duration,
    /// The longest. Shorter than most delays between two receives of a message, so that a message
    /// that comes back finds the host tried again rather than a breaker still open.
    pub longest_wait: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 20,
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// A circuit breaker: closed while a host works, open when it fails again and again, and then a single
/// request probes it.
///
/// A failure is what a broken host does: no connection, no answer, half an answer, a 5xx. A 404 or a 429
/// is the answer of a host that works.
#[derive(Debug)]
pub(super) struct Breaker {
    settings: BreakerSettings,
    state: State,
    rng: SmallRng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, times: u32 },
    Probing { times: u32 },
}

/// Leave to ask the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// As everybody.
    Ordinary,
    /// Alone, to find out whether it works again.
    Probe,
}

/// The host is left alone for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host failed again and again and is left alone for now")]
pub(super) struct LeftAlone;

impl Breaker {
    pub(super) fn new(settings: BreakerSettings, seed: u64) -> Self {
        let rng = SmallRng::seed_from_u64(seed);
        Self { settings, state: State::Closed { failures: 0 }, rng }
    }

    /// Whether nobody may ask at `now`.
    pub(super) fn refuses(&self, now: Instant) -> bool {
        match self.state {
            State::Closed { .. } => false,
            State::Open { until, .. } => now < until,
            State::Probing { .. } => true,
        }
    }

    /// Leave to ask at `now`. Whoever gets it must say what came of it.
    ///
    /// # Errors
    /// [`LeftAlone`] while it is open or being probed.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Leave, LeftAlone> {
        match self.state {
            State::Closed { .. } => Ok(Leave::Ordinary),
            State::Open { until, times } if now >= until => {
                self.state = State::Probing { times };
                Ok(Leave::Probe)
            }
            State::Open { .. } | State::Probing { .. } => Err(LeftAlone),
        }
    }

    /// The host answered, to whoever it was.
    pub(super) fn answered(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// The host failed at `now`. Failures of requests that were under way when it opened say nothing
    /// new.
    pub(super) fn failed(&mut self, leave: Leave, now: Instant) {
        match (self.state, leave) {
            (State::Closed { failures }, _) if failures + 1 < self.settings.failures => {
                self.state = State::Closed { failures: failures + 1 };
            }
            (State::Closed { .. }, _) => self.open(1, now),
            (State::Probing { times }, Leave::Probe) => self.open(times.saturating_add(1), now),
            (State::Open { .. } | State::Probing { .. }, _) => {}
        }
    }

    /// Whoever had this leave will never know: a probe is to be made again.
    pub(super) fn abandoned(&mut self, leave: Leave, now: Instant) {
        if let (State::Probing { times }, Leave::Probe) = (self.state, leave) {
            self.state = State::Open { until: now, times };
        }
    }

    /// Whether it knows nothing that is worth remembering.
    pub(super) fn is_blank(&self) -> bool {
        self.state == State::Closed { failures: 0 }
    }

    fn open(&mut self, times: u32, now: Instant) {
        let BreakerSettings { first_wait, longest_wait, .. } = self.settings;
        let wait = Backoff::after(first_wait, longest_wait, times, &mut self.rng);
        self.state = State::Open { until: now + wait, times };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        let settings = BreakerSettings { failures: 3, ..BreakerSettings::default() };
        Breaker::new(settings, 1)
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = breaker();
        (0..3).for_each(|_| breaker.failed(Leave::Ordinary, now));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not_let_them() {
        let now = Instant::now();
        let mut breaker = breaker();
        for _ in 0..10 {
            breaker.failed(Leave::Ordinary, now);
            breaker.failed(Leave::Ordinary, now);
            assert_eq!(breaker.admit(now), Ok(Leave::Ordinary));
            breaker.answered();
        }
        assert!(opened(now).refuses(now));
        assert_eq!(opened(now).admit(now), Err(LeftAlone));
    }

    #[test]
    fn after_its_wait_one_probe_is_let_through_and_decides() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut breaker = opened(now);

        assert_eq!(breaker.admit(later), Ok(Leave::Probe));
        assert_eq!(breaker.admit(later), Err(LeftAlone), "one at a time");
        breaker.answered();

        assert!(breaker.is_blank());
        assert_eq!(breaker.admit(later), Ok(Leave::Ordinary));
    }

    #[test]
    fn each_probe_that_fails_doubles_the_wait_up_to_the_longest() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for ceiling in [5, 10, 20, 30, 30] {
            let State::Open { until, .. } = breaker.state else { panic!("{:?}", breaker.state) };
            let ceiling = Duration::from_secs(ceiling);
            assert!(until - now <= ceiling && until - now >= ceiling / 10);
            now = until;
            assert_eq!(breaker.admit(now), Ok(Leave::Probe));
            breaker.failed(Leave::Probe, now);
        }
    }

    #[test]
    fn stragglers_change_nothing_but_by_an_answer_and_an_abandoned_probe_is_made_again() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut breaker = opened(now);
        let before = breaker.state;
        breaker.failed(Leave::Ordinary, now);
        breaker.abandoned(Leave::Ordinary, now);
        assert_eq!(breaker.state, before);

        assert_eq!(breaker.admit(later), Ok(Leave::Probe));
        breaker.failed(Leave::Ordinary, later);
        breaker.abandoned(Leave::Probe, later);
        assert_eq!(breaker.admit(later), Ok(Leave::Probe));

        breaker.answered();
        assert!(!breaker.refuses(later), "a host that answers works");
    }
}
