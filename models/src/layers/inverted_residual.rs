//! The inverted residual: channels are widened, convolved each by itself, and narrowed again.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{NormalisedConvolution, NormalisedConvolutionConfig};
use crate::kernels::Activation;
use crate::plan::{Graph, GraphError, Value};

/// Clamps to 0..6.
pub(crate) fn relu6(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 6.0)
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height / stride, width / stride]`,
/// where the stride is that of the depthwise convolution.
#[derive(Module, Debug)]
pub(crate) struct InvertedResidual {
    /// 1×1; none where nothing is widened.
    pub expand: Option<NormalisedConvolution>,
    pub depthwise: NormalisedConvolution,
    /// 1×1, without an activation.
    pub project: NormalisedConvolution,
    /// Whether the input, of the same shape, is added.
    pub adds_input: bool,
}

/// Blocks that follow each other; all but the first keep the shape that it gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InvertedResidualStage {
    /// How many.
    pub blocks: usize,
    /// Side of the depthwise convolutions.
    kernel: usize,
    /// Stride of the first block.
    stride: usize,
    /// How much wider than its input the middle of a block is.
    pub expansion: usize,
    channels_out: usize,
}

/// A convolution as a family of networks has it, by channels in and out, kernel and stride.
type Family = fn(usize, usize, usize, usize) -> NormalisedConvolutionConfig;

impl InvertedResidualStage {
    /// A row of a paper's table.
    pub const fn new(
        blocks: usize,
        kernel: usize,
        stride: usize,
        expansion: usize,
        channels_out: usize,
    ) -> Self {
        Self { blocks, kernel, stride, expansion, channels_out }
    }

    /// The blocks of `stages` one after another, behind `channels` of the stem, on `device`, their weights
    /// yet to be loaded; and the channels of the last.
    pub fn init(
        stages: &[Self],
        mut channels: usize,
        convolution: Family,
        device: &Device,
    ) -> (Vec<InvertedResidual>, usize) {
        let mut blocks = Vec::new();
        for stage in stages {
            for at in 0..stage.blocks {
                let stride = if at == 0 { stage.stride } else { 1 };
                blocks.push(stage.block(channels, stride, convolution, device));
                channels = stage.channels_out;
            }
        }
        (blocks, channels)
    }

    /// A block, which adds its input where both have the same shape.
    fn block(
        self,
        channels_in: usize,
        stride: usize,
        convolution: Family,
        device: &Device,
    ) -> InvertedResidual {
        let Self { kernel, expansion, channels_out, .. } = self;
        let wide = channels_in * expansion;
        let expand = convolution(channels_in, wide, 1, 1);
        let depthwise = convolution(wide, wide, kernel, stride).with_groups(wide);
        InvertedResidual {
            expand: (expansion != 1).then(|| expand.init(device)),
            depthwise: depthwise.init(device),
            project: convolution(wide, channels_out, 1, 1).init(device),
            adds_input: stride == 1 && channels_in == channels_out,
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

    /// Adds itself to `graph` under `name`; its normalisations must have been folded.
    pub fn describe(
        &self,
        graph: &mut Graph,
        name: &str,
        input: Value,
    ) -> Result<Value, GraphError> {
        let mut x = input;
        if let Some(expand) = &self.expand {
            x = expand.describe(graph, &format!("{name}.expand"), x)?;
            x = graph.activation(x, Activation::RELU6);
        }
        x = self.depthwise.describe(graph, &format!("{name}.depthwise"), x)?;
        x = graph.activation(x, Activation::RELU6);
        x = self.project.describe(graph, &format!("{name}.project"), x)?;
        if self.adds_input { graph.add(name, x, input) } else { Ok(x) }
    }

    /// The same with every normalisation folded.
    pub fn fold(self) -> Self {
        Self {
            expand: self.expand.map(NormalisedConvolution::fold),
            depthwise: self.depthwise.fold(),
            project: self.project.fold(),
            ..self
        }
    }
}
