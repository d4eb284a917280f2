//! One step with its weights packed: a kernel, and between which shapes it works.

use super::graph::Shape;
use crate::kernels::{
    Activation, Chain, Convolution, Depthwise, Epilogue, InstructionSet, InvertedResidual, Linear,
    Scratch, Window, Winograd, adaptive_mean, max_pool, mean,
};

/// A kernel and what it is run on.
#[derive(Debug)]
pub(super) struct Step {
    pub kernel: Kernel,
    pub from: Shape,
    pub to: Shape,
    /// Multiply-adds for one picture as its layers define them, whatever the kernel does.
    pub multiply_adds: usize,
}

/// What is run, with what it needs beside its input and residual.
#[derive(Debug)]
pub(super) enum Kernel {
    Convolution(Convolution, Activation),
    Winograd(Winograd, Activation),
    WinogradPooled(Winograd, Activation),
    Chain(Chain),
    Depthwise(Depthwise, Activation),
    InvertedResidual(InvertedResidual),
    Linear(Linear, Activation),
    Activation(Activation),
    Add(Activation),
    MaxPool(InstructionSet, Window),
    Mean,
    AdaptiveMean,
}

impl Step {
    /// What it is called in a profile.
    pub fn name(&self) -> &'static str {
        match &self.kernel {
            Kernel::Convolution(..) => "convolution",
            Kernel::Winograd(kernel, _) | Kernel::WinogradPooled(kernel, _) => kernel.name(),
            Kernel::Chain(_) => "convolution, Winograd",
            Kernel::Depthwise(..) => "depthwise",
            Kernel::InvertedResidual(_) => "inverted residual",
            Kernel::Linear(..) => "matrix",
            Kernel::Activation(_) => "activation",
            Kernel::Add(_) => "addition",
            Kernel::MaxPool(..) => "maximum",
            Kernel::Mean | Kernel::AdaptiveMean => "mean",
        }
    }

    /// The multiply-adds that the kernel does for one picture, transforms not counted.
    pub fn multiply_adds_done(&self) -> usize {
        match &self.kernel {
            Kernel::Winograd(kernel, _) | Kernel::WinogradPooled(kernel, _) => {
                kernel.multiply_adds(self.from.plane)
            }
            Kernel::Chain(kernel) => kernel.multiply_adds(self.from.plane),
            _ => self.multiply_adds,
        }
    }

    /// Computes `out` from `x`, both of one picture and laid out `[height][width][channel]`;
    /// `residual` is laid out as `out`.
    pub fn run(&self, x: &[f32], residual: Option<&[f32]>, out: &mut [f32], scratch: &mut Scratch) {
        let Self { from: Shape { channels, plane }, to, .. } = *self;
        let with = |activation| Epilogue { residual, activation };
        match &self.kernel {
            Kernel::Convolution(kernel, activation) => {
                kernel.run(x, plane, with(*activation), out, scratch);
            }
            Kernel::Winograd(kernel, activation) => {
                kernel.run(x, plane, with(*activation), out, scratch);
            }
            Kernel::WinogradPooled(kernel, activation) => {
                kernel.run_pooled(x, plane, *activation, out, scratch);
            }
            Kernel::Chain(kernel) => kernel.run(x, plane, out, scratch),
            Kernel::Depthwise(kernel, activation) => {
                kernel.run(x, plane, *activation, out, scratch);
            }
            Kernel::InvertedResidual(kernel) => {
                kernel.run(x, plane, residual.is_some(), out, scratch);
            }
            Kernel::Linear(..) => self.run_rows(x, 1, out),
            Kernel::Activation(activation) => {
                out.iter_mut().zip(x).for_each(|(out, x)| *out = activation.of(*x));
            }
            Kernel::Add(activation) => {
                let residual = residual.expect("fusion gives every addition its other operand");
                let sums = x.iter().zip(residual);
                out.iter_mut().zip(sums).for_each(|(out, (x, y))| *out = activation.of(x + y));
            }
            Kernel::MaxPool(set, window) => max_pool(*set, x, plane, channels, *window, out),
            Kernel::Mean => mean(x, plane, channels, out),
            Kernel::AdaptiveMean => adaptive_mean(x, plane, channels, to.plane, out),
        }
    }

    /// Whether it reads a vector by a matrix, and can do so for many rows at once.
    pub fn is_matrix(&self) -> bool {
        matches!(self.kernel, Kernel::Linear(..))
    }

    /// Computes `rows` rows of `out` from as many of `x` by one pass over the matrix; each row's bits
    /// are those of the row alone.
    ///
    /// # Panics
    /// If the step [is no matrix](Self::is_matrix).
    pub fn run_rows(&self, x: &[f32], rows: usize, out: &mut [f32]) {
        match &self.kernel {
            Kernel::Linear(kernel, activation) => kernel.run(x, rows, *activation, out),
            other => unreachable!("{other:?} is no matrix"),
        }
    }
}
