//! The network's block: two normalised convolutions beside a shortcut.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::layers::{NormalisedConvolution, NormalisedConvolutionConfig, describe_joined, joined};
use crate::plan::{Graph, GraphError, Value};

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
        let convolution = NormalisedConvolutionConfig::torchvision;
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
        joined(x, input, self.shortcut.as_ref())
    }

    pub fn describe(
        &self,
        graph: &mut Graph,
        name: &str,
        input: Value,
    ) -> Result<Value, GraphError> {
        let x = self.first.describe(graph, &format!("{name}.first"), input)?;
        let x = graph.activation(x, Activation::RELU);
        let x = self.second.describe(graph, &format!("{name}.second"), x)?;
        describe_joined(graph, name, x, input, self.shortcut.as_ref())
    }

    pub fn fold(self) -> Self {
        Self {
            first: self.first.fold(),
            second: self.second.fold(),
            shortcut: self.shortcut.map(NormalisedConvolution::fold),
        }
    }
}
