//! A convolution without bias and the batch normalisation after it, which inference folds into one.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use crate::plan::{Graph, GraphError, Value};

/// What can be chosen of a [`NormalisedConvolution`].
#[derive(Config, Debug)]
pub struct NormalisedConvolutionConfig {
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    /// What the normalisation adds to the variance; each family of networks has its own.
    epsilon: f64,
    padding: PaddingConfig2d,
    #[config(default = 1)]
    stride: usize,
    #[config(default = 1)]
    groups: usize,
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height', width']`, where
/// `height' = (height + padding - kernel) / stride + 1`, rounded down.
#[derive(Module, Debug)]
pub struct NormalisedConvolution {
    conv: Conv2d,
    norm: Option<BatchNorm>,
}

/// The epsilon of a batch normalisation in PyTorch, unless one is given.
const PYTORCHS_EPSILON: f64 = 1e-5;

impl NormalisedConvolutionConfig {
    /// As torchvision's networks have it: padded by half its kernel on every side, PyTorch's epsilon.
    pub fn torchvision(
        channels_in: usize,
        channels_out: usize,
        kernel: usize,
        stride: usize,
    ) -> Self {
        let half = kernel / 2;
        let padding = PaddingConfig2d::Explicit(half, half, half, half);
        Self::new(channels_in, channels_out, kernel, PYTORCHS_EPSILON, padding).with_stride(stride)
    }

    /// The layer on `device`, its weights yet to be loaded.
    pub fn init(&self, device: &Device) -> NormalisedConvolution {
        let conv = Conv2dConfig::new([self.channels_in, self.channels_out], [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(self.padding.clone())
            .with_bias(false);
        let norm = BatchNormConfig::new(self.channels_out).with_epsilon(self.epsilon);
        NormalisedConvolution { conv: conv.init(device), norm: Some(norm.init(device)) }
    }
}

impl NormalisedConvolution {
    /// What a convolution and its normalisation answer, folded or not.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }

    /// Adds itself to `graph` under `name`; it must have been folded.
    pub fn describe(&self, graph: &mut Graph, name: &str, x: Value) -> Result<Value, GraphError> {
        match &self.norm {
            None => graph.conv2d(name, x, &self.conv),
            Some(_) => Err(GraphError::new(name, "its normalisation is not folded")),
        }
    }

    /// The same with the normalisation folded in: kernels times γ / √(σ² + ε), and the bias
    /// β − μ γ / √(σ² + ε).
    pub fn fold(mut self) -> Self {
        if let Some(norm) = self.norm.take() {
            let scale = norm.gamma.val() / (norm.running_var.value() + norm.epsilon).sqrt();
            let bias = norm.beta.val() - norm.running_mean.value() * scale.clone();
            let [channels] = scale.dims();
            let weight = self.conv.weight.val() * scale.reshape([channels, 1, 1, 1]);
            self.conv.weight = Param::from_tensor(weight);
            self.conv.bias = Some(Param::from_tensor(bias));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;

    use super::*;
    use crate::kernels::Plane;
    use crate::model::Device as Engine;

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// By hand: a 1×1 kernel of 3 over the inputs 1 and 2 gives 3 and 6; with μ = 5, σ² = 8.75 and
    /// ε = 0.25 the deviation is 3; with γ = 6 and β = 1 that is (3 − 5) / 3 · 6 + 1 = −3, and 3.
    #[test]
    fn it_convolves_then_normalises_and_folding_gives_the_same() {
        let engine = Engine::Flex;
        let device = engine.burn();
        let config = NormalisedConvolutionConfig::new(1, 1, 1, 0.25, PaddingConfig2d::Valid);
        let mut layer = config.init(&device);
        layer.conv.weight = Param::from_data([[[[3.0]]]], &device);
        let norm = layer.norm.as_mut().unwrap();
        norm.gamma = Param::from_data([6.0], &device);
        norm.beta = Param::from_data([1.0], &device);
        norm.running_mean = burn::module::RunningState::new(Tensor::from_data([5.0], &device));
        norm.running_var = burn::module::RunningState::new(Tensor::from_data([8.75], &device));
        let input =
            || Tensor::from_data(TensorData::new(vec![1.0_f32, 2.0], [1, 1, 1, 2]), &device);

        let mut graph = Graph::new(Plane { height: 1, width: 2 });
        let x = graph.input();
        let refused = layer.describe(&mut graph, "stem", x).unwrap_err();
        assert_eq!(refused.to_string(), "layer stem: its normalisation is not folded");
        assert_eq!(values(layer.forward(input())), [-3.0, 3.0]);
        assert_eq!(values(layer.fold().forward(input())), [-3.0, 3.0]);
    }
}
