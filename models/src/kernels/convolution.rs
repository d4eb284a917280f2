//! Dense convolution of any size, stride and padding, as one matrix product.

use std::ops::Range;

use super::bounds::require;
use super::buffer::Buffer;
use super::gemm::{After, Input, Output, Rows, gemm};
use super::matrix::{Matrix, Storage};
use super::padding::padded;
use super::{Channels, Epilogue, InstructionSet, Layer, Plane, Scratch, Window};

/// A dense convolution of any size, stride, padding and number of channels.
///
/// Reached 100 of 115 GFLOP/s in networks' 1 × 1 layers; the stem of 3 channels, whose rows are
/// short, half of that.
#[derive(Debug)]
pub(crate) struct Convolution {
    set: InstructionSet,
    channels: Channels,
    window: Window,
    matrix: Matrix,
    bias: Buffer<f32>,
}

impl Convolution {
    /// Packs `layer`.
    ///
    /// # Panics
    /// If the layer's weights are not as many as it says.
    pub fn new(set: InstructionSet, layer: &Layer) -> Self {
        layer.check(layer.channels.input);
        let Layer { channels, window, .. } = *layer;
        Self {
            set,
            channels,
            window,
            matrix: pack(set, layer, channels.output),
            bias: Buffer::from_slice(layer.bias),
        }
    }

    /// `x` is `[height][width][input]`, `out` `[places.height][places.width][output]`.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(
        &self,
        x: &[f32],
        plane: Plane,
        epilogue: Epilogue,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let places = self.places(plane);
        require("output", out.len(), &[places.height, places.width, self.channels.output]);
        let x = self.padded(x, plane, &mut scratch.padded);
        self.run_rows(x, plane, 0..places.height, epilogue, out);
    }

    /// The plane that it answers.
    pub(super) fn places(&self, plane: Plane) -> Plane {
        self.window.places(plane)
    }

    /// Channels of a pixel, in and out.
    pub(super) const fn channels(&self) -> Channels {
        self.channels
    }

    /// The multiply-adds of an image.
    pub(super) fn multiply_adds(&self, plane: Plane) -> usize {
        let Channels { input, output } = self.channels;
        self.places(plane).pixels() * self.window.side.pow(2) * input * output
    }

    /// `x` with the zeros around it that [`Self::run_rows`] wants, perhaps in `copy`.
    ///
    /// # Panics
    /// If `x` is too short.
    pub(super) fn padded<'a>(
        &self,
        x: &'a [f32],
        plane: Plane,
        copy: &'a mut Buffer<f32>,
    ) -> &'a [f32] {
        require("input", x.len(), &[plane.height, plane.width, self.channels.input]);
        padded(x, plane, self.channels.input, self.window, copy)
    }

    /// As [`Self::run`], but only `rows` of the output, of which the residual has as many; `x` is
    /// [padded](Self::padded).
    ///
    /// # Panics
    /// If a slice is too short.
    pub(super) fn run_rows(
        &self,
        x: &[f32],
        plane: Plane,
        rows: Range<usize>,
        epilogue: Epilogue,
        out: &mut [f32],
    ) {
        let Channels { input, output } = self.channels;
        let (rows, input) = reads(x, plane, input, self.window, rows);
        let group = rows.rows * output;
        let output = Output { group, ..Output::matrix(self.set, out, output) };
        let Epilogue { residual, activation } = epilogue;
        let after = After { bias: &self.bias, residual, activation };
        gemm(self.set, rows, input, self.matrix.panels(), Some(after), output);
    }
}

/// The weights as a matrix of `columns` columns, those without an output channel zero; the depth runs
/// over the window's rows, its columns and the input channels.
pub(super) fn pack(set: InstructionSet, layer: &Layer, columns: usize) -> Matrix {
    let Layer { channels, window: Window { side, .. }, weights, .. } = *layer;
    let taps = side * side;
    Matrix::new(set, taps * channels.input, columns, Storage::Single, |k, output| {
        let (tap, input) = (k / channels.input, k % channels.input);
        if output < channels.output {
            weights[(output * channels.input + input) * taps + tap]
        } else {
            0.0
        }
    })
}

/// How the rows of the product, one for each place of `window` in `rows`, lie in the padded image `x`.
pub(super) fn reads(
    x: &[f32],
    plane: Plane,
    channels: usize,
    window: Window,
    rows: Range<usize>,
) -> (Rows, Input<'_>) {
    let places = window.places(plane);
    assert!(rows.end <= places.height, "there are not so many rows");
    let line = window.padded(plane).width * channels;
    let group = window.stride * line;
    let values = x.get(rows.start * group..).unwrap_or_default();
    if window == Window::POINT {
        return (Rows::one(rows.len() * places.width), Input::matrix(values, channels));
    }
    let rows = Rows { groups: rows.len(), rows: places.width };
    let input = Input {
        values,
        group,
        row: window.stride * channels,
        runs: window.side,
        run: line,
        length: window.side * channels,
    };
    (rows, input)
}
