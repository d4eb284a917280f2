//! The production service: opened, started, watched, drained, and scraped a last time.

mod idleness;
pub(crate) mod open;
mod protection;
pub(crate) mod settings;

use std::pin::pin;
use std::time::Duration;

use actors::ledger::SharedBook;
use actors::ledger::book::Accounts;
use actors::supervision::generation::Blueprint;
use actors::supervision::guardian::Ended;
use indicatif::{MultiProgress, ProgressDrawTarget};
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

use super::instruments::{Instruments, last_scrape};
use super::steering::Steering;
use super::{SPARE_THREADS, in_system};
use crate::adapters::ecs_agent::EcsAgent;
use crate::adapters::http::LOOKUPS;
use crate::admin::board::Board;
use crate::config::{Config, ServiceConfig};
use crate::exit::{Exit, Stopped};
use crate::shutdown::Shutdown;
use crate::telemetry;
use crate::telemetry::readings::Readings;
use idleness::Idleness;

/// How often a process that may be idle is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Serves `servers` until it is told to stop.
///
/// # Errors
/// [`Stopped`] when it could not begin, at a second signal, or when supervision gave up.
pub fn serve_until_stopped(config: &Config, servers: &ServiceConfig) -> Result<Exit, Stopped> {
    let screen = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let _logging = telemetry::start(config.log_format, EnvFilter::new(&config.log_level), &screen);
    tracing::info!(?config, "configuration");
    let instruments = Instruments::start(config)?.tracing(config)?;
    let done = in_system(&instruments.board, SPARE_THREADS + LOOKUPS, async {
        let mut shutdown = Shutdown::listen().map_err(Stopped::unexpected)?;
        let blueprint = tokio::select! {
            blueprint = open::open(config, servers, &instruments) => blueprint?,
            signal = shutdown.signal() => {
                tracing::info!(signal, "stopped before anything was received");
                return Ok(Exit::Done);
            }
        };
        let (ended, accounts) =
            serve(config, servers, &instruments, blueprint, &mut shutdown).await?;
        tell(&ended, &accounts, &instruments.readings);
        last_scrape(config.admin.last_scrape, &mut shutdown).await;
        match ended {
            Ended::GaveUp { reason } => Err(Stopped { exit: Exit::GaveUp, message: reason }),
            Ended::Drained | Ended::Exhausted => Ok(Exit::Done),
        }
    });
    instruments.tracer.finish();
    done
}

/// Starts the pipeline and stays with it until it ends.
async fn serve(
    config: &Config,
    servers: &ServiceConfig,
    instruments: &Instruments,
    blueprint: Blueprint,
    shutdown: &mut Shutdown,
) -> Result<(Ended, Accounts), Stopped> {
    let board = &instruments.board;
    let book = blueprint.book.clone();
    let mut steering = Steering::start(blueprint, board, config.limits.drain);
    let agent = servers.ecs_agent.as_ref().map(EcsAgent::at).transpose();
    let agent = agent.map_err(|error| Stopped::usage(format!("--ecs-agent-uri: {error}")))?;
    let mut protected = pin!(protection::while_busy(agent, &book));
    let mut idle = pin!(idle_for(servers.exit_when_idle, &book, board));
    let tell = |signal| {
        tracing::info!(signal, "finishing what is in flight; a second signal ends at once");
    };
    let ended = loop {
        tokio::select! {
            ended = steering.ended(shutdown, tell) => break ended?,
            () = &mut idle, if !steering.is_draining() => {
                tracing::info!(limit = ?servers.exit_when_idle, "idle for long enough");
                steering.drain();
            }
            never = &mut protected => match never {},
        }
    };
    let accounts = book.lock().accounts();
    Ok((ended, accounts))
}

/// Ends when the process has been idle for `limit`; never without one.
async fn idle_for(limit: Option<Duration>, book: &SharedBook, board: &Board) {
    let Some(limit) = limit else { return std::future::pending().await };
    let mut idleness = Idleness::new(limit, Instant::now());
    let mut looks = tokio::time::interval(LOOK_EVERY);
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
