//! `augmented.ndjson` as an index: documents go to the journal at once and to the file at the end.

use std::sync::Arc;

use actors::ports::{Augmented, Index, IndexError, Prepared, Verdict};
use async_trait::async_trait;
use jiff::Timestamp;

use super::journal::{Kind, LONGEST_LINE};
use super::outcomes::Outcomes;
use crate::wire::augmented_document::AugmentedDocument;

/// The index of one folder's documents.
///
/// The last document of a picture counts; none is ever superseded, since a folder's picture may
/// well get an older modification time than it had, by being restored from a backup.
#[derive(Debug)]
pub struct NdjsonIndex {
    outcomes: Arc<Outcomes>,
}

impl NdjsonIndex {
    pub(super) const fn new(outcomes: Arc<Outcomes>) -> Self {
        Self { outcomes }
    }

    /// The picture that a document is of, or why it cannot be written.
    fn picture(&self, document: &Prepared) -> Result<u32, String> {
        if document.body.len() > LONGEST_LINE {
            return Err(format!("a document of {} bytes is too long", document.body.len()));
        }
        let number = self.outcomes.pictures.number(document.id.as_str());
        number.ok_or_else(|| format!("{} is no picture of this folder", document.id))
    }
}

#[async_trait]
impl Index for NdjsonIndex {
    fn prepare(&self, augmented: &Augmented) -> Result<Prepared, String> {
        let document = AugmentedDocument::new(augmented, Timestamp::now())
            .map_err(|error| error.to_string())?;
        let body = document.to_json().map_err(|error| error.to_string())?;
        Ok(Prepared { id: augmented.record.id.clone(), version: augmented.record.version, body })
    }

    /// All documents of one call are one append to the journal.
    async fn index(&self, documents: &[Prepared]) -> Result<Vec<Verdict>, IndexError> {
        let numbers: Vec<_> = documents.iter().map(|document| self.picture(document)).collect();
        let lines = numbers.iter().zip(documents).filter_map(|(number, document)| {
            number.as_ref().ok().map(|number| (*number, document.body.clone()))
        });
        let written = self.outcomes.record(Kind::Document, lines.collect()).await;
        written.map_err(|error| IndexError::Unavailable(error.to_string()))?;
        Ok(numbers
            .into_iter()
            .map(|number| number.map_or_else(Verdict::Rejected, |_| Verdict::Indexed))
            .collect())
    }
}
