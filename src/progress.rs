//! How far a run is: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use actors::ledger::book::Accounts;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::time::Instant;

use crate::console;

/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The progress of one run.
pub struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    began: Instant,
    last_line: Instant,
}

impl Progress {
    /// The progress towards `total` pictures, shown on `screen` if stderr is a terminal.
    #[must_use]
    pub fn new(screen: &MultiProgress, total: u64) -> Self {
        let style = "{bar:40.cyan/dim} {pos}/{len} {per_sec} · {msg} · {eta} left";
        let style =
            ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = (stderr().is_terminal() && total > 0)
            .then(|| screen.add(ProgressBar::new(total).with_style(style)));
        let now = Instant::now();
        Self { bar, total, began: now, last_line: now }
    }

    /// Shows the accounts of now.
    pub fn show(&mut self, accounts: &Accounts) {
        let done = accounts.indexed + accounts.superseded + accounts.parked;
        if let Some(bar) = &self.bar {
            bar.set_position(done);
            bar.set_message(format!(
                "{} parked, {} in flight",
                accounts.parked, accounts.in_flight
            ));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let rate = done as f64 / self.began.elapsed().as_secs_f64();
            let Accounts { parked, .. } = accounts;
            let total = self.total;
            console::note(format_args!(
                "{done} of {total} pictures, {parked} parked, {rate:.1} images/s"
            ));
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
