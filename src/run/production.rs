//! The production service: opened, started, watched, drained, and scraped a last time.

mod idleness;
pub(crate) mod open;
mod protection;
pub(crate) mod settings;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actors::ledger::SharedBook;
use actors::ledger::book::Accounts;
use actors::messages::Drain;
use actors::supervision::guardian::{Ended, GuardianSettings, Pipeline};
use indicatif::{MultiProgress, ProgressDrawTarget};
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

use super::assembly::Assembly;
use super::in_system;
use super::instruments::Instruments;
use crate::adapters::ecs_agent::EcsAgent;
use crate::admin::board::{Board, Phase, View};
use crate::config::{Config, ServiceConfig};
use crate::exit::{Exit, Stopped};
use crate::shutdown::Shutdown;
use crate::telemetry;
use crate::telemetry::readings::Readings;
use idleness::Idleness;

/// How often the main thread shows that it moves; the admin server takes half a minute of silence for
/// a reason to replace the process.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// Serves `servers` until it is told to stop.
///
/// # Errors
/// [`Stopped`] when it could not begin, at a second signal, or when supervision gave up.
pub fn serve_until_stopped(config: &Config, servers: &ServiceConfig) -> Result<Exit, Stopped> {
    let screen = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let _logging = telemetry::start(config.log_format, EnvFilter::new(&config.log_level), &screen);
    tracing::info!(?config, "configuration");
    let instruments = Instruments::start(config)?.tracing(config)?;
    let done = in_system(async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        actix_rt::spawn(beat(Arc::clone(&instruments.board)));
        let assembly = tokio::select! {
            assembly = open::open(config, servers, &instruments) => assembly?,
            signal = shutdown.signal() => {
                tracing::info!(signal, "stopped before anything was received");
                return Ok(Exit::Done);
            }
        };
        let (ended, accounts) =
            serve(config, servers, &instruments, assembly, &mut shutdown).await?;
        tell(&ended, &accounts, &instruments.readings);
        instruments.last_scrape(config.admin.last_scrape, &mut shutdown).await;
        match ended {
            Ended::GaveUp { reason } => Err(Stopped { exit: Exit::GaveUp, message: reason }),
            Ended::Drained | Ended::Exhausted => Ok(Exit::Done),
        }
    });
    instruments.tracer.finish();
    done
}

async fn beat(board: Arc<Board>) {
    let mut beats = tokio::time::interval(BEAT_EVERY);
    loop {
        beats.tick().await;
        board.beat();
    }
}

/// Starts the pipeline and stays with it until it ends.
async fn serve(
    config: &Config,
    servers: &ServiceConfig,
    instruments: &Instruments,
    assembly: Assembly,
    shutdown: &mut Shutdown,
) -> Result<(Ended, Accounts), Stopped> {
    let blueprint = assembly.blueprint.clone();
    let Pipeline { drain, vitals, mut ended } =
        Pipeline::start(assembly.blueprint, GuardianSettings::default());
    instruments.board.show(View::of(&blueprint, vitals));
    let agent = servers.ecs_agent.as_ref().map(EcsAgent::at).transpose();
    let agent = agent.map_err(|error| Stopped::usage(format!("--ecs-agent-uri: {error}")))?;
    let mut protected = pin!(protection::while_busy(agent, &blueprint.book));
    let idle = idle_for(servers.exit_when_idle, &blueprint.book, &instruments.board);
    let mut idle = pin!(idle);
    let mut draining = false;
    let begin_drain = || {
        instruments.board.enter(Phase::Draining);
        drain.do_send(Drain { within: config.limits.drain });
    };
    let ended = loop {
        tokio::select! {
            ended = &mut ended => break ended.unwrap_or_else(|_| Ended::GaveUp {
                reason: "the root of the supervision tree died".to_owned(),
            }),
            signal = shutdown.signal() => {
                if std::mem::replace(&mut draining, true) {
                    return Err(Stopped::unexpected(format!("a second signal ({signal})")));
                }
                tracing::info!(signal, "finishing what is in flight; a second signal ends at once");
                begin_drain();
            }
            () = &mut idle, if !draining => {
                draining = true;
                tracing::info!(limit = ?servers.exit_when_idle, "idle for long enough");
                begin_drain();
            }
            never = &mut protected => match never {},
        }
    };
    let accounts = blueprint.book.lock().accounts();
    Ok((ended, accounts))
}

/// Ends when the process has been idle for `limit`; never without one.
async fn idle_for(limit: Option<Duration>, book: &SharedBook, board: &Board) {
    let Some(limit) = limit else { return std::future::pending().await };
    let mut idleness = Idleness::new(limit, Instant::now());
    let mut looks = tokio::time::interval(BEAT_EVERY);
    loop {
        looks.tick().await;
        let (accounts, back_by) = {
            let book = book.lock();
            (book.accounts(), book.back_by())
        };
        if idleness.is_over(accounts, back_by, board.unready().is_empty(), Instant::now()) {
            return;
        }
    }
}

/// The final counts, all in one line, since a process that scaled to zero may not be scraped again.
fn tell(ended: &Ended, accounts: &Accounts, readings: &Readings) {
    let Accounts { received, indexed, superseded, parked, released, lost, in_flight } = *accounts;
    tracing::info!(
        ?ended,
        received,
        indexed,
        superseded,
        parked,
        released,
        lost,
        in_flight,
        counters = readings.counted().join(" "),
        "the pipeline has ended"
    );
}
