//! Two convolutions strip by strip: the bits of one after the other.

use proptest::prelude::*;

use super::super::{
    Activation, Chain, Convolution, InstructionSet, Padding, Plane, Scratch, Tile, Window, Winograd,
};
use super::guarded::{each_set, run};
use super::random::{Owned, activations, numbers, places};

const SECOND: Window = Window { side: 3, stride: 1, padding: Padding::even(1) };

/// Two layers with the activations after either, and the tile of the second.
struct Pair {
    layers: [Owned; 2],
    activations: [Activation; 2],
    tile: Tile,
    pooled: bool,
}

impl Pair {
    fn kernels(&self, set: InstructionSet) -> (Convolution, Winograd) {
        let [first, second] = &self.layers;
        (Convolution::new(set, &first.layer()), Winograd::new(set, self.tile, &second.layer()))
    }

    fn chain(&self, set: InstructionSet) -> Chain {
        let (first, second) = self.kernels(set);
        Chain::new(first, second, self.activations, self.pooled)
    }

    /// One after the other, with the whole image between them.
    fn in_turn(&self, set: InstructionSet, x: &[f32], plane: Plane, out: &mut [f32]) {
        let (first, second) = self.kernels(set);
        let inner = self.layers[0].window.places(plane);
        let mut between = vec![0.0; inner.pixels() * self.layers[0].channels.output];
        let scratch = &mut Scratch::default();
        first.run(x, plane, self.activations[0].into(), &mut between, scratch);
        if self.pooled {
            second.run_pooled(&between, inner, self.activations[1], out, scratch);
        } else {
            second.run(&between, inner, self.activations[1].into(), out, scratch);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_chain_has_the_bits_of_its_kernels_in_turn(
        (plane, window) in places(&[1, 3, 5], &[1, 2], 30),
        tile in prop::sample::select(&Tile::ALL[..]),
        (input, inner, output) in (1..5_usize, 1..3_usize, 1..3_usize),
        activations in [activations(), activations()],
        pool in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let places = window.places(plane);
        let pooled = pool && places.height % 2 == 0 && places.width % 2 == 0;
        let first = Owned::dense(input, 16 * inner, window, seed);
        let second = Owned::dense(16 * inner, 16 * output, SECOND, seed ^ 4);
        let pair = Pair { layers: [first, second], activations, tile, pooled };
        let x = numbers(seed ^ 2, plane.pixels() * input);
        let length = places.pixels() * 16 * output / if pooled { 4 } else { 1 };

        each_set(|set| {
            let mut want = vec![0.0; length];
            pair.in_turn(set, &x, plane, &mut want);
            let chain = pair.chain(set);
            let out = run(&[&x], length, |inputs, out, scratch| chain.run(inputs[0], plane, out, scratch));
            assert!(out.iter().zip(&want).all(|(got, want)| got.to_bits() == want.to_bits()));
        });
    }
}
