//! The samples of one component.

use super::frame::{BLOCK, SIDE};
use super::inverse::samples;

/// Samples in rows, padded to whole blocks.
#[derive(Default)]
pub struct Plane {
    /// Blocks in a row.
    blocks_across: usize,
    samples: Vec<u8>,
}

impl Plane {
    /// A plane of `blocks_across` × `blocks_down` blocks.
    pub fn new(blocks_across: usize, blocks_down: usize) -> Self {
        Self { blocks_across, samples: vec![0; blocks_across * blocks_down * BLOCK] }
    }

    /// Puts the samples of the block number `at`, counted row by row.
    #[inline]
    pub fn put(&mut self, at: usize, coefficients: &[i16; BLOCK], table: &[u16; BLOCK]) {
        let stride = self.blocks_across * SIDE;
        let first = at / self.blocks_across * SIDE * stride + at % self.blocks_across * SIDE;
        let block = samples(coefficients, table);
        for (row, samples) in self.samples[first..].chunks_mut(stride).zip(block.as_chunks().0) {
            let samples: &[u8; SIDE] = samples;
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
