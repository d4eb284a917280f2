//! A run over a folder: the pipeline is started, watched and drained, its results are published.

mod watch;

use std::sync::Arc;
use std::time::SystemTime;

use actors::ports::Decoder;
use actors::supervision::generation::Blueprint;
use actors::supervision::guardian::Ended;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

use super::assembly::{self, Ports, assemble};
use super::instruments::{Instruments, last_scrape};
use super::models::Models;
use super::{SPARE_THREADS, in_system, picture_limits};
use crate::adapters::embedded::{
    AUGMENTED, EmbeddedError, EmbeddedFolder, Finished, FolderSettings, PARKED,
};
use crate::adapters::no_topic::NoTopic;
use crate::adapters::picture_decoder::PictureDecoder;
use crate::config::{Config, FolderConfig};
use crate::console;
use crate::exit::{Exit, Stopped};
use crate::page::album::Album;
use crate::page::illustrating_decoder::IllustratingDecoder;
use crate::page::{self, Drawable, PAGE, PageError, thumbnail};
use crate::shutdown::Shutdown;
use crate::summary::Summary;
use crate::telemetry;
use crate::wire::timestamp;
use watch::Watch;

/// Augments the pictures of a folder.
///
/// # Errors
/// [`Stopped`] when it could not begin, or `--out` refused, or supervision gave up.
pub fn embedded(config: &Config, place: &FolderConfig) -> Result<Exit, Stopped> {
    embedded_with(config, place, |_| ())
}

/// The same after `change` has had its way with the pipeline's parts. For tests that break the program
/// at a chosen call of one of its engines, which the program itself has no code for.
///
/// # Errors
/// As [`embedded`].
pub fn embedded_with(
    config: &Config,
    place: &FolderConfig,
    change: impl FnOnce(&mut Blueprint),
) -> Result<Exit, Stopped> {
    let screen = MultiProgress::new();
    let _logging = telemetry::start(config.log_format, EnvFilter::new(&config.log_level), &screen);
    tracing::info!(?config, "configuration");
    let instruments = Instruments::start(config)?;
    let models = Models::open(&config.models)?;
    let folder = Arc::new(open(config, place, &models)?);
    announce(place, &folder);

    let mut blueprint = pipeline(&folder, &models, config, place, &instruments);
    change(&mut blueprint);
    let watch = Watch { config, folder: &folder, instruments: &instruments, screen: &screen };
    let (ended, finished) = in_system(&instruments.board, SPARE_THREADS, async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        let ran = watch.over(blueprint, &mut shutdown).await?;
        let finished = finish(&folder, &mut shutdown).await?;
        let summary = Summary {
            census: folder.census,
            accounts: ran.accounts,
            elapsed: ran.elapsed,
            readings: &instruments.readings,
            workers: models.workers(&config.models),
        };
        console::answer(summary.to_string().trim_end());
        draw(config, place, &ran.ended, &mut shutdown).await?;
        console::answer(pointers(place, &ran.ended).trim_end());
        last_scrape(config.admin.last_scrape, &mut shutdown).await;
        Ok((ran.ended, finished))
    })?;
    match ended {
        Ended::GaveUp { reason } => Err(Stopped { exit: Exit::GaveUp, message: reason }),
        Ended::Drained | Ended::Exhausted if place.fail_on_parked && finished.parked > 0 => {
            Ok(Exit::Parked)
        }
        Ended::Drained | Ended::Exhausted => Ok(Exit::Done),
    }
}

/// Runs the pipeline for `bench`: images a second, nothing shown or published.
///
/// # Errors
/// [`Stopped`] as for [`embedded`].
pub fn measure(config: &Config, place: &FolderConfig, models: &Models) -> Result<f64, Stopped> {
    let folder = open(config, place, models)?;
    let instruments = Instruments::unseen(config);
    let screen = MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden());
    let blueprint = pipeline(&folder, models, config, place, &instruments);
    let watch = Watch { config, folder: &folder, instruments: &instruments, screen: &screen };
    let ran = in_system(&instruments.board, SPARE_THREADS, async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        watch.over(blueprint, &mut shutdown).await
    })?;
    Ok(ran.accounts.indexed as f64 / ran.elapsed.as_secs_f64())
}

/// The pipeline over `folder`.
fn pipeline(
    folder: &EmbeddedFolder,
    models: &Models,
    config: &Config,
    place: &FolderConfig,
    instruments: &Instruments,
) -> Blueprint {
    let ports = Ports {
        queue: folder.queue.clone(),
        catalogue: folder.catalogue.clone(),
        fetcher: folder.fetcher.clone(),
        decoder: decoder(models, config, place),
        index: folder.index.clone(),
        topic: Arc::new(NoTopic),
    };
    assemble(ports, models, config, instruments, assembly::settings())
}

