//! A dense convolution and Winograd's method after it, strip by strip.

use super::super::bounds::require;
use super::super::{Activation, Channels, Convolution, Plane, Scratch};
use super::tile::Tiles;
use super::{Band, Winograd};

/// A dense convolution whose answer only Winograd's method reads.
///
/// ```text
///   x ─► convolution ─► some rows ─► one row of tiles ─► out
///                        ▲     │
///                        └─────┘ its last two rows are the first of the next
/// ```
///
/// The image between them is never whole: as many of its rows as one row of tiles reads stay in the
/// second cache level. In VGG16 it would be 12.8 MB a worker, written to memory and read from there.
#[derive(Debug)]
pub(crate) struct Chain {
    first: Convolution,
    second: Winograd,
    /// After either.
    activations: [Activation; 2],
    /// The greatest of each 2 × 2 pixels comes last.
    pooled: bool,
}

impl Chain {
    /// `second` reads what `first` answers, each with its activation.
    ///
    /// # Panics
    /// If it does not have as many channels.
    pub fn new(
        first: Convolution,
        second: Winograd,
        activations: [Activation; 2],
        pooled: bool,
    ) -> Self {
        assert_eq!(first.channels().output, second.channels.input, "channels between the two");
        Self { first, second, activations, pooled }
    }

    /// The multiply-adds of its products for an image, fewer than those of the layers by definition.
    pub fn multiply_adds(&self, plane: Plane) -> usize {
        let inner = self.first.places(plane);
        self.first.multiply_adds(plane) + self.second.multiply_adds(inner)
    }

    /// `x` is `[height][width][input]`, `out` `[places.height][places.width][output]`, where the places
    /// are those of the first window; half of either if pooled.
    ///
    /// # Panics
    /// If a slice is too short; if pooled, if a side of the places is odd.
    pub fn run(&self, x: &[f32], plane: Plane, out: &mut [f32], scratch: &mut Scratch) {
        let Channels { input: channels, output } = self.second.channels;
        let (tile, inner) = (self.second.tile, self.first.places(plane));
        let part = if self.pooled { 2 } else { 1 };
        require("output", out.len(), &[inner.height / part, inner.width / part, output]);
        let Scratch { padded, working, strip } = scratch;
        let x = self.first.padded(x, plane, padded);
        let after = self.second.after(self.activations[1].into(), self.pooled);
        let line = inner.width * channels;
        let strip = strip.at_least((tile.side() + 2).min(inner.height) * line);
        let mut held = 0..0;
        let all = Tiles { plane: inner, first: 0, count: tile.count(inner) };
        for tiles in all.blocks(tile.across(inner)) {
            let rows = tile.reads(tiles);
            let kept = held.end - rows.start;
            strip.copy_within((rows.start - held.start) * line..(held.end - held.start) * line, 0);
            let missing = &mut strip[kept * line..];
            self.first.run_rows(x, plane, held.end..rows.end, self.activations[0].into(), missing);
            let band = Band { values: &strip[..rows.len() * line], first: rows.start };
            self.second.run_tiles(band, tiles, after, out, working);
            held = rows;
        }
    }
}
