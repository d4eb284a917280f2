//! The runtime of commands that wait for servers and compute nothing.

use tokio::runtime::{Builder, Runtime};

use crate::exit::Stopped;

/// A runtime on the calling thread.
///
/// # Errors
/// [`Stopped`] when the operating system does not let us have one.
pub fn on_this_thread() -> Result<Runtime, Stopped> {
    Builder::new_current_thread().enable_all().build().map_err(Stopped::unexpected)
}
