//! How layers are added to a graph: each is held against the shape of what it reads.

use super::{Convolution, Graph, GraphError, Layer, Node, Shape, Value, Weights};
use crate::kernels::{Activation, Plane, Window};

impl Graph {
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

    pub(super) fn push(
        &mut self,
        name: &str,
        layer: Layer,
        inputs: Vec<Value>,
        shape: Shape,
    ) -> Value {
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
