//! What every network is held against: PyTorch's answers, its own in another batch, the other
//! devices'. Each network's own tests say with which weights.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use allocation_counter::measure;
use burn::tensor::{Tensor, TensorData};

use super::{Network, normalise};
use crate::import::read_pth;
use crate::kernels::{InstructionSet, Plane};
use crate::model::Device;
use crate::plan::{Graph, Plan, Worker};
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

/// The tests of a network whose weights have to be imported: across batches and devices with any
/// weights, and with those of the checkpoint that the environment's `$variable` names against PyTorch's
/// `$golden`. Without that they are ignored; `$needs` says why.
macro_rules! imported {
    ($network:ty, $variable:literal, $golden:expr, $needs:literal) => {
        fn served(device: $crate::model::Device) -> $network {
            use std::sync::OnceLock;
            static STORED: OnceLock<$crate::weights::Stored> = OnceLock::new();
            $crate::network::agreement_tests::served($variable, &STORED, device)
        }

        #[test]
        #[ignore = $needs]
        fn the_network_gives_pytorchs_features_for_the_same_tensor_and_the_same_rounded_weights() {
            $crate::network::agreement_tests::agrees_with_pytorch(served, $golden);
        }

        #[test]
        #[ignore = $needs]
        fn all_devices_agree_and_each_row_of_a_batch_is_the_batch_of_one() {
            $crate::network::agreement_tests::all_devices_agree(served);
        }

        #[test]
        fn each_row_of_a_batch_is_bit_for_bit_the_batch_of_one() {
            $crate::network::agreement_tests::small_rows_are_independent::<$network>();
        }
    };
}
pub(crate) use imported;

/// Side of the pictures that the golden files were made with.
pub const SIDE: usize = 224;

/// A network on one device, `simd` with one instruction set.
pub struct Computing<'a, N> {
    network: &'a N,
    device: Device,
    worker: Option<(InstructionSet, Worker)>,
    side: usize,
}

impl<'a, N: Network> Computing<'a, N> {
    /// The network on `device` for pictures of `side`×`side`: on `simd` once for each instruction set
    /// of this host, once without where it has none.
    pub fn all(network: &'a N, device: Device, side: usize) -> Vec<Self> {
        let on = |worker| Self { network, device, worker, side };
        let sets = match device {
            Device::Simd => InstructionSet::all(),
            _ => device.instruction_set().into_iter().collect(),
        };
        let all: Vec<Self> =
            sets.into_iter().map(|set| on(Some((set, worker(network, side, set))))).collect();
        if all.is_empty() { vec![on(None)] } else { all }
    }

    /// The features of each picture of `input`, not normalised.
    fn features(&mut self, input: &[f32]) -> Vec<Vec<f32>> {
        let values = match &mut self.worker {
            Some((_, worker)) => worker.run_planes(input).to_vec(),
            None => {
                let shape = [input.len() / (3 * self.side * self.side), 3, self.side, self.side];
                let input = TensorData::new(input.to_vec(), shape);
                let output = self.network.forward(Tensor::from_data(input, &self.device.burn()));
                output.into_data().try_into_vec::<f32>().unwrap()
            }
        };
        values.chunks_exact(N::DIMENSIONS).map(<[f32]>::to_vec).collect()
    }

    /// The vectors of the first `rows` golden pictures.
    fn vectors(&mut self, rows: usize) -> Vec<Vec<f32>> {
        let mut vectors = self.features(&input(rows, self.side));
        vectors.iter_mut().for_each(|vector| normalise(vector));
        vectors
    }

    /// How often a warm worker asks for memory; never, where there is none.
    fn allocations(&mut self) -> u64 {
        let input = input(1, self.side);
        let Some((_, worker)) = &mut self.worker else { return 0 };
        worker.run_planes(&input);
        measure(|| assert!(!worker.run_planes(&input).is_empty())).count_total
    }

    fn name(&self) -> String {
        let set = self.worker.as_ref().map(|(set, _)| set.name());
        format!("{} on {} {}", N::NAME, self.device, set.unwrap_or_default())
    }
}

/// A worker of the plan of `network`, which is folded.
fn worker<N: Network>(network: &N, side: usize, set: InstructionSet) -> Worker {
    let mut graph = Graph::new(Plane { height: side, width: side });
    network.describe(&mut graph).unwrap();
    Worker::new(Arc::new(Plan::compile(graph, set).unwrap()))
}

