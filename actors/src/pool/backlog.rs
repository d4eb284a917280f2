//! What waits for a worker, and how it is cut into batches. Pure.

use std::collections::VecDeque;

/// Items that wait: fresh ones, batched as workers come free, and fixed batches under suspicion,
/// which go first and exactly as they are.
#[derive(Debug)]
pub struct Backlog<T> {
    fresh: VecDeque<T>,
    suspects: VecDeque<Vec<T>>,
}

impl<T> Default for Backlog<T> {
    fn default() -> Self {
        Self { fresh: VecDeque::new(), suspects: VecDeque::new() }
    }
}

impl<T> Backlog<T> {
    /// Adds a fresh item.
    pub fn push(&mut self, item: T) {
        self.fresh.push_back(item);
    }

    /// Adds the two halves of a batch that failed, or the item itself if it failed alone.
    ///
    /// # Errors
    /// The lone item: it is the bad one.
    pub fn bisect(&mut self, mut batch: Vec<T>) -> Result<(), Option<T>> {
        if batch.len() <= 1 {
            return Err(batch.pop());
        }
        let second = batch.split_off(batch.len() / 2);
        self.suspects.push_back(batch);
        self.suspects.push_back(second);
        Ok(())
    }

    /// Adds each item of a batch whose worker hung, to be run alone; or gives the item back if it
    /// was alone.
    ///
    /// # Errors
    /// The lone item: it is the one that hangs.
    pub fn isolate(&mut self, mut batch: Vec<T>) -> Result<(), Option<T>> {
        if batch.len() <= 1 {
            return Err(batch.pop());
        }
        self.suspects.extend(batch.into_iter().map(|item| vec![item]));
        Ok(())
    }

    /// Adds a batch again as it was: its worker died of something else.
    pub fn again(&mut self, batch: Vec<T>) {
        if !batch.is_empty() {
            self.suspects.push_back(batch);
        }
    }

    /// Cuts the next batch for one of `idle` workers: as many as come to each, `at_most` at most. No
    /// waiting for more: what comes meanwhile is the next batch.
    pub fn next_batch(&mut self, idle: usize, at_most: usize) -> Option<Vec<T>> {
        if let Some(suspects) = self.suspects.pop_front() {
            return Some(suspects);
        }
        let size = self.fresh.len().div_ceil(idle.max(1)).min(at_most);
        (size > 0).then(|| self.fresh.drain(..size).collect())
    }

    /// Drops the items that nobody waits for any more.
    pub fn drop_doomed(&mut self, doomed: impl Fn(&T) -> bool) {
        self.fresh.retain(|item| !doomed(item));
        for batch in &mut self.suspects {
            batch.retain(|item| !doomed(item));
        }
        self.suspects.retain(|batch| !batch.is_empty());
    }

    /// How many items wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fresh.len() + self.suspects.iter().map(Vec::len).sum::<usize>()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.suspects.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog(items: std::ops::Range<u32>) -> Backlog<u32> {
        let mut backlog = Backlog::default();
        items.for_each(|item| backlog.push(item));
        backlog
    }

    #[test]
    fn fresh_items_are_shared_among_the_idle_up_to_the_largest_batch() {
        for (waiting, idle, at_most, expected) in
            [(0, 1, 8, 0), (1, 2, 8, 1), (5, 2, 8, 3), (64, 1, 8, 8), (3, 0, 8, 3)]
        {
            let batch = backlog(0..waiting).next_batch(idle, at_most);
            assert_eq!(batch.map_or(0, |b| b.len()), expected, "{waiting} for {idle}");
        }
    }

    #[test]
    fn bisection_isolates_one_bad_item_in_a_logarithm_of_steps() {
        let mut backlog = backlog(0..16);
        let (mut batches, mut good) = (0, Vec::new());
        let bad = loop {
            let Some(batch) = backlog.next_batch(1, 16) else { panic!("the bad item was lost") };
            batches += 1;
            if !batch.contains(&11) {
                good.extend(batch);
                continue;
            }
            if let Err(lone) = backlog.bisect(batch) {
                break lone;
            }
        };

        assert_eq!(bad, Some(11));
        while let Some(batch) = backlog.next_batch(1, 16) {
            good.extend(batch);
        }
        good.sort_unstable();
        assert_eq!(good, (0..16).filter(|item| *item != 11).collect::<Vec<_>>());
        assert!(batches <= 9, "{batches} batches");
    }

    #[test]
    fn the_items_of_a_hung_batch_run_alone_and_before_fresh_ones() {
        let mut backlog = backlog(0..1);
        assert_eq!(backlog.isolate(vec![7, 8]), Ok(()));

        assert_eq!(backlog.next_batch(1, 8), Some(vec![7]));
        assert_eq!(backlog.next_batch(1, 8), Some(vec![8]));
        assert_eq!(backlog.next_batch(1, 8), Some(vec![0]));
        assert_eq!(backlog.isolate(vec![9]), Err(Some(9)));
    }

    #[test]
    fn doomed_items_are_dropped_wherever_they_wait() {
        let mut backlog = backlog(0..4);
        backlog.again(vec![5, 6]);
        backlog.again(vec![7]);

        backlog.drop_doomed(|item| item % 2 == 1);

        assert_eq!(backlog.len(), 3);
        assert_eq!(backlog.next_batch(1, 8), Some(vec![6]));
    }
}
