//! A fresh actix system in virtual time, for tests that run a scenario many times.

use std::future::Future;
use std::time::Duration;

/// Runs `scenario` in a system of its own whose clock is paused and jumps to the next timer.
///
/// # Panics
/// When the scenario does.
pub fn simulate<T>(scenario: impl Future<Output = T>) -> T {
    actix::System::new().block_on(async {
        tokio::time::pause();
        scenario.await
    })
}

/// What `condition` says, as the result of a scenario.
///
/// # Errors
/// `otherwise`, when it is false.
pub fn claim(condition: bool, otherwise: impl Into<String>) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}

/// Whether `future` ends within `time`.
///
/// # Errors
/// A sentence, when it does not.
pub async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(time, future).await.map_err(|_| format!("nothing came of it in {time:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_pass_and_what_never_comes_is_an_error() {
        let hour = Duration::from_hours(1);
        let never = simulate(within(hour, std::future::pending::<()>()));
        let soon = simulate(async { within(hour, tokio::time::sleep(hour / 2)).await });

        assert!(never.is_err() && soon.is_ok());
    }
}
