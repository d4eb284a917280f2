//! The network's two parts: a normalised convolution, and the inverted residual made of three.

use burn::config::Config;
use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

/// The epsilon of every batch normalisation of the family.
const EPSILON: f64 = 1e-3;

/// Clamps to 0..6.
pub fn relu6(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 6.0)
}

/// A convolution without bias and the batch normalisation after it.
#[derive(Config, Debug)]
pub struct ConvolutionConfig {
    channels_in: usize,
    channels_out: usize,
    kernel: usize,
    #[config(default = 1)]
    stride: usize,
    #[config(default = 1)]
    groups: usize,
}

/// `[batch, channels_in, height, width]` to `[batch, channels_out, height / stride, width / stride]`.
#[derive(Module, Debug)]
pub struct Convolution {
    conv: Conv2d,
    norm: Option<BatchNorm>,
}

impl ConvolutionConfig {
    pub fn init(&self, device: &Device) -> Convolution {
        let conv = Conv2dConfig::new([self.channels_in, self.channels_out], [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(self.padding())
            .with_bias(false);
        let norm = BatchNormConfig::new(self.channels_out).with_epsilon(EPSILON);
        Convolution { conv: conv.init(device), norm: Some(norm.init(device)) }
    }

    /// TensorFlow's "same" padding for an even side: with stride 2 one less than the kernel covers,
    /// the odd one at the bottom and right.
    fn padding(&self) -> PaddingConfig2d {
        let total = self.kernel - self.stride;
        let (before, after) = (total / 2, total - total / 2);
        PaddingConfig2d::Explicit(before, before, after, after)
    }
}

impl Convolution {
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.conv.forward(x);
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
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
    expand: Option<Convolution>,
    depthwise: Convolution,
    project: Convolution,
    adds_input: bool,
}

impl InvertedResidualConfig {
    pub fn init(&self, device: &Device) -> InvertedResidual {
        let wide = self.channels_in * self.expansion;
        let expand = ConvolutionConfig::new(self.channels_in, wide, 1);
        InvertedResidual {
            expand: (self.expansion != 1).then(|| expand.init(device)),
            depthwise: ConvolutionConfig::new(wide, wide, self.kernel)
                .with_stride(self.stride)
                .with_groups(wide)
                .init(device),
            project: ConvolutionConfig::new(wide, self.channels_out, 1).init(device),
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
            expand: self.expand.map(Convolution::fold),
            depthwise: self.depthwise.fold(),
            project: self.project.fold(),
            ..self
        }
    }
}
