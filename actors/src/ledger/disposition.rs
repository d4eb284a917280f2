//! What the queue is told of a delivery that ended. Pure.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::delivery::Ending;
use crate::failure::{Class, Consequence, Failure};
use crate::flow::backoff::Backoff;
use crate::metrics::Outcome;

/// What the queue is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Remove it: the work is done.
    Acknowledge {
        /// Whether a newer document was there already.
        superseded: bool,
    },
    /// Show it again after a delay.
    Release {
        /// The delay.
        after: Duration,
        /// Why, unless the work was not begun.
        failure: Option<Failure>,
    },
    /// Store it with its failure, then remove it.
    Park(Failure),
}

impl Disposition {
    /// Shown again without delay.
    #[must_use]
    pub fn at_once(failure: Option<Failure>) -> Self {
        Self::Release { after: Duration::ZERO, failure }
    }

    /// The outcome that is counted once the queue has confirmed, and the failure behind it.
    #[must_use]
    pub fn counted(self) -> (Outcome, Option<Failure>) {
        match self {
            Self::Acknowledge { superseded: false } => (Outcome::Indexed, None),
            Self::Acknowledge { superseded: true } => (Outcome::Superseded, None),
            Self::Release { failure, .. } => (Outcome::Released, failure),
            Self::Park(failure) => (Outcome::Parked, Some(failure)),
        }
    }
}

/// Decides by failure class, receive count and chance.
#[derive(Debug)]
pub struct Policy {
    receive_limit: u32,
    rng: SmallRng,
}

/// An image's longest wait between two tries: short against a queue's retention of days, long enough
/// for a host to be repaired.
const LONGEST_DELAY: Duration = Duration::from_mins(15);

impl Policy {
    /// A policy that parks retryable failures on the `receive_limit`-th receive; `seed` makes its
    /// jitter repeatable.
    #[must_use]
    pub fn new(receive_limit: u32, seed: u64) -> Self {
        Self { receive_limit, rng: SmallRng::seed_from_u64(seed) }
    }

    /// What the queue is told of a delivery that ended so on its `attempt`-th receive.
    pub fn decide(&mut self, ending: Ending, attempt: u32, draining: bool) -> Disposition {
        match ending {
            Ending::Indexed => Disposition::Acknowledge { superseded: false },
            Ending::Superseded => Disposition::Acknowledge { superseded: true },
            Ending::NotBegun => Disposition::at_once(None),
            Ending::Failed(failure) => match failure.class.consequence() {
                Consequence::Park => Disposition::Park(failure),
                Consequence::Hold => Disposition::at_once(Some(failure)),
                Consequence::Retry if attempt >= self.receive_limit => Disposition::Park(failure),
                Consequence::Retry if draining => Disposition::at_once(Some(failure)),
                Consequence::Retry => Disposition::Release {
                    after: Backoff::after(
                        first_delay(failure.class),
                        LONGEST_DELAY,
                        attempt,
                        &mut self.rng,
                    ),
                    failure: Some(failure),
                },
            },
        }
    }
}

/// How long the first retry waits at most.
const fn first_delay(class: Class) -> Duration {
    match class {
        // The catalogue shows new documents after its refresh, a second by default.
        Class::UnknownImage => Duration::from_secs(5),
        // A host that answered 429 or 503 wants to be left alone for a while.
        Class::HttpUnavailable => Duration::from_secs(10),
        // Our own fault, and gone with the actor that died.
        _ => Duration::from_secs(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Stage;

    fn decide(class: Class, attempt: u32, draining: bool) -> Disposition {
        let failure = Failure::new(class, Stage::Downloader, "because");
        Policy::new(5, 1).decide(Ending::Failed(failure), attempt, draining)
    }

    #[test]
    fn permanent_failures_are_parked_at_once() {
        for class in [Class::NotFound, Class::CorruptImage, Class::DocumentRejected] {
            assert!(matches!(decide(class, 1, false), Disposition::Park(_)), "{class}");
        }
    }

    #[test]
    fn retryable_failures_wait_longer_with_each_receive_and_are_parked_on_the_last() {
        for attempt in 1..5 {
            let Disposition::Release { after, .. } = decide(Class::HttpUnavailable, attempt, false)
            else {
                panic!("receive {attempt} did not release")
            };
            let ceiling = Duration::from_secs(10 << (attempt - 1));
            assert!(after <= ceiling && after >= ceiling / 10, "{after:?} on receive {attempt}");
        }
        assert!(matches!(decide(Class::HttpUnavailable, 5, false), Disposition::Park(_)));
        assert!(matches!(decide(Class::Abandoned, 6, false), Disposition::Park(_)));
    }

    #[test]
    fn an_outage_of_a_dependency_never_parks() {
        for attempt in [1, 5, 100] {
            assert!(matches!(
                decide(Class::IndexUnavailable, attempt, false),
                Disposition::Release { after: Duration::ZERO, .. }
            ));
        }
    }

    #[test]
    fn while_draining_retryable_failures_are_given_back_without_delay() {
        assert!(matches!(
            decide(Class::UnknownImage, 2, true),
            Disposition::Release { after: Duration::ZERO, .. }
        ));
    }
}
