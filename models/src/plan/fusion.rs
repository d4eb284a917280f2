//! From layers to passes: what one kernel can do at once becomes one step.
//!
//! ```text
//!   convolution ─ add ─ activation                      one step; the other operand is its residual
//!   convolution 3×3 ─ activation ─ max 2×2              one step where Winograd's method takes it
//!   convolution ─ activation ─ that                     one step where the plane between is large
//!   1×1 ─ ReLU6 ─ depthwise ─ ReLU6 ─ 1×1 (─ add)       one inverted residual
//!   flatten ─ matrix                                    a matrix whose rows are put in order once
//! ```
//!
//! A pure function of the layers' shapes: no weights are read.

mod pattern;

use std::iter::successors;

use super::graph::{Graph, GraphError, Layer, Value};
use crate::kernels::{Activation, InstructionSet, Window};
use pattern::Pattern;

/// One pass of a kernel over its input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pass {
    pub operation: Operation,
    pub input: Value,
    /// Added before the activation.
    pub residual: Option<Value>,
    pub output: Value,
}

/// What a step computes; the values name the layers whose weights it takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    /// As a product of matrices.
    Convolution {
        layer: Value,
        activation: Activation,
    },
    /// By Winograd's method; `pool`: a maximum of 2×2 at its end.
    Winograd {
        layer: Value,
        activation: Activation,
        pool: bool,
    },
    /// A convolution as a product, and one by Winograd's method of what it answers; the activations
    /// after either.
    Chain {
        layers: [Value; 2],
        activations: [Activation; 2],
        pool: bool,
    },
    Depthwise {
        layer: Value,
        activation: Activation,
    },
    /// The activation after the expansion and after the depthwise convolution; the residual is the
    /// input.
    InvertedResidual {
        layers: [Value; 3],
        activation: Activation,
    },
    /// Of a vector, or of a plane as if it had been flattened.
    Linear {
        layer: Value,
        activation: Activation,
    },
    Activation(Activation),
    Add {
        activation: Activation,
    },
    MaxPool(Window),
    Mean,
    AdaptiveMean,
}

impl Operation {
    /// The layers whose weights it takes.
    pub fn layers(&self) -> Vec<Value> {
        match self {
            Self::Convolution { layer, .. }
            | Self::Winograd { layer, .. }
            | Self::Depthwise { layer, .. }
            | Self::Linear { layer, .. } => vec![*layer],
            Self::Chain { layers, .. } => layers.to_vec(),
            Self::InvertedResidual { layers, .. } => layers.to_vec(),
            Self::Activation(_) | Self::Add { .. } | Self::MaxPool(_) => vec![],
            Self::Mean | Self::AdaptiveMean => vec![],
        }
    }
}

/// The steps of `graph` in an order of computing, for the kernels of `set`.
///
/// # Errors
/// [`GraphError`] naming a layer that no kernel computes where it stands.
pub(crate) fn fuse(graph: &Graph, set: InstructionSet) -> Result<Vec<Pass>, GraphError> {
    let mut fusion = Fusion { pattern: Pattern::new(graph, set), done: vec![], steps: vec![] };
    fusion.done.resize(graph.nodes().len(), false);
    for at in 0..graph.nodes().len() {
        if !fusion.done[at] {
            fusion.layer(Value(at))?;
        }
    }
    // A step stands where the last of its layers stood: whatever it reads was computed before.
    fusion.steps.sort_by_key(|step| step.output);
    Ok(fusion.steps)
}

struct Fusion<'a> {
    pattern: Pattern<'a>,
    /// The layers that are part of a step.
    done: Vec<bool>,
    steps: Vec<Pass>,
}

