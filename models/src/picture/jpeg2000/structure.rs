//! What the structure of a codestream costs its decoder, told before anything of it is built.
//!
//! A decoder makes a record of every tile, precinct and code-block. How many there are stands in a
//! few bytes of the header, whatever the length of the file: a hundred bytes that ask for precincts
//! of one pixel took 2.6 GB. No encoder asks for such.

use super::super::PictureError;
use super::codestream::{Header, Style, corrupt};

/// Bytes that hayro-jpeg2000 keeps of one component of a tile, measured and rounded up.
const TILE: u64 = 800;

/// Bytes of a tile part.
const TILE_PART: u64 = 120;

/// Bytes of a precinct in one of its bands.
const PRECINCT: u64 = 120;

/// Bytes of a code-block, and of each of its layers.
const BLOCK: u64 = 160;
const LAYER: u64 = 24;

/// What the structure may cost for each sample. Blocks of 64 × 64, the usual ones, cost a twentieth.
const BYTES_PER_SAMPLE: u64 = 2;

/// What it may cost besides.
const BYTES_BESIDES: u64 = 16 << 20;

/// The codestream's own limit: a tile's number has 16 bits.
const MOST_TILES: u64 = 65_535;

/// One dimension of the grid of tiles, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Where the picture begins and ends.
    pub start: u32,
    pub end: u32,
    /// Where the first tile begins, and how long each is.
    pub offset: u32,
    pub tile: u32,
}

/// Refuses what would cost more than its samples explain.
pub(super) fn check(header: &Header) -> Result<(), PictureError> {
    let tiles = header.tiles()?;
    let components = u64::from(header.components);
    let structure = header.styles.iter().map(|style| cost(header, style)).max().unwrap_or(0);
    let parts = TILE * tiles + TILE_PART * header.parts / components.max(1);
    let asked = structure.saturating_add(parts).saturating_mul(components);
    let samples = header.across.length() * header.down.length() * components;
    let limit = samples * BYTES_PER_SAMPLE + BYTES_BESIDES;
    if asked > limit {
        return corrupt(&format!("its structure would take {asked} bytes, allowed are {limit}"));
    }
    Ok(())
}

/// Bytes of one component if all tiles have this style.
fn cost(header: &Header, style: &Style) -> u64 {
    let block = BLOCK + LAYER * u64::from(style.layers);
    let mut bytes: u64 = 0;
    for resolution in 0..=style.levels {
        let (precinct_across, precinct_down) = style.precinct(resolution);
        let across = header.across.pieces(style, resolution, style.block.0, precinct_across);
        let down = header.down.pieces(style, resolution, style.block.1, precinct_down);
        let blocks = if resolution == 0 {
            across.low.saturating_mul(down.low)
        } else {
            let all = (across.low + across.high).saturating_mul(down.low + down.high);
            all.saturating_sub(across.low.saturating_mul(down.low))
        };
        let bands = if resolution == 0 { 1 } else { 3 };
        let precincts = across.precincts.saturating_mul(down.precincts).saturating_mul(bands);
        bytes = bytes.saturating_add(precincts.saturating_mul(PRECINCT));
        bytes = bytes.saturating_add(blocks.saturating_mul(block));
    }
    bytes
}

/// How many there are along one dimension, all tiles together.
#[derive(Default)]
struct Pieces {
    precincts: u64,
    /// Code-blocks of the band of low frequencies along this dimension, and of that of high ones.
    low: u64,
    high: u64,
}

impl Axis {
    pub fn length(&self) -> u64 {
        u64::from(self.end.saturating_sub(self.start))
    }

    /// How many tiles there are.
    pub fn tiles(&self) -> u64 {
        u64::from(self.end.saturating_sub(self.offset)).div_ceil(u64::from(self.tile.max(1)))
    }

