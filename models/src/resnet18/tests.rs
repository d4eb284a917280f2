//! The network by itself: across batches with any weights, and with those of `RESNET18_PTH` against
//! PyTorch and across devices.

use std::sync::OnceLock;

use super::ResNet18;
use crate::model::Device;
use crate::network::agreement_tests as agreement;
use crate::weights::Stored;

const GOLDEN: &[u8] = include_bytes!("../../golden/resnet18.f32");

fn served(device: Device) -> ResNet18 {
    static STORED: OnceLock<Stored> = OnceLock::new();
    agreement::served("RESNET18_PTH", &STORED, device)
}

#[test]
#[ignore = "needs RESNET18_PTH; ./test makes it"]
fn the_network_gives_pytorchs_features_for_the_same_tensor_and_the_same_rounded_weights() {
    agreement::agrees_with_pytorch(served, GOLDEN);
}

#[test]
#[ignore = "needs RESNET18_PTH; ./test makes it"]
fn all_devices_agree_and_each_row_of_a_batch_is_the_batch_of_one() {
    agreement::all_devices_agree(served);
}

#[test]
fn each_row_of_a_batch_is_bit_for_bit_the_batch_of_one() {
    agreement::small_rows_are_independent::<ResNet18>();
}
