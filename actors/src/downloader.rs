//! The Downloader fetches, decodes once, and shares the input among all inferrers.

mod workshop;

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::failure::Stage;
use crate::flow::contained::contained;
use crate::flow::credits::Budget;
use crate::flow::outlet::{Handed, Outlet};
use crate::gathering::Gathering;
use crate::messages::{Download, Infer, Publish, Stop};
use crate::metrics::Metrics;
use crate::pool::AbandonedThreads;
use crate::ports::{Decoder, Fetcher};
use crate::supervision::death_watch::DeathWatch;
use workshop::{Brought, Workshop, slot};

/// How the Downloader works.
#[derive(Clone, Debug)]
pub struct DownloaderSettings {
    /// Fetches at once. Sixteen keep a thumbnail server busy without burying it: the system we
    /// replace brought its image server down with more.
    pub fetches: usize,
    /// Decodes at once: they compute, so no more than there are cores.
    pub decodes: usize,
    /// A decoder that takes longer is given up and the input counts as corrupt: a hundred megapixels
    /// take a few seconds.
    pub decode_deadline: Duration,
}

impl Default for DownloaderSettings {
    fn default() -> Self {
        Self { fetches: 16, decodes: 2, decode_deadline: Duration::from_secs(30) }
    }
}

/// The engines and budgets of the Downloader.
#[derive(Clone)]
pub struct DownloaderPorts {
    /// Brings bytes.
    pub fetcher: Arc<dyn Fetcher>,
    /// Turns them into an input.
    pub decoder: Arc<dyn Decoder>,
    /// Credits for fetched bytes.
    pub bytes: Budget,
    /// Credits for decoded pixels.
    pub pixels: Budget,
}

/// Whom the Downloader hands work to.
pub struct DownloaderOutlets {
    /// Every pool, in the pipeline's order of inferrers.
    pub pools: Vec<Outlet<Infer>>,
    /// Complete gatherings go here.
    pub sink: Arc<Outlet<Publish>>,
}

/// The agent that fetches and decodes.
pub struct Downloader {
    work: Arc<Workshop>,
    outlets: DownloaderOutlets,
    metrics: Metrics,
    _watch: DeathWatch,
}

impl Downloader {
    /// A Downloader over `ports`, which counts decoders that hang among the `abandoned`.
    #[must_use]
    pub fn new(
        ports: DownloaderPorts,
        outlets: DownloaderOutlets,
        abandoned: AbandonedThreads,
        metrics: Metrics,
        settings: &DownloaderSettings,
        watch: DeathWatch,
    ) -> Self {
        let work = Arc::new(Workshop {
            ports,
            fetches: Semaphore::new(settings.fetches),
            decodes: Semaphore::new(settings.decodes),
            decode_deadline: settings.decode_deadline,
            abandoned,
            metrics: metrics.clone(),
        });
        Self { work, outlets, metrics, _watch: watch }
    }

    fn share(&self, download: Download, brought: Brought) {
        let Download { delivery, record } = download;
        delivery.reached(Stage::Pool);
        let inferrers = self.outlets.pools.len();
        let sink = Arc::clone(&self.outlets.sink);
        let gathering = Gathering::new(delivery, record, brought.pixels, inferrers, sink);
        for pool in &self.outlets.pools {
            pool.offer(Infer { gathering: Arc::clone(&gathering), input: brought.input.clone() });
        }
    }
}

impl Actor for Downloader {
    type Context = Context<Self>;
}

impl Handler<Handed<Download>> for Downloader {
    type Result = ();

    fn handle(&mut self, download: Handed<Download>, ctx: &mut Context<Self>) {
        let download = download.take();
        if download.work().delivery.is_doomed() {
            return;
        }
        let work = Arc::clone(&self.work);
        // The delivery travels inside the call: a panic of the fetcher drops it, and so gives it
        // back.
        let brought = contained(async move {
            let slot = slot(&work.fetches, download.work().delivery.tether()).await;
            let (mut download, began) = (download.open(), Instant::now());
            let brought = work.bring(&mut download, slot).await;
            (download, brought, began)
        });
        let done = brought.into_actor(self).map(move |brought, this: &mut Self, _| {
            let (download, brought, began) = match brought {
                Ok(done) => done,
                Err(panicked) => return tracing::error!(%panicked, "a fetch failed"),
            };
            this.metrics.stage(Stage::Downloader).service.record(began.elapsed());
            match brought {
                Ok(brought) => this.share(download, brought),
                Err(failure) => download.delivery.fail(failure),
            }
        });
        ctx.spawn(done);
    }
}

impl Handler<Stop> for Downloader {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
