//! Strips of rows, and a panel of expanded channels within one.

use super::super::depthwise::{Block, convolve};
use super::super::gemm::{After, Input, Output, Rows, gemm};
use super::super::{Plane, Window};
use super::InvertedResidual;

/// The second cache level that expanded channels of a strip may fill, half of what small ones have.
const STRIP_BYTES: usize = 400 << 10;
/// Narrower images are one strip: little would be saved, and rows at the seams are expanded twice.
const LEAST_WIDTH: usize = 56;

/// How the rows of the output are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strips {
    window: Window,
    /// Of the expanded image.
    inner: Plane,
    places: Plane,
    /// Rows of output in a strip; the last may have fewer.
    pub rows: usize,
}

/// Some rows of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip {
    strips: Strips,
    pub places: Plane,
    /// Of its rows of output.
    pub first: usize,
    pub rows: usize,
    /// Rows of the block above the expanded image, inside, and below.
    above: usize,
    inside: usize,
    below: usize,
}

impl Strips {
    pub fn new(window: Window, inner: Plane, channels: usize) -> Self {
        let places = window.places(inner);
        let fit = STRIP_BYTES / (places.width * channels * size_of::<f32>()).max(1);
        let rows = if inner.width < LEAST_WIDTH {
            places.height
        } else {
            places.height.div_ceil(places.height.div_ceil(fit.max(1)))
        };
        Self { window, inner, places, rows }
    }

    /// Floats of one vector of channels of a strip, with its margins.
    pub fn block(&self, lanes: usize) -> usize {
        self.height(self.rows) * self.width() * lanes
    }

    /// Of a block for `rows` rows of output.
    fn height(&self, rows: usize) -> usize {
        (rows - 1) * self.window.stride + self.window.side
    }

    /// Of a block.
    fn width(&self) -> usize {
        self.window.padded(self.inner).width
    }

    pub fn each(self) -> impl Iterator<Item = Strip> {
        (0..self.places.height).step_by(self.rows).map(move |first| {
            let rows = self.rows.min(self.places.height - first);
            let (start, needed) = (first * self.window.stride, self.height(rows));
            let top = self.window.padding.top;
            let above = top.saturating_sub(start).min(needed);
            let inside =
                (top + self.inner.height).saturating_sub(start + above).min(needed - above);
            let below = needed - above - inside;
            Strip { strips: self, places: self.places, first, rows, above, inside, below }
        })
    }
}

impl InvertedResidual {
    /// Expands the panel of channels at `column` for `strip`, into one or two blocks.
    pub(super) fn expand(&self, input: Input, strip: &Strip, column: usize, blocks: &mut [f32]) {
        let (lanes, strips) = (self.set.lanes(), strip.strips);
        let (width, line) = (strips.inner.width, strips.width() * lanes);
        let block = strips.block(lanes);
        for block in blocks.chunks_exact_mut(block) {
            block[..strip.above * line].fill(0.0);
            block[(strip.above + strip.inside) * line..][..strip.below * line].fill(0.0);
        }
        let first = (strip.first * strips.window.stride).saturating_sub(strips.window.padding.top);
        let input =
            Input { values: input.values.get(first * input.group..).unwrap_or_default(), ..input };
        // A row a little longer than the register tile would make two short tiles; then all rows are
        // one matrix, if they lie so.
        let tile = self.set.tile_rows();
        let long = (tile + 1..2 * tile).contains(&width) && input.group == width * input.row;
        let rows = if long {
            Rows::one(strip.inside * width)
        } else {
            Rows { groups: strip.inside, rows: width }
        };
        let start = strip.above * line + strips.window.padding.left * lanes;
        let output = Output {
            values: &mut blocks[start..],
            group: line,
            row: lanes,
            vector: block,
            gap: long.then_some((width, line - width * lanes)),
        };
        let (_, matrix, bias) = &self.expansion;
        let after = After { bias: &bias[column..], residual: None, activation: self.activation };
        gemm(self.set, rows, input, matrix.panel(column), Some(after), output);
    }

    /// The depthwise convolution of the blocks that [`Self::expand`] filled.
    pub(super) fn convolve(&self, strip: &Strip, column: usize, blocks: &[f32], out: &mut [f32]) {
        let (lanes, width) = (self.set.lanes(), strip.strips.width());
        let pixels = strip.rows * strip.places.width;
        let (window, filters) = &self.depthwise;
        let channels = (column..self.expanded).step_by(lanes);
        for (channel, block) in channels.zip(blocks.chunks_exact(strip.strips.block(lanes))) {
            let (weights, bias) = filters.block(channel);
            let block = Block {
                input: block,
                width,
                weights,
                bias,
                rows: strip.rows,
                columns: strip.places.width,
                pixel: lanes,
                channels: lanes,
                activation: self.activation,
            };
            convolve(self.set, *window, block, &mut out[channel * pixels..]);
        }
    }
}
