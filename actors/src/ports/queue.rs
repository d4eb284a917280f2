//! Where work comes from, and where it is settled.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::failure::Failure;
use crate::inference::ModelStamp;
use crate::record::RecordId;
use crate::trace::Trace;

/// A queue with leases: SQS in production, a folder of pictures in an embedded run.
///
/// A received message is hidden from other receivers until its lease ends; only `acknowledge` or
/// `park` removes it. Calls on many receipts answer one result each, **in order**; an `Err` for one
/// says nothing of its neighbours.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Waits for messages (a long poll) and takes at most `at_most` of them.
    ///
    /// The future is never dropped before it ends: what it brings would stay hidden.
    ///
    /// # Errors
    /// [`QueueError::Unavailable`] when the queue does not answer.
    async fn receive(&self, at_most: usize) -> Result<Received, QueueError>;

    /// Removes messages whose work is done.
    async fn acknowledge(&self, receipts: &[Receipt]) -> Vec<Result<(), QueueError>>;

    /// Gives messages back, each visible again after its delay.
    async fn release(&self, releases: &[Release]) -> Vec<Result<(), QueueError>>;

    /// Extends the leases of messages still worked on, to `by` from now.
    async fn extend(&self, receipts: &[Receipt], by: Duration) -> Vec<Result<(), QueueError>>;

    /// Stores each message with the reason beside the queue, then removes it.
    async fn park(&self, parked: &[Parked]) -> Vec<Result<(), QueueError>>;

    /// How many receipts one call may name, at least 1. Ten for SQS.
    fn batch_limit(&self) -> usize {
        10
    }

    /// On which receive a retryable failure is parked instead of released.
    fn receive_limit(&self) -> u32;

    /// How long a received message stays hidden unless its lease is extended.
    fn lease(&self) -> Duration;
}

/// Names one receive of one message; opaque.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(Arc<str>);

impl Receipt {
    /// Takes the queue's own handle.
    #[must_use]
    pub fn new(handle: &str) -> Self {
        Self(handle.into())
    }

    /// The queue's own handle.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receipt({})", self.0)
    }
}

/// One received message.
#[derive(Clone, Debug)]
pub struct Message {
    /// To settle it with.
    pub receipt: Receipt,
    /// The id in its body, or why there is none.
    pub id: Result<RecordId, Failure>,
    /// How often it was received, this time included: 1 for the first.
    pub attempt: u32,
    /// When it was sent, if the queue knows.
    pub sent_at: Option<SystemTime>,
    /// The trace that it belongs to, if any.
    pub trace: Option<Trace>,
}

/// What a receive brought.
#[derive(Clone, Debug)]
pub enum Received {
    /// Messages; none if the poll ended without.
    Messages(Vec<Message>),
    /// Nothing is left and nothing will come again: a folder is worked off. Never from SQS.
    Exhausted,
}

/// A message to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which.
    pub receipt: Receipt,
    /// Visible again after this.
    pub after: Duration,
}

/// A message to park, with everything the person who finds it needs.
#[derive(Clone, Debug)]
pub struct Parked {
    /// Which.
    pub receipt: Receipt,
    /// The record's id, where the body held one.
    pub id: Option<RecordId>,
    /// The path or URL that was fetched, where it came so far.
    pub location: Option<String>,
    /// The size that was fetched, in bytes.
    pub bytes: Option<u64>,
    /// Hex digest of the bytes, if they were read.
    pub sha256: Option<String>,
    /// Why.
    pub failure: Failure,
    /// The models that were serving.
    pub models: Arc<[ModelStamp]>,
    /// When.
    pub at: SystemTime,
}

/// Why the queue did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// It did not answer, or asked for patience: the same call may work later.
    #[error("the queue is unavailable: {0}")]
    Unavailable(String),
    /// The receipt is no longer ours: the lease ended, or somebody else settled it.
    #[error("the lease was lost: {0}")]
    LeaseLost(String),
}
