//! Work on every core: items in, results out, whoever is free takes the next.

use std::sync::{Mutex, PoisonError};

/// Does `work` on each of `items` with `threads` threads and gives each result to `take`, one at a
/// time and in whatever order they are done.
pub fn in_parallel<I, O>(
    items: impl Iterator<Item = I> + Send,
    threads: usize,
    work: impl Fn(I) -> O + Sync,
    take: impl FnMut(O) + Send,
) {
    let items = Mutex::new(items);
    let take = Mutex::new(take);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some(item) = next() {
                    let result = work(item);
                    take.lock().unwrap_or_else(PoisonError::into_inner)(result);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_however_many_threads_there_are() {
        for threads in [0, 1, 3, 64] {
            let mut squares = vec![];
            in_parallel(0..50_u64, threads, |n| n * n, |square| squares.push(square));

            squares.sort_unstable();
            assert_eq!(squares, (0..50).map(|n| n * n).collect::<Vec<_>>());
        }
    }
}
