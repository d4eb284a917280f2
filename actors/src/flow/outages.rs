//! Which dependencies are down. While one is, nothing new is received and the process is not ready.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts calls that are waiting for a dependency to come back. Clones share the count.
#[derive(Clone, Debug)]
pub struct Outages(Arc<watch::Sender<usize>>);

/// One call's wait for a dependency; over when dropped.
#[derive(Debug)]
pub struct Outage(Arc<watch::Sender<usize>>);

impl Default for Outages {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Outages {
    /// Notes that a dependency does not answer, until the guard is dropped.
    #[must_use]
    pub fn begin(&self) -> Outage {
        self.0.send_modify(|count| *count += 1);
        Outage(Arc::clone(&self.0))
    }

    /// Whether any call waits for a dependency.
    #[must_use]
    pub fn any(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until no calls but `own` ones of the caller wait for a dependency: a caller that is about
    /// to probe its own dependency does not wait for itself.
    pub async fn over_but(&self, own: usize) {
        let mut count = self.0.subscribe();
        count.wait_for(|count| *count <= own).await.expect("self holds the sender of this channel");
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_outage_lasts_until_its_last_guard_is_dropped() {
        let outages = Outages::default();
        let (first, second) = (outages.begin(), outages.begin());

        drop(first);
        assert!(outages.any());
        drop(second);

        assert!(!outages.any());
        outages.over_but(0).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_does_not_wait_for_its_own_outage_but_for_others() {
        let outages = Outages::default();
        let _own = outages.begin();
        outages.over_but(1).await;
        assert!(outages.any(), "it goes on for everybody else");

        let _other = outages.begin();
        let waited = std::time::Duration::from_hours(1);

        assert!(tokio::time::timeout(waited, outages.over_but(1)).await.is_err());
    }
}
