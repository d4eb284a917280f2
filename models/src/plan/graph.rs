//! What a network says of itself: its layers in the order of computing, each with the shape that it
//! answers and with its weights.
//!
//! A layer that does not fit its input is refused when it is added, by name.

mod building;
mod numbers;

use crate::kernels::{Activation, Plane, Window};
pub(crate) use numbers::{Numbers, Values};

/// The layers of a network, the input first; a layer reads what stands before it.
pub(crate) struct Graph {
    nodes: Vec<Node>,
}

/// One layer.
pub(crate) struct Node {
    /// The path of its module; in errors.
    pub name: String,
    pub layer: Layer,
    /// What it reads: two values for [`Layer::Add`], none for [`Layer::Input`], else one.
    pub inputs: Vec<Value>,
    /// What it answers for one picture.
    pub shape: Shape,
    /// Taken out, and thereby freed, by whoever packs them.
    pub weights: Option<Weights>,
}

/// The answer of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(pub usize);

/// The shape of a value for one picture; a vector has a plane of one pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub channels: usize,
    pub plane: Plane,
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Layer {
    Input,
    /// Weights `[out][in / groups][side][side]`, bias `[out]`.
    Convolution(Convolution),
    Activation(Activation),
    /// Value by value.
    Add,
    MaxPool(Window),
    /// The mean of each channel's plane.
    Mean,
    /// The mean of as many nearly equal parts of the plane as its shape has pixels, as PyTorch's
    /// adaptive average.
    AdaptiveMean,
    /// Channel by channel, each row by row.
    Flatten,
    /// Weights `[in][out]`, bias `[out]`.
    Linear,
}

/// A convolution but for its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Convolution {
    pub window: Window,
    /// Channels of the answer.
    pub channels: usize,
    /// 1, or as many as there are channels: depthwise.
    pub groups: usize,
}

/// The numbers of a convolution or a matrix.
pub(crate) struct Weights {
    pub matrix: Numbers,
    pub bias: Numbers,
}

/// A layer that does not fit its input, or that no plan computes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer}: {what}")]
pub(crate) struct GraphError {
    layer: String,
    what: String,
}

impl GraphError {
    pub fn new(layer: &str, what: impl Into<String>) -> Self {
        Self { layer: layer.to_owned(), what: what.into() }
    }
}

impl Shape {
    pub const fn vector(channels: usize) -> Self {
        Self { channels, plane: Plane { height: 1, width: 1 } }
    }

    pub const fn pixels(self) -> usize {
        self.plane.pixels()
    }

    /// How many numbers it has.
    pub const fn len(self) -> usize {
        self.channels * self.pixels()
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.plane.height, self.plane.width)
    }
}

impl Graph {
    /// A graph without layers, for pictures of `plane` in three channels.
    pub fn new(plane: Plane) -> Self {
        let mut graph = Self { nodes: Vec::new() };
        graph.push("input", Layer::Input, vec![], Shape { channels: 3, plane });
        graph
    }

    /// The pictures.
    pub const fn input(&self) -> Value {
        Value(0)
    }

    /// The answer of the network: of its last layer.
    pub fn output(&self) -> Value {
        Value(self.nodes.len() - 1)
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn node(&self, value: Value) -> &Node {
        &self.nodes[value.0]
    }

    pub fn shape(&self, value: Value) -> Shape {
        self.nodes[value.0].shape
    }

    /// The numbers of the layer that answers `value`, which the graph then has no longer.
    pub fn take_weights(&mut self, value: Value) -> Result<Weights, GraphError> {
        let node = &mut self.nodes[value.0];
        node.weights.take().ok_or_else(|| GraphError::new(&node.name, "has no weights"))
    }
}

#[cfg(test)]
mod tests;
