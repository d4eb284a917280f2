//! Pooling and the change of layout: nothing is rounded but the mean.

use proptest::prelude::*;

use super::super::{Plane, max_pool, mean};
use super::guarded::{each_set, run};
use super::oracle::UNIT;
use super::random::{numbers, places, planes};

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_greatest_is_found_under_every_place(
        (plane, window) in places(&[1, 2, 3, 5], &[1, 2, 3], 20),
        channels in 1..40_usize,
        seed in any::<u64>(),
    ) {
        let x = numbers(seed, plane.pixels() * channels);
        let places = window.places(plane);
        let mut want = vec![f32::NEG_INFINITY; places.pixels() * channels];
        for (i, want) in want.iter_mut().enumerate() {
            let place = i / channels;
            let first = |index: usize| index * window.stride;
            let (top, left) = (first(place / places.width), first(place % places.width));
            for row in top..top + window.side {
                for column in left..left + window.side {
                    let row = row.wrapping_sub(window.padding.top);
                    let column = column.wrapping_sub(window.padding.left);
                    if row < plane.height && column < plane.width {
                        *want = want.max(x[(row * plane.width + column) * channels + i % channels]);
                    }
                }
            }
        }

        each_set(|set| {
            let got = run(&[&x], want.len(), |inputs, out, _| {
                max_pool(set, inputs[0], plane, channels, window, out);
            });
            assert_eq!(got, want);
        });
    }

    #[test]
    fn the_mean_is_within_the_bound_of_a_sum(
        plane in planes(20),
        channels in 1..40_usize,
        seed in any::<u64>(),
    ) {
        let x = numbers(seed, plane.pixels() * channels);
        let got = run(&[&x], channels, |inputs, out, _| mean(inputs[0], plane, channels, out));
        for (channel, got) in got.iter().enumerate() {
            let values = || x.iter().skip(channel).step_by(channels).copied().map(f64::from);
            let count = plane.pixels() as f64;
            let error = (f64::from(*got) - values().sum::<f64>() / count).abs();
            let size = values().map(f64::abs).sum::<f64>();
            assert!(error <= (count + 1.0) * UNIT * size / count);
        }
    }
}

#[test]
fn infinities_are_pooled_as_numbers() {
    each_set(|set| {
        let x = [f32::NEG_INFINITY, f32::NEG_INFINITY, 1.0, f32::INFINITY];
        let mut out = [0.0; 2];
        let window = super::super::Window { side: 2, stride: 2, padding: Default::default() };
        max_pool(set, &[x, x].concat(), Plane { height: 2, width: 4 }, 1, window, &mut out);
        assert_eq!(out, [f32::NEG_INFINITY, f32::INFINITY]);
    });
}
