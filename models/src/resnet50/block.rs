//! The network's block: a 3×3 convolution of few channels between two 1×1, beside a shortcut.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::layers::{NormalisedConvolution, NormalisedConvolutionConfig, describe_joined, joined};
use crate::plan::{Graph, GraphError, Value};

/// The sizes of a block.
#[derive(Config, Debug)]
pub struct BottleneckConfig {
    channels_in: usize,
    narrow: usize,
    channels_out: usize,
    stride: usize,
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height / stride, width / stride]`;
/// the input is added as it is, or through a 1×1 convolution where the channels differ.
#[derive(Module, Debug)]
pub struct Bottleneck {
    narrow: NormalisedConvolution,
    middle: NormalisedConvolution,
    widen: NormalisedConvolution,
    shortcut: Option<NormalisedConvolution>,
}

impl BottleneckConfig {
    pub fn init(&self, device: &Device) -> Bottleneck {
        let Self { channels_in, narrow, channels_out, stride } = *self;
        let convolution = NormalisedConvolutionConfig::torchvision;
        let shortcut = convolution(channels_in, channels_out, 1, stride);
        Bottleneck {
            narrow: convolution(channels_in, narrow, 1, 1).init(device),
            middle: convolution(narrow, narrow, 3, stride).init(device),
            widen: convolution(narrow, channels_out, 1, 1).init(device),
            shortcut: (channels_in != channels_out).then(|| shortcut.init(device)),
        }
    }
}

impl Bottleneck {
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let x = relu(self.narrow.forward(input.clone()));
        let x = relu(self.middle.forward(x));
        let x = self.widen.forward(x);
        joined(x, input, self.shortcut.as_ref())
    }

    pub fn describe(
        &self,
        graph: &mut Graph,
        name: &str,
        input: Value,
    ) -> Result<Value, GraphError> {
        let x = self.narrow.describe(graph, &format!("{name}.narrow"), input)?;
        let x = graph.activation(x, Activation::RELU);
        let x = self.middle.describe(graph, &format!("{name}.middle"), x)?;
        let x = graph.activation(x, Activation::RELU);
        let x = self.widen.describe(graph, &format!("{name}.widen"), x)?;
        describe_joined(graph, name, x, input, self.shortcut.as_ref())
    }

    pub fn fold(self) -> Self {
        Self {
            narrow: self.narrow.fold(),
            middle: self.middle.fold(),
            widen: self.widen.fold(),
            shortcut: self.shortcut.map(NormalisedConvolution::fold),
        }
    }
}
