//! `run`: the composition root. Engines are plugged into ports, the pipeline is started, watched and
//! drained.
//!
//! [`embedded`] works on a folder and ends with it; [`production`] works on a queue until it is told to
//! stop. Both are the same assembly of the same actors.

pub(crate) mod assembly;
pub mod embedded;
pub mod instruments;
pub mod models;
pub mod production;
mod steering;

use std::sync::Arc;

use crate::admin::board::Board;
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
/// compressed, for decoders that hang. Few, because each thread of glibc's allocator keeps what it has
/// freed for itself.
const SPARE_THREADS: usize = 4;

/// What a picture's header may say.
fn picture_limits(config: &Config) -> ::models::picture::Limits {
    ::models::picture::Limits { pixels: config.limits.picture_pixels.into() }
}

/// Runs `work` in an actix system with so many `spare` blocking threads, which beats on `board` as long as
/// it lasts.
fn in_system<T>(board: &Arc<Board>, spare: usize, work: impl Future<Output = T>) -> T {
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(cores() + spare)
            .build()
            .expect("a process that starts can have a runtime")
    });
    let board = Arc::clone(board);
    let done = system.block_on(async {
        actix_rt::spawn(steering::beat(board));
        work.await
    });
    // The runtime waits for its blocking threads when it is dropped, and a decoder may hang in one:
    // it is left to the end of the process.
    std::mem::forget(system);
    done
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::run::instruments::Instruments;

    #[test]
    fn work_that_takes_longer_than_a_minute_is_not_taken_for_stuck() {
        let config = Config::new(&crate::config::options::Options::defaults());
        let board = Instruments::unseen(&config.expect("the defaults are right")).board;

        let dead = in_system(&board, SPARE_THREADS, async {
            tokio::time::pause();
            tokio::time::sleep(Duration::from_mins(2)).await;
            board.dead()
        });

        assert_eq!(dead, None);
    }
}
