//! What every network is held against: PyTorch's answers, its own in another batch, the other
//! device's. Each network's own tests say with which weights.

use std::path::Path;
use std::sync::OnceLock;

use burn::tensor::{Tensor, TensorData};

use super::{Network, normalise};
use crate::import::read_pth;
use crate::model::Device;
use crate::weights::{self, Stored};

/// The network as a set would serve it: with weights rounded to f16, those of the checkpoint that the
/// environment's `variable` names. `stored` keeps them for the next call.
pub fn served<N: Network>(variable: &str, stored: &OnceLock<Stored>, device: Device) -> N {
    let stored = stored.get_or_init(|| {
        let path = std::env::var(variable).expect("golden/checkpoints.py makes it");
        let network = read_pth::<N>(Path::new(&path)).unwrap();
        Stored::Memory(weights::store(&network).unwrap().into())
    });
    weights::load_module::<N>(stored, device).unwrap().for_inference()
}

/// Side of the pictures that the golden files were made with.
pub const SIDE: usize = 224;

/// The input of `golden/vectors.py`: pseudo-random numbers from -1 to 1.
fn input(rows: usize, side: usize) -> Vec<f32> {
    let number = |index: u64| {
        let mut hashed = ((index + 1) * 2_654_435_761) % (1 << 32);
        hashed ^= hashed >> 15;
        (f32::from(u16::try_from(hashed % 2048).unwrap()) - 1024.0) / 1024.0
    };
    (0..(rows * 3 * side * side) as u64).map(number).collect()
}

/// The features of each picture of `input`, not normalised.
fn features<N: Network>(network: &N, device: Device, input: &[f32], side: usize) -> Vec<Vec<f32>> {
    let shape = [input.len() / (3 * side * side), 3, side, side];
    let input = TensorData::new(input.to_vec(), shape);
    let output = network.forward(Tensor::from_data(input, &device.burn()));
    let values = output.into_data().try_into_vec::<f32>().unwrap();
    values.chunks_exact(N::DIMENSIONS).map(<[f32]>::to_vec).collect()
}

/// The vectors of the first `rows` golden pictures.
pub fn vectors<N: Network>(network: &N, device: Device, rows: usize) -> Vec<Vec<f32>> {
    let normalised =
        features(network, device, &input(rows, SIDE), SIDE).into_iter().map(|mut row| {
            normalise(&mut row);
            row
        });
    normalised.collect()
}

pub fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Holds the vectors of as many golden pictures as `golden` has against PyTorch's.
pub fn agrees_with_pytorch<N: Network>(network: &N, device: Device, golden: &[u8]) {
    let values: Vec<f32> = golden.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
    let expected: Vec<Vec<f32>> = values.chunks_exact(N::DIMENSIONS).map(<[f32]>::to_vec).collect();

    let found = vectors(network, device, expected.len());

    let off = largest_difference(&found, &expected);
    println!("{} on {device}: off by {off:e} from PyTorch at most", N::NAME);
    assert!(off <= 1e-4, "off by {off}");
    for (found, expected) in found.iter().zip(&expected) {
        let cosine: f64 =
            found.iter().zip(expected).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        assert!(cosine >= 0.99999, "cosine {cosine}");
    }
}

/// Compares, bit for bit, each row of a batch of `rows` pictures with that picture alone.
pub fn rows_are_independent<N: Network>(network: &N, device: Device, rows: usize, side: usize) {
    let input = input(rows, side);

    let batch = features(network, device, &input, side);

    assert_eq!(batch.len(), rows);
    for (row, alone) in batch.iter().zip(input.chunks_exact(3 * side * side)) {
        let alone = features(network, device, alone, side).remove(0);
        let same = row.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "a row depends on its neighbours on {device}");
        assert!(row.iter().any(|value| *value != 0.0), "nothing was computed");
    }
}

/// The same with random weights on small pictures: every layer has its full width.
pub fn small_rows_are_independent<N: Network>() {
    for device in Device::ALL {
        rows_are_independent(&N::init(&device.burn()).for_inference(), device, 3, 64);
    }
}

/// Holds flex and ndarray against each other, and their rows against their neighbours.
pub fn both_devices_agree<N: Network>(served: impl Fn(Device) -> N) {
    let [flex, ndarray] = Device::ALL.map(served);
    devices_agree(&flex, &ndarray);
    rows_are_independent(&flex, Device::Flex, 3, SIDE);
    rows_are_independent(&ndarray, Device::Ndarray, 2, SIDE);
}

/// Compares the first golden picture's vector on flex with that on ndarray.
pub fn devices_agree<N: Network>(flex: &N, ndarray: &N) {
    let flex = vectors(flex, Device::Flex, 1);
    let ndarray = vectors(ndarray, Device::Ndarray, 1);
    let off = largest_difference(&flex, &ndarray);
    println!("{}: the devices are off by {off:e} at most", N::NAME);
    assert!(off < 1e-5, "off by {off}");
}
