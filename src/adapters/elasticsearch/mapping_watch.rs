//! Makes sure, before anything is written, that the augmented index is still there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::inference::InferrerSpec;
use tokio::time::Instant;

use super::client::Client;
use super::index_name::IndexName;
use super::survey;

/// Looks at the mapping again where the last look was a while ago.
///
/// By default a cluster creates the index that a `_bulk` names, with a mapping guessed from the
/// documents, and no parameter of the request forbids it for an index that is no alias (for an alias
/// `require_alias` does). What is left is the moment between the look and the write; only the cluster
/// can close it, by `action.auto_create_index: false` or credentials without `auto_configure` and
/// `create_index`.
#[derive(Debug)]
pub struct MappingWatch {
    client: Arc<Client>,
    index: IndexName,
    specs: Vec<Arc<InferrerSpec>>,
    packed: BTreeSet<Arc<str>>,
    every: Duration,
    looked: Mutex<Option<Instant>>,
}

impl MappingWatch {
    /// Watches `index`, into which documents of `specs` are written, with the vectors of `packed` as
    /// base64.
    #[must_use]
    pub const fn new(
        client: Arc<Client>,
        index: IndexName,
        specs: Vec<Arc<InferrerSpec>>,
        packed: BTreeSet<Arc<str>>,
        every: Duration,
    ) -> Self {
        Self { client, index, specs, packed, every, looked: Mutex::new(None) }
    }

    /// Looks, if it is time.
    ///
    /// # Errors
    /// A sentence why nothing may be written now.
    pub async fn verify(&self) -> Result<(), String> {
        if self.is_fresh() {
            return Ok(());
        }
        let mapping = survey::mapping(&self.client, &self.index).await;
        // Who may not see the mapping is rarely allowed to create an index.
        if let Some(mapping) = mapping.map_err(|reason| self.complaint(&reason))? {
            if let Some(reason) = mapping.disagreements(&self.specs).first() {
                return Err(self.complaint(reason));
            }
            if !self.packed.is_subset(&mapping.dense_vectors(&self.specs)) {
                return Err(self.complaint("a field was declared as dense_vector and no longer is"));
            }
        }
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }

    fn is_fresh(&self) -> bool {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.is_some_and(|looked| looked.elapsed() < self.every)
    }

    fn complaint(&self, reason: &str) -> String {
        format!("the augmented index {}: {reason}", self.index)
    }
}
