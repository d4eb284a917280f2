//! Expansion, depthwise convolution and projection as one pass.
//!
//! The expanded image, six times the input, is never whole: a strip of rows at a time, and within it
//! a panel of two vectors of expanded channels at a time, is expanded into a block that fits the
//! first or second cache level, convolved there, and kept as `[block of channels][pixel][lane]`,
//! which the projection reads as rows of runs. Roof: the multipliers; EfficientNet-lite0's take 7.5 ms,
//! at the peak they would take 6.7.

mod strip;

use super::bounds::require;
use super::buffer::Buffer;
use super::convolution::{pack, reads};
use super::depthwise::{Depthwise, Filters};
use super::gemm::{After, Input, Output, Rows, gemm};
use super::matrix::Matrix;
use super::padding::padded;
use super::{Activation, Channels, InstructionSet, Layer, Plane, Scratch, Window};
use strip::{Strip, Strips};

/// A dense convolution (1 × 1, or the stem), a depthwise and a 1 × 1 convolution without activation,
/// with or without the input added.
#[derive(Debug)]
pub(crate) struct InvertedResidual {
    set: InstructionSet,
    activation: Activation,
    channels: Channels,
    /// Of the expansion, a whole number of vectors.
    expanded: usize,
    expansion: (Window, Matrix, Buffer<f32>),
    depthwise: (Window, Filters),
    projection: (Matrix, Buffer<f32>),
}

impl InvertedResidual {
    /// Whether it can compute these layers, one after the other.
    pub fn takes(expansion: &Layer, depthwise: &Layer, projection: &Layer) -> bool {
        Depthwise::takes(depthwise)
            && expansion.channels.output == depthwise.channels.input
            && depthwise.channels.output == projection.channels.input
            && projection.window == Window::POINT
    }

    /// Packs the three layers; `activation` follows the first two.
    ///
    /// # Panics
    /// If it does not take the layers, or their weights are not as many as they say.
    pub fn new(
        set: InstructionSet,
        expansion: &Layer,
        depthwise: &Layer,
        projection: &Layer,
        activation: Activation,
    ) -> Self {
        assert!(Self::takes(expansion, depthwise, projection), "not layers for this kernel");
        expansion.check(expansion.channels.input);
        projection.check(projection.channels.input);
        // Channels that only fill the last vector have weights of zero here and in the projection.
        let expanded = expansion.channels.output.next_multiple_of(set.lanes());
        let mut bias = Buffer::zeros(expanded);
        bias[..expansion.bias.len()].copy_from_slice(expansion.bias);
        Self {
            set,
            activation,
            channels: Channels {
                input: expansion.channels.input,
                output: projection.channels.output,
            },
            expanded,
            expansion: (expansion.window, pack(set, expansion, expanded), bias),
            depthwise: (depthwise.window, Filters::new(set, depthwise)),
            projection: (project(set, projection, expanded), Buffer::from_slice(projection.bias)),
        }
    }

    /// `plane` is that of `x`, `[height][width][input]`; `residual`: `x` is added to the output,
    /// `[places.height][places.width][output]`, which then must be of its shape.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(
        &self,
        x: &[f32],
        plane: Plane,
        residual: bool,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let Channels { input, output } = self.channels;
        let inner = self.expansion.0.places(plane);
        let places = self.depthwise.0.places(inner);
        require("input", x.len(), &[plane.height, plane.width, input]);
        require("output", out.len(), &[places.height, places.width, output]);
        assert!(!residual || (places, output) == (plane, input), "the residual has another shape");
        let residual = residual.then_some(x);
        let x = padded(x, plane, input, self.expansion.0, &mut scratch.padded);
        let (_, input) = reads(x, plane, input, self.expansion.0, 0..inner.height);
        let line =
            if self.expansion.0 == Window::POINT { inner.width * input.row } else { input.group };
        let strips = Strips::new(self.depthwise.0, inner, self.expanded);
        let [blocks, middle] = &mut scratch.working;
        let block = strips.block(self.set.lanes());
        let blocks = blocks.at_least(2 * block);
        // The margins left and right stay zero; those above and below are cleared strip by strip.
        blocks.fill(0.0);
        let middle = middle.at_least(strips.rows * places.width * self.expanded);
        for strip in strips.each() {
            for column in (0..self.expanded).step_by(2 * self.set.lanes()) {
                self.expand(Input { group: line, ..input }, &strip, column, blocks);
                self.convolve(&strip, column, blocks, middle);
            }
            self.project(&strip, middle, residual, out);
        }
    }

    /// The depthwise outputs of a strip, `[block][pixel][lane]`, times the projection.
    fn project(&self, strip: &Strip, middle: &[f32], residual: Option<&[f32]>, out: &mut [f32]) {
        let (lanes, columns) = (self.set.lanes(), self.channels.output);
        let pixels = strip.rows * strip.places.width;
        let start = strip.first * strip.places.width * columns;
        let (matrix, bias) = &self.projection;
        let residual = residual.map(|residual| &residual[start..]);
        let after = After { bias, residual, activation: Activation::IDENTITY };
        let runs = self.expanded / lanes;
        let input = Input {
            values: middle,
            group: 0,
            row: lanes,
            runs,
            run: pixels * lanes,
            length: lanes,
        };
        let out = Output::matrix(self.set, &mut out[start..], columns);
        gemm(self.set, Rows::one(pixels), input, matrix.panels(), Some(after), out);
    }
}

/// The projection as a matrix of `depth` rows, those without a channel zero.
fn project(set: InstructionSet, layer: &Layer, depth: usize) -> Matrix {
    let Channels { input, output } = layer.channels;
    let at = |k: usize, o: usize| if k < input { layer.weights[o * input + k] } else { 0.0 };
    Matrix::new(set, depth, output, super::matrix::Storage::Single, at)
}
