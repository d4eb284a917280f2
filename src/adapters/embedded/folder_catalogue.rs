//! A folder of pictures as a catalogue: each picture's initial document, made when it is asked for.

use std::sync::Arc;

use actors::ports::{Catalogue, CatalogueDown, NotRetrieved};
use actors::record::{Record, RecordId};
use async_trait::async_trait;

use super::outcomes::Outcomes;

/// The catalogue of one folder.
#[derive(Debug)]
pub struct FolderCatalogue {
    outcomes: Arc<Outcomes>,
}

impl FolderCatalogue {
    pub(super) const fn new(outcomes: Arc<Outcomes>) -> Self {
        Self { outcomes }
    }

    fn record(&self, id: &RecordId) -> Option<Record> {
        let pictures = &self.outcomes.pictures;
        let number = pictures.number(id.as_str())?;
        Some(Record {
            id: id.clone(),
            version: pictures.get(number).modified.as_millisecond(),
            document: Arc::new(pictures.document(number)),
        })
    }
}

#[async_trait]
impl Catalogue for FolderCatalogue {
    async fn retrieve(
        &self,
        ids: &[RecordId],
    ) -> Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown> {
        let unknown = |id: &RecordId| NotRetrieved::Unknown(id.clone());
        Ok(ids.iter().map(|id| self.record(id).ok_or_else(|| unknown(id))).collect())
    }
}
