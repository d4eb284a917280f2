//! How an input is brought: fetched in a slot, measured and decoded on a blocking thread.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::Instant;

use crate::delivery::{Delivery, Tether};
use crate::failure::{Class, Failure, Stage};
use crate::flow::contained::computed;
use crate::flow::credits::{Budget, Reservation};
use crate::input::{Input, Raw};
use crate::messages::Download;
use crate::metrics::Metrics;
use crate::pool::AbandonedThreads;
use crate::pool::abandoned_threads::ThreadCount;
use crate::ports::{Decoded, Decoder, FetchError};

use super::DownloaderPorts;

/// What every download shares.
pub(super) struct Workshop {
    pub(super) ports: DownloaderPorts,
    pub(super) fetches: Semaphore,
    pub(super) decodes: Semaphore,
    pub(super) decode_deadline: Duration,
    pub(super) abandoned: AbandonedThreads,
    pub(super) metrics: Metrics,
}

/// A decoded input with the pixels it still holds.
pub(super) struct Brought {
    pub(super) input: Input,
    pub(super) pixels: Reservation,
}

impl Workshop {
    /// Brings and decodes the input of `download`, noting in its dossier what it learns.
    pub(super) async fn bring(
        &self,
        download: &mut Download,
        slot: SemaphorePermit<'_>,
    ) -> Result<Brought, Failure> {
        let fetched = self.fetch(download).await;
        drop(slot);
        self.metrics.downloads(fetched.as_ref().err().map(|error| error.class)).increment(1);
        let raw = fetched.map_err(|error| note_failure(&mut download.delivery, error))?;
        self.metrics.download_bytes.increment(raw.bytes.len() as u64);
        self.decode(raw, &mut download.delivery).await
    }

    async fn fetch(&self, download: &Download) -> Result<Raw, FetchError> {
        let tether = download.delivery.tether();
        self.ports.fetcher.fetch(&download.record, &self.ports.bytes.on_behalf_of(tether)).await
    }

    /// Digests, measures and decodes in one errand to a blocking thread where the pixels are free, as they
    /// mostly are: each errand costs two switches between threads. Else the raw input comes back and
    /// waits for its pixels without holding a slot.
    async fn decode(&self, raw: Raw, delivery: &mut Delivery) -> Result<Brought, Failure> {
        delivery.dossier.location = Some(raw.location.clone());
        delivery.dossier.bytes = Some(raw.bytes.len() as u64);
        // Set on the other thread: a decoder that panics or hangs later takes no digest away.
        let digest = Arc::new(OnceLock::new());
        let errand = {
            let (decoder, digest) = (Arc::clone(&self.ports.decoder), Arc::clone(&digest));
            let pixels = self.ports.pixels.clone();
            move || {
                digest.get_or_init(|| crate::input::sha256(&raw.bytes));
                decoded_at_once(&*decoder, raw, &pixels)
            }
        };
        let done = self.computed(errand, delivery.tether()).await;
        delivery.dossier.sha256 = digest.get().cloned();
        match done? {
            AtOnce::Done(brought) => brought,
            AtOnce::Waits(raw, pixels) => self.decode_with_credits(raw, pixels, delivery).await,
        }
    }

    async fn decode_with_credits(
        &self,
        raw: Raw,
        pixels: u64,
        delivery: &Delivery,
    ) -> Result<Brought, Failure> {
        let (since, tether) = (Instant::now(), delivery.tether());
        let budget = self.ports.pixels.on_behalf_of(tether);
        let reserved = budget.reserve(pixels).await.map_err(|over| {
            Failure::new(Class::TooManyPixels, Stage::Downloader, over.to_string())
        })?;
        self.metrics.stage(Stage::Downloader).backpressure.add(since.elapsed());
        let decoder = Arc::clone(&self.ports.decoder);
        self.computed(move || decoded(&*decoder, raw, reserved), tether).await?
    }

    /// Runs a computation of the decoder on a blocking thread. Its panic or silence is the input's fault,
    /// but not the time until there is a thread for it: others use these threads, too.
    async fn computed<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        tether: &Arc<Tether>,
    ) -> Result<T, Failure> {
        let _slot = slot(&self.decodes, tether).await;
        let thread =
            ThreadCount::new(self.abandoned.clone(), self.metrics.abandoned_decoders.clone());
        let (started, begun) = oneshot::channel();
        let held = Arc::clone(&thread);
        let computing = computed(move || {
            let _counted = held;
            // Nobody listens where the delivery's own call has ended.
            let _ = started.send(());
            work()
        });
        // An error says that it will never begin; so does the computation's own answer.
        let _ = begun.await;
        let corrupt = |cause| Failure::new(Class::CorruptImage, Stage::Downloader, cause);
        match tokio::time::timeout(self.decode_deadline, computing).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(panicked)) => Err(corrupt(format!("the decoder gave up: {panicked}"))),
            Err(_) => {
                thread.abandon();
                let after = self.decode_deadline;
                tracing::error!(?after, "a decoder hangs, and its thread is given up");
                Err(corrupt(format!("decoding took longer than {after:?}")))
            }
        }
    }
}

/// One of the slots of a kind of work, once one is free.
pub(super) async fn slot<'a>(slots: &'a Semaphore, tether: &Arc<Tether>) -> SemaphorePermit<'a> {
    let _waits = tether.wait();
    slots.acquire().await.expect("nothing ever closes this semaphore")
}

/// What one errand to a blocking thread came to.
enum AtOnce {
    Done(Result<Brought, Failure>),
    /// So many pixels are not free.
    Waits(Raw, u64),
}

/// Reads the header, and decodes if the pixels are free.
fn decoded_at_once(decoder: &dyn Decoder, raw: Raw, budget: &Budget) -> AtOnce {
    let pixels = match decoder.pixels(&raw) {
        Ok(pixels) => pixels,
        Err(error) => return AtOnce::Done(Err(error.into())),
    };
    let reserved = u32::try_from(pixels).ok().and_then(|pixels| budget.try_reserve(pixels));
    match reserved {
        Some(reserved) => AtOnce::Done(decoded(decoder, raw, reserved)),
        None => AtOnce::Waits(raw, pixels),
    }
}

/// Decodes and keeps only the pixels that the input still needs. The reservation goes with the computation: if
/// the decoder is given up, its memory is not yet free, and neither are the pixels.
fn decoded(decoder: &dyn Decoder, raw: Raw, mut reserved: Reservation) -> Result<Brought, Failure> {
    let Decoded { input, pixels_kept } = decoder.decode(raw)?;
    reserved.shrink_to(pixels_kept);
    Ok(Brought { input, pixels: reserved })
}

fn note_failure(delivery: &mut Delivery, error: FetchError) -> Failure {
    delivery.dossier.location.clone_from(&error.location);
    delivery.dossier.bytes = error.bytes;
    error.into()
}
