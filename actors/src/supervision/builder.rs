//! Starts the actors of a generation bottom-up, wired, each with a mailbox for all there can be.

use std::collections::HashSet;
use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, Recipient};

use crate::downloader::{Downloader, DownloaderOutlets};
use crate::flow::outlet::{Handed, Outlet, Work};
use crate::inference::ModelStamp;
use crate::ledger::{Accounting, Ledger};
use crate::messages::{Child, Stop};
use crate::pool::{InferrerBlueprint, Pool, PoolNews};
use crate::retriever::Retriever;
use crate::sink::Sink;
use crate::source::{Source, SourceOutlets};
use crate::supervision::blueprint::Blueprint;
use crate::supervision::death_watch::DeathWatch;
use crate::supervision::generation::{Generation, Parent};

/// Control messages that may share a mailbox with as much work as there are credits: news of workers
/// and flushes, a handful each.
const CONTROL_SLACK: usize = 64;

/// Starts one generation.
pub(super) struct Builder<'a> {
    number: u32,
    blueprint: &'a Blueprint,
    parent: &'a Parent,
    alive: HashSet<Child>,
}

impl<'a> Builder<'a> {
    /// A builder of generation `number`, none of whom is alive yet.
    pub(super) fn new(number: u32, blueprint: &'a Blueprint, parent: &'a Parent) -> Self {
        Self { number, blueprint, parent, alive: HashSet::new() }
    }

    /// Starts everyone.
    pub(super) fn build(mut self) -> Generation {
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
