//! Inverted residuals.

use proptest::prelude::*;

use super::super::{Activation, InvertedResidual, Padding, Plane, Window};
use super::guarded::{each_set, run};
use super::oracle::{Bounded, convolution};
use super::random::{Owned, numbers, places, planes};

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plane_stride_and_padding_are_within_the_bound(
        (plane, window) in places(&[3, 5], &[1, 2], 30),
        (input, expanded, output) in (1..20_usize, 1..70_usize, 1..40_usize),
        seed in any::<u64>(),
    ) {
        let layers = [
            Owned::dense(input, expanded, Window::POINT, seed),
            Owned::depthwise(expanded, window, seed ^ 4),
            Owned::dense(expanded, output, Window::POINT, seed ^ 8),
        ];
        agrees(plane, &layers, false, seed);
    }

    #[test]
    fn the_input_is_added_where_it_has_the_shape(
        plane in planes(30),
        (side, channels, expanded) in (prop::sample::select(&[3, 5][..]), 1..40_usize, 1..70_usize),
        seed in any::<u64>(),
    ) {
        let window = Window { side, stride: 1, padding: Padding::even(side / 2) };
        let layers = [
            Owned::dense(channels, expanded, Window::POINT, seed),
            Owned::depthwise(expanded, window, seed ^ 4),
            Owned::dense(expanded, channels, Window::POINT, seed ^ 8),
        ];
        agrees(plane, &layers, true, seed);
    }
}

#[test]
fn a_stem_with_padding_is_expanded_as_well() {
    let padding = Padding { top: 0, left: 0, bottom: 1, right: 1 };
    for (side, stride) in [(3, 2), (5, 1)] {
        let layers = [
            Owned::dense(3, 32, Window { side, stride, padding }, 5),
            Owned::depthwise(32, Window { side: 3, stride: 1, padding: Padding::even(1) }, 6),
            Owned::dense(32, 16, Window::POINT, 7),
        ];
        agrees(Plane { height: 30, width: 22 }, &layers, false, 8);
    }
}

/// 1000 channels of 60 pixels exceed what a strip may fill.
#[test]
fn wide_images_are_cut_into_strips_that_fit_together() {
    for stride in [1, 2] {
        let window = Window { side: 5, stride, padding: Padding::even(2) };
        let layers = [
            Owned::dense(2, 1000, Window::POINT, 5),
            Owned::depthwise(1000, window, 6),
            Owned::dense(1000, 2, Window::POINT, 7),
        ];
        agrees(Plane { height: 9, width: 60 }, &layers, stride == 1, 8);
    }
}

fn agrees(plane: Plane, layers: &[Owned; 3], residual: bool, seed: u64) {
    let [expansion, depthwise, projection] = layers.each_ref().map(Owned::layer);
    let x = numbers(seed ^ 2, plane.pixels() * expansion.channels.input);
    let inner = expansion.window.places(plane);
    let places = depthwise.window.places(inner);
    let first = convolution(&expansion, false, &Bounded::exact(&x), plane);
    let first = first.activated(Activation::RELU6);
    let second = convolution(&depthwise, true, &first, inner).activated(Activation::RELU6);
    let third = convolution(&projection, false, &second, places);
    let want = third.plus(if residual { &x } else { &[] });

    each_set(|set| {
        assert!(InvertedResidual::takes(&expansion, &depthwise, &projection));
        let kernel =
            InvertedResidual::new(set, &expansion, &depthwise, &projection, Activation::RELU6);
        let length = places.pixels() * projection.channels.output;
        let out = run(&[&x], length, |inputs, out, scratch| {
            kernel.run(inputs[0], plane, residual, out, scratch);
        });
        want.assert_holds(&out);
    });
}
