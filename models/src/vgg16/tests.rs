//! The network by itself: against PyTorch, across batches and devices.

use super::Vgg16;

crate::network::agreement_tests::imported!(
    Vgg16,
    "VGG16_PTH",
    include_bytes!("../../golden/vgg16.f32"),
    "needs VGG16_PTH; ./test makes it"
);
