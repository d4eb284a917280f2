//! A queue in memory with leases, receive counts and delays, on the test's clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use actors::failure::{Class, Failure, Stage};
use actors::ports::{Message, Parked, Queue, QueueError, Receipt, Received, Release};
use actors::record::RecordId;

use crate::conduct::Conduct;

/// The fake queue. Bodies are ids; a body that is no id brings a malformed message.
#[derive(Default)]
pub struct FakeQueue {
    /// How its calls behave.
    pub conduct: Conduct,
    state: Mutex<State>,
    changed: Notify,
    /// How often messages are shown before a retryable failure parks them; 5 if zero.
    pub receive_limit: u32,
}

#[derive(Default)]
struct State {
    messages: BTreeMap<u64, Stored>,
    sent: u64,
    receives: u64,
    closed: bool,
    acknowledged: Vec<String>,
    parked: Vec<Parked>,
    released: Vec<(String, Duration)>,
    most_hidden: usize,
    stale: usize,
    calls: Vec<usize>,
}

struct Stored {
    body: String,
    visible_at: Instant,
    receives: u32,
    hidden: bool,
}

/// As long as the production queue's.
pub const LEASE: Duration = Duration::from_secs(60);

/// As long as SQS polls at most.
const LONG_POLL: Duration = Duration::from_secs(20);

impl FakeQueue {
    /// Sends a message.
    pub fn send(&self, body: &str) {
        let mut state = self.lock();
        state.sent += 1;
        let number = state.sent;
        let stored = Stored {
            body: body.to_owned(),
            visible_at: Instant::now(),
            receives: 0,
            hidden: false,
        };
        state.messages.insert(number, stored);
        drop(state);
        self.changed.notify_waiters();
    }

    /// From now on, an empty queue is at its end.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
    }

    /// Bodies of acknowledged messages, in order.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<String> {
        self.lock().acknowledged.clone()
    }

    /// What was parked.
    #[must_use]
    pub fn parked(&self) -> Vec<Parked> {
        self.lock().parked.clone()
    }

    /// What was given back, with its delay.
    #[must_use]
    pub fn released(&self) -> Vec<(String, Duration)> {
        self.lock().released.clone()
    }

    /// How many receives were asked.
    #[must_use]
    pub fn receives(&self) -> u64 {
        self.lock().receives
    }

    /// How many messages are in it, hidden ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().messages.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The most messages that were hidden at once.
    #[must_use]
    pub fn most_hidden(&self) -> usize {
        self.lock().most_hidden
    }

    /// How many settlements named a receipt that was no longer held: a second settlement of one
    /// delivery is among them.
    #[must_use]
    pub fn stale(&self) -> usize {
        self.lock().stale
    }

    /// How many receipts each settlement or extension named, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<usize> {
        self.lock().calls.clone()
    }

    /// How many messages are hidden from receivers now.
    #[must_use]
    pub fn hidden(&self) -> usize {
        let now = Instant::now();
        self.lock().messages.values().filter(|m| m.hidden && m.visible_at > now).count()
    }

    /// Ends the leases of every hidden message at once, as an operator's mistake would.
    pub fn end_leases(&self) {
        let now = Instant::now();
        for message in self.lock().messages.values_mut().filter(|m| m.hidden) {
            message.visible_at = now;
        }
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A test's failure of a whole call, told of each receipt.
    async fn failing(&self, count: usize) -> Option<Vec<Result<(), QueueError>>> {
        let cause = self.conduct.act().await.err()?;
        Some(vec![Err(QueueError::Unavailable(cause)); count])
    }

    async fn settle(
        &self,
        receipts: Vec<Receipt>,
        mut then: impl FnMut(&mut State, u64, usize) + Send,
    ) -> Vec<Result<(), QueueError>> {
        self.lock().calls.push(receipts.len());
        if let Some(failed) = self.failing(receipts.len()).await {
            return failed;
        }
        let mut state = self.lock();
        let answers: Vec<_> = receipts
            .iter()
            .enumerate()
            .map(|(at, receipt)| {
                let number = state.held(receipt)?;
                then(&mut state, number, at);
                Ok(())
            })
            .collect();
        state.stale += answers.iter().filter(|answer| answer.is_err()).count();
        drop(state);
        self.changed.notify_waiters();
        answers
    }
}

