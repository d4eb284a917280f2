//! Depthwise convolution: each channel by itself.
//!
//! One vector of channels at a time is copied, with its padding, to where its pixels are neighbours;
//! then 14 (AVX-512) or 7 pixels of a line are summed in registers. The roof is the loads, one for
//! each multiplication: 85 to 111 of 115 GFLOP/s were measured once the block lies in the first cache
//! level, as it does in [`super::InvertedResidual`]; with the copying, a third (3 × 3) or two thirds (5 × 5) of that.

mod block;

use super::bounds::require;
use super::buffer::Buffer;
use super::{Activation, Channels, InstructionSet, Layer, Plane, Scratch, Window};
pub(super) use block::{Block, convolve};

/// A depthwise convolution, 3 × 3 or 5 × 5, stride 1 or 2, any padding and number of channels.
#[derive(Debug)]
pub(crate) struct Depthwise {
    set: InstructionSet,
    channels: usize,
    window: Window,
    filters: Filters,
}

/// Weights and biases by blocks of channels.
#[derive(Debug)]
pub(super) struct Filters {
    lanes: usize,
    taps: usize,
    /// `[block][tap][lane]`
    weights: Buffer<f32>,
    /// `[block][lane]`
    bias: Buffer<f32>,
}

impl Filters {
    /// Packs `layer`; the last block's missing channels are zeros.
    pub fn new(set: InstructionSet, layer: &Layer) -> Self {
        layer.check(1);
        let (lanes, taps) = (set.lanes(), layer.window.side.pow(2));
        let channels = layer.channels.output;
        let mut weights = Buffer::zeros(channels.next_multiple_of(lanes) * taps);
        for (index, weight) in layer.weights.iter().enumerate() {
            let (channel, tap) = (index / taps, index % taps);
            weights[(channel / lanes * taps + tap) * lanes + channel % lanes] = *weight;
        }
        let mut bias = Buffer::zeros(channels.next_multiple_of(lanes));
        bias[..channels].copy_from_slice(layer.bias);
        Self { lanes, taps, weights, bias }
    }

    /// `[tap][lane]` and `[lane]` of the block that begins at `channel`.
    pub fn block(&self, channel: usize) -> (&[f32], &[f32]) {
        let weights = &self.weights[channel * self.taps..][..self.taps * self.lanes];
        (weights, &self.bias[channel..][..self.lanes])
    }
}

impl Depthwise {
    /// Whether it can compute `layer`.
    pub fn takes(layer: &Layer) -> bool {
        matches!((layer.window.side, layer.window.stride), (3 | 5, 1 | 2))
            && layer.channels.input == layer.channels.output
    }

    /// Packs `layer`, whose weights are `[channel][1][side][side]`.
    ///
    /// # Panics
    /// If it does not take the layer, or the layer's weights are not as many as it says.
    pub fn new(set: InstructionSet, layer: &Layer) -> Self {
        assert!(Self::takes(layer), "not a layer for this kernel: {:?}", layer.window);
        let Layer { channels: Channels { input: channels, .. }, window, .. } = *layer;
        Self { set, channels, window, filters: Filters::new(set, layer) }
    }

    /// `x` is `[height][width][channel]`, `out` `[places.height][places.width][channel]`.
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn run(
        &self,
        x: &[f32],
        plane: Plane,
        activation: Activation,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) {
        let places = self.window.places(plane);
        require("input", x.len(), &[plane.height, plane.width, self.channels]);
        require("output", out.len(), &[places.height, places.width, self.channels]);
        let lanes = self.set.lanes();
        let padded = self.window.padded(plane);
        let inside = scratch.padded.at_least(padded.pixels() * lanes);
        inside.fill(0.0);
        for channel in (0..self.channels).step_by(lanes) {
            let count = lanes.min(self.channels - channel);
            self.gather(&x[channel..], plane, count, inside);
            let (weights, bias) = self.filters.block(channel);
            let block = Block {
                input: inside,
                width: padded.width,
                weights,
                bias,
                rows: places.height,
                columns: places.width,
                pixel: self.channels,
                channels: count,
                activation,
            };
            convolve(self.set, self.window, block, &mut out[channel..]);
        }
    }

    /// Copies the first `count` channels of each pixel to where they belong in the padded block.
    fn gather(&self, x: &[f32], plane: Plane, count: usize, inside: &mut [f32]) {
        let lanes = self.set.lanes();
        let line = self.window.padded(plane).width * lanes;
        let start = self.window.padding.top * line + self.window.padding.left * lanes;
        for row in 0..plane.height {
            let line = inside[start + row * line..].chunks_exact_mut(lanes);
            let pixels = x[row * plane.width * self.channels..].chunks(self.channels);
            for (inside, pixel) in line.zip(pixels).take(plane.width) {
                inside[..count].copy_from_slice(&pixel[..count]);
                inside[count..].fill(0.0);
            }
        }
    }
}
