//! The last fault of a pool, kept for whoever looks at the supervision tree.

use std::sync::{Arc, Mutex, PoisonError};

/// A sentence, or nothing yet. Clones share it; it outlives generations.
#[derive(Clone, Debug, Default)]
pub struct LastFault(Arc<Mutex<Option<String>>>);

impl LastFault {
    /// Notes a fault in place of the one before.
    pub fn note(&self, fault: impl Into<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.into());
    }

    /// The fault that was noted last.
    #[must_use]
    pub fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
