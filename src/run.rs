//! `run`: the composition root. Engines are plugged into ports, the pipeline is started, watched and
//! drained.
//!
//! [`embedded`] works on a folder and ends with it; [`production`] works on a queue until it is told to
//! stop. Both are the same `Assembly` of the same actors.

pub(crate) mod assembly;
pub mod embedded;
pub mod instruments;
pub mod models;
pub mod production;

use crate::adapters::http::LOOKUPS;
use crate::config::{Config, Engines, cores};
use crate::exit::{Exit, Stopped};
pub use models::Models;

/// Runs what `config` means.
///
/// # Errors
/// [`Stopped`] when it could not begin, a dependency refused at the start, or supervision gave up.
pub fn run(config: &Config) -> Result<Exit, Stopped> {
    match &config.engines {
        Engines::Folder(place) => embedded::embedded(config, place),
        Engines::Service(servers) => production::serve_until_stopped(config, servers),
    }
}

/// Blocking threads beside one a core for the decoders: for files, for the journal, for bodies that are
/// compressed, for decoders that hang, and for as many lookups of names as there may be. Few, because
/// each thread of glibc's allocator keeps what it has freed for itself.
const SPARE_THREADS: usize = 4 + LOOKUPS;

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
