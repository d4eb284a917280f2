//! The time that a fetch may take, spent only while the host is at work.

use std::time::Duration;

use tokio::time::Instant;

/// What is left of a deadline. What we wait for on our own account, credits and a free slot, is not
/// taken off it: a busy service must not count its own queue as the host's failure.
#[derive(Debug)]
pub(super) struct Allowance {
    whole: Duration,
    left: Duration,
}

/// Nothing is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there was no picture within {0:?}")]
pub(super) struct Spent(Duration);

impl Allowance {
    pub(super) const fn new(whole: Duration) -> Self {
        Self { whole, left: whole }
    }

    pub(super) const fn left(&self) -> Duration {
        self.left
    }

    /// Does `work`, and takes the time off.
    ///
    /// # Errors
    /// [`Spent`] when the time is over first; the work is dropped.
    pub(super) async fn spend<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Spent> {
        let began = Instant::now();
        let done = tokio::time::timeout(self.left, work).await;
        self.left = self.left.saturating_sub(began.elapsed());
        done.map_err(|_| Spent(self.whole))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_is_taken_off_while_work_is_done_and_only_then() {
        let seconds = Duration::from_secs;
        let mut allowance = Allowance::new(seconds(30));

        assert_eq!(allowance.spend(sleep(seconds(20))).await, Ok(()));
        sleep(seconds(1_000)).await;
        assert_eq!(allowance.left(), seconds(10));

        assert_eq!(allowance.spend(sleep(seconds(11))).await, Err(Spent(seconds(30))));
        assert_eq!(allowance.left(), Duration::ZERO);
    }
}
