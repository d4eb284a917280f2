//! Which dependencies are down. While one is, nothing new is received and the process is not ready.

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::{Gauge, NoopRecorder};
use tokio::sync::watch;

use crate::metrics::{Dependency, Metrics};

/// The calls that are waiting for a dependency to come back. Clones share them.
#[derive(Clone)]
pub struct Outages {
    waiting: Arc<watch::Sender<Waiting>>,
    gauges: Arc<[Gauge; Dependency::ALL.len()]>,
}

/// Each call by its ticket, oldest first.
#[derive(Default)]
struct Waiting {
    next: u64,
    calls: BTreeMap<u64, (Dependency, String)>,
}

/// One call's wait for a dependency; over when dropped.
pub struct Outage {
    outages: Outages,
    dependency: Dependency,
    ticket: u64,
}

/// No outage, and no metrics of any.
impl Default for Outages {
    fn default() -> Self {
        Self::new(&Metrics::new(&NoopRecorder))
    }
}

impl Outages {
    /// No outage; how many calls wait for which dependency is told to `metrics`.
    #[must_use]
    pub fn new(metrics: &Metrics) -> Self {
        let gauges = Dependency::ALL.map(|dependency| metrics.waiting_for(dependency).clone());
        Self { waiting: Arc::default(), gauges: Arc::new(gauges) }
    }

    /// Notes that `dependency` does not answer, because of `cause`, until the guard is dropped.
    #[must_use]
    pub fn begin(&self, dependency: Dependency, cause: &str) -> Outage {
        let mut ticket = 0;
        self.waiting.send_modify(|waiting| {
            ticket = waiting.next;
            waiting.next += 1;
            waiting.calls.insert(ticket, (dependency, cause.to_owned()));
        });
        self.gauges[dependency as usize].increment(1.0);
        Outage { outages: self.clone(), dependency, ticket }
    }

    /// Whether any call waits for a dependency.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.waiting.borrow().calls.is_empty()
    }

    /// The dependencies that calls wait for, each with the cause of the call that has waited longest.
    #[must_use]
    pub fn down(&self) -> Vec<(Dependency, String)> {
        let mut down: Vec<(Dependency, String)> = Vec::new();
        for (dependency, cause) in self.waiting.borrow().calls.values() {
            if !down.iter().any(|(told, _)| told == dependency) {
                down.push((*dependency, cause.clone()));
            }
        }
        down
    }

    /// Waits until no calls but `own` ones of the caller wait for a dependency: a caller that is about
    /// to probe its own dependency does not wait for itself.
    pub async fn over_but(&self, own: usize) {
        let mut waiting = self.waiting.subscribe();
        let over = waiting.wait_for(|waiting| waiting.calls.len() <= own).await;
        drop(over.expect("self holds the sender of this channel"));
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        let Self { outages, dependency, ticket } = self;
        outages.waiting.send_modify(|waiting| drop(waiting.calls.remove(ticket)));
        outages.gauges[*dependency as usize].decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_outage_lasts_until_its_last_guard_is_dropped() {
        let outages = Outages::default();
        let first = outages.begin(Dependency::Index, "503");
        let second = outages.begin(Dependency::Index, "refused");

        drop(first);
        assert!(outages.any());
        drop(second);

        assert!(!outages.any());
        outages.over_but(0).await;
    }

    #[test]
    fn each_dependency_is_told_once_with_what_was_heard_first() {
        let outages = Outages::default();
        let _calls = [
            outages.begin(Dependency::Index, "503"),
            outages.begin(Dependency::Queue, "refused"),
            outages.begin(Dependency::Index, "429"),
        ];

        let expected = [(Dependency::Index, "503"), (Dependency::Queue, "refused")];
        assert_eq!(outages.down(), expected.map(|(which, cause)| (which, cause.to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_does_not_wait_for_its_own_outage_but_for_others() {
        let outages = Outages::default();
        let _own = outages.begin(Dependency::Queue, "refused");
        outages.over_but(1).await;
        assert!(outages.any(), "it goes on for everybody else");

        let _other = outages.begin(Dependency::Topic, "throttled");
        let waited = std::time::Duration::from_hours(1);

        assert!(tokio::time::timeout(waited, outages.over_but(1)).await.is_err());
    }
}
