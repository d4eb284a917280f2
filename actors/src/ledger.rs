//! The Ledger keeps the accounts with the queue: it extends leases, acknowledges, releases, parks.

mod accounting;
pub mod book;
pub mod disposition;
pub mod progress;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use actix::{Actor, AsyncContext, Context, Handler, WrapFuture};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::Instant;

use crate::flow::backoff::Backoff;
use crate::flow::contained::{Panicked, contained};
use crate::flow::outages::{Outage, Outages};
use crate::inference::ModelStamp;
use crate::messages::{Opened, ReleaseOpen, Settled, Stop};
use crate::metrics::{Dependency, QueueCall};
use crate::ports::{Parked, Queue, QueueError, Receipt, Release};
use crate::supervision::death_watch::DeathWatch;
pub use accounting::Accounting;
use book::{Book, Due};
use disposition::Disposition;
use progress::Stuck;

/// How the Ledger keeps its book.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// How often leases are looked at. A small part of a lease, so that an extension that failed
    /// can be tried again several times before the lease ends.
    pub tick: Duration,
    /// How long after its receive a delivery is given back at the latest. SQS extends a lease to
    /// twelve hours from the receive; ten minutes less, so that giving it back still works.
    pub give_up_after: Duration,
    /// The lease of a delivery that has reached no new stage for so long is extended no longer: half an
    /// hour. Waits for slots and credits, and outages, do not count. What is left of healthy work stands
    /// still longest in a pool, where 64 pictures wait for one worker: under a minute for VGG16, and 16
    /// minutes where each takes fifteen seconds. Before it a picture has half a minute for its fetch,
    /// as much for a place at its host, and as much for its decode. Never below four inference
    /// deadlines, after which a pool with so many hanging threads has given up.
    pub stuck_after: Duration,
    /// Whether leases are extended at all; off only to show in a test what it is good for.
    pub extend_leases: bool,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self {
            tick: Duration::from_secs(1),
            give_up_after: Duration::from_mins(11 * 60 + 50),
            stuck_after: Duration::from_mins(30),
            extend_leases: true,
            seed: 0,
        }
    }
}

/// How soon a settlement is tried again when the time for it is nearly over.
const LAST_TRIES: Duration = Duration::from_millis(200);

/// The book as all generations share it.
#[derive(Clone, Debug)]
pub struct SharedBook(Arc<Mutex<Book>>);

impl SharedBook {
    /// Shares `book`.
    #[must_use]
    pub fn new(book: Book) -> Self {
        Self(Arc::new(Mutex::new(book)))
    }

    /// The book, for a moment. Its methods leave it whole, so a panic elsewhere does not spoil it.
    pub fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The agent that keeps the accounts with the queue.
pub struct Ledger {
    queue: Arc<dyn Queue>,
    book: SharedBook,
    models: Arc<[ModelStamp]>,
    accounting: Accounting,
    settings: LedgerSettings,
    backoff: Backoff,
    rng: SmallRng,
    flush_scheduled: bool,
    outages: Outages,
    /// Which calls the queue does not take now.
    refused: [Option<Outage>; QueueCall::ALL.len()],
    _watch: DeathWatch,
}

/// Ledger → itself: tell the queue what is due.
#[derive(actix::Message)]
#[rtype(result = "()")]
struct Flush;

impl Ledger {
    /// A Ledger over `book`; it adopts what an earlier generation left there.
    #[must_use]
    pub fn new(
        queue: Arc<dyn Queue>,
        book: SharedBook,
        models: Arc<[ModelStamp]>,
        outages: Outages,
        accounting: impl Into<Accounting>,
        settings: LedgerSettings,
        watch: DeathWatch,
    ) -> Self {
        let rng = SmallRng::seed_from_u64(settings.seed);
        // The queue's own hiccups last moments; ten seconds between tries keep leases alive.
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        Self {
            queue,
            book,
            models,
            accounting: accounting.into(),
            settings,
            backoff,
            rng,
            flush_scheduled: false,
            outages,
            refused: Default::default(),
            _watch: watch,
        }
    }

    /// Flushes behind all messages that are in the mailbox already, so that what ended together is
    /// told together; no timer.
    fn schedule_flush(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.flush_scheduled, true) {
            ctx.notify(Flush);
        }
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.flush_scheduled = false;
        let due = self.book.lock().due_settlements(Instant::now());
        let (mut acknowledge, mut release, mut park) = (Vec::new(), Vec::new(), Vec::new());
        for due in due {
            match &due.disposition {
                Disposition::Acknowledge { .. } => acknowledge.push(due),
                Disposition::Release { .. } => release.push(due),
                Disposition::Park(_) => park.push(due),
            }
        }
        let limit = self.queue.batch_limit();
        for (call, dues) in [
            (QueueCall::Acknowledge, acknowledge),
            (QueueCall::Release, release),
            (QueueCall::Park, park),
        ] {
            for batch in dues.chunks(limit) {
                self.tell(ctx, call, batch.to_vec());
            }
        }
    }

