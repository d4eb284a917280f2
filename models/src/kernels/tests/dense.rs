//! Dense convolution, and with it the matrix product.

use proptest::prelude::*;

use super::super::{Activation, Convolution, Epilogue, Plane, Window};
use super::guarded::{each_set, run};
use super::oracle::{Bounded, convolution};
use super::random::{Owned, activations, numbers, places};

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_window_is_within_the_bound_of_a_sum_of_products(
        (plane, window) in places(&[1, 2, 3, 5, 7], &[1, 2, 3], 15),
        (input, output) in (1..20_usize, 1..50_usize),
        (residual, activation) in (any::<bool>(), activations()),
        seed in any::<u64>(),
    ) {
        agrees(plane, &Owned::dense(input, output, window, seed), residual, activation, seed);
    }

    #[test]
    fn points_are_within_the_bound_at_every_number_of_rows(
        rows in 1..40_usize,
        (input, output) in (1..80_usize, 1..100_usize),
        (residual, activation) in (any::<bool>(), activations()),
        seed in any::<u64>(),
    ) {
        let layer = Owned::dense(input, output, Window::POINT, seed);
        agrees(Plane { height: 1, width: rows }, &layer, residual, activation, seed);
    }
}

fn agrees(plane: Plane, layer: &Owned, residual: bool, activation: Activation, seed: u64) {
    let layer = layer.layer();
    let x = numbers(seed ^ 2, plane.pixels() * layer.channels.input);
    let length = layer.window.places(plane).pixels() * layer.channels.output;
    let added = numbers(seed ^ 3, if residual { length } else { 0 });
    let want = convolution(&layer, false, &Bounded::exact(&x), plane).plus(&added);
    let want = want.activated(activation);

    each_set(|set| {
        let kernel = Convolution::new(set, &layer);
        let out = run(&[&x, &added], length, |inputs, out, scratch| {
            let epilogue = Epilogue { residual: residual.then_some(inputs[1]), activation };
            kernel.run(inputs[0], plane, epilogue, out, scratch);
        });
        want.assert_holds(&out);
    });
}

#[test]
fn nan_comes_through_the_clamp() {
    each_set(|set| {
        let layer = Owned::dense(1, 1, Window::POINT, 1);
        let mut out = [0.0];
        let plane = Plane { height: 1, width: 1 };
        Convolution::new(set, &layer.layer()).run(
            &[f32::NAN],
            plane,
            Activation::RELU6.into(),
            &mut out,
            &mut super::super::Scratch::default(),
        );
        assert!(out[0].is_nan(), "{}: an answer of garbage looks like an answer", set.name());
    });
}
