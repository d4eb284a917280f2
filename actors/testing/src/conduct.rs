//! How a fake behaves, call by call.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// What one call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Answers after a while.
    Answer(Duration),
    /// Fails after a while, in the way that may pass.
    Fail(Duration),
    /// Panics.
    Panic,
}

/// How a fake's calls behave, one after the other.
#[derive(Debug)]
pub struct Conduct(Mutex<Mode>);

#[derive(Debug)]
enum Mode {
    /// These acts, then answers at once.
    Script(VecDeque<Act>),
    /// Acts drawn from a seed.
    Drawn { rng: SmallRng, odds: Odds },
}

/// The odds of a drawn conduct, per thousand calls.
#[derive(Clone, Copy, Debug)]
pub struct Odds {
    /// Of failing.
    pub fail: u32,
    /// Of panicking.
    pub panic: u32,
    /// The longest latency.
    pub slowest: Duration,
}

impl Default for Conduct {
    fn default() -> Self {
        Self::script([])
    }
}

impl Conduct {
    /// These acts, then answers at once.
    pub fn script(acts: impl IntoIterator<Item = Act>) -> Self {
        Self(Mutex::new(Mode::Script(acts.into_iter().collect())))
    }

    /// Acts drawn from `seed`.
    #[must_use]
    pub fn drawn(seed: u64, odds: Odds) -> Self {
        Self(Mutex::new(Mode::Drawn { rng: SmallRng::seed_from_u64(seed), odds }))
    }

    /// The next act.
    pub fn next(&self) -> Act {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Script(acts) => acts.pop_front().unwrap_or(Act::Answer(Duration::ZERO)),
            Mode::Drawn { rng, odds } => {
                let latency = odds.slowest.mul_f64(rng.random::<f64>().powi(3));
                match rng.random_range(0..1000) {
                    at if at < odds.fail => Act::Fail(latency),
                    at if at < odds.fail + odds.panic => Act::Panic,
                    _ => Act::Answer(latency),
                }
            }
        }
    }

    /// Lives the next act through; `Err` if the call is to fail.
    ///
    /// # Errors
    /// A sentence, when the act is to fail.
    ///
    /// # Panics
    /// When the act is to panic.
    pub async fn act(&self) -> Result<(), String> {
        match self.next() {
            Act::Answer(latency) => {
                sleep(latency).await;
                Ok(())
            }
            Act::Fail(latency) => {
                sleep(latency).await;
                Err("as the conduct has it".to_owned())
            }
            Act::Panic => panic!("as the conduct has it"),
        }
    }
}

async fn sleep(latency: Duration) {
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_followed_and_then_everything_answers() {
        let conduct = Conduct::script([Act::Panic, Act::Fail(Duration::ZERO)]);
        assert_eq!(conduct.next(), Act::Panic);
        assert_eq!(conduct.next(), Act::Fail(Duration::ZERO));
        assert_eq!(conduct.next(), Act::Answer(Duration::ZERO));
    }

    #[test]
    fn the_same_seed_draws_the_same_acts_at_the_stated_odds() {
        let odds = Odds { fail: 100, panic: 50, slowest: Duration::from_secs(1) };
        let draw = || {
            let conduct = Conduct::drawn(7, odds);
            (0..10_000).map(|_| conduct.next()).collect::<Vec<_>>()
        };
        let acts = draw();

        assert_eq!(acts, draw());
        let failures = acts.iter().filter(|act| matches!(act, Act::Fail(_))).count();
        let panics = acts.iter().filter(|act| matches!(act, Act::Panic)).count();
        assert!((800..1200).contains(&failures), "{failures}");
        assert!((350..650).contains(&panics), "{panics}");
    }
}