/// Decodes for the models, and draws the thumbnails where a page is wanted.
fn decoder(models: &Models, config: &Config, place: &FolderConfig) -> Arc<dyn Decoder> {
    let limits = picture_limits(config);
    let mut views = models.set.views();
    if !place.page {
        return Arc::new(PictureDecoder::new(limits, views));
    }
    if !views.contains(&thumbnail::VIEW) {
        views.push(thumbnail::VIEW);
    }
    let decoder = PictureDecoder::new(limits, views);
    Arc::new(IllustratingDecoder::new(decoder, Album::of(&place.out)))
}

fn open(config: &Config, place: &FolderConfig, models: &Models) -> Result<EmbeddedFolder, Stopped> {
    let settings = FolderSettings {
        byte_limit: config.limits.picture_bytes.into(),
        ..FolderSettings::new(place.images.clone(), place.out.clone(), models.specs())
    };
    let folder = EmbeddedFolder::open(&settings).map_err(stopped)?;
    // Litter of a page does no harm, and a run may want none.
    if let Err(error) = page::remove_drafts(&place.out) {
        tracing::warn!(%error, "what an earlier run left of its page cannot be removed");
    }
    Ok(folder)
}

/// The documents are safe whatever becomes of the page.
fn without_page(error: PageError) -> Stopped {
    Stopped::unavailable(format!(
        "the page cannot be written: {error}; the documents are kept: make space or choose another \
         --out, and run again for the page"
    ))
}

/// Writes the results where readers look for them.
async fn finish(
    folder: &Arc<EmbeddedFolder>,
    shutdown: &mut Shutdown,
) -> Result<Finished, Stopped> {
    let folder = Arc::clone(folder);
    unless_told_to_end(shutdown, move || folder.finish().map_err(stopped)).await
}

/// Draws the page, if one is wanted. Whoever interrupts a run wants it to end, not to wait for
/// thousands of thumbnails.
async fn draw(
    config: &Config,
    place: &FolderConfig,
    ended: &Ended,
    shutdown: &mut Shutdown,
) -> Result<(), Stopped> {
    if !place.page || *ended == Ended::Drained {
        return Ok(());
    }
    let drawable =
        Drawable { bytes: config.limits.picture_bytes.into(), picture: picture_limits(config) };
    let place = place.clone();
    let write = move || {
        let now = timestamp::from_system(SystemTime::now());
        page::write(&place.out, &place.images, drawable, now).map(drop).map_err(without_page)
    };
    unless_told_to_end(shutdown, write).await
}

/// Runs `write` in a thread of its own. A signal meanwhile ends the process: every file is replaced as
/// a whole, so what is there stays whole, and the next run writes the rest.
async fn unless_told_to_end<T: Send + 'static>(
    shutdown: &mut Shutdown,
    write: impl FnOnce() -> Result<T, Stopped> + Send + 'static,
) -> Result<T, Stopped> {
    tokio::select! {
        written = tokio::task::spawn_blocking(write) => {
            written.unwrap_or_else(|panic| Err(Stopped::unexpected(panic)))
        }
        signal = shutdown.signal() => Err(Stopped::unexpected(format!(
            "{signal} while the results were being written; run again to have them written"
        ))),
    }
}

fn stopped(error: EmbeddedError) -> Stopped {
    Stopped::refused(error.is_usage(), error)
}

fn announce(place: &FolderConfig, folder: &EmbeddedFolder) {
    let census = folder.census;
    console::note(format_args!(
        "{} pictures to augment from {}, {} unchanged since the last run",
        census.queued,
        place.images.display(),
        census.unchanged
    ));
    if census.torn > 0 {
        console::note(format_args!(
            "a run was interrupted here before: its work is kept, {} bytes dropped",
            census.torn
        ));
    }
}

/// Where to look at what.
fn pointers(place: &FolderConfig, ended: &Ended) -> String {
    let out = place.out.display();
    let files = format!("documents in {out}/{AUGMENTED}, failures in {out}/{PARKED}\n");
    match ended {
        Ended::Drained => {
            format!("interrupted: run again to go on, the page follows then\n{files}")
        }
        _ if place.page => format!("look at {out}/{PAGE}\n{files}"),
        _ => files,
    }
}
