//! Slices between guards.

use super::super::buffer::Buffer;
use super::super::{InstructionSet, Scratch};

/// More than a vector, and odd, so that nothing is aligned.
const GUARD: usize = 37;
/// No kernel would write this number.
const UNTOUCHED: f32 = -1.234_567e30;

/// Runs `kernel` with each of `inputs` between NaN, an output of `length` between guards and dirty
/// working memory, and gives the output; and again on memory that is exactly as long, which a
/// sanitizer watches, for the same bits.
pub fn run(
    inputs: &[&[f32]],
    length: usize,
    kernel: impl Fn(&[&[f32]], &mut [f32], &mut Scratch),
) -> Vec<f32> {
    let guarded: Vec<Vec<f32>> = inputs.iter().map(|input| between_nan(input)).collect();
    let inside: Vec<&[f32]> = guarded.iter().map(|all| &all[GUARD..all.len() - GUARD]).collect();
    let mut out = vec![UNTOUCHED; length + 2 * GUARD];
    let mut scratch = dirty();

    kernel(&inside, &mut out[GUARD..GUARD + length], &mut scratch);

    let after = out.split_off(GUARD + length);
    let inside = out.split_off(GUARD);
    let untouched = |guard: &[f32]| guard.iter().all(|x| x.to_bits() == UNTOUCHED.to_bits());
    assert!(untouched(&out) && untouched(&after), "written outside of the output");

    let exact: Vec<Box<[f32]>> = inputs.iter().map(|input| Box::from(*input)).collect();
    let exact: Vec<&[f32]> = exact.iter().map(|input| &**input).collect();
    let mut again = vec![0.0; length].into_boxed_slice();
    kernel(&exact, &mut again, &mut Scratch::default());
    assert!(inside.iter().zip(&again).all(|(one, two)| one.to_bits() == two.to_bits()));
    inside
}

/// Runs `test` on each instruction set of this host, and on one as wide as the widest.
pub fn each_set(test: impl Fn(InstructionSet)) {
    let sets = InstructionSet::all().into_iter();
    #[cfg(all(paired, target_arch = "x86_64"))]
    let sets = sets.chain(InstructionSet::paired());
    sets.for_each(test);
}

fn between_nan(input: &[f32]) -> Vec<f32> {
    let guard = [f32::NAN; GUARD];
    [&guard, input, &guard].concat()
}

/// Working memory that another layer has left.
fn dirty() -> Scratch {
    let nan = || {
        let mut buffer = Buffer::zeros(1 << 16);
        buffer.fill(f32::NAN);
        buffer
    };
    Scratch { padded: nan(), working: [nan(), nan()], strip: nan() }
}
