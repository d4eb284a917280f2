//! What does not fit is refused before a pointer is made of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::gemm::{Input, Output, Rows, gemm};
use super::super::matrix::{Matrix, Storage};
use super::super::{
    Activation, Chain, Convolution, Depthwise, Epilogue, InstructionSet, InvertedResidual, Linear,
    Padding, Plane, Scratch, Tile, Window, Winograd, max_pool, mean,
};
use super::guarded::each_set;
use super::random::Owned;

const PLANE: Plane = Plane { height: 6, width: 6 };
const WINDOW: Window = Window { side: 3, stride: 1, padding: Padding::even(1) };
const FULL: usize = 36 * 16;

/// Asserts that `kernel` takes an input and an output of these lengths, and neither if one is shorter.
#[track_caller]
fn refuses_shorter(input: usize, output: usize, kernel: impl Fn(&[f32], &mut [f32])) {
    let run = |input: usize, output: usize| {
        let (x, mut out) = (vec![0.0; input], vec![0.0; output]);
        catch_unwind(AssertUnwindSafe(|| kernel(&x, &mut out)))
    };
    assert!(run(input, output).is_ok());
    for (input, output) in [(input - 1, output), (input, output - 1), (0, output), (input, 0)] {
        let message = *run(input, output).unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("too short"), "{message}");
    }
}

#[test]
fn convolutions_refuse_slices_that_are_too_short() {
    let dense = Owned::dense(16, 16, WINDOW, 1);
    let point = Owned::dense(16, 16, Window::POINT, 1);
    let depthwise = Owned::depthwise(16, WINDOW, 1);
    each_set(|set| {
        let scratch = Scratch::default;
        for layer in [&dense, &point] {
            let kernel = Convolution::new(set, &layer.layer());
            refuses_shorter(FULL, FULL, |x, out| {
                kernel.run(x, PLANE, Activation::RELU.into(), out, &mut scratch());
            });
        }
        let kernel = Depthwise::new(set, &depthwise.layer());
        refuses_shorter(FULL, FULL, |x, out| {
            kernel.run(x, PLANE, Activation::RELU, out, &mut scratch());
        });
        let kernel = InvertedResidual::new(
            set,
            &point.layer(),
            &depthwise.layer(),
            &point.layer(),
            Activation::RELU,
        );
        refuses_shorter(FULL, FULL, |x, out| kernel.run(x, PLANE, true, out, &mut scratch()));
        for tile in Tile::ALL {
            let kernel = Winograd::new(set, tile, &dense.layer());
            refuses_shorter(FULL, FULL, |x, out| {
                kernel.run(x, PLANE, Activation::RELU.into(), out, &mut scratch());
            });
            refuses_shorter(FULL, FULL / 4, |x, out| {
                kernel.run_pooled(x, PLANE, Activation::RELU, out, &mut scratch());
            });
            let first = Convolution::new(set, &dense.layer());
            let chain = Chain::new(first, kernel, [Activation::RELU; 2], false);
            refuses_shorter(FULL, FULL, |x, out| chain.run(x, PLANE, out, &mut scratch()));
        }
    });
}

#[test]
fn everything_else_refuses_slices_that_are_too_short() {
    each_set(|set| {
        let linear = Linear::new(set, 16, &[0.5; 16 * 20], &[0.0; 20]);
        refuses_shorter(3 * 16, 3 * 20, |x, out| linear.run(x, 3, Activation::RELU, out));
        refuses_shorter(FULL, FULL, |x, out| max_pool(set, x, PLANE, 16, WINDOW, out));
    });
    refuses_shorter(FULL, 16, |x, out| mean(x, PLANE, 16, out));
}

#[test]
fn residuals_that_are_too_short_are_refused() {
    let layer = Owned::dense(16, 16, WINDOW, 1);
    each_set(|set| {
        let (x, mut out) = (vec![0.0; FULL], vec![0.0; FULL]);
        let mut run = |length: usize, winograd: bool| {
            let residual = vec![0.0; length];
            let epilogue = Epilogue { residual: Some(&residual), activation: Activation::IDENTITY };
            catch_unwind(AssertUnwindSafe(|| {
                let scratch = &mut Scratch::default();
                if winograd {
                    let kernel = Winograd::new(set, Tile::Four, &layer.layer());
                    kernel.run(&x, PLANE, epilogue, &mut out, scratch);
                } else {
                    let kernel = Convolution::new(set, &layer.layer());
                    kernel.run(&x, PLANE, epilogue, &mut out, scratch);
                }
            }))
        };
        for winograd in [false, true] {
            assert!(run(FULL, winograd).is_ok());
            assert!(run(FULL - 1, winograd).is_err());
        }
    });
}

