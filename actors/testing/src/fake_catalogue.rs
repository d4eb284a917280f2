//! A catalogue that knows every id but those it was told to miss.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use actors::ports::{Catalogue, CatalogueDown, NotRetrieved};
use actors::record::{Record, RecordId};

use crate::conduct::Conduct;

/// The fake catalogue.
#[derive(Default)]
pub struct FakeCatalogue {
    /// How its calls behave.
    pub conduct: Conduct,
    /// Ids that it does not know.
    pub missing: HashSet<String>,
    /// Versions other than 1.
    pub versions: HashMap<String, i64>,
    asked: Mutex<Vec<(usize, Instant)>>,
}

impl FakeCatalogue {
    /// How many ids each call asked for.
    #[must_use]
    pub fn asked(&self) -> Vec<usize> {
        self.calls().into_iter().map(|(ids, _)| ids).collect()
    }

    /// How many ids each call asked for, and when.
    #[must_use]
    pub fn calls(&self) -> Vec<(usize, Instant)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The record that stands for `id` in tests.
#[must_use]
pub fn record(id: &str) -> Record {
    Record {
        id: RecordId::new(id).expect("a test's id is valid"),
        version: 1,
        document: Arc::new(serde_json::json!({ "id": id })),
    }
}

#[async_trait]
impl Catalogue for FakeCatalogue {
    async fn retrieve(
        &self,
        ids: &[RecordId],
    ) -> Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown> {
        let call = (ids.len(), Instant::now());
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        self.conduct.act().await.map_err(CatalogueDown)?;
        let find = |id: &RecordId| {
            if self.missing.contains(id.as_str()) {
                return Err(NotRetrieved::Unknown(id.clone()));
            }
            let version = self.versions.get(id.as_str()).copied().unwrap_or(1);
            Ok(Record { version, ..record(id.as_str()) })
        };
        Ok(ids.iter().map(find).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_id_is_missing_alone() {
        let catalogue = FakeCatalogue { missing: ["b".to_owned()].into(), ..Default::default() };
        let ids = ["a", "b"].map(|id| RecordId::new(id).expect("valid"));

        let found = catalogue.retrieve(&ids).await.expect("it answers");

        assert!(found[0].is_ok());
        assert_eq!(found[1].as_ref().err(), Some(&NotRetrieved::Unknown(ids[1].clone())));
        assert_eq!(catalogue.asked(), [2]);
    }
}
