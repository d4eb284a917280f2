//! A Generation: one set of actors, started bottom-up, wired once, stopped together.

use std::collections::HashSet;
use std::sync::Arc;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Recipient};

use crate::downloader::{Downloader, DownloaderOutlets, DownloaderPorts, DownloaderSettings};
use crate::flow::credits::Budget;
use crate::flow::outages::Outages;
use crate::flow::outlet::{Handed, Outlet, Work};
use crate::inference::{InferrerName, ModelStamp};
use crate::ledger::{Accounting, Ledger, LedgerSettings, SharedBook};
use crate::messages::{
    Begin, Child, Exhausted, PoolGaveUp, PoolReady, ReleaseOpen, Stop, StopReceiving, Terminated,
};
use crate::metrics::Metrics;
use crate::pool::worker::Placement;
use crate::pool::{AbandonedThreads, InferrerBlueprint, Pool, PoolNews};
use crate::ports::{Catalogue, Queue, Tracer};
use crate::retriever::{Retriever, RetrieverSettings};
use crate::sink::{Sink, SinkPorts, SinkSettings};
use crate::source::{Source, SourceOutlets, SourceSettings};
use crate::supervision::death_watch::DeathWatch;

/// Everything a generation is built from; shared by all generations.
#[derive(Clone)]
pub struct Blueprint {
    /// Where messages come from.
    pub queue: Arc<dyn Queue>,
    /// Where records are looked up.
    pub catalogue: Arc<dyn Catalogue>,
    /// How inputs are fetched and decoded, and the credits for that.
    pub downloads: DownloaderPorts,
    /// The inferrers, in the order of the document's fields.
    pub inferrers: Vec<InferrerBlueprint>,
    /// Where documents and announcements go.
    pub sink: SinkPorts,
    /// Where workers run.
    pub placement: Arc<dyn Placement>,
    /// Credits for messages in flight.
    pub messages: Budget,
    /// The accounts with the queue.
    pub book: SharedBook,
    /// Which dependencies are down.
    pub outages: Outages,
    /// Threads given up as hung.
    pub abandoned: AbandonedThreads,
    /// The metrics.
    pub metrics: Metrics,
    /// Where traces go.
    pub tracer: Arc<dyn Tracer>,
    /// The settings.
    pub settings: Settings,
}

/// The settings of every actor but the pools.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The Source's.
    pub source: SourceSettings,
    /// The Retriever's.
    pub retriever: RetrieverSettings,
    /// The Downloader's.
    pub downloader: DownloaderSettings,
    /// The Sink's.
    pub sink: SinkSettings,
    /// The Ledger's.
    pub ledger: LedgerSettings,
}

/// What the Guardian wants to hear from its children.
#[derive(Clone)]
pub struct Parent {
    /// A child is gone.
    pub terminated: Recipient<Terminated>,
    /// A pool's workers are ready.
    pub pool_ready: Recipient<PoolReady>,
    /// A pool cannot go on.
    pub pool_gave_up: Recipient<PoolGaveUp>,
    /// The queue is worked off.
    pub exhausted: Recipient<Exhausted>,
}

/// One running set of actors.
pub struct Generation {
    number: u32,
    source: Addr<Source>,
    ledger: Addr<Ledger>,
    /// Everyone between Source and Ledger, top-down.
    between: Vec<Recipient<Stop>>,
    alive: HashSet<Child>,
    unready: HashSet<InferrerName>,
}

/// Control messages that may share a mailbox with as much work as there are credits: news of workers
/// and flushes, a handful each.
const CONTROL_SLACK: usize = 64;

impl Generation {
    /// Starts generation `number`: the Ledger first, the Source last, so that nobody ever sends to
    /// an actor that is not there.
    #[must_use]
    pub fn start(number: u32, blueprint: &Blueprint, parent: &Parent) -> Self {
        Builder { number, blueprint, parent, alive: HashSet::new() }.build()
    }

