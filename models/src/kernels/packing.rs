//! The order of packed weights, and packing on all cores: it happens once, while a network loads.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::thread::{available_parallelism, scope};

/// Fewer weights are packed sooner than a thread is started.
const WORTH_THREADS: usize = 1 << 18;
/// Depths that are packed for one column after the other: a cache line of weights as they come, where
/// the columns of a panel lie so far apart that each is a page of its own.
const LINE: usize = 16;

/// Numbers of a packed matrix, for vectors of `lanes`.
pub(super) fn packed_length(lanes: usize, depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(lanes)
}

/// The columns of each panel of two vectors, or one where that is enough.
pub(super) fn panels(lanes: usize, columns: usize) -> impl Iterator<Item = Range<usize>> {
    (0..columns).step_by(2 * lanes).map(move |start| start..columns.min(start + 2 * lanes))
}

/// Calls `entry(index, depth, column)` for each entry of a panel, `index` being its place there.
pub(super) fn each_entry(
    lanes: usize,
    depth: usize,
    columns: Range<usize>,
    mut entry: impl FnMut(usize, usize, usize),
) {
    let width = columns.len().next_multiple_of(lanes);
    for line in (0..depth).step_by(LINE) {
        for column in columns.clone() {
            for k in line..depth.min(line + LINE) {
                entry(k * width + column - columns.start, k, column);
            }
        }
    }
}

/// Does `work` on each of `tasks`, on all cores if there are many `weights`.
pub(super) fn on_all_cores<T: Send>(tasks: Vec<T>, weights: usize, work: impl Fn(T) + Sync) {
    let cores = available_parallelism().map_or(1, usize::from).min(tasks.len());
    if cores < 2 || weights < WORTH_THREADS {
        return tasks.into_iter().for_each(work);
    }
    let tasks = Mutex::new(tasks.into_iter());
    let next = || tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
    scope(|threads| {
        for _ in 0..cores {
            threads.spawn(|| {
                while let Some(task) = next() {
                    work(task);
                }
            });
        }
    });
}
