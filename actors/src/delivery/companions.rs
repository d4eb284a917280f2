//! The duplicates of a delivery in flight.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Delivery, Tether};

/// The duplicates of a delivery in flight: they wait for its end and share it.
#[derive(Default)]
pub struct Companions {
    /// `None` once the leader has ended.
    members: Mutex<Option<Vec<Delivery>>>,
    leader: OnceLock<Arc<Tether>>,
}

impl Companions {
    /// An open, empty company.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { members: Mutex::new(Some(Vec::new())), leader: OnceLock::new() })
    }

    /// Joins `delivery` to the company, or gives it back if the leader has just ended.
    ///
    /// # Errors
    /// The delivery itself.
    pub fn join(&self, delivery: Delivery) -> Result<(), Box<Delivery>> {
        match &mut *self.members.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(members) => {
                if let Some(leader) = self.leader.get() {
                    delivery.tether.follow(leader);
                }
                members.push(delivery);
                Ok(())
            }
            None => Err(Box::new(delivery)),
        }
    }

    /// Has the members follow `leader`. A company has one, the first.
    pub(super) fn follow(&self, leader: &Arc<Tether>) {
        let _ = self.leader.set(Arc::clone(leader));
    }

    pub(super) fn close(&self) -> Vec<Delivery> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    pub(super) fn all_cancelled(&self) -> bool {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().flatten().all(|member| member.tether.is_cancelled())
    }
}
