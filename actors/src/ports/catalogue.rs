//! Where records are looked up by id.

use async_trait::async_trait;

use crate::record::{Record, RecordId};

/// The catalogue of initial documents: an Elasticsearch index, or a folder of pictures.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Looks all `ids` up in one request and answers one result each, in order. A missing id is
    /// that id's failure, never its neighbours'.
    ///
    /// # Errors
    /// [`CatalogueDown`] when the request as a whole failed and may be repeated.
    async fn retrieve(
        &self,
        ids: &[RecordId],
    ) -> Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown>;
}

/// Why one id brought no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRetrieved {
    /// The catalogue does not hold the id, yet.
    #[error("the catalogue does not know {0}")]
    Unknown(RecordId),
    /// It does, but the document lacks what the pipeline needs.
    #[error("the document of {id} is unusable: {reason}")]
    Undecodable {
        /// The id.
        id: RecordId,
        /// What is wrong.
        reason: String,
    },
}

/// The catalogue did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the catalogue is unavailable: {0}")]
pub struct CatalogueDown(pub String);
