//! What stands between a PNG and its decoder.
//!
//! The decoder forgives what this program does not: a missing end, a wrong checksum. And it keeps
//! what nobody here asks for: profiles, which a kilobyte can inflate to a megabyte, and texts.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::PictureError;

/// Length of the signature before the first chunk.
const SIGNATURE: usize = 8;

/// What a chunk takes besides its data: length, type, CRC.
const FRAME: usize = 12;

/// The chunks that pixels depend on.
const ESSENTIAL: [&[u8; 4]; 5] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"];

/// Reads width and height from the first chunk, the header.
pub(super) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let header = bytes.get(SIGNATURE..).and_then(<[u8]>::first_chunk::<16>);
    match header {
        Some([0, 0, 0, 13, b'I', b'H', b'D', b'R', w3, w2, w1, w0, h3, h2, h1, h0]) => {
            let width = u32::from_be_bytes([*w3, *w2, *w1, *w0]);
            Ok((width, u32::from_be_bytes([*h3, *h2, *h1, *h0])))
        }
        _ => Err(PictureError::Corrupt("a PNG without its header".into())),
    }
}

/// Reads a PNG without the chunks that its pixels do not depend on.
pub(super) struct Essential<'a> {
    /// What is left of the signature or of a chunk.
    current: &'a [u8],
    /// The chunks thereafter.
    rest: &'a [u8],
}

impl<'a> Essential<'a> {
    /// A reader of `bytes`.
    pub fn of(bytes: &'a [u8]) -> Self {
        let (current, rest) = bytes.split_at(SIGNATURE.min(bytes.len()));
        Self { current, rest }
    }
}

impl Read for Essential<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Essential<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.current.is_empty() && !self.rest.is_empty() {
            let length = self.rest.first_chunk().map_or(0, |l| u32::from_be_bytes(*l) as usize);
            let length = length.saturating_add(FRAME).min(self.rest.len());
            let (chunk, rest) = self.rest.split_at(length);
            self.rest = rest;
            if ESSENTIAL.iter().any(|kind| chunk.get(4..8) == Some(*kind)) {
                self.current = chunk;
            }
        }
        Ok(self.current)
    }

    fn consume(&mut self, amount: usize) {
        self.current = self.current.get(amount..).unwrap_or_default();
    }
}

impl Seek for Essential<'_> {
    /// The `image` crate asks for a reader that could; it never does.
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Walks all chunks up to `IEND` and checks their CRCs.
///
/// The decoder stops once it has all pixels, so it never sees that the file was cut thereafter,
/// and it skips ancillary chunks whose CRC is wrong.
pub(super) fn check(bytes: &[u8]) -> Result<(), PictureError> {
    let mut rest = bytes.get(SIGNATURE..).unwrap_or_default();
    loop {
        let length = rest.first_chunk().map(|length| u32::from_be_bytes(*length) as usize);
        // The CRC covers the chunk's type and data, not its length.
        let covered = length.and_then(|length| rest.get(4..length.checked_add(8)?));
        let Some((covered, after)) = covered.map(|covered| (covered, &rest[4 + covered.len()..]))
        else {
            return Err(PictureError::Corrupt("a PNG that ends before its IEND chunk".into()));
        };
        let kind = &covered[..4];
        // Critical chunks (upper case) are checked by the decoder, and their data are long.
        let decoder_checks = kind[0].is_ascii_uppercase() && kind != b"IEND";
        let stored = after.first_chunk().map(|crc| u32::from_be_bytes(*crc));
        if stored.is_none() || (!decoder_checks && stored != Some(crc32(covered))) {
            let name = String::from_utf8_lossy(kind);
            return Err(PictureError::Corrupt(format!("the CRC of a PNG's {name} chunk is wrong")));
        }
        if kind == b"IEND" {
            return Ok(());
        }
        rest = &after[4..];
    }
}

/// The CRC of PNG, as the specification's appendix computes it.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut index = 0;
        while index < 256 {
            let mut value = index as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { 0xedb8_8320 ^ (value >> 1) } else { value >> 1 };
                bit += 1;
            }
            table[index] = value;
            index += 1;
        }
        table
    };
    !bytes
        .iter()
        .fold(u32::MAX, |crc, byte| TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_of_an_end_chunk_is_the_well_known_one() {
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn only_the_chunks_that_pixels_depend_on_are_read() {
        let chunk = |kind: &[u8], data: &[u8]| {
            let length = u32::try_from(data.len()).unwrap().to_be_bytes();
            [&length, kind, data, b"crc!"].concat()
        };
        let (header, data, end) =
            (chunk(b"IHDR", b"header"), chunk(b"IDAT", b"data"), chunk(b"IEND", b""));
        let (text, profile) = (chunk(b"tEXt", b"text"), chunk(b"iCCP", b""));
        let signature = b"12345678".to_vec();
        let whole = [&signature, &header, &text, &profile, &data, &text, &end].map(|p| &p[..]);

        let mut read = Vec::new();
        Essential::of(&whole.concat()).read_to_end(&mut read).unwrap();

        assert_eq!(read, [&signature[..], &header, &data, &end].concat());
        for length in 0..whole.concat().len() {
            let cut = Essential::of(&whole.concat()[..length]).read_to_end(&mut read);
            assert!(cut.is_ok_and(|read| read <= length));
        }
    }
}