impl State {
    /// The number of the message that `receipt` still holds.
    fn held(&self, receipt: &Receipt) -> Result<u64, QueueError> {
        let lost = || QueueError::LeaseLost(format!("{receipt:?} is stale"));
        let (number, receive) = receipt.as_str().split_once('#').ok_or_else(lost)?;
        let (number, receive): (u64, u32) =
            number.parse().ok().zip(receive.parse().ok()).ok_or_else(lost)?;
        let message = self.messages.get(&number).ok_or_else(lost)?;
        let held =
            message.receives == receive && message.hidden && message.visible_at > Instant::now();
        held.then_some(number).ok_or_else(lost)
    }

    fn take(&mut self, at_most: usize) -> Vec<Message> {
        let now = Instant::now();
        let visible = self.messages.iter_mut().filter(|(_, m)| m.visible_at <= now);
        let taken: Vec<Message> = visible
            .take(at_most)
            .map(|(number, stored)| {
                stored.receives += 1;
                stored.hidden = true;
                stored.visible_at = now + LEASE;
                message(*number, stored)
            })
            .collect();
        let hidden = self.messages.values().filter(|m| m.hidden && m.visible_at > now).count();
        self.most_hidden = self.most_hidden.max(hidden);
        taken
    }

    fn next_visible(&self) -> Option<Instant> {
        self.messages.values().map(|m| m.visible_at).min()
    }
}

fn message(number: u64, stored: &Stored) -> Message {
    Message {
        receipt: Receipt::new(&format!("{number}#{}", stored.receives)),
        id: RecordId::new(&stored.body).map_err(|invalid| {
            Failure::new(Class::BodyMalformed, Stage::Source, invalid.to_string())
        }),
        attempt: stored.receives,
        sent_at: None,
        trace: None,
    }
}

