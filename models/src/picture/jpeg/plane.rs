//! The samples of one component.

use super::super::vectors::{Vectors, detect};
use super::frame::{BLOCK, SIDE};
use super::inverse::samples;

/// Samples in rows, padded to whole blocks.
pub struct Plane {
    /// Blocks in a row.
    blocks_across: usize,
    samples: Vec<u8>,
    vectors: Option<Vectors>,
}

impl Default for Plane {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl Plane {
    /// A plane of `blocks_across` × `blocks_down` blocks.
    pub fn new(blocks_across: usize, blocks_down: usize) -> Self {
        let samples = vec![0; blocks_across * blocks_down * BLOCK];
        Self { blocks_across, samples, vectors: detect() }
    }

    /// Puts the samples of the block in this `row` and `column` of blocks.
    #[inline]
    pub fn put(
        &mut self,
        row: usize,
        column: usize,
        coefficients: &[i16; BLOCK],
        table: &[u16; BLOCK],
    ) {
        let stride = self.blocks_across * SIDE;
        let first = row * SIDE * stride + column * SIDE;
        let block = samples(self.vectors, coefficients, table);
        let rows = self.samples[first..].chunks_mut(stride);
        for (row, samples) in rows.zip(block.as_chunks::<SIDE>().0) {
            row[..SIDE].copy_from_slice(samples);
        }
    }

    /// The row number `y`.
    #[inline]
    pub fn row(&self, y: usize) -> &[u8] {
        let stride = self.blocks_across * SIDE;
        &self.samples[y * stride..][..stride]
    }
}