    /// Its number, counted from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Takes the news that a pool is ready; true when it was the last.
    pub fn pool_ready(&mut self, inferrer: &InferrerName) -> bool {
        self.unready.remove(inferrer) && self.unready.is_empty()
    }

    /// Takes the news that a child is gone.
    pub fn buried(&mut self, child: &Child) {
        self.alive.remove(child);
    }

    /// Whether every child is gone.
    #[must_use]
    pub fn is_extinct(&self) -> bool {
        self.alive.is_empty()
    }

    /// Lets the Source receive.
    pub fn begin(&self) {
        tell(&self.source.clone().recipient(), Begin);
    }

    /// Keeps the Source from receiving more.
    pub fn stop_receiving(&self) {
        tell(&self.source.clone().recipient(), StopReceiving);
    }

    /// Gives everything open back: who works on it is stopped first, then the Ledger is told.
    pub fn release_open(&self) {
        self.between.iter().for_each(|actor| tell(actor, Stop));
        tell(&self.ledger.clone().recipient(), ReleaseOpen);
    }

    /// Stops every child: the Ledger last, so that it hears of what the others drop.
    pub fn stop(&self) {
        tell(&self.source.clone().recipient(), Stop);
        self.between.iter().for_each(|actor| tell(actor, Stop));
        tell(&self.ledger.clone().recipient(), Stop);
    }
}

fn tell<M>(recipient: &Recipient<M>, message: M)
where
    M: actix::Message + Send,
    M::Result: Send,
{
    recipient.do_send(message);
}

struct Builder<'a> {
    number: u32,
    blueprint: &'a Blueprint,
    parent: &'a Parent,
    alive: HashSet<Child>,
}

