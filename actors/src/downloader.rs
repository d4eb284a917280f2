//! The Downloader fetches, decodes once, and shares the input among all inferrers.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::delivery::Delivery;
use crate::failure::{Class, Failure, Stage};
use crate::flow::contained::{computed, contained};
use crate::flow::credits::{Budget, Reservation};
use crate::flow::outlet::{Handed, Outlet};
use crate::gathering::Gathering;
use crate::input::{Input, Raw};
use crate::messages::{Download, Infer, Publish, Stop};
use crate::metrics::Metrics;
use crate::ports::{Decoded, Decoder, FetchError, Fetcher};
use crate::supervision::death_watch::DeathWatch;

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

/// What every download shares.
struct Workshop {
    ports: DownloaderPorts,
    fetches: Semaphore,
    decodes: Semaphore,
    decode_deadline: Duration,
    metrics: Metrics,
}

/// A decoded input with the pixels it still holds.
struct Brought {
    input: Input,
    pixels: Reservation,
}

impl Downloader {
    /// A Downloader over `ports`.
    #[must_use]
    pub fn new(
        ports: DownloaderPorts,
        outlets: DownloaderOutlets,
        metrics: Metrics,
        settings: &DownloaderSettings,
        watch: DeathWatch,
    ) -> Self {
        let work = Arc::new(Workshop {
            ports,
            fetches: Semaphore::new(settings.fetches),
            decodes: Semaphore::new(settings.decodes),
            decode_deadline: settings.decode_deadline,
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

impl Workshop {
    /// Brings and decodes the input of `download`, noting in its dossier what it learns.
    async fn bring(&self, download: &mut Download) -> Result<Brought, Failure> {
        let fetched = self.fetch(download).await;
        self.metrics.downloads(fetched.as_ref().err().map(|error| error.class)).increment(1);
        let raw = fetched.map_err(|error| note_failure(&mut download.delivery, error))?;
        self.metrics.download_bytes.increment(raw.bytes.len() as u64);
        let (raw, pixels) = self.measure(raw, &mut download.delivery).await?;
        self.decode(raw, pixels, &download.delivery).await
    }

    async fn fetch(&self, download: &Download) -> Result<Raw, FetchError> {
        let _slot = self.fetches.acquire().await.expect("nothing ever closes this semaphore");
        self.ports.fetcher.fetch(&download.record, &self.ports.bytes).await
    }

    /// Digests the bytes and reads the header, on a blocking thread: a hostile header may be long.
    async fn measure(&self, raw: Raw, delivery: &mut Delivery) -> Result<(Raw, u64), Failure> {
        delivery.dossier.location = Some(raw.location.clone());
        delivery.dossier.bytes = Some(raw.bytes.len() as u64);
        let decoder = Arc::clone(&self.ports.decoder);
        let measured = computed(move || {
            let sha256 = crate::input::sha256(&raw.bytes);
            let pixels = decoder.pixels(&raw);
            (raw, sha256, pixels)
        });
        let (raw, sha256, pixels) = self.within_deadline(measured).await?;
        delivery.dossier.sha256 = Some(sha256);
        Ok((raw, pixels?))
    }

    async fn decode(&self, raw: Raw, pixels: u64, delivery: &Delivery) -> Result<Brought, Failure> {
        let (since, waits) = (Instant::now(), delivery.tether().wait());
        let mut reserved = self.ports.pixels.reserve(pixels).await.map_err(|over| {
            Failure::new(Class::TooManyPixels, Stage::Downloader, over.to_string())
        })?;
        drop(waits);
        self.metrics.stage(Stage::Downloader).backpressure.add(since.elapsed());
        let _slot = self.decodes.acquire().await.expect("nothing ever closes this semaphore");
        let decoder = Arc::clone(&self.ports.decoder);
        // The reservation goes with the computation: if the decoder is given up, its memory is not
        // yet free, and neither are the pixels.
        let decoded = computed(move || {
            let Decoded { input, pixels_kept } = decoder.decode(raw)?;
            reserved.shrink_to(pixels_kept);
            Ok::<_, Failure>(Brought { input, pixels: reserved })
        });
        self.within_deadline(decoded).await?
    }

    /// Awaits a computation of the decoder, whose panic or silence is the input's fault.
    async fn within_deadline<T>(
        &self,
        computation: impl Future<Output = Result<T, crate::flow::contained::Panicked>>,
    ) -> Result<T, Failure> {
        let corrupt = |cause| Failure::new(Class::CorruptImage, Stage::Downloader, cause);
        match tokio::time::timeout(self.decode_deadline, computation).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(panicked)) => Err(corrupt(format!("the decoder gave up: {panicked}"))),
            Err(_) => Err(corrupt(format!("decoding took longer than {:?}", self.decode_deadline))),
        }
    }
}

fn note_failure(delivery: &mut Delivery, error: FetchError) -> Failure {
    delivery.dossier.location.clone_from(&error.location);
    delivery.dossier.bytes = error.bytes;
    error.into()
}

impl Actor for Downloader {
    type Context = Context<Self>;
}

impl Handler<Handed<Download>> for Downloader {
    type Result = ();

    fn handle(&mut self, download: Handed<Download>, ctx: &mut Context<Self>) {
        let mut download = download.open();
        if download.delivery.is_doomed() {
            return;
        }
        let (work, began) = (Arc::clone(&self.work), Instant::now());
        // The delivery travels inside the call: a panic of the fetcher drops it, and so gives it
        // back.
        let brought = contained(async move {
            let brought = work.bring(&mut download).await;
            (download, brought)
        });
        let done = brought.into_actor(self).map(move |brought, this: &mut Self, _| {
            this.metrics.stage(Stage::Downloader).service.record(began.elapsed());
            match brought {
                Ok((download, Ok(brought))) => this.share(download, brought),
                Ok((download, Err(failure))) => download.delivery.fail(failure),
                Err(panicked) => tracing::error!(%panicked, "a fetch failed"),
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
