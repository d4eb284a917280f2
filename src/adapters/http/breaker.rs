//! When a host that does not work is left alone. Pure; clock and chance are passed in.

use std::time::Duration;

use actors::flow::backoff::Backoff;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::Instant;

use super::refusal::Blame;

/// When a breaker opens, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it. Twenty are twice what is in flight to a host: one hiccup that
    /// breaks every connection at once does not open it, its retries failing too does. So do ten
    /// requests that hang, which count twice: no second ten is to wait as long.
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

/// What a breaker did that people should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It opened, having been closed.
    Opened,
    /// It closed, having been open.
    Closed,
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

    /// What came, by `now`, of a request that had this leave. An answer closes it, whoever got it;
    /// failures of requests that were under way when it opened say nothing new.
    pub(super) fn told(&mut self, leave: Leave, blame: Blame, now: Instant) -> Option<Turn> {
        let more = match blame {
            Blame::None => return self.close(),
            Blame::Failed => 1,
            Blame::Hung => 2,
        };
        match (self.state, leave) {
            (State::Closed { failures }, _) if failures + more < self.settings.failures => {
                self.state = State::Closed { failures: failures + more };
                None
            }
            (State::Closed { .. }, _) => {
                self.open(1, now);
                Some(Turn::Opened)
            }
            (State::Probing { times }, Leave::Probe) => {
                self.open(times.saturating_add(1), now);
                None
            }
            (State::Open { .. } | State::Probing { .. }, _) => None,
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

    fn close(&mut self) -> Option<Turn> {
        let before = std::mem::replace(&mut self.state, State::Closed { failures: 0 });
        (!matches!(before, State::Closed { .. })).then_some(Turn::Closed)
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
        let turns = [(); 3].map(|()| breaker.told(Leave::Ordinary, Blame::Failed, now));
        assert_eq!(turns, [None, None, Some(Turn::Opened)]);
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not_let_them() {
        let now = Instant::now();
        let mut breaker = breaker();
        for _ in 0..10 {
            breaker.told(Leave::Ordinary, Blame::Failed, now);
            breaker.told(Leave::Ordinary, Blame::Failed, now);
            assert_eq!(breaker.admit(now), Ok(Leave::Ordinary));
            breaker.told(Leave::Ordinary, Blame::None, now);
        }
        assert!(opened(now).refuses(now));
        assert_eq!(opened(now).admit(now), Err(LeftAlone));
    }

    #[test]
    fn requests_that_hang_open_it_in_half_the_number() {
        let now = Instant::now();
        let mut breaker = breaker();
        breaker.told(Leave::Ordinary, Blame::Hung, now);
        assert!(!breaker.refuses(now));
        breaker.told(Leave::Ordinary, Blame::Hung, now);
        assert!(breaker.refuses(now), "two of three");
    }

    #[test]
    fn after_its_wait_one_probe_is_let_through_and_decides() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut breaker = opened(now);

        assert_eq!(breaker.admit(later), Ok(Leave::Probe));
        assert_eq!(breaker.admit(later), Err(LeftAlone), "one at a time");
        assert_eq!(breaker.told(Leave::Probe, Blame::None, later), Some(Turn::Closed));

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
            assert_eq!(breaker.told(Leave::Probe, Blame::Failed, now), None, "known already");
        }
    }

    #[test]
    fn stragglers_change_nothing_but_by_an_answer_and_an_abandoned_probe_is_made_again() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut breaker = opened(now);
        let before = breaker.state;
        breaker.told(Leave::Ordinary, Blame::Failed, now);
        breaker.abandoned(Leave::Ordinary, now);
        assert_eq!(breaker.state, before);

        assert_eq!(breaker.admit(later), Ok(Leave::Probe));
        breaker.told(Leave::Ordinary, Blame::Failed, later);
        breaker.abandoned(Leave::Probe, later);
        assert_eq!(breaker.admit(later), Ok(Leave::Probe));

        breaker.told(Leave::Ordinary, Blame::None, now);
        assert!(!breaker.refuses(later), "a host that answers works");
    }
}
