//! The network by itself: against PyTorch, across batches and devices.

use super::EfficientNetLite0;
use crate::model::Device;
use crate::network::Network;
use crate::network::agreement_tests::{self as agreement, SIDE};
use crate::weights::{self, Stored};

const WEIGHTS: &[u8] = include_bytes!("../../sets/default/features/weights.safetensors");
const GOLDEN: &[u8] = include_bytes!("../../golden/efficientnet-lite0.f32");

fn network(device: Device) -> EfficientNetLite0 {
    weights::load_module::<EfficientNetLite0>(&Stored::Bundled(WEIGHTS), device).unwrap()
}

#[test]
fn the_network_gives_pytorchs_features_for_the_same_tensor_and_weights() {
    agreement::agrees_with_pytorch(|device| network(device).for_inference(), GOLDEN);
}

#[test]
fn folding_the_normalisations_changes_next_to_nothing() {
    let network = network(Device::Flex);

    let plain = agreement::vectors(&network, Device::Flex, 1);
    let folded = agreement::vectors(&network.for_inference(), Device::Flex, 1);

    let off = agreement::largest_difference(&plain, &folded);
    assert!(off > 0.0 && off < 1e-5, "off by {off}");
}

#[test]
fn each_row_of_a_batch_is_bit_for_bit_the_batch_of_one() {
    for device in Device::ALL {
        agreement::rows_are_independent(&network(device).for_inference(), device, 5, SIDE);
    }
}

#[test]
fn all_devices_agree() {
    agreement::devices_agree(|device| network(device).for_inference());
}
