//! A folder of pictures as a queue: one message a picture that has work to do, with leases that
//! really end, delays and receive counts, so that an embedded run takes the same paths as one on SQS.

mod leases;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actors::ports::{Message, Parked, Queue, QueueError, Receipt, Received, Release};
use actors::record::RecordId;
use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::leases::{Lease, Leases, Next};
use super::failure::EmbeddedError;
use super::journal::Kind;
use super::outcomes::Outcomes;
use crate::wire::parked_record::{self, Place};

/// How long a receive waits for a message. Short, for there is no network to spare, and a drain
/// waits for the end of an open receive.
const POLL: Duration = Duration::from_secs(1);

/// On which receive a retryable failure is parked.
const RECEIVE_LIMIT: u32 = 5;

/// The queue of one folder. It ends: when every message is settled it answers
/// [`Received::Exhausted`].
///
/// It lives in memory; what outlasts the process are the documents and parked records. Once `--out`
/// refuses, `receive` and `park` answer [`QueueError::Unavailable`]; what needs no disk goes on, so
/// that a drain can end.
#[derive(Debug)]
pub struct FolderQueue {
    outcomes: Arc<Outcomes>,
    /// The picture behind each message.
    pictures: Vec<u32>,
    leases: Mutex<Leases>,
    /// Something became visible or was settled.
    changed: Notify,
    lease: Duration,
}

impl FolderQueue {
    /// A queue of `pictures`, whose leases last for `lease`.
    pub(super) fn new(outcomes: Arc<Outcomes>, pictures: Vec<u32>, lease: Duration) -> Self {
        let leases = Leases::new(u32::try_from(pictures.len()).expect("pictures have u32 numbers"));
        let (leases, changed) = (Mutex::new(leases), Notify::new());
        Self { outcomes, pictures, leases, changed, lease }
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn message(&self, lease: Lease) -> Message {
        let picture = self.outcomes.pictures.get(self.picture(lease));
        Message {
            receipt: lease.receipt(),
            id: Ok(RecordId::new(picture.id.as_str()).expect("[a-z2-7]{8} is a record id")),
            attempt: lease.receive,
            sent_at: None,
            trace: None,
        }
    }

    fn picture(&self, lease: Lease) -> u32 {
        self.pictures[lease.message as usize]
    }

    /// Does `change` to the lease that `receipt` names, if it holds.
    fn change(
        &self,
        receipt: &Receipt,
        change: impl FnOnce(&mut Leases, Lease, Instant) -> Result<(), leases::Lost>,
    ) -> Result<Lease, QueueError> {
        let lost = |_| QueueError::LeaseLost(format!("{receipt:?} does not hold any more"));
        let lease = receipt.as_str().parse::<Lease>().map_err(lost)?;
        change(&mut self.leases(), lease, Instant::now()).map_err(lost)?;
        Ok(lease)
    }

    /// The parked record of a message that is still ours.
    fn record(&self, parked: &Parked) -> Result<(u32, Bytes), QueueError> {
        let picture = self.picture(self.change(&parked.receipt, Leases::check)?);
        // The path in the folder rather than the fetcher's: a picture that was never fetched has one
        // as well, and it is the one that the documents carry.
        let path = self.outcomes.pictures.get(picture).relative.to_string_lossy();
        let record = parked_record::render(parked, Place::Path(&path));
        record.map(|record| (picture, record)).map_err(|e| QueueError::Unavailable(e.to_string()))
    }
}

#[async_trait]
impl Queue for FolderQueue {
    async fn receive(&self, at_most: usize) -> Result<Received, QueueError> {
        let poll_ends = Instant::now() + POLL;
        loop {
            let changed = self.changed.notified(); // from here on no change is missed
            if let Some(error) = self.outcomes.alarm.raised() {
                return Err(unavailable(&error));
            }
            let now = Instant::now();
            let next = self.leases().receive(at_most, now, now + self.lease);
            let visible_at = match next {
                Next::Exhausted => return Ok(Received::Exhausted),
                Next::Messages(leases) => {
                    let messages = leases.into_iter().map(|lease| self.message(lease));
                    return Ok(Received::Messages(messages.collect()));
                }
                Next::Wait(_) if now >= poll_ends => return Ok(Received::Messages(Vec::new())),
                Next::Wait(visible_at) => visible_at,
            };
            tokio::select! {
                () = changed => {}
                () = sleep_until(visible_at.min(poll_ends)) => {}
                error = self.outcomes.alarm.wait() => return Err(unavailable(&error)),
            }
        }
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Vec<Result<(), QueueError>> {
        let settle = |receipt| self.change(receipt, Leases::settle).map(drop);
        let answers = receipts.iter().map(settle).collect();
        self.changed.notify_waiters();
        answers
    }

    async fn release(&self, releases: &[Release]) -> Vec<Result<(), QueueError>> {
        let release = |release: &Release| {
            let change =
                |leases: &mut Leases, lease, now| leases.release(lease, now, now + release.after);
            self.change(&release.receipt, change).map(drop)
        };
        let answers = releases.iter().map(release).collect();
        self.changed.notify_waiters();
        answers
    }

    async fn extend(&self, receipts: &[Receipt], by: Duration) -> Vec<Result<(), QueueError>> {
        let extend = |leases: &mut Leases, lease, now| leases.extend(lease, now, now + by);
        receipts.iter().map(|receipt| self.change(receipt, extend).map(drop)).collect()
    }

    /// All records of one call are one append to the journal. A lease that ends while the disk is
    /// written to is lost in spite of its record: the next delivery's outcome replaces it.
    async fn park(&self, parked: &[Parked]) -> Vec<Result<(), QueueError>> {
        let records: Vec<_> = parked.iter().map(|parked| self.record(parked)).collect();
        let lines = records.iter().flatten().cloned().collect();
        let stored = self.outcomes.record(Kind::Parked, lines).await;
        let settle = |(record, parked): (Result<_, QueueError>, &Parked)| {
            record?;
            stored.as_ref().map_err(unavailable)?;
            self.change(&parked.receipt, Leases::settle).map(drop)
        };
        let answers = records.into_iter().zip(parked).map(settle).collect();
        self.changed.notify_waiters();
        answers
    }

    fn receive_limit(&self) -> u32 {
        RECEIVE_LIMIT
    }

    fn lease(&self) -> Duration {
        self.lease
    }
}

fn unavailable(error: &EmbeddedError) -> QueueError {
    QueueError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests;
