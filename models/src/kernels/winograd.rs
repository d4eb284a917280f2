//! 3 × 3 convolution, stride 1, padding 1, by Winograd's method (Lavin and Gray, "Fast Algorithms for
//! Convolutional Neural Networks", 2015).
//!
//! ```text
//!  x, some tiles ─► V[point][tile][input] ─► M[point][tile][output] ─► bias, residual, clamp, pool ─► out
//!                transform        one matrix product          transform back
//!                                 for each point
//! ```
//!
//! The block of tiles is as large as V and M fit the second cache level (24 to 64; flat from 12 to
//! 100). Counted as direct convolution, of 115 GFLOP/s at the peak, one thread:
//!
//! | layer | 2 × 2 | 4 × 4 | 6 × 6 | relative rms error of each |
//! | --- | --- | --- | --- | --- |
//! | 64 → 64 at 224 | 216 | 316 | 342 | 2e-7, 1.5e-6, 2.5e-6 |
//! | 128 → 128 at 112 | 236 | 363 | 425 | 3e-7, 1.9e-6, 3.7e-6 |
//! | 256 → 256 at 56 | 241 | 378 | 384 | 4e-7, 2.8e-6, 4.8e-6 |
//! | 512 → 512 at 28 | 240 | 378 | 399 | 6e-7, 3.9e-6, 6.8e-6 |
//! | 512 → 512 at 14 | 227 | 311 | 190 | 6e-7, 2.9e-6, 6.7e-6 |
//!
//! The products run at the peak; what is lost is the transforms' waiting for scattered lines. Weights
//! stay f32: the transform of 4 × 4 multiplies the rounding of f16 by 14.

mod chain;
mod filters;
mod input;
mod output;
mod tile;

use super::bounds::require;
use super::buffer::Buffer;
use super::gemm::{Input, Output, Rows, gemm};
use super::matrix::{Panels, Weights};
use super::packing::packed_length;
use super::{Activation, Channels, Epilogue, InstructionSet, Layer, Padding, Plane, Scratch};
pub(crate) use chain::Chain;
use output::After;
pub(crate) use tile::Tile;
use tile::Tiles;

/// Bytes of V and M together that a block of tiles may fill, of a second cache level of 1 MiB.
const BLOCK_BYTES: usize = 640 << 10;
/// From so many weights of a point on, reading them again for each block costs more than V and M in
/// the third level do.
const MANY_WEIGHTS: usize = 128 * 256;
/// Floats of the smallest buffer that gets huge pages: V and M are walked by columns.
const LEAST_BUFFER: usize = 1 << 19;
/// Floats between two points of V or M, so that the points of a tile do not all fall into one cache set.
const SKEW: usize = 16;

/// A 3 × 3 convolution, stride 1, padding 1.
#[derive(Debug)]
pub(crate) struct Winograd {
    set: InstructionSet,
    tile: Tile,
    channels: Channels,
    /// `[point]` of packed matrices.
    weights: Buffer<f32>,
    bias: Buffer<f32>,
    /// A pixel outside of the image.
    outside: Buffer<f32>,
}

/// Rows of an image, `[row][width][channels]`, the first of which is its row `first`.
#[derive(Clone, Copy, Debug)]
struct Band<'a> {
    values: &'a [f32],
    first: usize,
}

impl Winograd {
    /// Whether it can compute `layer`: 3 × 3, stride 1, padding 1, channels multiples of a vector.
    pub fn takes(set: InstructionSet, layer: &Layer) -> bool {
        let window = layer.window;
        let whole = |channels: usize| channels > 0 && channels.is_multiple_of(set.lanes());
        (window.side, window.stride, window.padding) == (3, 1, Padding::even(1))
            && whole(layer.channels.input)
            && whole(layer.channels.output)
    }