#[test]
fn a_residual_of_another_shape_is_refused() {
    let point = Owned::dense(16, 16, Window::POINT, 1);
    let strided = Owned::depthwise(16, Window { stride: 2, ..WINDOW }, 1);
    each_set(|set| {
        let (x, mut out) = (vec![0.0; FULL], vec![0.0; FULL]);
        let kernel = InvertedResidual::new(
            set,
            &point.layer(),
            &strided.layer(),
            &point.layer(),
            Activation::RELU,
        );
        let mut run = |residual| {
            catch_unwind(AssertUnwindSafe(|| {
                kernel.run(&x, PLANE, residual, &mut out, &mut Scratch::default());
            }))
        };
        assert!(run(false).is_ok());
        assert!(run(true).is_err());
    });
}

#[test]
fn shapes_whose_size_overflows_are_refused() {
    let huge = Plane { height: usize::MAX / 2, width: 4 };
    each_set(|set| {
        let one = vec![0.0; FULL];
        let run = |f: &dyn Fn(&mut [f32])| {
            catch_unwind(AssertUnwindSafe(|| f(&mut vec![0.0; FULL]))).unwrap_err();
        };
        let pool = Window { side: 2, stride: 2, padding: Padding::default() };
        run(&|out| max_pool(set, &one, huge, 16, pool, out));
        run(&|out| mean(&one, huge, 16, out));
        let dense = Owned::dense(16, 16, WINDOW, 1);
        let kernel = Convolution::new(set, &dense.layer());
        run(&|out| kernel.run(&one, huge, Activation::RELU.into(), out, &mut Scratch::default()));
        let linear = Linear::new(set, 16, &[0.5; 16 * 16], &[0.0; 16]);
        run(&|out| linear.run(&one, usize::MAX / 8, Activation::RELU, out));
    });
}

#[test]
fn strides_that_reach_beyond_a_slice_are_refused() {
    each_set(|set| {
        let matrix = Matrix::new(set, 8, 8, Storage::Single, |_, _| 1.0);
        let run = |rows: Rows, input: Input, reach: fn(Output) -> Output| {
            let mut out = vec![0.0; 64];
            let output = reach(Output::matrix(set, &mut out, 8));
            catch_unwind(AssertUnwindSafe(|| gemm(set, rows, input, matrix.panels(), None, output)))
        };
        let x = [1.0; 64];
        let (rows, input) = (Rows::one(8), Input::matrix(&x, 8));
        assert!(run(rows, input, |out| out).is_ok());
        assert!(run(Rows::one(9), input, |out| out).is_err());
        assert!(run(rows, Input { row: 9, ..input }, |out| out).is_err());
        assert!(run(rows, Input { row: usize::MAX, ..input }, |out| out).is_err());
        assert!(run(rows, Input { runs: 2, length: 4, run: 5, ..input }, |out| out).is_err());
        assert!(run(Rows { groups: 2, rows: 4 }, Input { group: 33, ..input }, |out| out).is_err());
        assert!(run(rows, input, |out| Output { row: 9, ..out }).is_err());
        assert!(run(rows, input, |out| Output { gap: Some((4, 1)), ..out }).is_err());
        assert!(run(rows, Input { length: 7, ..input }, |out| out).is_err());
    });
}

#[test]
fn layers_that_a_kernel_does_not_take_are_refused() {
    let refused = |f: &dyn Fn(InstructionSet)| {
        each_set(|set| {
            catch_unwind(AssertUnwindSafe(|| f(set))).unwrap_err();
        });
    };
    for window in [Window { side: 7, ..WINDOW }, Window { stride: 3, ..WINDOW }, Window::POINT] {
        let layer = Owned::depthwise(16, window, 1);
        assert!(!Depthwise::takes(&layer.layer()));
        refused(&|set| drop(Depthwise::new(set, &layer.layer())));
    }
    let bottom = Padding { bottom: 0, ..WINDOW.padding };
    for (channels, window) in [
        (8 + 4, WINDOW),
        (16, Window { stride: 2, ..WINDOW }),
        (16, Window { padding: bottom, ..WINDOW }),
        (16, Window { side: 5, ..WINDOW }),
    ] {
        let layer = Owned::dense(channels, channels, window, 1);
        each_set(|set| assert!(!Winograd::takes(set, &layer.layer())));
        refused(&|set| drop(Winograd::new(set, Tile::Two, &layer.layer())));
    }
    let short = Owned { bias: vec![0.0; 15], ..Owned::dense(16, 16, WINDOW, 1) };
    refused(&|set| drop(Convolution::new(set, &short.layer())));
    refused(&|set| drop(Winograd::new(set, Tile::Two, &short.layer())));
    refused(&|set| drop(Linear::new(set, 16, &[0.0; 16 * 20], &[0.0; 19])));
}