#[async_trait]
impl Queue for FakeQueue {
    async fn receive(&self, at_most: usize) -> Result<Received, QueueError> {
        self.lock().receives += 1;
        self.conduct.act().await.map_err(QueueError::Unavailable)?;
        let deadline = Instant::now() + LONG_POLL;
        loop {
            let changed = self.changed.notified();
            let wake_at = {
                let mut state = self.lock();
                let taken = state.take(at_most);
                if !taken.is_empty() || Instant::now() >= deadline {
                    return Ok(Received::Messages(taken));
                }
                if state.closed && state.messages.is_empty() {
                    return Ok(Received::Exhausted);
                }
                state.next_visible().map_or(deadline, |at| at.min(deadline))
            };
            let _ = tokio::time::timeout_at(wake_at, changed).await;
        }
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Vec<Result<(), QueueError>> {
        self.settle(receipts.to_vec(), |state, number, _| {
            let removed = state.messages.remove(&number);
            state.acknowledged.extend(removed.map(|message| message.body));
        })
        .await
    }

    async fn release(&self, releases: &[Release]) -> Vec<Result<(), QueueError>> {
        let receipts = releases.iter().map(|release| release.receipt.clone()).collect();
        self.settle(receipts, |state, number, at| {
            let after = releases[at].after;
            if let Some(message) = state.messages.get_mut(&number) {
                message.hidden = false;
                message.visible_at = Instant::now() + after;
                let body = message.body.clone();
                state.released.push((body, after));
            }
        })
        .await
    }

    async fn extend(&self, receipts: &[Receipt], by: Duration) -> Vec<Result<(), QueueError>> {
        let answers = self.settle(receipts.to_vec(), |state, number, _| {
            if let Some(message) = state.messages.get_mut(&number) {
                message.visible_at = Instant::now() + by;
            }
        });
        let answers = answers.await;
        // An extension that comes after the settlement is no second settlement.
        let lost =
            |answer: &&Result<(), QueueError>| matches!(answer, Err(QueueError::LeaseLost(_)));
        self.lock().stale -= answers.iter().filter(lost).count();
        answers
    }

    async fn park(&self, parked: &[Parked]) -> Vec<Result<(), QueueError>> {
        let receipts = parked.iter().map(|parked| parked.receipt.clone()).collect();
        self.settle(receipts, |state, number, at| {
            state.messages.remove(&number);
            state.parked.push(parked[at].clone());
        })
        .await
    }

    fn receive_limit(&self) -> u32 {
        if self.receive_limit == 0 { 5 } else { self.receive_limit }
    }

    fn lease(&self) -> Duration {
        LEASE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::Act;

    async fn receive_one(queue: &FakeQueue) -> Message {
        match queue.receive(1).await {
            Ok(Received::Messages(mut messages)) => messages.remove(0),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_hidden_until_its_lease_ends_and_counted_each_time() {
        let queue = FakeQueue::default();
        queue.send("a");
        let first = receive_one(&queue).await;
        let started = Instant::now();

        let second = tokio::time::timeout(LEASE * 2, async {
            loop {
                match queue.receive(1).await {
                    Ok(Received::Messages(mut m)) if !m.is_empty() => return m.remove(0),
                    _ => {}
                }
            }
        })
        .await
        .expect("it is shown again");

        assert_eq!((first.attempt, second.attempt), (1, 2));
        assert_eq!(started.elapsed(), LEASE);
        let stale = queue.acknowledge(&[first.receipt]).await;
        assert!(matches!(stale[0], Err(QueueError::LeaseLost(_))));
        assert_eq!((queue.stale(), queue.calls()), (1, vec![1]));
        assert_eq!(queue.acknowledge(&[second.receipt]).await, [Ok(())]);
        assert!(queue.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_released_message_comes_back_after_its_delay() {
        let queue = FakeQueue::default();
        queue.send("a");
        let message = receive_one(&queue).await;
        let release = Release { receipt: message.receipt.clone(), after: Duration::from_secs(3) };

        assert_eq!(queue.release(&[release]).await, [Ok(())]);
        let started = Instant::now();
        let again = receive_one(&queue).await;

        assert_eq!((again.attempt, started.elapsed()), (2, Duration::from_secs(3)));
        assert!(queue.extend(&[message.receipt], LEASE).await[0].is_err());
        assert_eq!(queue.extend(&[again.receipt], LEASE).await, [Ok(())]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_queue_is_at_its_end_only_when_nothing_is_left_in_it() {
        let queue = FakeQueue::default();
        queue.send("a");
        queue.close();
        let message = receive_one(&queue).await;
        assert!(matches!(queue.receive(1).await, Ok(Received::Messages(m)) if m.is_empty()));

        queue.acknowledge(&[message.receipt]).await;

        assert!(matches!(queue.receive(1).await, Ok(Received::Exhausted)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failing_call_changes_nothing() {
        let queue = FakeQueue {
            conduct: Conduct::script([Act::Answer(Duration::ZERO), Act::Fail(Duration::ZERO)]),
            ..FakeQueue::default()
        };
        queue.send("a");
        let message = receive_one(&queue).await;

        let answers = queue.acknowledge(std::slice::from_ref(&message.receipt)).await;

        assert!(matches!(answers[0], Err(QueueError::Unavailable(_))));
        assert_eq!(queue.acknowledge(&[message.receipt]).await, [Ok(())]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_no_id_brings_a_malformed_message() {
        let queue = FakeQueue::default();
        queue.send("{}");
        let message = receive_one(&queue).await;
        assert_eq!(message.id.map_err(|failure| failure.class), Err(Class::BodyMalformed));
    }
}
