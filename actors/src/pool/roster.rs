//! Which worker is unready, idle or busy, since when, with what. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// A pool's workers by number, and what each does.
#[derive(Debug)]
pub struct Roster<B> {
    workers: BTreeMap<u64, Duty<B>>,
    next: u64,
}

/// What a worker does.
#[derive(Debug)]
enum Duty<B> {
    /// Loading its model, or not yet ready again after a batch.
    Unready { since: Instant },
    /// Waiting for work.
    Idle { since: Instant },
    /// Inferring.
    Busy { since: Instant, batch: u64, work: B },
}

/// A worker that should have answered by now, and what it was given.
#[derive(Debug, PartialEq, Eq)]
pub struct Overdue<B> {
    /// Who.
    pub worker: u64,
    /// Its work; none if it was not ready.
    pub work: Option<B>,
}

impl<B> Default for Roster<B> {
    fn default() -> Self {
        Self { workers: BTreeMap::new(), next: 0 }
    }
}

impl<B> Roster<B> {
    /// Enters a new worker and numbers it. Numbers are never used twice, so that late news of a
    /// worker that was replaced is told from news of the one in its place.
    pub fn hire(&mut self, now: Instant) -> u64 {
        let worker = self.next;
        self.next += 1;
        self.workers.insert(worker, Duty::Unready { since: now });
        worker
    }

    /// Takes the news that a worker is ready. False if it is not in the roster any more.
    pub fn ready(&mut self, worker: u64, now: Instant) -> bool {
        self.workers.get_mut(&worker).map(|duty| *duty = Duty::Idle { since: now }).is_some()
    }

    /// The idle worker that has waited longest, and since when.
    #[must_use]
    pub fn longest_idle(&self) -> Option<(u64, Instant)> {
        let idle = self.workers.iter().filter_map(|(worker, duty)| match duty {
            Duty::Idle { since } => Some((*worker, *since)),
            _ => None,
        });
        idle.min_by_key(|(_, since)| *since)
    }

    /// How many workers are idle.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.workers.values().filter(|duty| matches!(duty, Duty::Idle { .. })).count()
    }

    /// How many workers are idle or busy: they have said that they are ready.
    #[must_use]
    pub fn at_work(&self) -> usize {
        self.workers.values().filter(|duty| !matches!(duty, Duty::Unready { .. })).count()
    }

    /// Gives an idle worker a batch.
    pub fn assign(&mut self, worker: u64, batch: u64, work: B, now: Instant) {
        self.workers.insert(worker, Duty::Busy { since: now, batch, work });
    }

    /// Takes a batch back from a worker that answered. None if this is not what it was given:
    /// the answer is late and its work was given to another.
    pub fn answered(&mut self, worker: u64, batch: u64, now: Instant) -> Option<B> {
        match self.workers.get(&worker) {
            Some(Duty::Busy { batch: given, .. }) if *given == batch => {}
            _ => return None,
        }
        match self.workers.insert(worker, Duty::Unready { since: now }) {
            Some(Duty::Busy { work, .. }) => Some(work),
            _ => None,
        }
    }

    /// Strikes a worker out, and answers what it was given.
    pub fn dismiss(&mut self, worker: u64) -> Option<Option<B>> {
        self.workers.remove(&worker).map(|duty| match duty {
            Duty::Busy { work, .. } => Some(work),
            _ => None,
        })
    }

    /// Strikes out the workers that have been busy longer than `inference`, or unready longer
    /// than `start`.
    pub fn strike_overdue(
        &mut self,
        now: Instant,
        inference: Duration,
        start: Duration,
    ) -> Vec<Overdue<B>> {
        let overdue: Vec<u64> = self
            .workers
            .iter()
            .filter(|(_, duty)| match duty {
                Duty::Unready { since } => now - *since >= start,
                Duty::Idle { .. } => false,
                Duty::Busy { since, .. } => now - *since >= inference,
            })
            .map(|(worker, _)| *worker)
            .collect();
        let strike = |worker| self.dismiss(worker).map(|work| Overdue { worker, work });
        overdue.into_iter().filter_map(strike).collect()
    }

    /// How many workers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there is no worker.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFERENCE: Duration = Duration::from_secs(30);
    const START: Duration = Duration::from_secs(120);

    #[test]
    fn a_worker_gets_work_only_after_it_said_it_is_ready() {
        let (mut roster, now) = (Roster::<&str>::default(), Instant::now());
        let worker = roster.hire(now);
        assert_eq!(roster.longest_idle(), None);

        assert!(roster.ready(worker, now));
        assert_eq!(roster.longest_idle(), Some((worker, now)));
        roster.assign(worker, 1, "batch", now);

        assert_eq!((roster.idle(), roster.at_work()), (0, 1));
        assert_eq!(roster.answered(worker, 1, now), Some("batch"));
        assert_eq!(roster.idle(), 0, "it says itself when it is ready again");
    }

    #[test]
    fn late_answers_and_answers_of_strangers_bring_nothing() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        let worker = roster.hire(now);
        roster.ready(worker, now);
        roster.assign(worker, 2, "batch", now);

        assert_eq!(roster.answered(worker, 1, now), None);
        assert_eq!(roster.answered(worker + 1, 2, now), None);
        assert!(!roster.ready(worker + 1, now));
        assert_eq!(roster.dismiss(worker), Some(Some("batch")));
        assert_eq!(roster.answered(worker, 2, now), None);
    }

    #[test]
    fn the_longest_idle_comes_first() {
        let (mut roster, now) = (Roster::<()>::default(), Instant::now());
        let (first, second) = (roster.hire(now), roster.hire(now));
        roster.ready(second, now);
        roster.ready(first, now + Duration::from_secs(1));

        assert_eq!(roster.longest_idle().map(|(worker, _)| worker), Some(second));
    }

    #[test]
    fn overdue_workers_are_struck_out_with_their_work() {
        let (mut roster, now) = (Roster::default(), Instant::now());
        let (busy, loading, idle) = (roster.hire(now), roster.hire(now), roster.hire(now));
        roster.ready(busy, now);
        roster.assign(busy, 1, "batch", now);
        roster.ready(idle, now);

        assert_eq!(
            roster.strike_overdue(now + INFERENCE, INFERENCE, START),
            [Overdue { worker: busy, work: Some("batch") }]
        );
        assert_eq!(
            roster.strike_overdue(now + START, INFERENCE, START),
            [Overdue { worker: loading, work: None }]
        );
        assert_eq!(roster.len(), 1);
    }
}
