//! From fused steps to kernels: weights are read, packed and freed layer by layer.

use std::cmp::Reverse;

use super::fusion::{Operation, Pass};
use super::graph::{Graph, GraphError, Layer, Shape, Value, Values, Weights};
use super::step::{Kernel, Step};
use crate::kernels::{
    self, Activation, Chain, Channels, Convolution, Depthwise, InstructionSet, InvertedResidual,
    Linear, Plane, Tile, Window, Winograd,
};

/// Packs the weights of `graph`, which has none afterwards; the steps come in the order of `fused`.
///
/// At any time there are the packed weights and those of one layer unpacked. The largest come first:
/// that one layer then lies beside few others.
pub(super) fn pack(
    graph: &mut Graph,
    fused: &[Pass],
    set: InstructionSet,
) -> Result<Vec<Step>, GraphError> {
    let mut unpacked = Vec::new();
    for (at, step) in fused.iter().enumerate() {
        unpacked.push((at, Unpacked::take(graph, step)?));
    }
    unpacked.sort_by_key(|(_, step)| Reverse(step.numbers()));
    let mut packed: Vec<(usize, Step)> =
        unpacked.into_iter().map(|(at, step)| (at, step.pack(set))).collect();
    packed.sort_by_key(|(at, _)| *at);
    Ok(packed.into_iter().map(|(_, step)| step).collect())
}

/// A step whose weights nobody has read yet.
struct Unpacked {
    operation: Operation,
    layers: Vec<Weighted>,
    from: Shape,
    to: Shape,
}

/// A convolution or a matrix with its weights.
struct Weighted {
    channels: Channels,
    /// Of a convolution.
    window: Window,
    weights: Weights,
}

impl Unpacked {
    fn take(graph: &mut Graph, step: &Pass) -> Result<Self, GraphError> {
        let layers = step.operation.layers().into_iter().map(|layer| Weighted::take(graph, layer));
        Ok(Self {
            operation: step.operation.clone(),
            layers: layers.collect::<Result<_, _>>()?,
            from: graph.shape(step.input),
            to: graph.shape(step.output),
        })
    }

    fn numbers(&self) -> usize {
        self.layers.iter().map(|layer| layer.weights.matrix.count()).sum()
    }

    /// Multiply-adds for one picture: each weight of a convolution counts for every pixel that it
    /// answers, before a pool; an inverted residual expands its input.
    fn multiply_adds(&self) -> usize {
        let count = |layer: &Weighted, shape: Shape| layer.weights.matrix.count() * shape.pixels();
        match (&self.operation, &self.layers[..]) {
            (Operation::Linear { .. }, _) => self.numbers(),
            (Operation::Winograd { .. }, [layer]) => count(layer, self.from),
            (Operation::Chain { .. }, [first, second]) => {
                let between = first.window.places(self.from.plane).pixels();
                (first.weights.matrix.count() + second.weights.matrix.count()) * between
            }
            (Operation::InvertedResidual { .. }, [expansion, others @ ..]) => {
                let Window { stride, .. } = expansion.window;
                count(expansion, self.from) / stride.pow(2)
                    + others.iter().map(|layer| count(layer, self.to)).sum::<usize>()
            }
            (_, layers) => layers.iter().map(|layer| count(layer, self.to)).sum(),
        }
    }

    fn pack(self, set: InstructionSet) -> Step {
        let multiply_adds = self.multiply_adds();
        let Self { operation, mut layers, from, to } = self;
        let mut layer = || layers.pop().expect("an operation lists all layers that it names");
        let kernel = match operation {
            Operation::Convolution { activation, .. } => {
                let kernel = layer().with(|layer| Convolution::new(set, layer));
                Kernel::Convolution(kernel, activation)
            }
            Operation::Winograd { activation, pool, .. } => {
                let kernel = layer().with(|layer| winograd(set, from.plane, layer));
                let run = if pool { Kernel::WinogradPooled } else { Kernel::Winograd };
                run(kernel, activation)
            }
            Operation::Chain { activations, pool, .. } => {
                // Popped: the last comes first.
                let (second, first) = (layer(), layer());
                let between = first.window.places(from.plane);
                let first = first.with(|layer| Convolution::new(set, layer));
                let second = second.with(|layer| winograd(set, between, layer));
                Kernel::Chain(Chain::new(first, second, activations, pool))
            }
            Operation::Depthwise { activation, .. } => {
                let kernel = layer().with(|layer| Depthwise::new(set, layer));
                Kernel::Depthwise(kernel, activation)
            }
            Operation::InvertedResidual { activation, .. } => {
                // Popped: the last comes first.
                let [projection, depthwise, expansion] = [layer(), layer(), layer()];
                Kernel::InvertedResidual(inverted_residual(
                    set,
                    [expansion, depthwise, projection],
                    activation,
                ))
            }
            Operation::Linear { activation, .. } => {
                Kernel::Linear(linear(set, layer().weights, from), activation)
            }
            Operation::Activation(activation) => Kernel::Activation(activation),
            Operation::Add { activation } => Kernel::Add(activation),
            Operation::MaxPool(window) => Kernel::MaxPool(set, window),
            Operation::Mean => Kernel::Mean,
            Operation::AdaptiveMean => Kernel::AdaptiveMean,
        };
        Step { kernel, from, to, multiply_adds }
    }
}

impl Weighted {
    fn take(graph: &mut Graph, layer: Value) -> Result<Self, GraphError> {
        let weights = graph.take_weights(layer)?;
        let node = graph.node(layer);
        let window = match node.layer {
            Layer::Convolution(convolution) => convolution.window,
            _ => Window::POINT,
        };
        let input = graph.shape(node.inputs[0]).channels;
        Ok(Self { channels: Channels { input, output: node.shape.channels }, window, weights })
    }

    /// Shows the layer with its numbers to `pack`, and frees them.
    fn with<T>(self, pack: impl FnOnce(&kernels::Layer) -> T) -> T {
        let Self { channels, window, weights } = self;
        let (weights, bias) = (weights.matrix.read(), weights.bias.read());
        pack(&kernels::Layer { channels, window, weights: &weights, bias: &bias })
    }
}

/// The kernel for what reads `plane`.
fn winograd(set: InstructionSet, plane: Plane, layer: &kernels::Layer) -> Winograd {
    Winograd::new(set, Tile::best(plane, layer.channels), layer)
}

fn inverted_residual(
    set: InstructionSet,
    [expansion, depthwise, projection]: [Weighted; 3],
    activation: Activation,
) -> InvertedResidual {
    expansion.with(|expansion| {
        depthwise.with(|depthwise| {
            projection.with(|projection| {
                InvertedResidual::new(set, expansion, depthwise, projection, activation)
            })
        })
    })
}

/// A matrix that reads `from` as it lies in memory, channels innermost, where the layer counts the
/// pixels of a flattened plane innermost.
fn linear(set: InstructionSet, weights: Weights, from: Shape) -> Linear {
    let bias = weights.bias.read();
    let order = |at: usize| at % from.channels * from.pixels() + at / from.channels;
    match weights.matrix.read_stored() {
        Values::Single(matrix) => Linear::transposed(set, from.len(), &matrix, &bias, order),
        Values::Half(matrix) => Linear::transposed_halves(set, from.len(), &matrix, &bias, order),
    }
}
