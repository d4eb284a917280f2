//! The markers of a JPEG and what belongs to them.

use super::{PictureError, corrupt};

/// Markers, by their second byte.
pub mod marker {
    pub const START: u8 = 0xd8;
    pub const END: u8 = 0xd9;
    pub const SCAN: u8 = 0xda;
    pub const QUANTISATION: u8 = 0xdb;
    pub const HUFFMAN: u8 = 0xc4;
    pub const RESTART_INTERVAL: u8 = 0xdd;

    /// Whether a frame header follows. 0xc8 is reserved, 0xcc defines arithmetic conditioning.
    pub fn is_frame(marker: u8) -> bool {
        matches!(marker, 0xc0..=0xcf | 0xf7) && !matches!(marker, HUFFMAN | 0xc8 | 0xcc)
    }
}

/// One marker and its payload, without the payload's length.
pub struct Segment<'a> {
    pub marker: u8,
    pub payload: &'a [u8],
}

/// Iterates over the segments. Bytes between them are skipped, as every decoder does.
pub struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    pub fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What follows the last segment.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Steps over entropy-coded data.
    pub fn step_over(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    /// Steps over the next marker: a 0xff followed by anything but a stuffed zero, a restart
    /// marker, or another 0xff, which is padding.
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let at = self.rest.iter().position(|byte| *byte == 0xff)?;
            let second = *self.rest.get(at + 1)?;
            let length = if second == 0xff { at + 1 } else { at + 2 };
            self.step_over(length);
            if !matches!(second, 0xff | 0x00 | 0x01 | 0xd0..=0xd7) {
                return Some(second);
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<Segment<'a>, PictureError>;

    fn next(&mut self) -> Option<Self::Item> {
        let marker = self.next_marker()?;
        if marker == marker::START || marker == marker::END {
            return Some(Ok(Segment { marker, payload: &[] }));
        }
        let length = self.rest.first_chunk().map_or(0, |l| usize::from(u16::from_be_bytes(*l)));
        let payload = self.rest.get(2..length);
        self.step_over(length);
        Some(match payload {
            Some(payload) => Ok(Segment { marker, payload }),
            None => corrupt("a JPEG that ends within a segment"),
        })
    }
}