    /// Its name: the side of its tiles.
    pub const fn name(&self) -> &'static str {
        match self.tile {
            Tile::Two => "Winograd 2×2",
            Tile::Four => "Winograd 4×4",
            Tile::Six => "Winograd 6×6",
        }
    }

    /// The multiply-adds of its products for an image: fewer than the convolution's by definition.
    pub fn multiply_adds(&self, plane: Plane) -> usize {
        let Channels { input, output } = self.channels;
        self.tile.count(plane) * self.tile.points() * input * output
    }

    /// Transforms and packs `layer`.
    ///
    /// # Panics
    /// If it does not take the layer, or its weights are not as many as it says.
    pub fn new(set: InstructionSet, tile: Tile, layer: &Layer) -> Self {
        assert!(Self::takes(set, layer), "not a layer for Winograd: {:?}", layer.window);
        layer.check(layer.channels.input);
        Self {
            set,
            tile,
            channels: layer.channels,
            weights: filters::transform(set, tile, layer),
            bias: Buffer::from_slice(layer.bias),
            outside: Buffer::zeros(layer.channels.input),
        }
    }

    /// `x` is `[height][width][input]`, `out` `[height][width][output]`.
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
        self.whole(x, plane, self.after(epilogue, false), out, scratch);
    }

    /// As [`Self::run`], followed by the greatest of each 2 × 2 pixels: `out` is
    /// `[height / 2][width / 2][output]`.
    ///
    /// # Panics
    /// If a slice is too short, or height or width is odd.
    pub fn run_pooled(
        &self,
        x: &[f32],
        plane: Plane,
        activation: Activation,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        self.whole(x, plane, self.after(activation.into(), true), out, scratch);
    }

    fn whole(&self, x: &[f32], plane: Plane, after: After, out: &mut [f32], scratch: &mut Scratch) {
        require("input", x.len(), &[plane.height, plane.width, self.channels.input]);
        let tiles = Tiles { plane, first: 0, count: self.tile.count(plane) };
        let band = Band { values: x, first: 0 };
        self.run_tiles(band, tiles, after, out, &mut scratch.working);
    }

    fn after<'a>(&'a self, epilogue: Epilogue<'a>, pooled: bool) -> After<'a> {
        After { bias: &self.bias, epilogue, pooled }
    }

    /// Computes `tiles`, of which `band` has all rows that they read; `out` is the whole output.
    ///
    /// # Panics
    /// If a slice is too short.
    fn run_tiles(
        &self,
        band: Band,
        tiles: Tiles,
        after: After,
        out: &mut [f32],
        [v, m]: &mut [Buffer<f32>; 2],
    ) {
        let Channels { input, output } = self.channels;
        let step = self.block(tiles.count);
        let points = self.tile.points();
        let planes = [step * input + SKEW, step * output + SKEW];
        let v = v.at_least((points * planes[0]).max(LEAST_BUFFER));
        let m = m.at_least((points * planes[1]).max(LEAST_BUFFER));
        for block in tiles.blocks(step) {
            input::transform(self.set, self.tile, block, band, &self.outside, (v, planes[0]));
            self.multiply(block.count, (v, planes[0]), (m, planes[1]));
            output::transform(self.set, self.tile, block, (m, planes[1]), after, out);
        }
    }

    /// M of each point is V times the point's weights.
    fn multiply(
        &self,
        tiles: usize,
        (v, v_plane): (&[f32], usize),
        (m, m_plane): (&mut [f32], usize),
    ) {
        let Channels { input, output } = self.channels;
        let weights = packed_length(self.set.lanes(), input, output);
        for point in 0..self.tile.points() {
            let panels = Panels {
                depth: input,
                columns: output,
                weights: Weights::Single(&self.weights[point * weights..][..weights]),
            };
            let v = Input::matrix(&v[point * v_plane..], input);
            let m = Output::matrix(self.set, &mut m[point * m_plane..], output);
            gemm(self.set, Rows::one(tiles), v, panels, None, m);
        }
    }

    /// Tiles of a block, of `total`: blocks are as equal as can be.
    fn block(&self, total: usize) -> usize {
        let Channels { input, output } = self.channels;
        let tile = self.tile.points() * (input + output) * size_of::<f32>();
        let least = if input * output >= MANY_WEIGHTS { 64 } else { 24 };
        let fit = (BLOCK_BYTES / tile).max(least);
        total.div_ceil(total.div_ceil(fit).max(1))
    }
}
