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

/// The sizes of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InvertedResidualSizes {
    pub channels_in: usize,
    pub channels_out: usize,
    /// Side and stride of the depthwise convolution.
    pub kernel: usize,
    pub stride: usize,
    /// How much wider than its input its middle is.
    pub expansion: usize,
}

impl InvertedResidualSizes {
    /// The block on `device`, its weights yet to be loaded, of convolutions as its family has them: by
    /// channels in and out, kernel and stride. The input is added where both have the same shape.
    pub fn init(
        self,
        convolution: fn(usize, usize, usize, usize) -> NormalisedConvolutionConfig,
        device: &Device,
    ) -> InvertedResidual {
        let Self { channels_in, channels_out, kernel, stride, expansion } = self;
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
