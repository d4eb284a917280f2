//! How long `check` waits, for each question by itself and in all.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

/// The whole is to be told in ten seconds.
const WHOLE: Duration = Duration::from_secs(9);

/// A question whose answer others need leaves them as much again.
const FIRST: Duration = Duration::from_secs(4);

/// When the questions must be answered.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    first: Instant,
    last: Instant,
}

/// That nobody answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence(Duration);

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer within {:.0} s", self.0.as_secs_f64())
    }
}

impl Patience {
    /// From now on.
    #[must_use]
    pub fn begin() -> Self {
        let now = Instant::now();
        Self { first: now + FIRST, last: now + WHOLE }
    }

    /// Waits for the answer to a question that others wait for.
    ///
    /// # Errors
    /// [`Silence`].
    pub fn first<T>(
        self,
        question: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, Silence>> {
        until(self.first, Box::pin(question))
    }

    /// Waits for the answer to a question that nobody else waits for.
    ///
    /// # Errors
    /// [`Silence`].
    pub fn last<T>(
        self,
        question: impl Future<Output = T>,
    ) -> impl Future<Output = Result<T, Silence>> {
        until(self.last, Box::pin(question))
    }
}

async fn until<T>(deadline: Instant, question: impl Future<Output = T>) -> Result<T, Silence> {
    let asked = Instant::now();
    timeout_at(deadline, question).await.map_err(|_| Silence(deadline - asked))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_that_is_silent_leaves_time_for_those_that_wait_for_it() {
        let (began, patience) = (Instant::now(), Patience::begin());

        let first = patience.first(pending::<()>()).await.unwrap_err();
        let last = patience.last(pending::<()>()).await.unwrap_err();
        let answered = patience.last(async { 7 }).await;

        assert_eq!(first.to_string(), "no answer within 4 s");
        assert_eq!(last.to_string(), "no answer within 5 s");
        assert_eq!(answered, Ok(7), "what is known needs no patience");
        assert_eq!(began.elapsed(), WHOLE);
    }
}
