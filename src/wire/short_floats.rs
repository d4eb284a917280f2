//! Vectors of numbers as JSON, written fast.
//!
//! A document holds some 5,000 numbers, nearly all below one and above 10^-5. The shortest text that reads
//! back as the same f32 takes for these a product and a few roundings, which are computed for several numbers side by
//! side: plain f64 arithmetic that every compiler turns into vector instructions. All but these and zero is
//! written by `serde_json` itself.

mod decimals;

use decimals::{Decimals, LANES, characters};

/// Appends `vector` to `text` as a JSON array: each number the shortest text that reads back as the same f32,
/// `null` for what is none.
///
/// # Errors
/// None in practice: memory is the only thing written to.
pub fn write_vector(text: &mut Vec<u8>, vector: &[f32]) -> serde_json::Result<()> {
    text.push(b'[');
    let mut piece = Piece { text: [0; PIECE * LONGEST], length: 0 };
    let (whole, rest) = vector.as_chunks();
    for values in whole {
        piece.write(values, LANES, text)?;
    }
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    piece.write(&last, rest.len(), text)?;
    piece.flush(text);
    if vector.is_empty() {
        text.push(b']');
    } else if let Some(last_comma) = text.last_mut() {
        *last_comma = b']';
    }
    Ok(())
}

/// Numbers that are written before they are appended: enough to make that cheap, few enough to stay in the
/// nearest cache.
const PIECE: usize = 64;

/// A sign, `0.`, sixteen places (of which thirteen are used at most) and a comma.
const LONGEST: usize = 20;

/// The text of a few numbers, a comma behind each. Every store has a constant length: what is too much, the next
/// one overwrites.
struct Piece {
    text: [u8; PIECE * LONGEST],
    length: usize,
}

impl Piece {
    /// The first `count` of `values`.
    fn write(
        &mut self,
        values: &[f32; LANES],
        count: usize,
        text: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        if self.length > (PIECE - LANES) * LONGEST {
            self.flush(text);
        }
        let decimals = Decimals::shortest_of(values);
        let characters = characters(&decimals.digits);
        for lane in 0..count {
            if decimals.places[lane] == 0 {
                self.flush(text);
                serde_json::to_writer(&mut *text, &values[lane])?;
                text.push(b',');
            } else {
                let places = usize::from(decimals.places[lane]);
                self.push(values[lane].is_sign_negative(), characters[lane], places);
            }
        }
        Ok(())
    }

    /// The last `places` of sixteen `characters`.
    #[inline]
    fn push(&mut self, negative: bool, characters: u128, places: usize) {
        let room = &mut self.text[self.length..][..LONGEST];
        room[0] = b'-';
        let point = usize::from(negative) + 1;
        room[point - 1..=point].copy_from_slice(b"0.");
        // In little-endian order the first character is the lowest byte.
        let from_the_first = characters >> (8 * (16 - places));
        room[point + 1..][..16].copy_from_slice(&from_the_first.to_le_bytes());
        let end = point + 1 + places;
        room[end] = b',';
        self.length += end + 1;
    }

    fn flush(&mut self, text: &mut Vec<u8>) {
        text.extend_from_slice(&self.text[..self.length]);
        self.length = 0;
    }
}

#[cfg(test)]
#[path = "short_floats_tests.rs"]
mod tests;
