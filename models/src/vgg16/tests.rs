//! The network by itself: across batches with any weights, and with those of `VGG16_PTH` against
//! PyTorch and across devices.

use std::sync::OnceLock;

use super::Vgg16;
use crate::model::Device;
use crate::network::agreement_tests as agreement;
use crate::weights::Stored;

const GOLDEN: &[u8] = include_bytes!("../../golden/vgg16.f32");

fn served(device: Device) -> Vgg16 {
    static STORED: OnceLock<Stored> = OnceLock::new();
    agreement::served("VGG16_PTH", &STORED, device)
}

#[test]
#[ignore = "needs VGG16_PTH; ./test makes it"]
fn the_network_gives_pytorchs_features_for_the_same_tensor_and_the_same_rounded_weights() {
    agreement::agrees_with_pytorch(served, GOLDEN);
}

#[test]
#[ignore = "needs VGG16_PTH; ./test makes it"]
fn all_devices_agree_and_each_row_of_a_batch_is_the_batch_of_one() {
    agreement::all_devices_agree(served);
}

#[test]
fn each_row_of_a_batch_is_bit_for_bit_the_batch_of_one() {
    agreement::small_rows_are_independent::<Vgg16>();
}
