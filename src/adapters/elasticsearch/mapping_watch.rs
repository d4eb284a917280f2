//! Makes sure, before anything is written, that the augmented index is still there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::inference::InferrerSpec;
use tokio::time::Instant;

use super::client::Client;
use super::index_name::IndexName;
use super::mapping::Mapping;
use super::survey;

const REPLACED: &str = "it is another index than at the start, with another mapping, as a write leaves it \
     that finds no index: create it anew with the mapping it had, or restart to accept it as it is";

/// Looks at the mapping again where the last look was a while ago.
///
/// By default a cluster creates the index that a `_bulk` names, with a mapping guessed from the
/// documents, and no parameter of the request forbids it for an index that is no alias (for an alias
/// `require_alias` does). What such a write has made in the moment after a look, the next look finds by
/// its UUID and mapping. Only the cluster can close that moment, by `action.auto_create_index: false`
/// or credentials without `auto_configure` and `create_index`.
#[derive(Debug)]
pub struct MappingWatch {
    client: Arc<Client>,
    index: IndexName,
    specs: Vec<Arc<InferrerSpec>>,
    packed: BTreeSet<Arc<str>>,
    at_start: Option<Mapping>,
    every: Duration,
    looked: Mutex<Option<Instant>>,
}

impl MappingWatch {
    /// Watches `index`, into which documents of `specs` are written, with the vectors of `packed` as
    /// base64; `at_start` is what its mapping was then, if that may be seen.
    #[must_use]
    pub const fn new(
        client: Arc<Client>,
        index: IndexName,
        specs: Vec<Arc<InferrerSpec>>,
        packed: BTreeSet<Arc<str>>,
        at_start: Option<Mapping>,
        every: Duration,
    ) -> Self {
        Self { client, index, specs, packed, at_start, every, looked: Mutex::new(None) }
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
            if self.at_start.as_ref().is_some_and(|before| mapping.replaces(before)) {
                return Err(self.complaint(REPLACED));
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
