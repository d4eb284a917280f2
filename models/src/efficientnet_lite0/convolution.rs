//! The network's convolutions, of which its blocks are made.

use burn::nn::PaddingConfig2d;

use crate::layers::NormalisedConvolutionConfig;

/// The epsilon of every batch normalisation of the family.
const EPSILON: f64 = 1e-3;

/// A convolution of the family, which pads like TensorFlow's "same" for an even side: with stride 2
/// one less than the kernel covers, the odd one at the bottom and right.
pub fn convolution(
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    stride: usize,
) -> NormalisedConvolutionConfig {
    let total = kernel - stride;
    let (before, after) = (total / 2, total - total / 2);
    let padding = PaddingConfig2d::Explicit(before, before, after, after);
    NormalisedConvolutionConfig::new(channels_in, channels_out, kernel, EPSILON, padding)
        .with_stride(stride)
}
