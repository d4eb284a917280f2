//! How long to wait before the next try.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

/// Exponential backoff with full jitter: after the *n*-th failure, a random time up to
/// `first · 2ⁿ⁻¹`, never beyond `cap`. Jitter, because everyone who failed together would otherwise
/// come back together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    failures: u32,
    rng: SmallRng,
}

impl Backoff {
    /// A backoff that has seen no failure yet; `seed` makes its jitter repeatable.
    #[must_use]
    pub fn new(first: Duration, cap: Duration, seed: u64) -> Self {
        Self { first, cap, failures: 0, rng: SmallRng::seed_from_u64(seed) }
    }

    /// Counts a failure and answers how long to wait.
    pub fn next_wait(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        Self::after(self.first, self.cap, self.failures, &mut self.rng)
    }

    /// Forgets all failures.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait after the given number of failures, for callers whose count lives elsewhere (a
    /// queue's receive count). A tenth of the ceiling at least, so that a retry is never at once.
    pub fn after(first: Duration, cap: Duration, failures: u32, rng: &mut impl Rng) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let ceiling = first.saturating_mul(1 << doublings).min(cap);
        ceiling.mul_f64(rng.random_range(0.1..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const CAP: Duration = Duration::from_secs(60);

    #[test]
    fn the_ceiling_doubles_up_to_the_cap_and_a_wait_is_never_nothing() {
        let mut backoff = Backoff::new(FIRST, CAP, 1);
        for ceiling in [1, 2, 4, 8, 16, 32, 60, 60] {
            let ceiling = Duration::from_secs(ceiling);
            let wait = backoff.next_wait();
            assert!(wait <= ceiling && wait >= ceiling / 10, "{wait:?} of {ceiling:?}");
        }
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }

    #[test]
    fn no_count_of_failures_overflows() {
        let mut rng = SmallRng::seed_from_u64(1);
        assert!(Backoff::after(FIRST, CAP, u32::MAX, &mut rng) <= CAP);
        assert!(Backoff::after(FIRST, CAP, 0, &mut rng) <= FIRST);
    }
}
