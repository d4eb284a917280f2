//! What networks of residual blocks share: how a block ends, how the network begins and ends.
//!
//! Functions and no modules, since the path of a module is the name under which its tensors are stored.

use burn::nn::PaddingConfig2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::NormalisedConvolution;
use crate::kernels::Activation;
use crate::plan::{Graph, GraphError, Value};

/// The end of a block: `relu(x + input)`, the input as it is or through `shortcut`.
///
/// # Shapes
/// - x and answer: `[batch, channels, height, width]`
/// - input: what the shortcut makes that of, or the same
pub(crate) fn joined(
    x: Tensor<4>,
    input: Tensor<4>,
    shortcut: Option<&NormalisedConvolution>,
) -> Tensor<4> {
    relu(match shortcut {
        Some(shortcut) => x + shortcut.forward(input),
        None => x + input,
    })
}

/// Adds to `graph` what [`joined`] computes, for the block `name`.
///
/// # Errors
/// [`GraphError`] naming the shortcut or the block where shapes differ.
pub(crate) fn describe_joined(
    graph: &mut Graph,
    name: &str,
    x: Value,
    input: Value,
    shortcut: Option<&NormalisedConvolution>,
) -> Result<Value, GraphError> {
    let residual = match shortcut {
        Some(shortcut) => shortcut.describe(graph, &format!("{name}.shortcut"), input)?,
        None => input,
    };
    let x = graph.add(name, x, residual)?;
    Ok(graph.activation(x, Activation::RELU))
}

/// The maximum of 3×3 after the stem: halves the plane.
pub(crate) fn stem_pool() -> MaxPool2d {
    MaxPool2dConfig::new([3, 3])
        .with_strides([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .init()
}

/// `[batch, channels, height, width]` to `[batch, channels]`: the mean of each plane.
pub(crate) fn mean_of_plane(x: Tensor<4>) -> Tensor<2> {
    let planes: Tensor<3> = x.flatten(2, 3);
    planes.mean_dim(2).squeeze_dim(2)
}
