//! How many multiply-adds a core can do at all: the roof of every kernel here.

use super::InstructionSet;
use super::lanes::{Kernel, Lanes};

/// Sums that do not wait for each other: two multiply-adds a cycle, each taking four or five, need ten;
/// these and their factor fit the sixteen registers of AVX2.
const CHAINS: usize = 12;

/// The floats of a vector of the widest instruction set.
const WIDEST: usize = 16;

/// The loop that measures it, by its starting values: one vector a chain; all different, or a compiler would compute one chain only.
pub(crate) struct PeakLoop([f32; CHAINS * WIDEST]);

impl Default for PeakLoop {
    fn default() -> Self {
        Self(std::array::from_fn(|at| at as f32))
    }
}

impl PeakLoop {
    /// Replaces every value `x` by `x / 2 + 1 / 2`, `rounds` times, all of it in registers; answers how
    /// many multiply-adds that were.
    pub fn run(&mut self, set: InstructionSet, rounds: u32) -> u64 {
        assert!(CHAINS * set.lanes() <= self.0.len(), "a vector has at most sixteen floats");
        // SAFETY: there is a vector for every chain.
        unsafe { set.run(Rounds { rounds, values: self.0.as_mut_ptr() }) }
        u64::from(rounds) * (CHAINS * set.lanes()) as u64
    }
}

/// # Safety
/// To run it, `CHAINS` vectors can be read and written at `values`.
struct Rounds {
    rounds: u32,
    values: *mut f32,
}

impl Kernel for Rounds {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        let half = lanes.splat(0.5);
        let mut chains = [half; CHAINS];
        for (at, chain) in chains.iter_mut().enumerate() {
            *chain = lanes.load(self.values.add(at * L::WIDTH));
        }
        for _ in 0..self.rounds {
            for chain in &mut chains {
                *chain = lanes.fma(*chain, half, half);
            }
        }
        for (at, chain) in chains.iter().enumerate() {
            lanes.store(self.values.add(at * L::WIDTH), *chain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chain_is_computed_as_often_as_is_counted() {
        for set in InstructionSet::all() {
            let mut chains = PeakLoop::default();

            let count = chains.run(set, 3);

            let computed = CHAINS * set.lanes();
            assert_eq!(count, 3 * computed as u64);
            for (at, value) in chains.0.iter().enumerate() {
                let start = at as f32;
                let expected = if at < computed { start / 8.0 + 7.0 / 8.0 } else { start };
                assert_eq!(value.to_bits(), expected.to_bits(), "{}: {at}", set.name());
            }
        }
    }
}
