//! A reader of the results who looks again and again, whatever happens to the run.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::results::{AUGMENTED, PARKED, whole};

/// Between two looks: a run replaces its files a few times in its life.
const PAUSE: Duration = Duration::from_millis(2);

/// Reads both files whenever they have changed, in a thread of its own.
pub struct Witness {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Result<usize, String>>,
}

impl Witness {
    pub fn of(out: &Path) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (seen, out) = (Arc::clone(&over), out.to_owned());
        let thread = thread::spawn(move || watch(&out, &seen));
        Self { over, thread }
    }

    /// Stops, and answers how many states of the files it has read.
    ///
    /// # Panics
    /// If one of them was not whole, or there was none.
    pub fn dismissed(self) -> usize {
        self.over.store(true, Ordering::SeqCst);
        let seen = self.thread.join().expect("it does not panic");
        let seen = seen.unwrap_or_else(|fault| panic!("a reader saw half a file: {fault}"));
        assert!(seen > 0, "a reader looked where nothing is");
        seen
    }
}

fn watch(out: &Path, over: &AtomicBool) -> Result<usize, String> {
    let mut files = [AUGMENTED, PARKED].map(|name| (out.join(name), None));
    let mut seen = 0;
    loop {
        // Asked before it looks: what was there when it was dismissed is looked at.
        let is_last = over.load(Ordering::SeqCst);
        for (path, last) in &mut files {
            seen += usize::from(look(path, last)?);
        }
        if is_last {
            return Ok(seen);
        }
        thread::park_timeout(PAUSE);
    }
}

/// What tells one state of a file from another.
type State = (u64, u64, i64);

/// Reads the file unless it is missing or was read in this state before.
fn look(path: &PathBuf, last: &mut Option<State>) -> Result<bool, String> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(false) };
    let state = Some((metadata.ino(), metadata.len(), metadata.mtime_nsec()));
    if *last == state {
        return Ok(false);
    }
    *last = state;
    let Ok(content) = fs::read(path) else { return Ok(false) };
    whole(&content).map_err(|fault| format!("{}: {fault}", path.display()))?;
    Ok(true)
}
