//! The inverted residual: channels are widened, convolved each by itself, and narrowed again.

use burn::module::Module;
use burn::tensor::Tensor;

use super::NormalisedConvolution;
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