/// The input of `golden/vectors.py`: pseudo-random numbers from -1 to 1.
fn input(rows: usize, side: usize) -> Vec<f32> {
    let number = |index: u64| {
        let mut hashed = ((index + 1) * 2_654_435_761) % (1 << 32);
        hashed ^= hashed >> 15;
        (f32::from(u16::try_from(hashed % 2048).unwrap()) - 1024.0) / 1024.0
    };
    (0..(rows * 3 * side * side) as u64).map(number).collect()
}

/// The vectors of the first `rows` golden pictures on burn's `device`.
pub fn vectors<N: Network>(network: &N, device: Device, rows: usize) -> Vec<Vec<f32>> {
    Computing { network, device, worker: None, side: SIDE }.vectors(rows)
}

pub fn largest_difference(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Holds the vectors of as many golden pictures as `golden` has against PyTorch's.
pub fn agrees_with_pytorch<N: Network>(served: impl Fn(Device) -> N, golden: &[u8]) {
    let values: Vec<f32> = golden.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
    let expected: Vec<Vec<f32>> = values.chunks_exact(N::DIMENSIONS).map(<[f32]>::to_vec).collect();
    assert!(!values.is_empty() && values.len().is_multiple_of(N::DIMENSIONS), "{}", values.len());
    for device in [Device::Simd, Device::Flex] {
        let network = served(device);
        for mut computing in Computing::all(&network, device, SIDE) {
            let found = computing.vectors(expected.len());

            let off = largest_difference(&found, &expected);
            println!("{}: off by {off:e} from PyTorch at most", computing.name());
            assert!(off <= 1e-4, "off by {off}");
            for (found, expected) in found.iter().zip(&expected) {
                let pairs = found.iter().zip(expected);
                let cosine: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                assert!(cosine >= 0.99999, "cosine {cosine}");
            }
        }
    }
}

/// Compares, bit for bit, each row of a batch of `rows` pictures with that picture alone.
pub fn rows_are_independent<N: Network>(network: &N, device: Device, rows: usize, side: usize) {
    let input = input(rows, side);
    for mut computing in Computing::all(network, device, side) {
        let batch = computing.features(&input);

        assert_eq!(batch.len(), rows);
        for (row, alone) in batch.iter().zip(input.chunks_exact(3 * side * side)) {
            let alone = computing.features(alone).remove(0);
            let same = row.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "a row depends on its neighbours: {}", computing.name());
            assert!(row.iter().any(|value| *value != 0.0), "nothing was computed");
        }
    }
}

/// The same with random weights on small pictures, and the devices against each other: every layer
/// has its full width. A worker allocates nothing once it is warm.
pub fn small_rows_are_independent<N: Network>() {
    let network = N::init(&Device::Flex.burn()).for_inference();
    for device in Device::ALL {
        match device {
            Device::Simd | Device::SimdAvx2 | Device::Flex => {
                rows_are_independent(&network, device, 3, 64);
            }
            Device::Ndarray => {
                let network = N::init(&device.burn()).for_inference();
                rows_are_independent(&network, device, 3, 64);
            }
        }
    }
    let first = |device| Computing::all(&network, device, 64).remove(0);
    let mut simd = first(Device::Simd);
    let off = largest_difference(&simd.vectors(1), &first(Device::Flex).vectors(1));
    assert!(off < 1e-5, "the devices are off by {off:e}");
    assert_eq!(simd.allocations(), 0, "{} allocates for each picture", simd.name());
}

/// Holds the devices against each other, and their rows against their neighbours.
pub fn all_devices_agree<N: Network>(served: impl Fn(Device) -> N) {
    devices_agree(&served);
    for (device, rows) in [(Device::Simd, 3), (Device::Flex, 3), (Device::Ndarray, 2)] {
        rows_are_independent(&served(device), device, rows, SIDE);
    }
}

/// Compares the first golden picture's vector on each device with that on flex.
pub fn devices_agree<N: Network>(served: impl Fn(Device) -> N) {
    let flex = vectors(&served(Device::Flex), Device::Flex, 1);
    for device in [Device::Simd, Device::Ndarray] {
        let network = served(device);
        for mut computing in Computing::all(&network, device, SIDE) {
            let off = largest_difference(&flex, &computing.vectors(1));
            println!("{}: off by {off:e} from flex at most", computing.name());
            assert!(off < 1e-5, "off by {off}");
        }
    }
}
