//! The network by itself: across batches with any weights, and with those of `VGG16_PTH` against
//! PyTorch and across devices.

use std::path::Path;
use std::sync::OnceLock;

use super::Vgg16;
use crate::import::read_pth;
use crate::model::Device;
use crate::network::Network;
use crate::network::agreement_tests::{self as agreement, SIDE};
use crate::weights::{self, Stored};

const GOLDEN: &[u8] = include_bytes!("../../golden/vgg16.f32");

/// The network as a set would serve it: with weights rounded to f16.
fn network(device: Device) -> Vgg16 {
    static STORED: OnceLock<Stored> = OnceLock::new();
    let stored = STORED.get_or_init(|| {
        let path = std::env::var("VGG16_PTH").expect("golden/checkpoints.py makes it");
        let network = read_pth::<Vgg16>(Path::new(&path)).unwrap();
        Stored::Memory(weights::store(&network).unwrap().into())
    });
    weights::load_module::<Vgg16>(stored, device).unwrap().for_inference()
}

#[test]
#[ignore = "needs VGG16_PTH; ./test makes it"]
fn the_network_gives_pytorchs_features_for_the_same_tensor_and_the_same_rounded_weights() {
    agreement::agrees_with_pytorch(&network(Device::Flex), Device::Flex, GOLDEN);
}

#[test]
#[ignore = "needs VGG16_PTH; ./test makes it"]
fn both_devices_agree_and_each_row_of_a_batch_is_the_batch_of_one() {
    let [flex, ndarray] = Device::ALL.map(network);
    agreement::devices_agree(&flex, &ndarray);
    agreement::rows_are_independent(&flex, Device::Flex, 3, SIDE);
    agreement::rows_are_independent(&ndarray, Device::Ndarray, 2, SIDE);
}

/// Small pictures, random weights: every layer has its full width.
#[test]
fn each_row_of_a_batch_is_bit_for_bit_the_batch_of_one() {
    for device in Device::ALL {
        agreement::rows_are_independent(
            &Vgg16::init(&device.burn()).for_inference(),
            device,
            3,
            64,
        );
    }
}