    fn tell(&self, ctx: &mut Context<Self>, call: QueueCall, batch: Vec<Due>) {
        let queue = Arc::clone(&self.queue);
        let receipts: Vec<Receipt> = batch.iter().map(|due| due.receipt.clone()).collect();
        let models = Arc::clone(&self.models);
        let told = contained(async move {
            match call {
                QueueCall::Acknowledge => {
                    let receipts: Vec<Receipt> = batch.into_iter().map(|d| d.receipt).collect();
                    queue.acknowledge(&receipts).await
                }
                QueueCall::Release => {
                    let releases: Vec<Release> = batch.into_iter().filter_map(release).collect();
                    queue.release(&releases).await
                }
                _ => {
                    let parked: Vec<Parked> =
                        batch.into_iter().filter_map(|due| parked(due, &models)).collect();
                    queue.park(&parked).await
                }
            }
        });
        ctx.spawn(actix::ActorFutureExt::map(
            told.into_actor(self),
            move |told, this: &mut Self, ctx| {
                let answers = one_each(&receipts, told);
                this.told(ctx, call, &receipts, answers);
            },
        ));
    }

    fn told(
        &mut self,
        ctx: &mut Context<Self>,
        call: QueueCall,
        receipts: &[Receipt],
        answers: Vec<Result<(), QueueError>>,
    ) {
        let again_in = if let Some(cause) = refusal(&answers) {
            self.refuse(call, cause)
        } else {
            self.refused[call as usize] = None;
            self.backoff.reset();
            Duration::ZERO
        };
        let now = Instant::now();
        for (receipt, answer) in receipts.iter().zip(answers) {
            if let Err(error) = &answer {
                tracing::debug!(?receipt, call = call.as_str(), %error, "the queue did not settle");
            }
            let closed = self.book.lock().confirmed(receipt, &answer, now + again_in, now);
            if let Some(closed) = closed {
                self.accounting.report(&closed);
            }
        }
        self.show_in_flight();
        if !again_in.is_zero() {
            ctx.run_later(again_in, Self::schedule_flush);
        }
    }

    /// Shows what the book says, whenever it may have changed: a gauge that is counted beside the book
    /// goes wrong where one of the ways out is forgotten.
    fn show_in_flight(&self) {
        let in_flight = self.book.lock().accounts().in_flight;
        self.accounting.metrics.inflight.set(in_flight as f64);
    }

    /// Notes that the queue does not take a call, and answers when to try again. While it does not,
    /// nothing is received: what would become of it could not be told.
    fn refuse(&mut self, call: QueueCall, cause: &str) -> Duration {
        self.accounting.metrics.queue_errors(call).increment(1);
        let outage = &mut self.refused[call as usize];
        if outage.is_none() {
            tracing::warn!(call = call.as_str(), cause, "the queue does not take what is settled");
            *outage = Some(self.outages.begin(Dependency::Queue, cause));
        }
        let wait = self.backoff.next(&mut self.rng);
        // At the end of a drain there are seconds left to give back what cannot be settled.
        if self.book.lock().is_giving_back() { wait.min(LAST_TRIES) } else { wait }
    }

    fn look_at_leases(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let expired = self.book.lock().expire(now);
        for closed in &expired {
            self.accounting.report(closed);
        }
        self.show_in_flight();
        // What was refused may have been lost since, and then nobody asks again.
        if !self.book.lock().is_settling() {
            self.refused = Default::default();
        }
        let LedgerSettings { stuck_after, give_up_after, extend_leases, .. } = self.settings;
        let found = self.book.lock().look(self.outages.any(), stuck_after, now);
        for Stuck { id, stage } in found {
            let (id, stage) = (id.map(tracing::field::display), stage.as_str());
            tracing::warn!(id, stage, "a delivery is stuck: its lease is extended no longer");
        }
        let count = self.book.lock().give_up(give_up_after, now);
        if count > 0 {
            tracing::warn!(count, ?give_up_after, "gave deliveries back that were open for long");
            self.schedule_flush(ctx);
        }
        if extend_leases {
            self.extend_leases(ctx, now);
        }
    }

