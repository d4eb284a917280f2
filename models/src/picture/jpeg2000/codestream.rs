//! The markers of a JPEG 2000 codestream, as far as they say what a decoder would build.
//!
//! The decoder goes by what it reads and not by the length of a segment, so a segment that is longer
//! or shorter than its content is refused: else the two would read different markers.

use std::collections::BTreeSet;

use super::super::PictureError;
use super::structure::Axis;

/// Markers, by their second byte.
mod marker {
    pub const SIZE: u8 = 0x51;
    pub const STYLE: u8 = 0x52;
    pub const STYLE_OF_COMPONENT: u8 = 0x53;
    pub const TILE_PART_LENGTHS: u8 = 0x55;
    pub const PACKET_LENGTHS: u8 = 0x58;
    pub const QUANTISATION: u8 = 0x5c;
    pub const QUANTISATION_OF_COMPONENT: u8 = 0x5d;
    pub const REGION: u8 = 0x5e;
    pub const PROGRESSION: u8 = 0x5f;
    pub const PACKED_HEADERS: u8 = 0x60;
    pub const PACKED_HEADERS_OF_TILE: u8 = 0x61;
    pub const REGISTRATION: u8 = 0x63;
    pub const COMMENT: u8 = 0x64;
    pub const TILE_PART: u8 = 0x90;
    pub const DATA: u8 = 0x93;
    pub const END: u8 = 0xd9;
}

/// Different coding styles of one picture. Encoders write one, or one a component.
const MOST_STYLES: usize = 32;

/// Segments of packet headers and of changes of progression, which are kept, each for a tile part or
/// for the whole; and the bytes of the former that are copied.
const MOST_KEPT: usize = 1 << 16;
const MOST_KEPT_BYTES: usize = 4 << 20;

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
    let mut walk = Walk { rest: stream.get(2..).unwrap_or_default(), kept: 0, kept_bytes: 0 };
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

struct Walk<'a> {
    rest: &'a [u8],
    kept: usize,
    kept_bytes: usize,
}

impl<'a> Walk<'a> {
    /// The next segment's marker and payload; `None` before a tile part or its data.
    fn segment(&mut self) -> Result<Option<(u8, &'a [u8])>, PictureError> {
        loop {
            let Some(&[0xff, marker]) = self.rest.first_chunk() else {
                return corrupt("something else than a marker");
            };
            match marker {
                marker::TILE_PART | marker::DATA => return Ok(None),
                // Markers without a payload.
                0x30..=0x3f => self.rest = &self.rest[2..],
                marker::END => return corrupt("an end within a header"),
                _ => {
                    let length = self.rest.get(2..).and_then(<[u8]>::first_chunk);
                    let length = length.map_or(0, |l| usize::from(u16::from_be_bytes(*l)));
                    let Some(payload) = self.rest.get(4..2 + length) else {
                        return corrupt("a segment that is cut");
                    };
                    self.rest = &self.rest[2 + length..];
                    return Ok(Some((marker, payload)));
                }
            }
        }
    }

    /// The number of the next tile part's tile, and its bytes after the first segment.
    fn tile_part(&mut self) -> Result<(u16, &'a [u8]), PictureError> {
        let Some(&[0xff, marker::TILE_PART, 0, 10, t1, t0, l3, l2, l1, l0, _, _]) =
            self.rest.first_chunk()
        else {
            return corrupt("no tile part");
        };
        let length = match u32::from_be_bytes([l3, l2, l1, l0]) as usize {
            0 => self.rest.len(),
            length => length,
        };
        let Some(part) = self.rest.get(12..length) else {
            return corrupt("a tile part that is cut");
        };
        self.rest = &self.rest[length..];
        Ok((u16::from_be_bytes([t1, t0]), part))
    }

    fn note(
        &mut self,
        marker: u8,
        payload: &[u8],
        header: &mut Header,
        layers: &mut u16,
    ) -> Result<(), PictureError> {
        match marker {
            marker::STYLE => {
                let Some((&[flags, _, l1, l0, _], rest)) = payload.split_first_chunk() else {
                    return corrupt("a coding style that is cut");
                };
                *layers = (*layers).max(u16::from_be_bytes([l1, l0]));
                header.add(read_style(flags, *layers, rest)?)
            }
            marker::STYLE_OF_COMPONENT => {
                let Some((&[_, flags], rest)) = payload.split_first_chunk() else {
                    return corrupt("a coding style that is cut");
                };
                header.add(read_style(flags, *layers, rest)?)
            }
            marker::QUANTISATION => check_quantisation(payload),
            marker::QUANTISATION_OF_COMPONENT => {
                check_quantisation(payload.get(1..).unwrap_or_default())
            }
            marker::REGION if payload.len() == 3 => Ok(()),
            marker::PROGRESSION | marker::PACKED_HEADERS | marker::PACKED_HEADERS_OF_TILE => {
                self.kept += if marker == marker::PROGRESSION { payload.len() / 7 } else { 1 };
                self.kept_bytes += payload.len();
                if self.kept > MOST_KEPT || self.kept_bytes > MOST_KEPT_BYTES {
                    return corrupt("too many packet headers or changes of progression");
                }
                Ok(())
            }
            marker::TILE_PART_LENGTHS
            | marker::PACKET_LENGTHS
            | marker::REGISTRATION
            | marker::COMMENT => Ok(()),
            _ => corrupt(&format!("the marker ff{marker:02x}")),
        }
    }
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
