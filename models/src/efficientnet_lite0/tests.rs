//! The network by itself: against PyTorch, across batches and devices.

use burn::tensor::{Tensor, TensorData};

use super::EfficientNetLite0;
use crate::model::Device;
use crate::network::{Network, normalise};
use crate::weights;

const WEIGHTS: &[u8] = include_bytes!("../../sets/default/features/weights.safetensors");
const EXPECTED: &[u8] = include_bytes!("../../golden/efficientnet-lite0.f32");
const INPUT: usize = 3 * 224 * 224;

/// The input of `golden/vectors.py`: pseudo-random numbers from -1 to 1.
fn input(rows: usize) -> Vec<f32> {
    let number = |index: u64| {
        let mut hashed = ((index + 1) * 2_654_435_761) % (1 << 32);
        hashed ^= hashed >> 15;
        (f32::from(u16::try_from(hashed % 2048).unwrap()) - 1024.0) / 1024.0
    };
    (0..(rows * INPUT) as u64).map(number).collect()
}

fn network(device: Device) -> EfficientNetLite0 {
    weights::load_module::<EfficientNetLite0>(WEIGHTS.to_vec(), device).unwrap()
}

/// The features of each row of `input`, not normalised.
fn run(network: &EfficientNetLite0, device: Device, input: &[f32]) -> Vec<Vec<f32>> {
    let shape = [input.len() / INPUT, 3, 224, 224];
    let input = TensorData::new(input.to_vec(), shape);
    let output = network.forward(Tensor::from_data(input, &device.burn()));
    let values = output.into_data().try_into_vec::<f32>().unwrap();
    values.chunks_exact(EfficientNetLite0::DIMENSIONS).map(<[f32]>::to_vec).collect()
}

fn unit(rows: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let normalised = rows.into_iter().map(|mut row| {
        normalise(&mut row);
        row
    });
    normalised.collect()
}

fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_network_gives_pytorchs_features_for_the_same_tensor_and_the_same_rounded_weights() {
    let values: Vec<f32> = EXPECTED.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
    let expected: Vec<Vec<f32>> = values.chunks_exact(1280).map(<[f32]>::to_vec).collect();
    let device = Device::Flex;

    let folded = unit(run(&network(device).fold(), device, &input(expected.len())));

    let off = largest_difference(&folded, &expected);
    println!("max abs {off:e}");
    assert!(off <= 1e-4, "off by {off}");
    for (found, expected) in folded.iter().zip(&expected) {
        let cosine: f64 =
            found.iter().zip(expected).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        assert!(cosine >= 0.99999, "cosine {cosine}");
    }
}

#[test]
fn folding_the_normalisations_changes_next_to_nothing() {
    let device = Device::Flex;
    let network = network(device);

    let plain = unit(run(&network, device, &input(1)));
    let folded = unit(run(&network.fold(), device, &input(1)));

    let off = largest_difference(&plain, &folded);
    assert!(off > 0.0 && off < 1e-5, "off by {off}");
}

#[test]
fn each_row_of_a_batch_is_bit_for_bit_the_batch_of_one() {
    for device in Device::ALL {
        let network = network(device).fold();
        let input = input(5);

        let batch = run(&network, device, &input);

        for (row, alone) in batch.iter().zip(input.chunks_exact(INPUT)) {
            let alone = run(&network, device, alone).remove(0);
            let same = row.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "a row depends on its neighbours on {device}");
        }
    }
}

#[test]
fn both_devices_agree() {
    let [flex, ndarray] =
        Device::ALL.map(|device| unit(run(&network(device).fold(), device, &input(2))));
    let off = largest_difference(&flex, &ndarray);
    println!("max abs {off:e}");
    assert!(off < 1e-5, "off by {off}");
}
