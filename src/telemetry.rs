//! Logs and metrics of the process: where they go, and what a panic leaves behind.

pub mod exposition;
pub mod readings;

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use indicatif::MultiProgress;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts logging to stderr, above the progress bars of `screen`, and logs panics instead of printing
/// them: a panic of a model or decoder is caught, and its message belongs beside the picture's.
///
/// A second call in one process (tests) changes nothing.
#[must_use = "lines that are still to be written are lost when it is dropped too early"]
pub fn start(format: LogFormat, filter: EnvFilter, screen: &MultiProgress) -> Logging {
    let (writer, guard) = NonBlockingBuilder::default()
        .thread_name("log")
        .buffered_lines_limit(WAITING_LINES)
        .finish(Above(screen.clone()));
    let dropped = writer.error_counter();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        // Told on stderr by a macro that panics where that cannot be written, which would end the
        // process: a full disk or a closed pipe is no reason for that.
        .log_internal_errors(false);
    let started = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
    Logging { dropped, _guard: guard }
}

/// Lines that wait while nobody reads stderr: a few minutes' worth, a few megabytes. What comes then is
/// dropped, since a reader that has stopped must not stop the pipeline.
const WAITING_LINES: usize = 8192;

/// Writes what is logged until it is dropped; then what waits, for a second at most.
pub struct Logging {
    dropped: ErrorCounter,
    _guard: WorkerGuard,
}

impl Drop for Logging {
    fn drop(&mut self) {
        let lines = self.dropped.dropped_lines();
        if lines > 0 {
            tracing::warn!(lines, "nobody read the log for a while: lines are missing in it");
        }
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = actors::flow::contained::panic_message(panic.payload());
    let location = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    tracing::warn!(thread = thread.name(), location, message, "panic");
}

/// Writes log lines to stderr above the progress bars.
struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
