//! Logs and metrics of the process: where they go, and what a panic leaves behind.

pub mod exposition;
pub mod readings;

use std::io::{self, Write};
use std::panic::PanicHookInfo;

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogFormat;

/// Starts logging to stderr, above the progress bars of `screen`, and logs panics instead of printing
/// them: a panic of a model or decoder is caught, and its message belongs beside the picture's.
///
/// A second call in one process (tests) changes nothing.
pub fn start(format: LogFormat, filter: EnvFilter, screen: &MultiProgress) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Above(screen.clone()))
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
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = actors::flow::contained::panic_message(panic.payload());
    let location = panic.location().map(ToString::to_string);
    let thread = std::thread::current();
    tracing::warn!(thread = thread.name(), location, message, "panic");
}

/// Writes log lines to stderr above the progress bars.
#[derive(Clone)]
struct Above(MultiProgress);

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Above {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
