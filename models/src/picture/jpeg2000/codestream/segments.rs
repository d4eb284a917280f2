//! The segments of a codestream, one after the other.

use super::super::super::PictureError;
use super::{Header, check_quantisation, corrupt, read_style};

/// Markers, by their second byte.
pub(super) mod marker {
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

/// Segments of packet headers and of changes of progression, which are kept, each for a tile part or
/// for the whole; and the bytes of the former that are copied.
const MOST_KEPT: usize = 1 << 16;
const MOST_KEPT_BYTES: usize = 4 << 20;

/// The way through a codestream, from segment to segment.
pub(super) struct Walk<'a> {
    pub rest: &'a [u8],
    pub kept: usize,
    pub kept_bytes: usize,
}

impl<'a> Walk<'a> {
    /// Before the first segment of `rest`.
    pub fn of(rest: &'a [u8]) -> Self {
        Self { rest, kept: 0, kept_bytes: 0 }
    }

    /// The next segment's marker and payload; `None` before a tile part or its data.
    pub fn segment(&mut self) -> Result<Option<(u8, &'a [u8])>, PictureError> {
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
    pub fn tile_part(&mut self) -> Result<(u16, &'a [u8]), PictureError> {
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

    /// Adds to `header` what a segment says of the coding; `layers` are the most so far.
    pub fn note(
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
