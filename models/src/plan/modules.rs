//! How burn's layers say what they are.

use burn::module::Param;
use burn::nn::conv::Conv2d;
use burn::nn::pool::{AdaptiveAvgPool2d, MaxPool2d};
use burn::nn::{Linear, PaddingConfig2d};
use burn::tensor::{DType, Tensor};

use super::graph::{Convolution, Graph, GraphError, Numbers, Value, Values, Weights};
use crate::kernels::{Padding, Plane, Window};

impl Graph {
    pub fn conv2d(&mut self, name: &str, x: Value, layer: &Conv2d) -> Result<Value, GraphError> {
        let window = window(name, layer.kernel_size, layer.stride, layer.dilation, &layer.padding)?;
        let [channels, ..] = layer.weight.lazy_shape().dims::<4>();
        let bias = layer.bias.as_ref().map_or_else(|| Numbers::zeros(channels), numbers);
        let weights = Weights { matrix: numbers(&layer.weight), bias };
        self.convolution(name, x, Convolution { window, channels, groups: layer.groups }, weights)
    }

    pub fn max_pool2d(
        &mut self,
        name: &str,
        x: Value,
        layer: &MaxPool2d,
    ) -> Result<Value, GraphError> {
        if layer.ceil_mode {
            return Err(GraphError::new(name, "pools what lies half outside"));
        }
        let window = window(name, layer.kernel_size, layer.stride, layer.dilation, &layer.padding)?;
        self.max_pool(name, x, window)
    }

    pub fn adaptive_avg_pool2d(&mut self, x: Value, layer: &AdaptiveAvgPool2d) -> Value {
        let [height, width] = layer.output_size;
        self.adaptive_mean(x, Plane { height, width })
    }

    pub fn matrix(&mut self, name: &str, x: Value, layer: &Linear) -> Result<Value, GraphError> {
        let [_, outputs] = layer.weight.lazy_shape().dims::<2>();
        let bias = layer.bias.as_ref().map_or_else(|| Numbers::zeros(outputs), numbers);
        self.linear(name, x, outputs, Weights { matrix: numbers(&layer.weight), bias })
    }
}

/// The numbers of a parameter, which are read when they are asked for; once the module is dropped,
/// they are freed thereafter.
fn numbers<const D: usize>(parameter: &Param<Tensor<D>>) -> Numbers {
    let parameter = parameter.clone();
    Numbers::new(parameter.lazy_shape().num_elements(), move || {
        let data = parameter.into_value().into_data();
        if data.dtype() == DType::F16 {
            return Values::Half(data.try_into_vec().expect("it was just seen to be f16"));
        }
        Values::Single(data.convert::<f32>().try_into_vec().expect("it was just made f32"))
    })
}

/// A window that is the same down as across and has no holes; no kernel knows others.
fn window(
    name: &str,
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: &PaddingConfig2d,
) -> Result<Window, GraphError> {
    let padding = match *padding {
        PaddingConfig2d::Valid => Padding::even(0),
        PaddingConfig2d::Explicit(top, left, bottom, right) => Padding { top, left, bottom, right },
        PaddingConfig2d::Same => return Err(GraphError::new(name, "says no padding in numbers")),
    };
    let ([side, across], [down, right]) = (kernel, stride);
    if side != across || down != right || dilation != [1, 1] {
        let what = format!("a window of {kernel:?}, stride {stride:?}, dilation {dilation:?}");
        return Err(GraphError::new(name, format!("{what} is not known")));
    }
    Ok(Window { side, stride: down, padding })
}
