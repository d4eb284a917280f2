//! What a network says of itself: its layers in the order of computing, each with the shape that it
//! answers and with its weights.
//!
//! A layer that does not fit its input is refused when it is added, by name.

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

    pub fn convolution(
        &mut self,
        name: &str,
        x: Value,
        convolution: Convolution,
        weights: Weights,
    ) -> Result<Value, GraphError> {
        let Convolution { window, channels, groups } = convolution;
        let from = self.shape(x);
        if groups != 1 && (groups != channels || groups != from.channels) {
            let what = format!("{groups} groups of {} channels are not known", from.channels);
            return Err(GraphError::new(name, what));
        }
        let plane = places(window, name, from)?;
        let count = channels * from.channels / groups * window.side * window.side;
        weights.check(name, count, channels)?;
        let layer = Layer::Convolution(convolution);
        Ok(self.push_weighted(name, layer, x, Shape { channels, plane }, weights))
    }

    pub fn activation(&mut self, x: Value, activation: Activation) -> Value {
        let shape = self.shape(x);
        self.push("activation", Layer::Activation(activation), vec![x], shape)
    }

    pub fn add(&mut self, name: &str, x: Value, y: Value) -> Result<Value, GraphError> {
        let (shape, other) = (self.shape(x), self.shape(y));
        if shape != other {
            return Err(GraphError::new(name, format!("adds {other} to {shape}")));
        }
        Ok(self.push(name, Layer::Add, vec![x, y], shape))
    }

    pub fn max_pool(&mut self, name: &str, x: Value, window: Window) -> Result<Value, GraphError> {
        let from = self.shape(x);
        let shape = Shape { plane: places(window, name, from)?, ..from };
        Ok(self.push(name, Layer::MaxPool(window), vec![x], shape))
    }

    pub fn mean(&mut self, x: Value) -> Value {
        let shape = Shape::vector(self.shape(x).channels);
        self.push("mean", Layer::Mean, vec![x], shape)
    }

    pub fn adaptive_mean(&mut self, x: Value, plane: Plane) -> Value {
        let shape = Shape { plane, ..self.shape(x) };
        self.push("adaptive mean", Layer::AdaptiveMean, vec![x], shape)
    }

    pub fn flatten(&mut self, x: Value) -> Value {
        let shape = Shape::vector(self.shape(x).len());
        self.push("flatten", Layer::Flatten, vec![x], shape)
    }

    pub fn linear(
        &mut self,
        name: &str,
        x: Value,
        outputs: usize,
        weights: Weights,
    ) -> Result<Value, GraphError> {
        let from = self.shape(x);
        if from.pixels() != 1 {
            return Err(GraphError::new(name, format!("reads {from}, which is no vector")));
        }
        weights.check(name, from.channels * outputs, outputs)?;
        Ok(self.push_weighted(name, Layer::Linear, x, Shape::vector(outputs), weights))
    }

    fn push(&mut self, name: &str, layer: Layer, inputs: Vec<Value>, shape: Shape) -> Value {
        self.nodes.push(Node { name: name.to_owned(), layer, inputs, shape, weights: None });
        self.output()
    }

    fn push_weighted(
        &mut self,
        name: &str,
        layer: Layer,
        x: Value,
        shape: Shape,
        weights: Weights,
    ) -> Value {
        let value = self.push(name, layer, vec![x], shape);
        self.nodes[value.0].weights = Some(weights);
        value
    }
}

/// The plane that `window` makes of one of `from`.
fn places(window: Window, name: &str, from: Shape) -> Result<Plane, GraphError> {
    let Plane { height, width } = window.padded(from.plane);
    if window.stride > 0 && (1..=height.min(width)).contains(&window.side) {
        return Ok(window.places(from.plane));
    }
    let what = format!("a window of {0}×{0} does not fit into {from}", window.side);
    Err(GraphError::new(name, what))
}

impl Weights {
    fn check(&self, name: &str, matrix: usize, bias: usize) -> Result<(), GraphError> {
        let wrong = |what: &str, found: usize, expected: usize| {
            GraphError::new(name, format!("{found} numbers as {what} instead of {expected}"))
        };
        if self.matrix.count() != matrix {
            return Err(wrong("weights", self.matrix.count(), matrix));
        }
        if self.bias.count() != bias {
            return Err(wrong("bias", self.bias.count(), bias));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
