//! Fully connected layers.

use half::f16;

use super::bounds::require;
use super::buffer::Buffer;
use super::gemm::{After, Input, Output, Rows, gemm};
use super::matrix::{Matrix, Storage};
use super::{Activation, InstructionSet};

/// A matrix and biases.
///
/// Stored as f16 where every weight is an f16 number anyway, so that nothing is lost, and as f32
/// otherwise. The roof is the memory, which gives every weight to each call once: for one row of
/// VGG16's 25088 × 4096, 9.3 ms from f16 and 18 ms from f32 at 29 GB/s.
#[derive(Debug)]
pub(crate) struct Linear {
    set: InstructionSet,
    matrix: Matrix,
    bias: Buffer<f32>,
}

impl Linear {
    /// Packs `weights`, `[bias.len()][inputs]`.
    ///
    /// # Panics
    /// If the weights are not as many.
    #[cfg(test)]
    pub fn new(set: InstructionSet, inputs: usize, weights: &[f32], bias: &[f32]) -> Self {
        assert_eq!(weights.len(), inputs * bias.len(), "weights");
        let storage = Storage::lossless(weights);
        let at = |k: usize, output: usize| weights[output * inputs + k];
        let matrix = Matrix::new(set, inputs, bias.len(), storage, at);
        Self { set, matrix, bias: Buffer::from_slice(bias) }
    }

    /// Packs `weights`, `[inputs][bias.len()]`, whose row `order(k)` is for number `k` of the input.
    ///
    /// # Panics
    /// If the weights are not as many, or `order` names a row that there is not.
    pub fn transposed(
        set: InstructionSet,
        inputs: usize,
        weights: &[f32],
        bias: &[f32],
        order: impl Fn(usize) -> usize + Sync,
    ) -> Self {
        let outputs = bias.len();
        assert_eq!(weights.len(), inputs * outputs, "weights");
        let storage = Storage::lossless(weights);
        let at = |k: usize, output: usize| weights[order(k) * outputs + output];
        let matrix = Matrix::new(set, inputs, outputs, storage, at);
        Self { set, matrix, bias: Buffer::from_slice(bias) }
    }

    /// As [`Self::transposed`], of weights that are f16 already.
    ///
    /// # Panics
    /// As there.
    pub fn transposed_halves(
        set: InstructionSet,
        inputs: usize,
        weights: &[f16],
        bias: &[f32],
        order: impl Fn(usize) -> usize + Sync,
    ) -> Self {
        let outputs = bias.len();
        assert_eq!(weights.len(), inputs * outputs, "weights");
        let at = |k: usize, output: usize| weights[order(k) * outputs + output];
        let matrix = Matrix::halves(set, inputs, outputs, at);
        Self { set, matrix, bias: Buffer::from_slice(bias) }
    }

    /// `x` is `[rows][inputs]`, `out` `[rows][outputs]`; a row's bits depend on that row alone.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(&self, x: &[f32], rows: usize, activation: Activation, out: &mut [f32]) {
        let (inputs, outputs) = (self.matrix.depth(), self.matrix.columns());
        require("input", x.len(), &[rows, inputs]);
        require("output", out.len(), &[rows, outputs]);
        let after = After { bias: &self.bias, residual: None, activation };
        gemm(
            self.set,
            Rows::one(rows),
            Input::matrix(x, inputs),
            self.matrix.panels(),
            Some(after),
            Output::matrix(self.set, out, outputs),
        );
    }
}