impl Builder<'_> {
    fn build(mut self) -> Generation {
        let ledger = self.ledger();
        let sink = self.sink();
        let sink_outlet = Arc::new(self.outlet(sink.clone()));
        let pools: Vec<Addr<Pool>> =
            (0..self.blueprint.inferrers.len()).map(|at| self.pool(at)).collect();
        let pool_outlets = pools.iter().map(|pool| self.outlet(pool.clone())).collect();
        let downloader =
            self.downloader(DownloaderOutlets { pools: pool_outlets, sink: sink_outlet });
        let retriever = self.retriever(Arc::new(self.outlet(downloader.clone())));
        let source = self.source(Arc::new(self.outlet(retriever.clone())), &ledger);
        let mut between: Vec<Recipient<Stop>> = vec![retriever.into(), downloader.into()];
        between.extend(pools.into_iter().map(Into::into));
        between.push(sink.into());
        let name = |inferrer: &InferrerBlueprint| inferrer.factory.spec().name.clone();
        Generation {
            number: self.number,
            source,
            ledger,
            between,
            unready: self.blueprint.inferrers.iter().map(name).collect(),
            alive: self.alive,
        }
    }

    fn ledger(&mut self) -> Addr<Ledger> {
        let b = self.blueprint;
        let stamp = |inferrer: &InferrerBlueprint| inferrer.factory.spec().model.clone();
        let models: Arc<[ModelStamp]> = b.inferrers.iter().map(stamp).collect();
        let (queue, book) = (Arc::clone(&b.queue), b.book.clone());
        let accounting = Accounting { metrics: b.metrics.clone(), tracer: Arc::clone(&b.tracer) };
        let watch = self.watch(Child::Ledger);
        let (outages, settings) = (b.outages.clone(), b.settings.ledger.clone());
        let ledger = Ledger::new(queue, book, models, outages, accounting, settings, watch);
        // Opened and Settled of every delivery may lie here together.
        self.start(ledger, 2)
    }

    fn sink(&mut self) -> Addr<Sink> {
        let b = self.blueprint;
        let watch = self.watch(Child::Sink);
        self.start(Sink::new(b.sink.clone(), b.metrics.clone(), b.settings.sink.clone(), watch), 1)
    }

    fn pool(&mut self, position: usize) -> Addr<Pool> {
        let b = self.blueprint;
        let inferrer = b.inferrers[position].clone();
        let watch = self.watch(Child::Pool(inferrer.factory.spec().name.clone()));
        let news = PoolNews {
            ready: self.parent.pool_ready.clone(),
            gave_up: self.parent.pool_gave_up.clone(),
        };
        let placement = Arc::clone(&b.placement);
        let abandoned = b.abandoned.clone();
        let pool =
            Pool::new(position, inferrer, placement, b.metrics.clone(), abandoned, news, watch);
        self.start(pool, 1)
    }

    fn downloader(&mut self, outlets: DownloaderOutlets) -> Addr<Downloader> {
        let b = self.blueprint;
        let watch = self.watch(Child::Downloader);
        let (abandoned, metrics) = (b.abandoned.clone(), b.metrics.clone());
        let settings = &b.settings.downloader;
        let downloader =
            Downloader::new(b.downloads.clone(), outlets, abandoned, metrics, settings, watch);
        self.start(downloader, 1)
    }

    fn retriever(&mut self, downloader: Arc<Outlet<crate::messages::Download>>) -> Addr<Retriever> {
        let b = self.blueprint;
        let watch = self.watch(Child::Retriever);
        let retriever = Retriever::new(
            Arc::clone(&b.catalogue),
            downloader,
            b.outages.clone(),
            b.metrics.clone(),
            b.settings.retriever.clone(),
            watch,
        );
        self.start(retriever, 1)
    }

    fn source(
        &mut self,
        retriever: Arc<Outlet<crate::messages::Retrieve>>,
        ledger: &Addr<Ledger>,
    ) -> Addr<Source> {
        let b = self.blueprint;
        let watch = self.watch(Child::Source);
        let outlets = SourceOutlets {
            retriever,
            opened: ledger.clone().recipient(),
            settled: Arc::new(ledger.clone().recipient()),
            exhausted: self.parent.exhausted.clone(),
        };
        let source = Source::new(
            Arc::clone(&b.queue),
            b.messages.clone(),
            b.outages.clone(),
            outlets,
            b.metrics.clone(),
            b.settings.source.clone(),
            watch,
        );
        self.start(source, 1)
    }

    /// Starts an actor here, its mailbox as large as the credits permit: then no sender is ever
    /// refused, and one that is shows that the arithmetic is broken.
    fn start<A: Actor<Context = Context<A>>>(
        &self,
        actor: A,
        messages_a_delivery: usize,
    ) -> Addr<A> {
        let capacity = self.capacity() * messages_a_delivery;
        A::create(|ctx| {
            ctx.set_mailbox_capacity(capacity + CONTROL_SLACK);
            actor
        })
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.blueprint.messages.total()).unwrap_or(usize::MAX / 4)
    }

    fn outlet<A, W>(&self, into: Addr<A>) -> Outlet<W>
    where
        A: Actor<Context = Context<A>> + Handler<Handed<W>>,
        W: Work,
    {
        let metrics = self.blueprint.metrics.stage(W::STAGE).clone();
        metrics.queue_capacity.set(self.capacity() as f64);
        Outlet::new(into.recipient(), metrics)
    }

    fn watch(&mut self, child: Child) -> DeathWatch {
        self.alive.insert(child.clone());
        DeathWatch::new(child, self.number, self.parent.terminated.clone())
    }
}

impl Parent {
    /// The recipients of an actor that hears all of it.
    #[must_use]
    pub fn of<A>(ctx: &Context<A>) -> Self
    where
        A: Actor<Context = Context<A>>
            + Handler<Terminated>
            + Handler<PoolReady>
            + Handler<PoolGaveUp>
            + Handler<Exhausted>,
    {
        let address = ctx.address();
        Self {
            terminated: address.clone().recipient(),
            pool_ready: address.clone().recipient(),
            pool_gave_up: address.clone().recipient(),
            exhausted: address.recipient(),
        }
    }
}
