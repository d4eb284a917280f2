//! Which values share a buffer: those of which never two are needed at once.

use super::graph::{GraphError, Shape};

/// The most bytes of one worker's buffers: a hundred times what VGG16 takes for pictures of 224 × 224. A
/// worker that asks for more than there is would end the process.
const MOST_BYTES: usize = 1 << 30;

/// When a value is needed: from the moment at which it is computed, which is its index, to the last
/// at which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// How many numbers it has.
    pub length: usize,
    /// The index of the last value that is computed from it; its own if none is.
    pub last_read: usize,
}

/// The buffers of one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Buffers {
    /// The buffer of each value.
    pub of: Vec<usize>,
    /// The length of each buffer: of the longest value it ever holds.
    pub lengths: Vec<usize>,
}

impl Buffers {
    /// Gives each value, the longest first, the first buffer that holds no other at the same time.
    /// What a value is computed from is still needed at that moment.
    pub fn plan(values: &[Lifetime]) -> Self {
        let mut by_length: Vec<usize> = (0..values.len()).collect();
        by_length.sort_by_key(|value| std::cmp::Reverse(values[*value].length));
        let mut held: Vec<Vec<usize>> = Vec::new();
        let mut buffers = Self { of: vec![0; values.len()], lengths: Vec::new() };
        for value in by_length {
            let meets = |other: &usize| meet(values, value, *other);
            let free = held.iter().position(|others| !others.iter().any(meets));
            let buffer = free.unwrap_or(held.len());
            if buffer == held.len() {
                held.push(Vec::new());
                buffers.lengths.push(values[value].length);
            }
            held[buffer].push(value);
            buffers.of[value] = buffer;
        }
        buffers
    }

    /// Refuses what takes too much memory, by the size of its `input`.
    pub fn check(&self, input: Shape) -> Result<(), GraphError> {
        let bytes = self.lengths.iter().fold(0_usize, |bytes, length| {
            bytes.saturating_add(length.saturating_mul(size_of::<f32>()))
        });
        if bytes <= MOST_BYTES {
            return Ok(());
        }
        let what = format!("pictures of {input} take buffers of {} MiB", bytes >> 20);
        Err(GraphError::new("input", format!("{what}, more than {} MiB", MOST_BYTES >> 20)))
    }
}

/// Whether there is a moment at which both values are needed.
fn meet(values: &[Lifetime], a: usize, b: usize) -> bool {
    a.max(b) <= values[a].last_read.max(a).min(values[b].last_read.max(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lifetimes(values: &[(usize, usize)]) -> Vec<Lifetime> {
        values
            .iter()
            .map(|(length, last_read)| Lifetime { length: *length, last_read: *last_read })
            .collect()
    }

    #[test]
    fn a_chain_needs_two_buffers_and_a_residual_a_third() {
        let chain = Buffers::plan(&lifetimes(&[(10, 1), (10, 2), (10, 3), (10, 3)]));
        assert_eq!((chain.of, chain.lengths), (vec![0, 1, 0, 1], vec![10, 10]));

        let residual = Buffers::plan(&lifetimes(&[(10, 3), (20, 2), (20, 3), (10, 3)]));
        assert_eq!((residual.of, residual.lengths), (vec![2, 0, 1, 0], vec![20, 20, 10]));
    }

    #[test]
    fn a_short_value_does_not_take_the_long_buffer_that_the_next_one_needs() {
        let values = [(100, 1), (5, 2), (5, 3), (100, 4), (1, 4)];
        let buffers = Buffers::plan(&lifetimes(&values));

        assert_eq!(buffers.lengths.iter().sum::<usize>(), 110, "{buffers:?}");
    }

    proptest! {
        /// Plays the computing through: each buffer holds what was written last.
        #[test]
        fn no_value_is_overwritten_before_it_was_read_for_the_last_time(
            values in prop::collection::vec((1..100_usize, 0..6_usize), 1..40),
        ) {
            let last = values.len() - 1;
            let values: Vec<_> = values.iter().enumerate()
                .map(|(at, (length, reach))| Lifetime { length: *length, last_read: (at + reach).min(last) })
                .collect();
            let buffers = Buffers::plan(&values);

            let mut holds = vec![None; buffers.lengths.len()];
            for now in 0..values.len() {
                holds[buffers.of[now]] = Some(now);
                for (value, lifetime) in values.iter().enumerate().take(now + 1) {
                    if now <= lifetime.last_read {
                        prop_assert_eq!(holds[buffers.of[value]], Some(value), "at {}", now);
                    }
                }
                prop_assert!(buffers.lengths[buffers.of[now]] >= values[now].length);
            }
            let all: usize = values.iter().map(|value| value.length).sum();
            prop_assert!(buffers.lengths.iter().sum::<usize>() <= all);
        }
    }
}
