//! The network by itself: against PyTorch, across batches and devices.

use super::ResNet50;

crate::network::agreement_tests::imported!(
    ResNet50,
    "RESNET50_PTH",
    include_bytes!("../../golden/resnet50.f32"),
    "needs RESNET50_PTH; ./test makes it"
);