    fn extend_leases(&self, ctx: &mut Context<Self>, now: Instant) {
        let (lease, give_up_after) = (self.queue.lease(), self.settings.give_up_after);
        let due = self.book.lock().due_extensions(now, lease / 2, give_up_after);
        for batch in due.chunks(self.queue.batch_limit()) {
            self.extend(ctx, batch.to_vec(), lease);
        }
    }

    fn extend(&self, ctx: &mut Context<Self>, receipts: Vec<Receipt>, lease: Duration) {
        let queue = Arc::clone(&self.queue);
        let asked = receipts.clone();
        let asked_at = Instant::now();
        let extended = contained(async move { queue.extend(&asked, lease).await });
        ctx.spawn(actix::ActorFutureExt::map(
            extended.into_actor(self),
            move |answers, this: &mut Self, _| {
                // Counted from when it was asked for: the queue's own clock began no earlier.
                this.extended(&receipts, one_each(&receipts, answers), asked_at + lease);
            },
        ));
    }

    fn extended(
        &self,
        receipts: &[Receipt],
        answers: Vec<Result<(), QueueError>>,
        lease_until: Instant,
    ) {
        let metrics = &self.accounting.metrics;
        if let Some(cause) = refusal(&answers) {
            metrics.queue_errors(QueueCall::Extend).increment(1);
            tracing::warn!(cause, "the queue did not extend leases; it is asked again");
        }
        for (receipt, answer) in receipts.iter().zip(answers) {
            metrics.lease_extensions.increment(u64::from(answer.is_ok()));
            let answer = answer.map(|()| lease_until);
            let closed = self.book.lock().extended(receipt, &answer, Instant::now());
            if let Some(closed) = closed {
                self.accounting.report(&closed);
            }
        }
        self.show_in_flight();
    }
}

/// Why the queue did not do all that one call asked for, if it may do so later. A lease that is lost is
/// no fault of the queue.
fn refusal(answers: &[Result<(), QueueError>]) -> Option<&str> {
    answers.iter().find_map(|answer| match answer {
        Err(QueueError::Unavailable(cause)) => Some(cause.as_str()),
        _ => None,
    })
}

fn release(due: Due) -> Option<Release> {
    let Disposition::Release { after, .. } = due.disposition else { return None };
    Some(Release { receipt: due.receipt, after })
}

fn parked(due: Due, models: &Arc<[ModelStamp]>) -> Option<Parked> {
    let Disposition::Park(failure) = due.disposition else { return None };
    Some(Parked {
        receipt: due.receipt,
        id: due.dossier.id,
        location: due.dossier.location,
        bytes: due.dossier.bytes,
        sha256: due.dossier.sha256,
        failure,
        models: Arc::clone(models),
        at: SystemTime::now(),
    })
}

/// One answer for each receipt: after a panic, or where the engine owes one, that the queue is
/// unavailable, so that it is asked again.
fn one_each(
    receipts: &[Receipt],
    answers: Result<Vec<Result<(), QueueError>>, Panicked>,
) -> Vec<Result<(), QueueError>> {
    let owed = match &answers {
        Ok(_) => "no answer for this receipt".to_owned(),
        Err(panicked) => panicked.to_string(),
    };
    let mut answers = answers.unwrap_or_default();
    answers.resize(receipts.len(), Err(QueueError::Unavailable(owed)));
    answers
}

impl Actor for Ledger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.book.lock().adopt(Instant::now());
        self.schedule_flush(ctx);
        ctx.run_interval(self.settings.tick, Self::look_at_leases);
    }
}

impl Handler<Opened> for Ledger {
    type Result = ();

    fn handle(&mut self, opened: Opened, _: &mut Context<Self>) {
        self.accounting.metrics.received.increment(1);
        self.book.lock().open(opened, Instant::now());
        self.show_in_flight();
    }
}

impl Handler<Settled> for Ledger {
    type Result = ();

    fn handle(&mut self, settled: Settled, ctx: &mut Context<Self>) {
        self.book.lock().settle(settled, Instant::now());
        self.schedule_flush(ctx);
    }
}

impl Handler<Flush> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush(ctx);
    }
}

impl Handler<ReleaseOpen> for Ledger {
    type Result = ();

    fn handle(&mut self, _: ReleaseOpen, ctx: &mut Context<Self>) {
        let count = self.book.lock().release_open(Instant::now());
        tracing::info!(count, "gave open deliveries back");
        self.schedule_flush(ctx);
    }
}

impl Handler<Stop> for Ledger {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        actix::ActorContext::stop(ctx);
    }
}
