//! The Ledger keeps the accounts with the queue: it extends leases, acknowledges, releases, parks.

mod accounting;
pub mod accounts;
pub mod book;
pub mod closed;
pub mod disposition;
mod entry;
mod leases;
pub mod progress;
mod settings;
mod settlements;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler};
use tokio::time::Instant;

use crate::flow::backoff::Backoff;
use crate::flow::flush::{Flush, Flushing};
use crate::flow::outages::{Outage, Outages};
use crate::inference::ModelStamp;
use crate::messages::{Opened, ReleaseOpen, Settled, Stop};
use crate::metrics::QueueCall;
use crate::ports::Queue;
use crate::supervision::death_watch::DeathWatch;
pub use accounting::Accounting;
use book::Book;
use disposition::Disposition;
pub use settings::LedgerSettings;

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
    flushing: Flushing,
    outages: Outages,
    /// Which calls the queue does not take now.
    refused: [Option<Outage>; QueueCall::ALL.len()],
    _watch: DeathWatch,
}

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
        // The queue's own hiccups last moments; ten seconds between tries keep leases alive.
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(10));
        let backoff = Backoff::new(first, longest, settings.seed);
        Self {
            queue,
            book,
            models,
            accounting: accounting.into(),
            settings,
            backoff,
            flushing: Flushing::default(),
            outages,
            refused: Default::default(),
            _watch: watch,
        }
    }

    /// Flushes behind all messages that are in the mailbox already, so that what ended together is
    /// told together; no timer.
    fn schedule_flush(&mut self, ctx: &mut Context<Self>) {
        self.flushing.schedule(ctx);
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.flushing.begin();
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

    /// Shows what the book says, whenever it may have changed: a gauge that is counted beside the book
    /// goes wrong where one of the ways out is forgotten.
    fn show_in_flight(&self) {
        let in_flight = self.book.lock().accounts().in_flight;
        self.accounting.metrics.inflight.set(in_flight as f64);
    }
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
