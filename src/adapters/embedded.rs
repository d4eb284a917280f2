//! The embedded engines: a folder of pictures as queue and catalogue, its files as inputs, two NDJSON
//! files in another folder as index and as the place of what was parked.
//!
//! ```text
//!  --images                                        --out
//!  ├─ a.jpg    ── FolderQueue, FolderCatalogue     ├─ augmented.ndjson  one document a line
//!  └─ b/c.png  ── FileFetcher                      ├─ parked.ndjson     one record a line
//!                 NdjsonIndex ───────────────────► ├─ .journal          while a run goes on
//!                                                  └─ .lock             one process at a time
//! ```
//!
//! `--out` describes exactly the pictures of the last run: each has a document or a parked record.
//! Documents of earlier runs are kept where picture, modification time and models are the same; the
//! pictures that were parked are tried again. Whatever is done goes to the journal at once, so that
//! the next run goes on where a killed one stopped; the NDJSON files are replaced at the end.

mod failure;
mod file_fetcher;
mod folder_catalogue;
mod folder_queue;
mod journal;
mod learned;
mod lock;
mod ndjson_index;
mod outcomes;
mod pictures;
mod publication;
mod resume;
mod scan;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actors::inference::InferrerSpec;

pub use failure::EmbeddedError;
pub use file_fetcher::FileFetcher;
pub use folder_catalogue::FolderCatalogue;
pub use folder_queue::FolderQueue;
pub use ndjson_index::NdjsonIndex;
pub use outcomes::Finished;
pub use publication::{AUGMENTED, PARKED};
pub use scan::EXTENSIONS;

use lock::Lock;
use outcomes::Outcomes;

/// What an embedded run works on.
#[derive(Clone, Debug)]
pub struct FolderSettings {
    /// The folder of pictures.
    pub images: PathBuf,
    /// The folder of results; created if need be, inside `images` too.
    pub out: PathBuf,
    /// How long a received picture stays hidden unless its lease is extended.
    pub lease: Duration,
    /// The largest file that is read, in bytes.
    pub byte_limit: u64,
    /// The inferrers of this run: what a document must carry to be kept.
    pub inferrers: Vec<Arc<InferrerSpec>>,
}

impl FolderSettings {
    /// `images` to `out` with the limits that all commands share: leases of 60 s, which the ledger
    /// extends while it works, and files of at most 64 MiB.
    #[must_use]
    pub fn new(images: PathBuf, out: PathBuf, inferrers: Vec<Arc<InferrerSpec>>) -> Self {
        Self { images, out, lease: Duration::from_mins(1), byte_limit: 64 << 20, inferrers }
    }
}

/// What was found before the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Pictures that have work to do: what the queue will deliver.
    pub queued: usize,
    /// Pictures that an earlier run augmented with the same models, and that have not changed.
    pub unchanged: usize,
    /// Names that are no pictures' or begin with a dot.
    pub ignored: usize,
    /// Folders whose entries could not be listed; each is named in the log.
    pub unreadable: usize,
    /// Bytes at the journal's end that a killed run left unfinished and that were dropped.
    pub torn: u64,
}

/// One folder of pictures being worked on: its engines, and the end of the run.
///
/// It and its engines hold the lock of `--out` as long as one of them lives.
#[derive(Debug)]
pub struct EmbeddedFolder {
    /// The pictures that have work to do.
    pub queue: Arc<FolderQueue>,
    /// Their initial documents.
    pub catalogue: Arc<FolderCatalogue>,
    /// Their content.
    pub fetcher: Arc<FileFetcher>,
    /// Where their augmented documents go.
    pub index: Arc<NdjsonIndex>,
    /// What was found.
    pub census: Census,
    outcomes: Arc<Outcomes>,
}

impl EmbeddedFolder {
    /// Locks `--out`, finds the pictures and reads what earlier runs left. Blocks: call it before
    /// the actors start.
    ///
    /// # Errors
    /// [`EmbeddedError`]; nothing but an empty `--out` and its lock file was made then.
    pub fn open(settings: &FolderSettings) -> Result<Self, EmbeddedError> {
        let images = scan::root(&settings.images)?;
        let out = create(&settings.out)?;
        let lock = Lock::take(&out)?;
        publication::remove_drafts(&out)?;
        let scan = scan::scan(images, &out)?;
        let models = resume::models_of(settings.inferrers.iter().map(AsRef::as_ref));
        let (outcomes, found) = Outcomes::open(&out, lock, scan.pictures, &models)?;
        publication::sync_folder(&out)?; // the journal may be new
        let census = Census {
            queued: found.to_do.len(),
            unchanged: outcomes.pictures.len() - found.to_do.len(),
            ignored: scan.ignored,
            unreadable: scan.unreadable,
            torn: found.torn,
        };
        let outcomes = Arc::new(outcomes);
        Ok(Self {
            queue: Arc::new(FolderQueue::new(Arc::clone(&outcomes), found.to_do, settings.lease)),
            catalogue: Arc::new(FolderCatalogue::new(Arc::clone(&outcomes))),
            fetcher: Arc::new(FileFetcher::new(settings.byte_limit)),
            index: Arc::new(NdjsonIndex::new(Arc::clone(&outcomes))),
            census,
            outcomes,
        })
    }

    /// Waits until `--out` refuses to take a result; for ever if it never does. The program then
    /// has to end: what was recorded before is kept and the next run goes on from there.
    pub async fn failed(&self) -> EmbeddedError {
        self.outcomes.alarm.wait().await
    }

    /// Replaces the two NDJSON files by what is known now and removes the journal. To be called
    /// when the actors have ended; also after a drain, when some pictures have no outcome of this
    /// run: their documents of an earlier one are kept then, if there are any. Blocks.
    ///
    /// # Errors
    /// [`EmbeddedError`]: the journal is kept, and with it all that was done.
    pub fn finish(&self) -> Result<Finished, EmbeddedError> {
        self.outcomes.finish()
    }
}

/// Makes the folder and its name durable: results on which others rely must not go with it.
fn create(out: &Path) -> Result<PathBuf, EmbeddedError> {
    let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let missing = out.ancestors().take_while(is_missing).count();
    let created = fs::create_dir_all(out).and_then(|()| fs::canonicalize(out));
    let out = created.map_err(|cause| EmbeddedError::out("create", out, &cause))?;
    for parent in out.ancestors().skip(1).take(missing) {
        // One that may be entered and not read cannot be opened: then the name must do without.
        let _ = publication::sync_folder(parent);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