impl Fusion<'_> {
    /// Makes the step that begins with the layer `at`, if one does.
    fn layer(&mut self, at: Value) -> Result<(), GraphError> {
        let pattern = &self.pattern;
        let node = pattern.graph.node(at);
        match node.layer {
            Layer::Input => {}
            Layer::Convolution(_) => self.convolution(at)?,
            Layer::Linear => {
                let input = pattern.flattened(node.inputs[0]);
                let (activation, output) = self.activation(at);
                self.step(at, Operation::Linear { layer: at, activation }, input, None, output);
            }
            Layer::Add => {
                let [x, y] = pattern.operands(at);
                let (activation, output) = self.activation(at);
                self.step(at, Operation::Add { activation }, x, Some(y), output);
            }
            Layer::Activation(activation) => self.alone(at, Operation::Activation(activation)),
            Layer::MaxPool(window) => self.alone(at, Operation::MaxPool(window)),
            Layer::Mean => self.alone(at, Operation::Mean),
            Layer::AdaptiveMean | Layer::Flatten if pattern.changes_nothing(at) => {}
            Layer::AdaptiveMean => self.alone(at, Operation::AdaptiveMean),
            Layer::Flatten if pattern.feeds_matrices(at) => {}
            Layer::Flatten => return Err(GraphError::new(&node.name, "is read by no matrix")),
        }
        Ok(())
    }

    fn convolution(&mut self, at: Value) -> Result<(), GraphError> {
        if self.pattern.is_depthwise(at) {
            return self.depthwise(at);
        }
        match self.pattern.inverted_residual(at) {
            Some((layers, activation)) => self.inverted_residual(layers, activation),
            None => self.dense(at),
        }
        Ok(())
    }

    fn depthwise(&mut self, at: Value) -> Result<(), GraphError> {
        if !self.pattern.suits_depthwise(at) {
            let name = &self.pattern.graph.node(at).name;
            return Err(GraphError::new(name, "no kernel computes this depthwise convolution"));
        }
        let [input] = self.pattern.operands(at);
        let (activation, output) = self.activation(at);
        self.step(at, Operation::Depthwise { layer: at, activation }, input, None, output);
        Ok(())
    }

    fn inverted_residual(&mut self, layers: [Value; 3], activation: Activation) {
        let [expand, _, project] = layers;
        let [input] = self.pattern.operands(expand);
        let added = self.pattern.added(project).filter(|(_, other)| *other == input);
        let output = added.map_or(project, |(add, _)| add);
        let operation = Operation::InvertedResidual { layers, activation };
        self.step(expand, operation, input, added.map(|_| input), output);
    }

    fn dense(&mut self, at: Value) {
        let [input] = self.pattern.operands(at);
        let added = self.pattern.added(at);
        let residual = added.map(|(_, other)| other);
        let (activation, output) = self.activation(added.map_or(at, |(add, _)| add));
        // A residual has no place before a pool, nor where the plane is never whole.
        let alone = residual.is_none();
        if self.pattern.suits_winograd(at) {
            let pooled = if alone { self.pattern.pooled(output) } else { None };
            let operation = Operation::Winograd { layer: at, activation, pool: pooled.is_some() };
            self.step(at, operation, input, residual, pooled.unwrap_or(output));
        } else if let Some(second) = self.pattern.chained(output).filter(|_| alone) {
            self.chain([at, second], activation);
        } else {
            let operation = Operation::Convolution { layer: at, activation };
            self.step(at, operation, input, residual, output);
        }
    }

    /// The first of `layers` with its `activation`, and the second, for Winograd's method, with its own.
    fn chain(&mut self, layers: [Value; 2], activation: Activation) {
        let [first, second] = layers;
        let [input] = self.pattern.operands(first);
        let (last, end) = self.activation(second);
        let pooled = self.pattern.pooled(end);
        let activations = [activation, last];
        let operation = Operation::Chain { layers, activations, pool: pooled.is_some() };
        self.step(first, operation, input, None, pooled.unwrap_or(end));
    }

    /// The activation after `at`, and where it ends.
    fn activation(&self, at: Value) -> (Activation, Value) {
        self.pattern.activated(at).unwrap_or((Activation::IDENTITY, at))
    }

    /// A step of the layer `at` and nothing else.
    fn alone(&mut self, at: Value, operation: Operation) {
        let [input] = self.pattern.operands(at);
        self.step(at, operation, input, None, at);
    }

    /// A step of the layers from `first` to `output`, each but the last read by the next alone.
    fn step(
        &mut self,
        first: Value,
        operation: Operation,
        input: Value,
        residual: Option<Value>,
        output: Value,
    ) {
        let next = |at: &Value| self.pattern.reader(*at).filter(|_| *at != output);
        for at in successors(Some(first), next) {
            self.done[at.0] = true;
        }
        self.steps.push(Pass { operation, input, residual, output });
    }
}

#[cfg(test)]
mod tests;
