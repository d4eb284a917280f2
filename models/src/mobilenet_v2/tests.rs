//! The network by itself: against PyTorch, across batches and devices.

use super::MobileNetV2;

crate::network::agreement_tests::imported!(
    MobileNetV2,
    "MOBILENET_V2_PTH",
    include_bytes!("../../golden/mobilenet-v2.f32"),
    "needs MOBILENET_V2_PTH; ./test makes it"
);
