//! Depthwise convolution.

use proptest::prelude::*;

use super::super::Depthwise;
use super::guarded::{each_set, run};
use super::oracle::{Bounded, convolution};
use super::random::{Owned, activations, numbers, places};

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plane_stride_padding_and_channels_are_within_the_bound(
        (plane, window) in places(&[3, 5], &[1, 2], 33),
        channels in 1..40_usize,
        activation in activations(),
        seed in any::<u64>(),
    ) {
        let layer = Owned::depthwise(channels, window, seed);
        let x = numbers(seed ^ 2, plane.pixels() * channels);
        let length = window.places(plane).pixels() * channels;
        let want = convolution(&layer.layer(), true, &Bounded::exact(&x), plane);
        let want = want.activated(activation);

        each_set(|set| {
            let kernel = Depthwise::new(set, &layer.layer());
            let out = run(&[&x], length, |inputs, out, scratch| {
                kernel.run(inputs[0], plane, activation, out, scratch);
            });
            want.assert_holds(&out);
        });
    }
}
