//! Dense convolution of any size, stride and padding, as one matrix product.

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
        let Channels { input, output } = self.channels;
        let places = self.window.places(plane);
        require("input", x.len(), &[plane.height, plane.width, input]);
        require("output", out.len(), &[places.height, places.width, output]);
        let x = padded(x, plane, input, self.window, &mut scratch.padded);
        let (rows, input) = reads(x, plane, input, self.window);
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

/// How the rows of the product, one for each place of `window`, lie in the padded image `x`.
pub(super) fn reads(x: &[f32], plane: Plane, channels: usize, window: Window) -> (Rows, Input<'_>) {
    let places = window.places(plane);
    if window == Window::POINT {
        return (Rows::one(places.pixels()), Input::matrix(x, channels));
    }
    let line = window.padded(plane).width * channels;
    let rows = Rows { groups: places.height, rows: places.width };
    let input = Input {
        values: x,
        group: window.stride * line,
        row: window.stride * channels,
        runs: window.side,
        run: line,
        length: window.side * channels,
    };
    (rows, input)
}
