//! Credits bound the whole process: messages in flight, downloaded bytes, decoded pixels.
//!
//! On actix, mailboxes bound nothing that matters (`tests/actix_contract.rs` shows how); credits do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::delivery::Tether;
use crate::metrics::CreditMetrics;

/// A fixed amount of one currency, lent out in [`Reservation`]s. Cheap to clone; clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    total: u32,
    semaphore: Arc<Semaphore>,
    most_taken: Arc<AtomicU64>,
    in_use: Gauge,
    /// The delivery on whose behalf is waited here.
    waits_for: Option<Arc<Tether>>,
}

/// More was asked for than the whole budget: waiting would be for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asked} is more than the whole budget of {total}")]
pub struct OverBudget {
    /// What was asked for.
    pub asked: u64,
    /// The whole budget.
    pub total: u64,
}

impl Budget {
    /// A budget of `total` units, at most `u32::MAX` (4 GiB of bytes, 4 gigapixels).
    #[must_use]
    pub fn new(total: u32) -> Self {
        Self {
            total,
            semaphore: Arc::new(Semaphore::new(total as usize)),
            most_taken: Arc::default(),
            in_use: Gauge::noop(),
            waits_for: None,
        }
    }

    /// The same budget, shown as `metrics` from its next reservation on.
    #[must_use]
    pub fn shown(mut self, metrics: &CreditMetrics) -> Self {
        metrics.capacity.set(self.total);
        self.in_use = metrics.in_use.clone();
        self
    }

    /// The same budget on behalf of one delivery, whose waits for it are noted: that it does not move
    /// meanwhile is right.
    #[must_use]
    pub fn on_behalf_of(&self, tether: &Arc<Tether>) -> Self {
        Self { waits_for: Some(Arc::clone(tether)), ..self.clone() }
    }

    /// Waits until `amount` is free and takes it. First come, first served: a large reservation is
    /// not overtaken for ever by small ones.
    ///
    /// # Errors
    /// [`OverBudget`] when `amount` exceeds the whole budget.
    pub async fn reserve(&self, amount: u64) -> Result<Reservation, OverBudget> {
        let asked = u32::try_from(amount)
            .ok()
            .filter(|asked| *asked <= self.total)
            .ok_or(OverBudget { asked: amount, total: u64::from(self.total) })?;
        let _waits = self.waits_for.as_ref().map(Tether::wait);
        let permit = Arc::clone(&self.semaphore)
            .acquire_many_owned(asked)
            .await
            .expect("nothing ever closes this semaphore");
        Ok(self.lend(permit))
    }

    /// Takes `amount` at once, whole; `None` if that much is not free, or somebody waits for it already.
    #[must_use]
    pub fn try_reserve(&self, amount: u32) -> Option<Reservation> {
        let permit = Arc::clone(&self.semaphore).try_acquire_many_owned(amount).ok()?;
        Some(self.lend(permit))
    }

    /// What is lent out now, or set aside for whoever waits.
    #[must_use]
    pub fn taken(&self) -> u64 {
        u64::from(self.total) - self.semaphore.available_permits() as u64
    }

    /// The most that was ever lent out at once.
    #[must_use]
    pub fn most_taken(&self) -> u64 {
        self.most_taken.load(Ordering::Relaxed)
    }

    /// The whole budget.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::from(self.total)
    }

    fn lend(&self, permit: OwnedSemaphorePermit) -> Reservation {
        self.most_taken.fetch_max(self.taken(), Ordering::Relaxed);
        self.in_use.increment(permit.num_permits() as f64);
        Reservation { permit, in_use: self.in_use.clone() }
    }
}

/// A part of a [`Budget`], given back on drop.
#[derive(Debug)]
pub struct Reservation {
    permit: OwnedSemaphorePermit,
    in_use: Gauge,
}

impl Reservation {
    /// Keeps `amount` and gives the rest back. Never grows.
    pub fn shrink_to(&mut self, amount: u64) {
        let surplus = (self.permit.num_permits() as u64).saturating_sub(amount);
        let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
        if let Some(given_back) = self.permit.split(surplus) {
            self.in_use.decrement(given_back.num_permits() as f64);
        }
    }

    /// How much it holds.
    #[must_use]
    pub fn amount(&self) -> u64 {
        self.permit.num_permits() as u64
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.in_use.decrement(self.permit.num_permits() as f64);
    }
}
