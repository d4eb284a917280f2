//! Lets as many requests through at once as the cluster bears.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::adaptive_limit::{AdaptiveLimit, Turn};

/// An [`AdaptiveLimit`] that requests wait at.
#[derive(Debug)]
pub struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: AdaptiveLimit,
    inside: usize,
}

/// A request's way through; over when it is dropped, cancelled requests included.
#[derive(Debug)]
pub struct Permit<'a> {
    gate: &'a Gate,
    turn: Turn,
}

impl Gate {
    /// A gate for at most `most` at once.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let state = State { limit: AdaptiveLimit::new(most), inside: 0 };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Waits until another request is allowed.
    pub async fn enter(&self) -> Permit<'_> {
        loop {
            // Enabled before looking, so that a change between looking and waiting is not missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(turn) = self.try_enter() {
                return Permit { gate: self, turn };
            }
            changed.await;
        }
    }

    fn try_enter(&self) -> Option<Turn> {
        let mut state = self.lock();
        if state.inside >= state.limit.allowed() {
            return None;
        }
        state.inside += 1;
        Some(state.limit.begin())
    }

    /// Each method leaves the state whole, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// The cluster took the request.
    pub fn succeeded(self) {
        self.gate.lock().limit.succeeded();
    }

    /// It had too much to do.
    pub fn overloaded(self) {
        self.gate.lock().limit.overloaded(self.turn);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.lock().inside -= 1;
        self.gate.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn no_more_enter_than_the_limit_allows_and_one_that_leaves_lets_the_next_in() {
        let gate = Gate::new(4);
        let first = gate.enter().now_or_never().expect("two are allowed at first");
        let second = gate.enter().now_or_never().expect("two are allowed at first");
        let mut third = pin!(gate.enter());
        assert!(third.as_mut().now_or_never().is_none());

        drop(first); // as a cancelled request would
        let third = third.now_or_never().expect("one has left");
        assert!(gate.enter().now_or_never().is_none());

        second.overloaded();
        assert!(gate.enter().now_or_never().is_none(), "one is inside, and one is allowed");
        third.succeeded();
        assert!(gate.enter().now_or_never().is_some());
    }
}
