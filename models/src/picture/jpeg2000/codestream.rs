//! The markers of a JPEG 2000 codestream, as far as they say what a decoder would build.
//!
//! The decoder goes by what it reads and not by the length of a segment, so a segment that is longer
//! or shorter than its content is refused: else the two would read different markers.

mod segments;

use std::collections::BTreeSet;

use super::super::PictureError;
use super::structure::Axis;
use segments::{Walk, marker};

/// Different coding styles of one picture. Encoders write one, or one a component.
const MOST_STYLES: usize = 32;

/// The most levels of a wavelet transform.
const MOST_LEVELS: u8 = 32;

/// Precincts that are not mentioned are of 2^15.
const LARGEST_PRECINCT: (u8, u8) = (15, 15);

/// What a codestream says of its structure.
#[derive(Debug)]
pub(super) struct Header {
    pub across: Axis,
    pub down: Axis,
    pub components: u16,
    /// All coding styles that occur in any part of it, each once.
    pub styles: Vec<Style>,
    /// How many tile parts there are.
    pub parts: u64,
}

/// How a component of a tile is coded. Sizes are exponents of two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    pub layers: u16,
    pub levels: u8,
    pub block: (u8, u8),
    /// For each resolution; empty for the largest.
    pub precincts: Vec<(u8, u8)>,
}

impl Style {
    pub fn precinct(&self, resolution: u8) -> (u8, u8) {
        self.precincts.get(usize::from(resolution)).copied().unwrap_or(LARGEST_PRECINCT)
    }
}

/// Walks through all headers of `stream`.
///
/// # Errors
/// [`PictureError::Corrupt`], also where a tile is missing: what a decoder leaves there is grey.
pub(super) fn read(stream: &[u8]) -> Result<Header, PictureError> {
    let mut walk = Walk::of(stream.get(2..).unwrap_or_default());
    let Some((marker::SIZE, size)) = walk.segment()? else {
        return corrupt("no size segment");
    };
    let mut header = read_size(size)?;
    let mut layers = 1;
    while let Some((marker, payload)) = walk.segment()? {
        walk.note(marker, payload, &mut header, &mut layers)?;
    }
    let mut tiles = BTreeSet::new();
    loop {
        let (tile, data) = walk.tile_part()?;
        tiles.insert(tile);
        header.parts += 1;
        let mut part = Walk { rest: data, ..walk };
        while let Some((marker, payload)) = part.segment()? {
            part.note(marker, payload, &mut header, &mut layers)?;
        }
        walk = Walk { rest: walk.rest, ..part };
        if walk.rest.get(..2) != Some(&[0xff, marker::TILE_PART]) {
            break;
        }
    }
    if (tiles.len() as u64) < header.tiles()? {
        return corrupt("not all of its tiles");
    }
    Ok(header)
}

impl Header {
    fn add(&mut self, style: Style) -> Result<(), PictureError> {
        if self.styles.contains(&style) {
            return Ok(());
        }
        if self.styles.len() == MOST_STYLES {
            return corrupt("too many coding styles");
        }
        self.styles.push(style);
        Ok(())
    }
}

fn read_size(payload: &[u8]) -> Result<Header, PictureError> {
    let Some((numbers, rest)) = payload.get(2..).and_then(<[u8]>::split_first_chunk::<34>) else {
        return corrupt("a size segment that is cut");
    };
    let number = |at: usize| numbers[at * 4..].first_chunk().map_or(0, |n| u32::from_be_bytes(*n));
    let components = u16::from_be_bytes([numbers[32], numbers[33]]);
    let axis = |of: usize| Axis {
        end: number(of),
        start: number(of + 2),
        tile: number(of + 4),
        offset: number(of + 6),
    };
    let (across, down) = (axis(0), axis(1));
    let fits = |axis: &Axis| axis.tile > 0 && axis.offset <= axis.start && axis.start < axis.end;
    if rest.len() != usize::from(components) * 3 || !fits(&across) || !fits(&down) {
        return corrupt("an impossible size segment");
    }
    Ok(Header { across, down, components, styles: Vec::new(), parts: 0 })
}

fn read_style(flags: u8, layers: u16, payload: &[u8]) -> Result<Style, PictureError> {
    let Some((&[levels, across, down, _, _], precincts)) = payload.split_first_chunk() else {
        return corrupt("a coding style that is cut");
    };
    let expected = if flags & 1 == 0 { 0 } else { usize::from(levels) + 1 };
    if levels > MOST_LEVELS || across > 8 || down > 8 || precincts.len() != expected {
        return corrupt("an impossible coding style");
    }
    let precincts = precincts.iter().map(|exponents| (exponents & 15, exponents >> 4)).collect();
    Ok(Style { layers, levels, block: (across + 2, down + 2), precincts })
}

/// Each of its numbers is copied for each component of each tile.
fn check_quantisation(payload: &[u8]) -> Result<(), PictureError> {
    let bands = usize::from(MOST_LEVELS) * 3 + 1;
    let numbers = payload.len().saturating_sub(1);
    let fits = match payload.first().map(|style| style & 31) {
        Some(0) => numbers <= bands,
        Some(1) => numbers == 2,
        Some(2) => numbers <= bands * 2 && numbers.is_multiple_of(2),
        _ => false,
    };
    if fits { Ok(()) } else { corrupt("an impossible quantisation") }
}

pub(super) fn corrupt<T>(what: &str) -> Result<T, PictureError> {
    Err(PictureError::Corrupt(format!("JPEG 2000: {what}")))
}
