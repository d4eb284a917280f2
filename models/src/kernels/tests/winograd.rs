//! Winograd's method, whose error depends on the tile.

use proptest::prelude::*;

use super::super::{Activation, Epilogue, Padding, Plane, Tile, Window, Winograd};
use super::guarded::{each_set, run};
use super::oracle::{Bounded, UNIT, convolution};
use super::random::{Owned, activations, numbers, planes};

const WINDOW: Window = Window { side: 3, stride: 1, padding: Padding::even(1) };

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_tile_is_within_its_bound(
        tile in prop::sample::select(&Tile::ALL[..]),
        plane in planes(20),
        (input, output) in (1..4_usize, 1..4_usize),
        (residual, activation) in (any::<bool>(), activations()),
        seed in any::<u64>(),
    ) {
        let layer = Owned::dense(16 * input, 16 * output, WINDOW, seed);
        let x = numbers(seed ^ 2, plane.pixels() * 16 * input);
        let length = plane.pixels() * 16 * output;
        let added = numbers(seed ^ 3, if residual { length } else { 0 });
        let want = bounded(tile, &layer, &x, plane, &added).activated(activation);

        each_set(|set| {
            let kernel = Winograd::new(set, tile, &layer.layer());
            let out = run(&[&x, &added], length, |inputs, out, scratch| {
                let epilogue = Epilogue { residual: residual.then_some(inputs[1]), activation };
                kernel.run(inputs[0], plane, epilogue, out, scratch);
            });
            want.assert_holds(&out);
        });
    }

    #[test]
    fn pools_are_the_greatest_of_what_is_not_pooled(
        tile in prop::sample::select(&Tile::ALL[..]),
        half in planes(10),
        (input, output) in (1..3_usize, 1..3_usize),
        activation in activations(),
        seed in any::<u64>(),
    ) {
        let plane = Plane { height: 2 * half.height, width: 2 * half.width };
        let (input, output) = (16 * input, 16 * output);
        let layer = Owned::dense(input, output, WINDOW, seed);
        let x = numbers(seed ^ 2, plane.pixels() * input);

        each_set(|set| {
            let kernel = Winograd::new(set, tile, &layer.layer());
            let whole = run(&[&x], plane.pixels() * output, |inputs, out, scratch| {
                kernel.run(inputs[0], plane, activation.into(), out, scratch);
            });
            let pooled = run(&[&x], half.pixels() * output, |inputs, out, scratch| {
                kernel.run_pooled(inputs[0], plane, activation, out, scratch);
            });
            for (i, got) in pooled.iter().enumerate() {
                let (row, column) = (i / output / half.width * 2, i / output % half.width * 2);
                let at = |r: usize, c: usize| {
                    whole[((row + r) * plane.width + column + c) * output + i % output]
                };
                let want = at(0, 0).max(at(0, 1)).max(at(1, 0)).max(at(1, 1));
                assert_eq!(got.to_bits(), want.to_bits());
            }
        });
    }
}

/// As a network has them: many channels, several blocks of tiles, the rms error of the whole image.
#[test]
fn a_layer_of_a_network_keeps_the_rms_error_of_its_tile() {
    let plane = Plane { height: 28, width: 26 };
    let layer = Owned::dense(128, 32, WINDOW, 1);
    let x = numbers(2, plane.pixels() * 128);
    let want = convolution(&layer.layer(), false, &Bounded::exact(&x), plane).values;
    let norm = want.iter().map(|x| x * x).sum::<f64>();
    each_set(|set| {
        for tile in Tile::ALL {
            let kernel = Winograd::new(set, tile, &layer.layer());
            let out = run(&[&x], want.len(), |inputs, out, scratch| {
                kernel.run(inputs[0], plane, Activation::IDENTITY.into(), out, scratch);
            });
            let lost: f64 = out.iter().zip(&want).map(|(x, y)| (f64::from(*x) - y).powi(2)).sum();
            let (lost, most) = ((lost / norm).sqrt(), rms(tile));
            assert!(lost < most, "{} {tile:?}: {lost:e} exceeds {most:e}", set.name());
        }
    });
}

/// Relative, of a whole image: twice the worst that was measured on layers of networks.
fn rms(tile: Tile) -> f64 {
    match tile {
        Tile::Two => 1.2e-6,
        Tile::Four => 8e-6,
        Tile::Six => 1.4e-5,
    }
}

/// Of one number, in roundings of the largest sum of sizes in the image, since a tile's numbers share
/// their errors: three times the worst of six thousand random layers (2.6, 33 and 59).
fn roundings(tile: Tile) -> f64 {
    match tile {
        Tile::Two => 8.0,
        Tile::Four => 96.0,
        Tile::Six => 180.0,
    }
}

fn bounded(tile: Tile, layer: &Owned, x: &[f32], plane: Plane, added: &[f32]) -> Bounded {
    let mut want = convolution(&layer.layer(), false, &Bounded::exact(x), plane).plus(added);
    let size = want.sizes.iter().copied().fold(0.0, f64::max);
    want.errors.fill(roundings(tile) * UNIT * size);
    want
}
