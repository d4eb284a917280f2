//! The network by itself: against PyTorch, across batches and devices.

use super::ResNet18;

crate::network::agreement_tests::imported!(
    ResNet18,
    "RESNET18_PTH",
    include_bytes!("../../golden/resnet18.f32"),
    "needs RESNET18_PTH; ./test makes it"
);
