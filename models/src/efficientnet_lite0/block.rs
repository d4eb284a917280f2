//! The network's convolutions and its block: the inverted residual, made of three of them.

use burn::config::Config;
use burn::nn::PaddingConfig2d;
use burn::tensor::Device;

use crate::layers::{InvertedResidual, NormalisedConvolutionConfig};

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

/// The sizes of a block; the input is added where both have the same shape.
#[derive(Config, Debug)]
pub struct InvertedResidualConfig {
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    stride: usize,
    expansion: usize,
}

impl InvertedResidualConfig {
    pub fn init(&self, device: &Device) -> InvertedResidual {
        let wide = self.channels_in * self.expansion;
        let expand = convolution(self.channels_in, wide, 1, 1);
        let depthwise = convolution(wide, wide, self.kernel, self.stride).with_groups(wide);
        InvertedResidual {
            expand: (self.expansion != 1).then(|| expand.init(device)),
            depthwise: depthwise.init(device),
            project: convolution(wide, self.channels_out, 1, 1).init(device),
            adds_input: self.stride == 1 && self.channels_in == self.channels_out,
        }
    }
}