    /// The pieces at one resolution; `block` and `precinct` are exponents of two.
    fn pieces(&self, style: &Style, resolution: u8, block: u8, precinct: u8) -> Pieces {
        // Equations B-14 to B-20 of the specification.
        let below = style.levels - resolution;
        let level = if resolution == 0 { below } else { below + 1 };
        let block = block.min(if resolution == 0 { precinct } else { precinct.saturating_sub(1) });
        let half = if level == 0 { 0 } else { 1_u64 << (level - 1) };
        let mut pieces = Pieces::default();
        for number in 0..self.tiles() {
            let (start, end) = self.tile(number);
            let at = |edge: u64| edge.div_ceil(1 << below);
            pieces.precincts += parts(at(start), at(end), precinct);
            let low = |edge: u64| edge.div_ceil(1 << level);
            pieces.low += parts(low(start), low(end), block);
            let high = |edge: u64| edge.saturating_sub(half).div_ceil(1 << level);
            pieces.high += parts(high(start), high(end), block);
        }
        pieces
    }

    fn tile(&self, number: u64) -> (u64, u64) {
        let first = u64::from(self.offset) + number * u64::from(self.tile);
        let end = (first + u64::from(self.tile)).min(self.end.into());
        (first.max(self.start.into()), end)
    }
}

/// Into how many pieces of 2^`exponent`, aligned to their size, an interval is cut.
fn parts(start: u64, end: u64, exponent: u8) -> u64 {
    if start >= end { 0 } else { end.div_ceil(1 << exponent) - (start >> exponent) }
}

impl Header {
    /// How many tiles there are.
    pub fn tiles(&self) -> Result<u64, PictureError> {
        let tiles = self.across.tiles().saturating_mul(self.down.tiles());
        if tiles == 0 || tiles > MOST_TILES {
            return corrupt(&format!("{tiles} tiles"));
        }
        Ok(tiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(side: u32, tile: u32, style: Style) -> Header {
        let axis = Axis { start: 0, end: side, offset: 0, tile };
        Header { across: axis, down: axis, components: 3, styles: vec![style], parts: 1 }
    }

    fn style(levels: u8, block: u8, precinct: u8, layers: u16) -> Style {
        Style { levels, block: (block, block), layers, precincts: vec![(precinct, precinct); 33] }
    }

    #[test]
    fn what_encoders_write_is_far_below_the_limit() {
        for (side, tile, style) in [
            (10_000, 10_000, style(5, 6, 15, 1)),
            (10_000, 256, style(5, 6, 15, 1)),
            (10_000, 1024, style(6, 5, 8, 12)),
            (2_000, 64, style(3, 5, 7, 1)),
            (64, 64, style(5, 2, 15, 32)),
        ] {
            assert_eq!(
                check(&header(side, tile, style.clone())),
                Ok(()),
                "{side} {tile} {style:?}"
            );
        }
    }

    #[test]
    fn precincts_blocks_layers_and_tiles_beyond_all_reason_are_refused() {
        for (side, tile, style) in [
            (2_000, 2_000, style(0, 2, 0, 1)),
            (2_000, 2_000, style(5, 2, 1, 1)),
            (10_000, 10_000, style(5, 2, 15, 1)),
            (10_000, 10_000, style(5, 4, 15, 32)),
            (2_000, 8, style(5, 6, 15, 1)),
            (2_000, 1, style(5, 6, 15, 1)),
        ] {
            let answer = check(&header(side, tile, style.clone()));
            assert!(matches!(answer, Err(PictureError::Corrupt(_))), "{side} {tile} {style:?}");
        }
    }

    #[test]
    fn an_interval_is_cut_at_multiples_of_the_piece() {
        assert_eq!(
            [(0, 8), (0, 9), (7, 9), (3, 3), (8, 9)].map(|(a, b)| parts(a, b, 3)),
            [1, 2, 2, 0, 1]
        );
    }

    #[test]
    fn each_tile_counts_its_own_pieces() {
        let axis = Axis { start: 1, end: 20, offset: 0, tile: 8 };
        let pieces = axis.pieces(&style(1, 2, 15, 1), 1, 2, 15);
        // Tiles 1..8, 8..16, 16..20: low bands 1..4, 4..8, 8..10, high ones 0..4, 4..8, 8..10.
        assert_eq!((pieces.precincts, pieces.low, pieces.high), (3, 3, 3));
    }
}
