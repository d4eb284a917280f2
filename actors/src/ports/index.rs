//! Where augmented documents go.

use async_trait::async_trait;
use bytes::Bytes;

use crate::inference::Inference;
use crate::record::{Record, RecordId};

/// The index of augmented documents: Elasticsearch, or files in a folder.
#[async_trait]
pub trait Index: Send + Sync {
    /// Renders the document once, so that retries need not.
    ///
    /// # Errors
    /// A sentence why the record cannot become a document.
    fn prepare(&self, augmented: &Augmented) -> Result<Prepared, String>;

    /// Writes documents and answers one verdict each, in order. `Indexed` means durable.
    ///
    /// # Errors
    /// [`IndexError`] when the request as a whole failed.
    async fn index(&self, documents: &[Prepared]) -> Result<Vec<Verdict>, IndexError>;
}

/// A record with everything inferred from it.
#[derive(Clone, Debug)]
pub struct Augmented {
    /// The record.
    pub record: Record,
    /// One inference per inferrer, in the order of the pipeline's inferrers.
    pub inferences: Vec<Inference>,
}

/// A rendered document.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Its id.
    pub id: RecordId,
    /// Its external version.
    pub version: i64,
    /// The JSON text.
    pub body: Bytes,
}

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Written.
    Indexed,
    /// A newer version is there already: as good as written.
    Superseded,
    /// Refused for good, for this reason.
    Rejected(String),
    /// Not now; this document alone may be tried again.
    Again(String),
}

/// Why a whole request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// No answer, or not now.
    #[error("the index is unavailable: {0}")]
    Unavailable(String),
    /// The request was too large; the sink splits it.
    #[error("the request of {0} bytes was too large")]
    TooLarge(usize),
}
