//! What stands around a layer, and whether a kernel takes it.

use crate::kernels::{
    self, Activation, Channels, Depthwise, InstructionSet, InvertedResidual, Padding, Window,
    Winograd,
};
use crate::plan::graph::{Convolution, Graph, Layer, Value};

/// From so many bytes on a plane is more than the second cache level and a share of the third hold, so
/// that to write and read it whole costs more than short products do.
const LARGE_BYTES: usize = 4 << 20;

/// The layers of a graph with their readers; layers that change nothing are looked through.
pub(super) struct Pattern<'a> {
    pub graph: &'a Graph,
    set: InstructionSet,
    readers: Vec<Vec<Value>>,
}

impl<'a> Pattern<'a> {
    pub fn new(graph: &'a Graph, set: InstructionSet) -> Self {
        let mut pattern = Self { graph, set, readers: vec![vec![]; graph.nodes().len()] };
        for (at, node) in graph.nodes().iter().enumerate() {
            if !pattern.changes_nothing(Value(at)) {
                for input in &node.inputs {
                    let input = pattern.origin(*input);
                    pattern.readers[input.0].push(Value(at));
                }
            }
        }
        pattern
    }

    /// Whether the layer hands its input on as it is: no memory moves.
    pub fn changes_nothing(&self, at: Value) -> bool {
        let node = self.graph.node(at);
        let from = || self.graph.shape(node.inputs[0]);
        match node.layer {
            Layer::AdaptiveMean => from().plane == node.shape.plane,
            Layer::Flatten => from().pixels() == 1,
            _ => false,
        }
    }

    /// Where the numbers of `value` were computed.
    pub fn origin(&self, mut value: Value) -> Value {
        while self.changes_nothing(value) {
            value = self.graph.node(value).inputs[0];
        }
        value
    }

    /// What `at` reads.
    pub fn operands<const N: usize>(&self, at: Value) -> [Value; N] {
        std::array::from_fn(|operand| self.origin(self.graph.node(at).inputs[operand]))
    }

    /// The plane behind `value` if that is a flattened one, else itself.
    pub fn flattened(&self, value: Value) -> Value {
        let value = self.origin(value);
        match self.graph.node(value).layer {
            Layer::Flatten => self.operands::<1>(value)[0],
            _ => value,
        }
    }

    /// The one layer that reads `at`, if nothing else needs it.
    pub fn reader(&self, at: Value) -> Option<Value> {
        match self.readers[at.0][..] {
            [reader] if at != self.origin(self.graph.output()) => Some(reader),
            _ => None,
        }
    }

    /// Whether matrices, and nothing else, read `at`.
    pub fn feeds_matrices(&self, at: Value) -> bool {
        let is_matrix = |reader: &Value| self.graph.node(*reader).layer == Layer::Linear;
        !self.readers[at.0].is_empty() && self.readers[at.0].iter().all(is_matrix)
    }

    /// The activation after `at`, if nothing else reads `at`.
    pub fn activated(&self, at: Value) -> Option<(Activation, Value)> {
        let reader = self.reader(at)?;
        match self.graph.node(reader).layer {
            Layer::Activation(activation) => Some((activation, reader)),
            _ => None,
        }
    }

    /// The addition after the convolution `at`, and what it adds. Of two convolutions the first
    /// operand takes the addition, the other is its residual.
    pub fn added(&self, at: Value) -> Option<(Value, Value)> {
        let reader = self.reader(at).filter(|at| self.graph.node(*at).layer == Layer::Add)?;
        let [first, second] = self.operands(reader);
        if at == first {
            return Some((reader, second));
        }
        let takes = self.convolution_at(first).is_some_and(|c| c.groups == 1);
        (!takes || self.reader(first) != Some(reader)).then_some((reader, first))
    }

    /// The pooling of 2×2 after `at` that leaves no row and no column out.
    pub fn pooled(&self, at: Value) -> Option<Value> {
        let even = |side: usize| side.is_multiple_of(2);
        let plane = self.graph.shape(at).plane;
        let halves = Layer::MaxPool(Window { side: 2, stride: 2, padding: Padding::even(0) });
        let pool = self.reader(at).filter(|pool| self.graph.node(*pool).layer == halves)?;
        (even(plane.height) && even(plane.width)).then_some(pool)
    }

    pub fn is_depthwise(&self, at: Value) -> bool {
        self.convolution_at(at).is_some_and(|convolution| convolution.groups > 1)
    }

    pub fn suits_depthwise(&self, at: Value) -> bool {
        self.layer(at).is_some_and(|layer| Depthwise::takes(&layer))
    }

    pub fn suits_winograd(&self, at: Value) -> bool {
        self.layer(at).is_some_and(|layer| Winograd::takes(self.set, &layer))
    }

    /// The convolution for Winograd's method that alone reads `at`, where it adds nothing and the plane
    /// between is better never whole.
    pub fn chained(&self, at: Value) -> Option<Value> {
        let large = self.graph.shape(at).len() * size_of::<f32>() >= LARGE_BYTES;
        let second = self.reader(at).filter(|second| large && self.suits_winograd(*second))?;
        self.added(second).is_none().then_some(second)
    }

    /// The inverted residual that the dense convolution `at` begins: expansion, depthwise convolution
    /// and projection; the same activation follows the first two, none the last.
    pub fn inverted_residual(&self, at: Value) -> Option<([Value; 3], Activation)> {
        let (activation, expanded) = self.activated(at)?;
        let depthwise = self.reader(expanded).filter(|at| self.is_depthwise(*at))?;
        let (same, convolved) = self.activated(depthwise)?;
        let project = self.reader(convolved).filter(|at| !self.is_depthwise(*at))?;
        let layers = [at, depthwise, project];
        let [expansion, middle, projection] = layers.map(|at| self.layer(at));
        let takes = InvertedResidual::takes(&expansion?, &middle?, &projection?);
        let bare = self.activated(project).is_none();
        (same == activation && takes && bare).then_some((layers, activation))
    }

    /// The convolution `at` without its numbers.
    fn layer(&self, at: Value) -> Option<kernels::Layer<'static>> {
        let Convolution { window, .. } = self.convolution_at(at)?;
        let [input] = self.operands(at);
        let [input, output] = [input, at].map(|value| self.graph.shape(value).channels);
        let channels = Channels { input, output };
        Some(kernels::Layer { channels, window, weights: &[], bias: &[] })
    }

    fn convolution_at(&self, at: Value) -> Option<Convolution> {
        match self.graph.node(at).layer {
            Layer::Convolution(convolution) => Some(convolution),
            _ => None,
        }
    }
}
