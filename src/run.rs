//! `run`: the composition root. Engines are plugged into ports, the pipeline is started, watched and
//! drained, its results are published.

mod assembly;

use std::time::{Duration, SystemTime};

use actors::ledger::book::Accounts;
use actors::messages::Drain;
use actors::supervision::guardian::{Ended, GuardianSettings, Pipeline};
use indicatif::MultiProgress;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

use crate::adapters::embedded::{EmbeddedError, EmbeddedFolder, FolderSettings};
use crate::config::Config;
use crate::exit::{Exit, Stopped};
use crate::progress::Progress;
use crate::shutdown::Shutdown;
use crate::summary::Summary;
use crate::telemetry::readings::Readings;
use crate::{page, telemetry};
use assembly::Assembly;
pub use assembly::Models;

/// How often the progress is looked at: often enough for a bar that moves smoothly.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Augments the pictures of a folder.
///
/// # Errors
/// [`Stopped`] when it could not begin, or `--out` refused, or supervision gave up.
pub fn embedded(config: &Config) -> Result<Exit, Stopped> {
    let screen = MultiProgress::new();
    telemetry::start(config.log_format, EnvFilter::new(&config.log_level), &screen);
    tracing::info!(?config, "configuration");
    let models = Models::open(&config.models)?;
    let folder = open(config, &models)?;
    announce(config, &folder);

    let readings = Readings::default();
    let ran = Watched { config, folder: &folder, readings: &readings, screen: &screen }
        .run(Assembly::over(&folder, &models, config, &readings))?;

    let finished = folder.finish().map_err(stopped)?;
    if config.page {
        let now = crate::wire::timestamp::from_system(SystemTime::now());
        page::write(&config.out, &config.images, now).map_err(Stopped::unavailable)?;
    }
    let summary = Summary {
        census: folder.census,
        accounts: ran.accounts,
        elapsed: ran.elapsed,
        readings: &readings,
        workers: models.workers(&config.models),
    };
    print!("{summary}");
    point_to_results(config);
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
    let ran = Watched { config, folder: &folder, readings: &readings, screen: &screen }
        .run(Assembly::over(&folder, models, config, &readings))?;
    Ok(ran.accounts.indexed as f64 / ran.elapsed.as_secs_f64())
}

fn open(config: &Config, models: &Models) -> Result<EmbeddedFolder, Stopped> {
    let settings = FolderSettings {
        byte_limit: config.limits.picture_bytes.into(),
        ..FolderSettings::new(config.images.clone(), config.out.clone(), models.specs())
    };
    EmbeddedFolder::open(&settings).map_err(stopped)
}

/// What the pipeline did.
struct Ran {
    ended: Ended,
    accounts: Accounts,
    elapsed: Duration,
}

/// A run under watch: progress, signals, and the folder's health.
struct Watched<'a> {
    config: &'a Config,
    folder: &'a EmbeddedFolder,
    readings: &'a Readings,
    screen: &'a MultiProgress,
}

impl Watched<'_> {
    fn run(&self, assembly: Assembly) -> Result<Ran, Stopped> {
        let system = actix::System::new();
        let ran = system.block_on(self.watch(assembly));
        // The runtime waits for its blocking threads when it is dropped, and a decoder may hang in
        // one: it is left to the end of the process.
        std::mem::forget(system);
        ran
    }

    async fn watch(&self, assembly: Assembly) -> Result<Ran, Stopped> {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        let mut progress = Progress::new(self.screen, self.folder.census.queued as u64);
        let began = Instant::now();
        let book = assembly.blueprint.book.clone();
        let Pipeline { drain, mut ended, .. } =
            Pipeline::start(assembly.blueprint, GuardianSettings::default());
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let mut draining = false;
        let ended = loop {
            tokio::select! {
                ended = &mut ended => break ended.unwrap_or_else(|_| Ended::GaveUp {
                    reason: "the root of the supervision tree died".to_owned(),
                }),
                error = self.folder.failed() => return Err(stopped(error)),
                signal = shutdown.signal() => {
                    if std::mem::replace(&mut draining, true) {
                        return Err(Stopped::unexpected(format!("a second signal ({signal})")));
                    }
                    eprintln!("{signal}: finishing what is in flight; a second signal ends at once");
                    drain.do_send(Drain { within: self.config.limits.drain });
                }
                _ = looks.tick() => {
                    progress.show(&book.lock().accounts());
                    self.readings.collect();
                }
            }
        };
        progress.end();
        let accounts = book.lock().accounts();
        Ok(Ran { ended, accounts, elapsed: began.elapsed() })
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

fn point_to_results(config: &Config) {
    let out = config.out.display();
    if config.page {
        println!("look at {out}/index.html");
    }
    println!("documents in {out}/augmented.ndjson, failures in {out}/parked.ndjson");
}
