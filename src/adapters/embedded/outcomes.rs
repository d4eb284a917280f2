//! What is known of each picture: in memory only where it stands on disk, 24 bytes each.
//!
//! A picture's last outcome counts. It stands in the journal, or, unchanged since an earlier run, in
//! the `augmented.ndjson` of that run, which stays open and so readable after it was replaced.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::failure::{Alarm, EmbeddedError};
use super::journal::{Journal, Kind, Span};
use super::learned::{Learned, read_earlier};
use super::lock::Lock;
use super::pictures::Pictures;
use super::publication::{AUGMENTED, Line, publish};
use super::resume::Models;

/// The journal's name in `--out`.
const JOURNAL: &str = ".journal";

/// The last that is known of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Unknown,
    /// Its document stands in an earlier run's `augmented.ndjson`.
    Earlier(Span),
    /// Its document or parked record stands in the journal.
    Journaled(Kind, Span),
}

/// The outcomes of all pictures of one folder and the files in `--out` that hold them.
#[derive(Debug)]
pub(super) struct Outcomes {
    pub pictures: Pictures,
    /// Raised when `--out` refuses; nothing is written any more then.
    pub alarm: Alarm,
    out: PathBuf,
    known: Mutex<Known>,
    /// Last, so that it is let go when the journal is closed.
    _lock: Lock,
}

#[derive(Debug)]
struct Known {
    /// `None` once the run is finished.
    journal: Option<Journal>,
    earlier: Option<File>,
    last: Vec<Outcome>,
}

/// What was found in `--out`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The pictures that have work to do, by number.
    pub to_do: Vec<u32>,
    /// The bytes that a killed run left unfinished in the journal.
    pub torn: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Lines of `augmented.ndjson`.
    pub documents: usize,
    /// Lines of `parked.ndjson`.
    pub parked: usize,
    /// Pictures with neither: the run was interrupted before it came to them.
    pub unknown: usize,
}

impl Outcomes {
    /// Reads what earlier runs left in `out`, which `lock` keeps others from.
    ///
    /// # Errors
    /// [`EmbeddedError::Out`], [`EmbeddedError::ForeignJournal`].
    pub fn open(
        out: &Path,
        lock: Lock,
        pictures: Pictures,
        models: &Models<'_>,
    ) -> Result<(Self, Found), EmbeddedError> {
        let mut learned = Learned::nothing(&pictures, models);
        let earlier = read_earlier(&out.join(AUGMENTED), |span, line| {
            learned.document(line, Outcome::Earlier(span));
        })?;
        let (journal, torn) = Journal::open(&out.join(JOURNAL), |kind, span, line| match kind {
            Kind::Document => learned.document(line, Outcome::Journaled(kind, span)),
            Kind::Parked => learned.parked(line),
        })?;
        let found = Found { to_do: learned.to_do(), torn };
        let last = learned.last;
        let known = Mutex::new(Known { journal: Some(journal), earlier, last });
        Ok((Self { pictures, alarm: Alarm::new(), out: out.to_owned(), known, _lock: lock }, found))
    }

    /// Makes the lines the outcomes of their pictures, all or none; durably.
    ///
    /// # Errors
    /// [`EmbeddedError`], now and ever after: the alarm is raised.
    pub async fn record(
        self: &Arc<Self>,
        kind: Kind,
        lines: Vec<(u32, Bytes)>,
    ) -> Result<(), EmbeddedError> {
        let this = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || this.write(kind, &lines)).await;
        written.unwrap_or_else(|panic| {
            let error = EmbeddedError::Broken { cause: panic.to_string() };
            self.alarm.raise(&error);
            Err(error)
        })
    }

    fn write(&self, kind: Kind, lines: &[(u32, Bytes)]) -> Result<(), EmbeddedError> {
        let mut known = self.lock();
        if let Some(error) = self.alarm.raised() {
            return Err(error);
        }
        let finished = || EmbeddedError::Finished { out: self.out.clone() };
        let journal = known.journal.as_mut().ok_or_else(finished)?;
        let records = lines.iter().map(|(_, line)| (kind, line.as_ref()));
        let spans = journal.append(records).map_err(|cause| {
            let error = EmbeddedError::out("append to", &self.out.join(JOURNAL), &cause);
            self.alarm.raise(&error);
            error
        })?;
        for ((number, _), span) in lines.iter().zip(spans) {
            known.last[*number as usize] = Outcome::Journaled(kind, span);
        }
        Ok(())
    }

    /// Writes the two NDJSON files from the last outcomes, then lets go of the journal. Nothing is
    /// recorded any more. Blocks.
    ///
    /// # Errors
    /// [`EmbeddedError::Out`]: the journal is kept, so the next run has all that this one did.
    pub fn finish(&self) -> Result<Finished, EmbeddedError> {
        let mut known = self.lock();
        if let Some(error) = self.alarm.raised() {
            return Err(error);
        }
        let Some(journal) = known.journal.take() else {
            return Err(EmbeddedError::Finished { out: self.out.clone() });
        };
        let finished = known.finished();
        let documents = known.lines(&journal, Kind::Document);
        let parked = known.lines(&journal, Kind::Parked);
        let untouched = known.earlier.as_ref().filter(|_| journal.is_empty());
        publish(&self.out, untouched, documents, parked)?;
        let path = self.out.join(JOURNAL);
        if let Err(error) = fs::remove_file(&path) {
            // Its outcomes are those just published: to read them again changes nothing.
            tracing::warn!(%error, path = %path.display(), "the journal stays");
        }
        Ok(finished)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The lines of one kind, in the order of their pictures.
    fn lines<'a>(
        &'a self,
        journal: &'a Journal,
        wanted: Kind,
    ) -> impl Iterator<Item = Line<'a>> + Clone {
        self.last.iter().filter_map(move |outcome| match *outcome {
            Outcome::Earlier(span) if wanted == Kind::Document => {
                self.earlier.as_ref().map(|file| Line { file, span })
            }
            Outcome::Journaled(kind, span) if kind == wanted => {
                Some(Line { file: journal.file(), span })
            }
            _ => None,
        })
    }

    fn finished(&self) -> Finished {
        let count = |wanted: fn(&Outcome) -> bool| self.last.iter().filter(|o| wanted(o)).count();
        Finished {
            documents: count(|o| {
                matches!(o, Outcome::Earlier(_) | Outcome::Journaled(Kind::Document, _))
            }),
            parked: count(|o| matches!(o, Outcome::Journaled(Kind::Parked, _))),
            unknown: count(|o| matches!(o, Outcome::Unknown)),
        }
    }
}
