//! All messages between actors. Work is named in the imperative, news in the past tense.

use std::sync::Arc;
use std::time::Duration;

use actix::Message;
use tokio::time::Instant;

use crate::delivery::{Delivery, Dossier, Ending, Tether};
use crate::failure::Stage;
use crate::flow::credits::Reservation;
use crate::flow::outlet::Work;
use crate::gathering::Gathering;
use crate::inference::{Answer, InferrerName};
use crate::input::Input;
use crate::ports::{Augmented, Receipt};
use crate::record::{Record, RecordId};

// Work: handed on through outlets, settled wherever it is dropped.

/// Source → Retriever: look this id up.
pub struct Retrieve {
    /// The delivery.
    pub delivery: Delivery,
    /// The id in its body.
    pub id: RecordId,
}

/// Retriever → Downloader: fetch and decode this record's input.
pub struct Download {
    /// The delivery.
    pub delivery: Delivery,
    /// The record it stands for.
    pub record: Record,
}

/// Downloader → each Pool: infer from this input.
pub struct Infer {
    /// Where the answer goes.
    pub gathering: Arc<Gathering>,
    /// What to look at.
    pub input: Input,
}

/// Gathering → Sink: index this document, then announce it.
pub struct Publish {
    /// The delivery.
    pub delivery: Delivery,
    /// The record with everything inferred.
    pub augmented: Augmented,
}

impl Work for Retrieve {
    const STAGE: Stage = Stage::Retriever;
}
impl Work for Download {
    const STAGE: Stage = Stage::Downloader;
}
impl Work for Infer {
    const STAGE: Stage = Stage::Pool;
}
impl Work for Publish {
    const STAGE: Stage = Stage::Sink;
}

// Between a pool and its workers. They carry no delivery: what a hung worker holds would never end.

/// Pool → Worker: infer these. Only to a worker that said it is ready.
#[derive(Message)]
#[rtype(result = "()")]
pub struct InferBatch {
    /// Numbers the batch within its pool.
    pub batch: u64,
    /// The inputs.
    pub inputs: Vec<Input>,
}

/// Worker → Pool: my model is loaded and proven.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WorkerReady {
    /// Who.
    pub worker: u64,
}

/// Worker → Pool: I could not load my model, and stop.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WorkerFailed {
    /// Who.
    pub worker: u64,
    /// Why.
    pub cause: String,
}

/// Worker → Pool: a batch is done.
#[derive(Message)]
#[rtype(result = "()")]
pub struct BatchInferred {
    /// Who.
    pub worker: u64,
    /// Which batch.
    pub batch: u64,
    /// One answer each, or why the batch failed as a whole.
    pub outcome: Result<Vec<Result<Answer, String>>, BatchFailure>,
    /// How long it took.
    pub service: Duration,
    /// The CPU time that it took.
    pub cpu: Duration,
}

/// Why a batch failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFailure {
    /// Whether the model panicked; else it returned an error.
    pub panicked: bool,
    /// What it said.
    pub cause: String,
}

// Accounts.

/// Source → Ledger: a delivery was opened; keep its lease.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Opened {
    /// The message's name at the queue.
    pub receipt: Receipt,
    /// The id in its body, if there is one: what is parked must say what it is, whoever dies.
    pub id: Option<RecordId>,
    /// How often it was received.
    pub attempt: u32,
    /// When its lease ends unless extended.
    pub lease_until: Instant,
    /// Its age when it was received, if the queue knows when it was sent.
    pub age: Option<Duration>,
    /// What connects the book with the delivery.
    pub tether: Arc<Tether>,
}

/// Delivery → Ledger: a delivery ended; settle it with the queue.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Settled {
    /// The message's name at the queue.
    pub receipt: Receipt,
    /// How it ended.
    pub ending: Ending,
    /// What is known of its input.
    pub dossier: Dossier,
    /// The credit that admitted it: let go once the queue has confirmed.
    pub credit: Reservation,
}

// Lifecycle.

/// Whoever has a death watch: the Guardian's children, and a pool's workers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Child {
    /// The Ledger.
    Ledger,
    /// The Source.
    Source,
    /// The Retriever.
    Retriever,
    /// The Downloader.
    Downloader,
    /// The pool of one inferrer.
    Pool(InferrerName),
    /// The Sink.
    Sink,
    /// A pool's worker, by number.
    Worker(u64),
}

/// `DeathWatch` → parent: a child is gone, however it went.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct Terminated {
    /// Who.
    pub child: Child,
    /// Of which generation.
    pub generation: u32,
    /// Whether it died of a panic.
    pub panicked: bool,
}

/// Pool → Guardian: every worker has loaded its model and proven it.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct PoolReady {
    /// Whose pool.
    pub inferrer: InferrerName,
    /// Of which generation.
    pub generation: u32,
}

/// Pool → Guardian: I cannot go on.
#[derive(Message, Clone, Debug)]
#[rtype(result = "()")]
pub struct PoolGaveUp {
    /// Whose pool.
    pub inferrer: InferrerName,
    /// Of which generation.
    pub generation: u32,
    /// Why.
    pub cause: String,
    /// Whether only a new process helps: threads hang in this one.
    pub fatal: bool,
}

/// Guardian → Source: the models are ready; begin to receive.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Begin;

/// main → Guardian: receive no more; finish what is in flight until the deadline.
#[derive(Message, Clone, Copy, Debug)]
#[rtype(result = "()")]
pub struct Drain {
    /// After this, what is still open is given back.
    pub within: Duration,
}

/// Guardian → Source: stop receiving.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopReceiving;

/// Source → Guardian: the queue has nothing left and never will.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Exhausted {
    /// Of which generation.
    pub generation: u32,
}

/// Guardian → Ledger: give every open delivery back without delay.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ReleaseOpen;

/// Guardian → child, Pool → Worker: stop.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop;
