//! The network's block: the inverted residual, made of three normalised convolutions.

use burn::config::Config;
use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::tensor::{Device, Tensor};

use crate::layers::{NormalisedConvolution, NormalisedConvolutionConfig};

/// The epsilon of every batch normalisation of the family.
const EPSILON: f64 = 1e-3;

/// Clamps to 0..6.
pub fn relu6(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 6.0)
}

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

/// Widens the channels, convolves each by itself, narrows them again.
#[derive(Config, Debug)]
pub struct InvertedResidualConfig {
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    stride: usize,
    expansion: usize,
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height / stride, width / stride]`;
/// the input is added where both have the same shape.
#[derive(Module, Debug)]
pub struct InvertedResidual {
    expand: Option<NormalisedConvolution>,
    depthwise: NormalisedConvolution,
    project: NormalisedConvolution,
    adds_input: bool,
}

impl InvertedResidualConfig {
    pub fn init(&self, device: &Device) -> InvertedResidual {
        let wide = self.channels_in * self.expansion;
        let expand = convolution(self.channels_in, wide, 1, 1);
        InvertedResidual {
            expand: (self.expansion != 1).then(|| expand.init(device)),
            depthwise: convolution(wide, wide, self.kernel, self.stride)
                .with_groups(wide)
                .init(device),
            project: convolution(wide, self.channels_out, 1, 1).init(device),
            adds_input: self.stride == 1 && self.channels_in == self.channels_out,
        }
    }
}

impl InvertedResidual {
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let residual = self.adds_input.then(|| input.clone());
        let x = match &self.expand {
            Some(expand) => relu6(expand.forward(input)),
            None => input,
        };
        let x = self.project.forward(relu6(self.depthwise.forward(x)));
        match residual {
            Some(residual) => x + residual,
            None => x,
        }
    }

    pub fn fold(self) -> Self {
        Self {
            expand: self.expand.map(NormalisedConvolution::fold),
            depthwise: self.depthwise.fold(),
            project: self.project.fold(),
            ..self
        }
    }
}
