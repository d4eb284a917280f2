//! The Retriever looks ids up, many in one request, and lets duplicates join what is in flight.

pub mod coalescing;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::time::Instant;

use crate::failure::{Class, Failure, Stage};
use crate::flow::backoff::Backoff;
use crate::flow::contained::contained;
use crate::flow::flush::{Flush, Flushing};
use crate::flow::outages::Outages;
use crate::flow::outlet::{Handed, Outlet, Waiting};
use crate::messages::{Download, Retrieve, Stop};
use crate::metrics::{Dependency, Metrics};
use crate::ports::{Catalogue, CatalogueDown, NotRetrieved};
use crate::record::{Record, RecordId};
use crate::supervision::death_watch::DeathWatch;
use coalescing::{Coalescing, Joined};

/// How the Retriever batches.
#[derive(Clone, Debug)]
pub struct RetrieverSettings {
    /// The most ids in one request. A hundred documents of 10 kB make a megabyte, which a cluster
    /// answers in milliseconds.
    pub batch: usize,
    /// Requests at once: a second one is under way while the first is answered.
    pub lookups: usize,
    /// Whether duplicates join; off only to show in a test what it is good for.
    pub coalesce: bool,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for RetrieverSettings {
    fn default() -> Self {
        Self { batch: 100, lookups: 2, coalesce: true, seed: 0 }
    }
}

/// The agent that looks ids up.
pub struct Retriever {
    catalogue: Arc<dyn Catalogue>,
    downloader: Arc<Outlet<Download>>,
    outages: Outages,
    metrics: Metrics,
    settings: RetrieverSettings,
    waiting: Vec<Waiting<Retrieve>>,
    lookups: usize,
    looked_up: u64,
    flushing: Flushing,
    coalescing: Coalescing,
    _watch: DeathWatch,
}

type Lookup = (Vec<Retrieve>, Vec<Result<Record, NotRetrieved>>);

impl Retriever {
    /// A Retriever over `catalogue`.
    #[must_use]
    pub fn new(
        catalogue: Arc<dyn Catalogue>,
        downloader: Arc<Outlet<Download>>,
        outages: Outages,
        metrics: Metrics,
        settings: RetrieverSettings,
        watch: DeathWatch,
    ) -> Self {
        let coalescing = Coalescing::new(settings.coalesce);
        Self {
            catalogue,
            downloader,
            outages,
            metrics,
            settings,
            waiting: Vec::new(),
            lookups: 0,
            looked_up: 0,
            flushing: Flushing::default(),
            coalescing,
            _watch: watch,
        }
    }

    /// Flushes behind what is in the mailbox already: ids that arrived together are looked up
    /// together, and a single id never waits.
    fn schedule_flush(&mut self, ctx: &mut Context<Self>) {
        self.flushing.schedule(ctx);
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.flushing.begin();
        self.waiting.retain(|retrieve| !retrieve.work().delivery.is_doomed());
        while self.lookups < self.settings.lookups && !self.waiting.is_empty() {
            let size = self.waiting.len().min(self.settings.batch);
            let batch = self.waiting.drain(..size).map(Waiting::open).collect();
            self.look_up(ctx, batch);
        }
    }

    fn look_up(&mut self, ctx: &mut Context<Self>, batch: Vec<Retrieve>) {
        self.lookups += 1;
        self.looked_up += 1;
        // Each its own: lookups that failed together must not come back together.
        let seed = self.settings.seed.wrapping_add(self.looked_up);
        let lookup = look_up(Arc::clone(&self.catalogue), self.outages.clone(), batch, seed);
        let began = Instant::now();
        let done = contained(lookup).into_actor(self).map(move |found, this: &mut Self, ctx| {
            this.lookups -= 1;
            this.metrics.stage(Stage::Retriever).service.record(began.elapsed());
            match found {
                Ok((batch, records)) => this.hand_on(batch, records),
                // The deliveries were dropped with the call, and so given back.
                Err(panicked) => tracing::error!(%panicked, "a lookup failed"),
            }
            this.schedule_flush(ctx);
        });
        ctx.spawn(done);
    }

    fn hand_on(&mut self, batch: Vec<Retrieve>, records: Vec<Result<Record, NotRetrieved>>) {
        for (Retrieve { delivery, .. }, record) in batch.into_iter().zip(records) {
            match record {
                Ok(record) => match self.coalescing.join(delivery, &record) {
                    Joined::Leads(delivery) => {
                        delivery.reached(Stage::Downloader);
                        self.downloader.offer(Download { delivery: *delivery, record });
                    }
                    Joined::Follows => self.metrics.coalesced.increment(1),
                },
                Err(missing) => delivery.fail(Failure::new(
                    Class::UnknownImage,
                    Stage::Retriever,
                    missing.to_string(),
                )),
            }
        }
    }
}

/// Looks `batch` up, as often as it takes: while the catalogue is down the deliveries keep their
/// credits and leases, and nothing new is received.
async fn look_up(
    catalogue: Arc<dyn Catalogue>,
    outages: Outages,
    batch: Vec<Retrieve>,
    seed: u64,
) -> Lookup {
    // A restarting node is back within seconds; half a minute between tries is seldom enough not to
    // burden a cluster that struggles.
    let mut backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(30), seed);
    let mut outage = None;
    let ids: Vec<RecordId> = batch.iter().map(|retrieve| retrieve.id.clone()).collect();
    loop {
        match catalogue.retrieve(&ids).await {
            Ok(records) => return (batch, records),
            Err(CatalogueDown(cause)) => {
                tracing::warn!(cause, "the catalogue did not answer");
                outage.get_or_insert_with(|| outages.begin(Dependency::Catalogue, &cause));
                tokio::time::sleep(backoff.next_wait()).await;
            }
        }
    }
}

impl Actor for Retriever {
    type Context = Context<Self>;
}

impl Handler<Handed<Retrieve>> for Retriever {
    type Result = ();

    fn handle(&mut self, retrieve: Handed<Retrieve>, ctx: &mut Context<Self>) {
        self.waiting.push(retrieve.take());
        self.schedule_flush(ctx);
    }
}

impl Handler<Flush> for Retriever {
    type Result = ();

    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush(ctx);
    }
}

impl Handler<Stop> for Retriever {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
