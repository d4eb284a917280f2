//! SQS as the queue: messages in batches, leases as visibility timeouts, parking in a dead-letter queue.
//!
//! ```text
//!  queue ── ReceiveMessage, long poll ──► Delivered ─► InFlight ── Receipt ──► the actors
//!    ▲          10 at a time               body: id, or a pointer to S3           │
//!    │                                                                            ▼
//!    ├── ChangeMessageVisibilityBatch ◄──────────────────────────────── extend, release
//!    ├── DeleteMessageBatch ◄── Batcher (ten, or what came in a while) ◄── acknowledge
//!    └── DeleteMessageBatch ◄── Transfer ── SendMessageBatch ──► dead-letter queue ◄── park
//! ```
//!
//! **Requests** are what SQS charges for and what its latency is made of: ten messages cost one receive
//! and one delete when work is dense, because deletes wait for each other for a moment and their credits
//! then come home together, which makes the next receive one for ten messages as well.
//!
//! **What a receipt's loss looks like.** The service may take a delete by an old receipt without deleting
//! anything, and says so to nobody; then the message comes again and finds its document written. Where
//! the service does say that a receipt is not valid any more, the lease is lost. An outage is never read
//! as a lost lease: throttling, 5xx, cut connections, garbage, expired credentials, a policy that was
//! changed and a queue that was deleted are all tried again by the actors.
//!
//! **Parking** sends first and deletes then: a crash between the two parks twice, which does no harm.

mod attributes;
mod batcher;
mod delivered;
mod in_flight;
mod letter;
mod parking;
mod payload;
mod permissions;
mod poll;
mod queue;
mod sender;
mod settings;
mod transfer;
mod visibility;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actors::ports::{Message, NoTracer, QueueError, Receipt, Tracer};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use tokio::time::Instant;

pub use attributes::{QueueAttributes, RedrivePolicy, warnings};
pub use delivered::Delivered;
pub use letter::{Letter, PARKED};
pub use permissions::permissions;
pub use poll::receive;
pub use settings::{SqsError, SqsSettings};
pub use transfer::{Moved, Parcel, Transfer};
pub use visibility::show;

use super::aws::batch::LIMIT;
use super::aws::fault::Fault;
use super::aws::{ATTEMPT, timeouts};
use batcher::Batcher;
use in_flight::{Held, InFlight};
use payload::Payloads;
use sender::sender;

/// The queue and its dead-letter queue.
pub struct SqsQueue {
    settings: SqsSettings,
    /// For the long poll, which one try of any other call must not take as long as.
    receiver: Client,
    client: Client,
    payloads: Payloads,
    in_flight: Mutex<InFlight>,
    deletes: Arc<Batcher<String, Result<(), Fault>>>,
    to_dead_letters: Transfer,
    tracer: Arc<dyn Tracer>,
    /// Of the queue.
    pub attributes: QueueAttributes,
    /// Of the dead-letter queue.
    pub dead_letter_attributes: QueueAttributes,
}

/// Asks for a queue's attributes, which changes nothing.
///
/// # Errors
/// [`Fault`]: it does not exist, may not be asked, or does not answer.
pub async fn attributes_of(config: &SdkConfig, queue_url: &str) -> Result<QueueAttributes, Fault> {
    attributes::fetch(&Client::new(config), queue_url).await
}

impl SqsQueue {
    /// Looks at both queues and opens them for work. Changes nothing.
    ///
    /// # Errors
    /// [`SqsError`]: the settings are wrong, or a queue does not exist or does not answer.
    pub async fn open(config: &SdkConfig, settings: SqsSettings) -> Result<Self, SqsError> {
        settings.validate()?;
        let client = Client::new(config);
        let (own, dead) = tokio::join!(
            attributes::fetch(&client, &settings.queue_url),
            attributes::fetch(&client, &settings.dead_letter_queue_url),
        );
        let refused = |url: &str| {
            let queue = url.to_owned();
            move |fault| SqsError::Unavailable { queue, fault }
        };
        let own = own.map_err(refused(&settings.queue_url))?;
        let dead = dead.map_err(refused(&settings.dead_letter_queue_url))?;
        let receiver = aws_sdk_sqs::config::Builder::from(config)
            .timeout_config(timeouts(settings.wait + ATTEMPT))
            .build();
        Ok(Self {
            receiver: Client::from_conf(receiver),
            payloads: Payloads::new(config, settings.payload_buckets.clone()),
            in_flight: Mutex::default(),
            deletes: deletes(&client, &settings),
            to_dead_letters: Transfer {
                client: client.clone(),
                from: settings.queue_url.clone(),
                to: settings.dead_letter_queue_url.clone(),
            },
            client,
            settings,
            tracer: Arc::new(NoTracer),
            attributes: own,
            dead_letter_attributes: dead,
        })
    }

    /// Lets `tracer` say which trace a message belongs to.
    #[must_use]
    pub fn traced_by(mut self, tracer: Arc<dyn Tracer>) -> Self {
        self.tracer = tracer;
        self
    }

    fn in_flight(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn message(&self, delivered: Delivered) -> Message {
        let id = self.payloads.id_in(&delivered.letter.body).await;
        let trace = self.tracer.begin(sender(&delivered.letter));
        let (attempt, sent_at) = (delivered.receive_count, delivered.sent_at);
        let receipt = self.in_flight().hold(delivered, Instant::now(), self.settings.lease);
        Message { receipt, id, attempt, sent_at, trace }
    }

    /// What each of `receipts` stands for, if anything still.
    fn held<'a>(&self, receipts: impl Iterator<Item = &'a Receipt>) -> Vec<Option<Held>> {
        let in_flight = self.in_flight();
        receipts.map(|receipt| in_flight.get(receipt)).collect()
    }

    /// Forgets what has been settled or lost. What is to be tried again stays.
    fn forget<'a>(
        &self,
        answered: impl Iterator<Item = (&'a Receipt, &'a Result<(), QueueError>)>,
    ) {
        let ended = answered.filter(|(_, a)| !matches!(a, Err(QueueError::Unavailable(_))));
        let mut in_flight = self.in_flight();
        ended.for_each(|(receipt, _)| in_flight.forget(receipt));
    }

    async fn change_visibility(&self, changes: &[visibility::Change]) -> Vec<Result<(), Fault>> {
        visibility::change(&self.client, &self.settings.queue_url, changes).await
    }
}

fn deletes(client: &Client, settings: &SqsSettings) -> Arc<Batcher<String, Result<(), Fault>>> {
    let (client, url) = (client.clone(), settings.queue_url.clone());
    Batcher::new(LIMIT, settings.linger, move |handles: Vec<String>| {
        let (client, url) = (client.clone(), url.clone());
        async move { transfer::delete(&client, &url, &handles).await }
    })
}
