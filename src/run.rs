//! `run`: the composition root. Engines are plugged into ports, the pipeline is started, watched and
//! drained, its results are published.

mod assembly;
mod watch;

use std::io::Write;
use std::sync::Arc;
use std::time::SystemTime;

use actors::supervision::generation::Blueprint;
use actors::supervision::guardian::Ended;
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;

use crate::adapters::embedded::{EmbeddedError, EmbeddedFolder, Finished, FolderSettings};
use crate::config::{Config, cores};
use crate::exit::{Exit, Stopped};
use crate::page::{self, PageError};
use crate::shutdown::Shutdown;
use crate::summary::Summary;
use crate::telemetry;
use crate::telemetry::readings::Readings;
use crate::wire::timestamp;
use assembly::Assembly;
pub use assembly::Models;
use watch::Watch;

/// Augments the pictures of a folder.
///
/// # Errors
/// [`Stopped`] when it could not begin, or `--out` refused, or supervision gave up.
pub fn embedded(config: &Config) -> Result<Exit, Stopped> {
    embedded_with(config, |_| ())
}

/// The same after `change` has had its way with the pipeline's parts. For tests that break the program
/// at a chosen call of one of its engines, which the program itself has no code for.
///
/// # Errors
/// As [`embedded`].
pub fn embedded_with(
    config: &Config,
    change: impl FnOnce(&mut Blueprint),
) -> Result<Exit, Stopped> {
    let screen = MultiProgress::new();
    telemetry::start(config.log_format, EnvFilter::new(&config.log_level), &screen);
    tracing::info!(?config, "configuration");
    let models = Models::open(&config.models)?;
    let folder = Arc::new(open(config, &models)?);
    announce(config, &folder);

    let readings = Readings::default();
    let mut assembly = Assembly::over(&folder, &models, config, &readings);
    change(&mut assembly.blueprint);
    let watch = Watch { config, folder: &folder, readings: &readings, screen: &screen };
    let (ran, finished) = in_system(async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        let ran = watch.over(assembly, &mut shutdown).await?;
        let finished = publish(config, &folder, &ran.ended, &mut shutdown).await?;
        Ok((ran, finished))
    })?;

    let summary = Summary {
        census: folder.census,
        accounts: ran.accounts,
        elapsed: ran.elapsed,
        readings: &readings,
        workers: models.workers(&config.models),
    };
    tell(&format!("{summary}{}", pointers(config, &ran.ended)));
    match ran.ended {
        Ended::GaveUp { reason } => Err(Stopped { exit: Exit::GaveUp, message: reason }),
        Ended::Drained | Ended::Exhausted if config.fail_on_parked && finished.parked > 0 => {
            Ok(Exit::Parked)
        }
        Ended::Drained | Ended::Exhausted => Ok(Exit::Done),
    }
}

/// Runs the pipeline for `bench`: images a second, nothing shown or published.
///
/// # Errors
/// [`Stopped`] as for [`embedded`].
pub fn measure(config: &Config, models: &Models) -> Result<f64, Stopped> {
    let folder = open(config, models)?;
    let readings = Readings::default();
    let screen = MultiProgress::with_draw_target(indicatif::ProgressDrawTarget::hidden());
    let assembly = Assembly::over(&folder, models, config, &readings);
    let watch = Watch { config, folder: &folder, readings: &readings, screen: &screen };
    let ran = in_system(async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        watch.over(assembly, &mut shutdown).await
    })?;
    Ok(ran.accounts.indexed as f64 / ran.elapsed.as_secs_f64())
}

fn open(config: &Config, models: &Models) -> Result<EmbeddedFolder, Stopped> {
    let settings = FolderSettings {
        byte_limit: config.limits.picture_bytes.into(),
        ..FolderSettings::new(config.images.clone(), config.out.clone(), models.specs())
    };
    let folder = EmbeddedFolder::open(&settings).map_err(stopped)?;
    page::remove_drafts(&config.out).map_err(without_page)?;
    Ok(folder)
}

/// The documents are safe whatever becomes of the page.
fn without_page(error: PageError) -> Stopped {
    Stopped::unavailable(format!(
        "the page cannot be written: {error}; the documents are kept: make space or choose another \
         --out, and run again for the page"
    ))
}

/// Blocking threads beside one a core for the decoders: for files, for the journal, and for decoders
/// that hang. Few, because each thread of glibc's allocator keeps what it has freed for itself.
const SPARE_THREADS: usize = 4;

/// Runs `work` in an actix system.
fn in_system<T>(work: impl Future<Output = T>) -> T {
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(cores() + SPARE_THREADS)
            .build()
            .expect("a process that starts can have a runtime")
    });
    let done = system.block_on(work);
    // The runtime waits for its blocking threads when it is dropped, and a decoder may hang in one:
    // it is left to the end of the process.
    std::mem::forget(system);
    done
}

/// Writes the results where readers look for them. A signal meanwhile ends the process: every file
/// is replaced as a whole, so what is there stays whole, and the next run writes the rest.
async fn publish(
    config: &Config,
    folder: &Arc<EmbeddedFolder>,
    ended: &Ended,
    shutdown: &mut Shutdown,
) -> Result<Finished, Stopped> {
    let (config, folder) = (config.clone(), Arc::clone(folder));
    // Whoever interrupts a run wants it to end, not to wait for thousands of thumbnails.
    let with_page = config.page && *ended != Ended::Drained;
    let write = move || {
        let finished = folder.finish().map_err(stopped)?;
        if with_page {
            let now = timestamp::from_system(SystemTime::now());
            page::write(&config.out, &config.images, now).map_err(without_page)?;
        }
        Ok(finished)
    };
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
    if error.is_usage() { Stopped::usage(error) } else { Stopped::unavailable(error) }
}

fn announce(config: &Config, folder: &EmbeddedFolder) {
    let census = folder.census;
    eprintln!(
        "{} pictures to augment from {}, {} unchanged since the last run",
        census.queued,
        config.images.display(),
        census.unchanged
    );
    if census.torn > 0 {
        eprintln!(
            "a run was interrupted here before: its work is kept, {} bytes dropped",
            census.torn
        );
    }
}

/// Where to look at what.
fn pointers(config: &Config, ended: &Ended) -> String {
    let out = config.out.display();
    let files = format!("documents in {out}/augmented.ndjson, failures in {out}/parked.ndjson\n");
    match ended {
        Ended::Drained => {
            format!("interrupted: run again to go on, the page follows then\n{files}")
        }
        _ if config.page => format!("look at {out}/index.html\n{files}"),
        _ => files,
    }
}

/// Writes to stdout. That nobody reads it (a closed pipe) is no failure of the run.
fn tell(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}
