//! What the PNG decoder forgives and this program does not: a missing end, a wrong checksum.

use super::PictureError;

/// Length of the signature before the first chunk.
const SIGNATURE: usize = 8;

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
}
