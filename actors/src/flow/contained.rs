//! Runs a port call in a task of its own, so that its panic costs that call and not the actor.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

/// The call panicked; the message is what it said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {0}")]
pub struct Panicked(pub String);

/// A call in its own task; dropping it ends the task.
#[must_use = "a contained call ends when it is dropped"]
pub struct Contained<T>(JoinHandle<T>);

/// Starts `call` in a task of its own on this thread.
pub fn contained<F>(call: F) -> Contained<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Contained(actix_rt::spawn(call))
}

/// Starts the computation `work` on a blocking thread. A thread cannot be ended: when the answer is
/// no longer wanted the computation still runs to its end.
pub fn computed<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Contained<T> {
    Contained(tokio::task::spawn_blocking(work))
}

impl<T> Future for Contained<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| {
            joined.map_err(|error| {
                Panicked(match error.try_into_panic() {
                    Ok(payload) => panic_message(payload.as_ref()),
                    Err(cancelled) => cancelled.to_string(),
                })
            })
        })
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The text of a panic's payload.
#[must_use]
pub fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "without a message".to_owned())
}
