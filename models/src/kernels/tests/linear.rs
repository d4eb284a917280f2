//! Fully connected layers.

use half::f16;
use proptest::prelude::*;

use super::super::matrix::Storage;
use super::super::{Channels, Layer, Linear, Plane, Window};
use super::guarded::{each_set, run};
use super::oracle::{Bounded, convolution};
use super::random::{activations, numbers};

proptest! {
    #![proptest_config(ProptestConfig { cases: super::CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_within_the_bound_and_the_same_bits_alone_as_in_a_batch(
        rows in 1..30_usize,
        (inputs, outputs) in (1..90_usize, 1..90_usize),
        (half, activation) in (any::<bool>(), activations()),
        seed in any::<u64>(),
    ) {
        let mut weights = numbers(seed, inputs * outputs);
        if half {
            weights.iter_mut().for_each(|weight| *weight = f16::from_f32(*weight).to_f32());
        }
        let (x, bias) = (numbers(seed ^ 1, rows * inputs), numbers(seed ^ 2, outputs));
        let layer = Layer {
            channels: Channels { input: inputs, output: outputs },
            window: Window::POINT,
            weights: &weights,
            bias: &bias,
        };
        let plane = Plane { height: 1, width: rows };
        let want = convolution(&layer, false, &Bounded::exact(&x), plane).activated(activation);

        each_set(|set| {
            let kernel = Linear::new(set, inputs, &weights, &bias);
            let batch = run(&[&x], rows * outputs, |inputs, out, _| {
                kernel.run(inputs[0], rows, activation, out);
            });
            want.assert_holds(&batch);
            for (x, row) in x.chunks(inputs).zip(batch.chunks(outputs)) {
                let alone =
                    run(&[x], outputs, |inputs, out, _| kernel.run(inputs[0], 1, activation, out));
                let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&alone), bits(row));
            }
        });
    }
}

#[test]
fn only_f16_numbers_are_stored_as_f16() {
    let smallest = f16::from_bits(1).to_f32();
    assert_eq!(Storage::lossless(&[0.0, -0.0, 1.0, -65504.0, smallest]), Storage::Half);
    for lossy in [0.1, 65536.0, smallest / 2.0, 1.0 + f32::EPSILON] {
        let mut weights = vec![1.0; 1000];
        weights[999] = lossy;
        assert_eq!(Storage::lossless(&weights), Storage::Single, "{lossy}");
    }
}
