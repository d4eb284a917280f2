//! What stops an embedded run, in words for the person who started it, and how everybody hears of it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::wire::local_document::LocalId;

/// Why a folder cannot be worked on, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbeddedError {
    /// `--images` is missing, no folder, or may not be listed.
    #[error("cannot read the folder of pictures {}: {cause}", path.display())]
    Images {
        /// The folder as it was given.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// Two pictures' paths hash to the same id.
    #[error(
        "{} and {} have the same id {id}: rename one of them", first.display(), second.display()
    )]
    Collision {
        /// One, relative to the folder.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// Their id.
        id: LocalId,
    },
    /// Another process works on the same `--out`.
    #[error(
        "another process is working on {}: wait until it has ended, or choose another --out",
        out.display()
    )]
    Locked {
        /// The folder both want.
        out: PathBuf,
    },
    /// The journal's first bytes are not those of any journal of this version.
    #[error(
        "{} was not written by this version: finish its run with the version that began it, or \
         remove the file",
        path.display()
    )]
    ForeignJournal {
        /// The journal.
        path: PathBuf,
    },
    /// The writer of the journal panicked.
    #[error("the journal cannot be trusted any more: {cause}; run again to go on")]
    Broken {
        /// The panic.
        cause: String,
    },
    /// Something was to be recorded after the run's end.
    #[error("the run on {} is finished", out.display())]
    Finished {
        /// The run's folder.
        out: PathBuf,
    },
    /// `--out` refuses: full, not writable, broken.
    #[error("cannot {action} {}: {cause}; {remedy}", path.display())]
    Out {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system says.
        cause: String,
        /// What a person can do about it.
        remedy: &'static str,
    },
}

impl EmbeddedError {
    /// Whether the command line or the pictures' names are at fault (exit 64), rather than a folder
    /// that refuses (exit 69).
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Images { .. } | Self::Collision { .. })
    }

    /// `--out` refused to `action` the file at `path`.
    pub(super) fn out(action: &'static str, path: &Path, cause: &io::Error) -> Self {
        let remedy = match cause.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => {
                "make space or choose another --out; what was done is kept, run again to go on"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "make it writable for this user or choose another --out"
            }
            _ => {
                "check the disk or choose another --out; what was done is kept, run again to go on"
            }
        };
        Self::Out { action, path: path.to_owned(), cause: cause.to_string(), remedy }
    }
}

/// Remembers the first failure of a folder and tells whoever waits for it.
pub(super) struct Alarm(watch::Sender<Option<EmbeddedError>>);

impl Alarm {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Raises the alarm. Only the first error is kept: it is the cause, others follow from it.
    pub(super) fn raise(&self, error: &EmbeddedError) {
        let raised = self.0.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert_with(|| error.clone());
            is_first
        });
        if raised {
            tracing::error!(%error, "the run cannot go on");
        }
    }

    /// The error, if the alarm was raised.
    pub(super) fn raised(&self) -> Option<EmbeddedError> {
        self.0.borrow().clone()
    }

    /// Waits until the alarm is raised; for ever if it never is.
    pub(super) async fn wait(&self) -> EmbeddedError {
        let mut changes = self.0.subscribe();
        loop {
            if let Some(error) = changes.borrow_and_update().clone() {
                return error;
            }
            changes.changed().await.expect("the sender lives as long as self");
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Alarm({:?})", self.raised())
    }
}
