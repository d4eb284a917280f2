//! JPEG, decoded to the very bytes that libjpeg-turbo, and so Pillow, gives.
//!
//! Decoders agree on the coefficients and then each round in their own way. That is invisible, but
//! networks see it: with other roundings of chroma the features of dark photographs turned by a
//! cosine of 0.0005. So the three steps after the coefficients (inverse transform, upsampling,
//! colour) follow libjpeg's arithmetic.
//!
//! ```text
//! markers ─► Frame ─► scans (Huffman) ─► blocks ─► Plane a component ─► rows upsampled ─► RGB
//! ```
//!
//! Where the host has AVX2, the inverse transform and the colours are computed with it, to the same
//! bits; the rest is plain code.
//!
//! Unlike libjpeg it is strict: data that end too early or break off at a marker are an error,
//! where libjpeg fills the rest with grey. What follows the end-of-image marker is of no concern.
//! Sequential and progressive Huffman coding of 8 bits is read, nothing arithmetic or lossless.

mod bits;
mod colour;
mod frame;
mod huffman;
mod inverse;
mod plane;
mod progressive;
mod scan;
mod segment;
mod upsampling;

use super::PictureError;
use super::rgb::Rgb;
use frame::Frame;
use scan::Scan;
use segment::{Segment, Segments, marker};

/// More scans than any encoder makes; a small file of many could keep a decoder busy for hours.
const MOST_SCANS: usize = 200;

/// Everything that segments before a scan define for it.
#[derive(Default)]
struct Tables {
    quantisation: [Option<[u16; 64]>; 4],
    dc: [Option<huffman::Table>; 4],
    ac: [Option<huffman::Table>; 4],
    /// MCUs between restart markers; 0 for none.
    restart_interval: usize,
    colours: colour::Hints,
}

/// Reads width and height from the frame header.
pub(super) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    for segment in Segments::of(bytes) {
        let Segment { marker, payload, .. } = segment?;
        if marker == marker::SCAN || marker == marker::END {
            return corrupt("a JPEG without a frame header");
        }
        if marker::is_frame(marker) {
            let frame = Frame::read(marker, payload)?;
            return Ok((frame.width.into(), frame.height.into()));
        }
    }
    corrupt("a JPEG that ends within its header")
}

/// Decodes to RGB.
pub(super) fn decode(bytes: &[u8]) -> Result<Rgb, PictureError> {
    let mut tables = Tables::default();
    let mut frame = None;
    let mut scans = 0;
    let mut segments = Segments::of(bytes);
    while let Some(segment) = segments.next() {
        let Segment { marker, payload } = segment?;
        match marker {
            marker::END => return finish(frame, &tables),
            marker::SCAN => {
                let Some(frame) = &mut frame else {
                    return corrupt("a JPEG scan before its frame header");
                };
                scans += 1;
                if scans > MOST_SCANS {
                    return corrupt("a JPEG of too many scans");
                }
                let read = Scan::read(payload, frame, &tables)?.decode(segments.rest(), frame)?;
                segments.step_over(read);
            }
            frame_marker if marker::is_frame(frame_marker) => {
                if frame.is_some() {
                    return unsupported("a hierarchical JPEG");
                }
                let mut read = Frame::read(frame_marker, payload)?;
                read.allocate();
                frame = Some(read);
            }
            other => tables.read(other, payload)?,
        }
    }
    corrupt("a JPEG that ends before its end-of-image marker")
}

fn finish(frame: Option<Frame>, tables: &Tables) -> Result<Rgb, PictureError> {
    let Some(mut frame) = frame else {
        return corrupt("a JPEG without a frame header");
    };
    frame.finish()?;
    let pixels = colour::to_rgb(&frame, tables.colours)?;
    Rgb::new(frame.width.into(), frame.height.into(), pixels)
        .ok_or_else(|| PictureError::Corrupt("a JPEG with fewer pixels than announced".into()))
}

impl Tables {
    fn read(&mut self, marker: u8, payload: &[u8]) -> Result<(), PictureError> {
        match marker {
            marker::QUANTISATION => self.read_quantisation(payload),
            marker::HUFFMAN => self.read_huffman(payload),
            marker::RESTART_INTERVAL => {
                let Some(interval) = payload.first_chunk() else {
                    return corrupt("a JPEG restart interval that is cut");
                };
                self.restart_interval = usize::from(u16::from_be_bytes(*interval));
                Ok(())
            }
            0xe0..=0xef => {
                self.colours.read(marker, payload);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_quantisation(&mut self, mut payload: &[u8]) -> Result<(), PictureError> {
        while let Some((kind, rest)) = payload.split_first() {
            let bytes = if kind >> 4 == 0 { 1 } else { 2 };
            let slot = self.quantisation.get_mut(usize::from(kind & 15));
            let (Some(slot), Some(values)) = (slot, rest.get(..64 * bytes)) else {
                return corrupt("a JPEG quantisation table that is cut");
            };
            let mut table = [0; 64];
            for (value, at) in values.chunks_exact(bytes).zip(scan::ZIGZAG) {
                table[at] = value.iter().fold(0, |high, low| (high << 8) | u16::from(*low));
            }
            *slot = Some(table);
            payload = &rest[64 * bytes..];
        }
        Ok(())
    }

    fn read_huffman(&mut self, mut payload: &[u8]) -> Result<(), PictureError> {
        while let Some((kind, rest)) = payload.split_first() {
            let slots = if kind >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let Some(slot) = slots.get_mut(usize::from(kind & 15)) else {
                return corrupt("a JPEG Huffman table beyond the fourth");
            };
            let (table, length) = huffman::Table::read(rest)?;
            *slot = Some(table);
            payload = &rest[length..];
        }
        Ok(())
    }
}

fn corrupt<T>(what: &str) -> Result<T, PictureError> {
    Err(PictureError::Corrupt(what.into()))
}

fn unsupported<T>(what: &str) -> Result<T, PictureError> {
    Err(PictureError::Unsupported(what.into()))
}
