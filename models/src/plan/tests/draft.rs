//! Small networks for the tests, with pseudo-random weights that are the same each time.

use half::f16;

use crate::kernels::{Activation, Padding, Plane, Window};
use crate::plan::graph::{Convolution, Graph, GraphError, Numbers, Value, Weights};

/// A graph in the making.
pub(crate) struct Draft {
    pub graph: Graph,
    seed: u64,
}

/// Numbers from -1 to 1.
pub(crate) fn noise(seed: u64, count: usize) -> Vec<f32> {
    let number = |index: u64| {
        let mut hashed = (index + 1 + seed * 7_919).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hashed ^= hashed >> 29;
        hashed = hashed.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (hashed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count as u64).map(number).collect()
}

impl Draft {
    /// For pictures of `side`×`side`.
    pub fn new(side: usize) -> Self {
        Self { graph: Graph::new(Plane { height: side, width: side }), seed: 0 }
    }

    /// A convolution padded by half its kernel; as wide as its input where `groups` is not 1.
    pub fn convolution(
        &mut self,
        x: Value,
        channels: usize,
        kernel: usize,
        stride: usize,
        groups: usize,
    ) -> Value {
        let window = Window { side: kernel, stride, padding: Padding::even(kernel / 2) };
        let layer = Convolution { window, channels, groups };
        let inputs = self.graph.shape(x).channels / groups * kernel * kernel;
        let weights = self.weights(inputs, channels);
        self.graph.convolution("convolution", x, layer, weights).unwrap()
    }

    pub fn relu(&mut self, x: Value) -> Value {
        self.graph.activation(x, Activation::RELU)
    }

    pub fn relu6(&mut self, x: Value) -> Value {
        self.graph.activation(x, Activation::RELU6)
    }

    pub fn add(&mut self, x: Value, y: Value) -> Value {
        self.graph.add("add", x, y).unwrap()
    }

    /// Of 2×2 without padding or of 3×3 with, both of stride 2.
    pub fn max_pool(&mut self, x: Value, side: usize) -> Value {
        let window = Window { side, stride: 2, padding: Padding::even(side / 3) };
        self.graph.max_pool("max", x, window).unwrap()
    }

    pub fn linear(&mut self, x: Value, outputs: usize) -> Result<Value, GraphError> {
        let weights = self.weights(self.graph.shape(x).channels, outputs);
        self.graph.linear("matrix", x, outputs, weights)
    }

    /// A matrix of numbers that are stored as f16.
    pub fn half_linear(&mut self, x: Value, outputs: usize) -> Value {
        let Weights { matrix, bias } = self.weights(self.graph.shape(x).channels, outputs);
        let halves: Vec<f16> = matrix.read().into_iter().map(f16::from_f32).collect();
        let weights = Weights { matrix: Numbers::from(halves), bias };
        self.graph.linear("matrix", x, outputs, weights).unwrap()
    }

    /// 1×1 to `wide` channels, depthwise, 1×1 to `channels`; added to its input where it can be.
    pub fn inverted_residual(
        &mut self,
        x: Value,
        wide: usize,
        kernel: usize,
        stride: usize,
        channels: usize,
    ) -> Value {
        let expanded = self.convolution(x, wide, 1, 1, 1);
        let expanded = self.relu6(expanded);
        let depthwise = self.convolution(expanded, wide, kernel, stride, wide);
        let depthwise = self.relu6(depthwise);
        let projected = self.convolution(depthwise, channels, 1, 1, 1);
        let adds = stride == 1 && self.graph.shape(x).channels == channels;
        if adds { self.add(projected, x) } else { projected }
    }

    /// Weights of a size that keeps signals alive.
    fn weights(&mut self, inputs: usize, outputs: usize) -> Weights {
        self.seed += 1;
        let scale = (3.0 / inputs as f32).sqrt();
        let matrix = noise(self.seed, inputs * outputs).into_iter().map(|weight| weight * scale);
        let matrix = Numbers::from(matrix.collect::<Vec<_>>());
        Weights { matrix, bias: Numbers::from(noise(self.seed + 1_000_000, outputs)) }
    }
}
