//! Every kernel against convolution by its definition in f64, on every instruction set of this host.
//!
//! Inputs lie between NaN and outputs between guards, and working memory is full of NaN, so that a
//! float read or written where it must not be is seen. What only AVX-512 runs, its width and register
//! tile, is paired from AVX2 as well.

mod chain;
mod dense;
mod depthwise;
mod guarded;
mod inverted_residual;
mod linear;
mod oracle;
mod packing;
mod pooling;
mod random;
mod refusals;
mod winograd;

use super::InstructionSet;

/// Of a property: shapes are small, so that they are many.
const CASES: u32 = 96;

#[test]
fn the_sets_of_a_host_are_ordered_and_the_best_is_the_last() {
    let all = InstructionSet::all();

    assert_eq!(all.last().copied(), InstructionSet::best());
    assert!(all.is_sorted_by_key(|set| set.lanes()));
    #[cfg(target_arch = "x86_64")]
    assert_eq!(is_x86_feature_detected!("avx2"), all.iter().any(|set| set.name() == "avx2"));
}
