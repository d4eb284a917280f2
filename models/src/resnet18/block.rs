//! The network's block: two normalised convolutions beside a shortcut.

use burn::config::Config;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::layers::{NormalisedConvolution, NormalisedConvolutionConfig};

/// The epsilon of every batch normalisation: PyTorch's default.
const EPSILON: f64 = 1e-5;

/// A convolution of the family, padded by half its kernel on every side.
pub fn convolution(
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    stride: usize,
) -> NormalisedConvolutionConfig {
    let half = kernel / 2;
    let padding = PaddingConfig2d::Explicit(half, half, half, half);
    NormalisedConvolutionConfig::new(channels_in, channels_out, kernel, EPSILON, padding)
        .with_stride(stride)
}

/// Two 3×3 convolutions, the first of which may halve the plane.
#[derive(Config, Debug)]
pub struct BasicBlockConfig {
    channels_in: usize,
    channels_out: usize,
    stride: usize,
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height / stride, width / stride]`;
/// the input is added as it is, or through a 1×1 convolution where the shapes differ.
#[derive(Module, Debug)]
pub struct BasicBlock {
    first: NormalisedConvolution,
    second: NormalisedConvolution,
    shortcut: Option<NormalisedConvolution>,
}

impl BasicBlockConfig {
    pub fn init(&self, device: &Device) -> BasicBlock {
        let Self { channels_in, channels_out, stride } = *self;
        let shortcut = convolution(channels_in, channels_out, 1, stride);
        BasicBlock {
            first: convolution(channels_in, channels_out, 3, stride).init(device),
            second: convolution(channels_out, channels_out, 3, 1).init(device),
            shortcut: (channels_in != channels_out).then(|| shortcut.init(device)),
        }
    }
}

impl BasicBlock {
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let x = relu(self.first.forward(input.clone()));
        let x = self.second.forward(x);
        relu(match &self.shortcut {
            Some(shortcut) => x + shortcut.forward(input),
            None => x + input,
        })
    }

    pub fn fold(self) -> Self {
        Self {
            first: self.first.fold(),
            second: self.second.fold(),
            shortcut: self.shortcut.map(NormalisedConvolution::fold),
        }
    }
}
