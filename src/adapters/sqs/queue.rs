//! What the actors ask of a queue, as requests to SQS.

use std::time::Duration;

use actors::ports::{Parked, Queue, QueueError, Receipt, Received, Release};
use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::in_flight::Held;
use super::{Moved, Parcel, SqsQueue, SqsSettings, receive};
use crate::adapters::aws::batch::LIMIT;
use crate::adapters::aws::fault::{Fault, Kind};

#[async_trait]
impl Queue for SqsQueue {
    async fn receive(&self, at_most: usize) -> Result<Received, QueueError> {
        self.in_flight().forget_ended(Instant::now());
        let SqsSettings { queue_url, wait, lease, .. } = &self.settings;
        let delivered = receive(&self.receiver, queue_url, at_most, *wait, *lease).await;
        // Any fault, whatever its kind: a receive names no receipt that could be lost.
        let delivered = delivered.map_err(|fault| QueueError::Unavailable(fault.to_string()))?;
        let messages = join_all(delivered.into_iter().map(|delivered| self.message(delivered)));
        Ok(Received::Messages(messages.await))
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Vec<Result<(), QueueError>> {
        let held = self.held(receipts.iter());
        let handles = held.iter().flatten().map(|held| held.handle().to_owned()).collect();
        let abandoned = || Err(Fault::transient("the batch of deletes was abandoned"));
        let deleted = self.deletes.submit(handles).await.into_iter();
        let answers = one_each(&held, deleted.map(|a| a.unwrap_or_else(abandoned)).collect());
        self.forget(receipts.iter().zip(&answers));
        answers
    }

    async fn release(&self, releases: &[Release]) -> Vec<Result<(), QueueError>> {
        let (held, now) =
            (self.held(releases.iter().map(|release| &release.receipt)), Instant::now());
        let hide = |(held, release): (&Option<Held>, &Release)| {
            Some(held.as_ref()?.hide_for(release.after, now))
        };
        let changes: Vec<_> = held.iter().zip(releases).filter_map(hide).collect();
        let answers = one_each(&held, self.change_visibility(&changes).await);
        self.forget(releases.iter().map(|release| &release.receipt).zip(&answers));
        answers
    }

    async fn extend(&self, receipts: &[Receipt], by: Duration) -> Vec<Result<(), QueueError>> {
        let (held, asked_at) = (self.held(receipts.iter()), Instant::now());
        let changes: Vec<_> = held.iter().flatten().map(|h| h.hide_for(by, asked_at)).collect();
        let answers = one_each(&held, self.change_visibility(&changes).await);
        for (receipt, answer) in receipts.iter().zip(&answers) {
            match answer {
                Ok(()) => self.in_flight().extended(receipt, asked_at + by),
                Err(QueueError::LeaseLost(_)) => self.in_flight().forget(receipt),
                Err(QueueError::Unavailable(_)) => {}
            }
        }
        answers
    }

    async fn park(&self, parked: &[Parked]) -> Vec<Result<(), QueueError>> {
        let longest = self.dead_letter_attributes.longest_message;
        let held = self.held(parked.iter().map(|parked| &parked.receipt));
        let (receipts, parcels): (Vec<&Receipt>, Vec<Parcel>) = held
            .iter()
            .zip(parked)
            .filter_map(|(held, parked)| {
                Some((&parked.receipt, held.as_ref()?.parcel(parked, longest)))
            })
            .unzip();
        let moved = self.to_dead_letters.run(parcels).await;
        for (receipt, _) in receipts.iter().zip(&moved).filter(|(_, moved)| moved.is_sent()) {
            self.in_flight().sent(receipt); // deleted only, if this has to be repeated
        }
        let answers = one_each(&held, moved.into_iter().map(Moved::into_result).collect());
        self.forget(parked.iter().map(|parked| &parked.receipt).zip(&answers));
        answers
    }

    fn batch_limit(&self) -> usize {
        LIMIT
    }

    fn receive_limit(&self) -> u32 {
        self.attributes.receive_limit()
    }

    fn lease(&self) -> Duration {
        self.settings.lease
    }
}

/// What a fault of the service means for a delivery.
fn queue_error(fault: &Fault) -> QueueError {
    match fault.kind {
        // A refusal that would be repeated for ever: the message is left to its lease and to the
        // queue's own redrive policy.
        Kind::Stale | Kind::Rejected => QueueError::LeaseLost(fault.to_string()),
        _ => QueueError::Unavailable(fault.to_string()),
    }
}

/// One answer for each receipt that was asked about: those that stood for something were `answered`.
fn one_each(
    held: &[Option<Held>],
    answered: Vec<Result<(), Fault>>,
) -> Vec<Result<(), QueueError>> {
    let mut answered = answered.into_iter();
    let lost = || QueueError::LeaseLost("the receipt stands for nothing any more".to_owned());
    let silence = || Err(Fault::transient("the service was not asked"));
    let answer = |held: &Option<Held>| match held {
        None => Err(lost()),
        Some(_) => answered.next().unwrap_or_else(silence).map_err(|fault| queue_error(&fault)),
    };
    held.iter().map(answer).collect()
}
