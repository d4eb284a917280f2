//! A run under watch: progress, signals, and the health of the results' folder.

use std::time::Duration;

use actors::ledger::book::Accounts;
use actors::supervision::generation::Blueprint;
use actors::supervision::guardian::Ended;
use indicatif::MultiProgress;
use tokio::time::Instant;

use super::stopped;
use crate::adapters::embedded::EmbeddedFolder;
use crate::config::Config;
use crate::console;
use crate::exit::Stopped;
use crate::progress::Progress;
use crate::run::instruments::Instruments;
use crate::run::steering::Steering;
use crate::shutdown::Shutdown;

/// How often the progress is looked at: often enough for a bar that moves smoothly.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What the pipeline did.
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// The accounts at the end.
    pub accounts: Accounts,
    /// How long it took.
    pub elapsed: Duration,
}

/// Everything that is looked at while a pipeline runs.
pub struct Watch<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The folder, which may refuse to take more.
    pub folder: &'a EmbeddedFolder,
    /// The metrics.
    pub instruments: &'a Instruments,
    /// Where the progress is shown.
    pub screen: &'a MultiProgress,
}

impl Watch<'_> {
    /// Starts the pipeline and stays with it until it ends.
    ///
    /// # Errors
    /// [`Stopped`] when `--out` refused, or at a second signal.
    pub async fn over(
        &self,
        blueprint: Blueprint,
        shutdown: &mut Shutdown,
    ) -> Result<Ran, Stopped> {
        let mut progress = Progress::new(self.screen, self.folder.census.queued as u64);
        let began = Instant::now();
        let book = blueprint.book.clone();
        let board = &self.instruments.board;
        let mut steering = Steering::start(blueprint, board, self.config.limits.drain);
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let ended = loop {
            tokio::select! {
                ended = steering.ended(shutdown, tell) => break ended?,
                error = self.folder.failed() => return Err(stopped(error)),
                _ = looks.tick() => {
                    progress.show(&book.lock().accounts());
                    board.collect();
                }
            }
        };
        progress.end();
        let accounts = book.lock().accounts();
        Ok(Ran { ended, accounts, elapsed: began.elapsed() })
    }
}

fn tell(signal: &'static str) {
    console::note(format_args!(
        "{signal}: finishing what is in flight; a second signal ends at once"
    ));
}
