//! `inference-manager`: parses the command line, runs the command, ends with its exit code.

use inference_manager::cli;

fn main() -> ! {
    inference_manager::tls::install();
    let exit = cli::run(std::env::args_os());
    leave(exit.code())
}

/// Ends the process at once.
#[expect(
    clippy::disallowed_methods,
    reason = "everything is settled and written by now, and a \
    thread that hangs in a model or a decoder would keep the process from ending by itself"
)]
fn leave(code: u8) -> ! {
    std::process::exit(code.into())
}
