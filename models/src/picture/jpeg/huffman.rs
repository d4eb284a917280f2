//! Huffman codes.

use super::bits::{self, Bits};
use super::{PictureError, corrupt};

/// Codes up to this length are looked up at once.
const SHORT: u32 = 9;

/// The longest code.
const LONGEST: u32 = 16;

/// A code with the number after it.
#[derive(Clone, Copy, Default)]
pub struct Coefficient {
    /// The number: 0 where the symbol has none.
    pub value: i16,
    /// The symbol's upper half: how many zeros come before.
    pub zeros: u8,
    /// How many bits the code and the number have; 0 where they are too many to be looked up.
    length: u8,
}

/// A table of codes.
pub struct Table {
    /// For each beginning of `SHORT` bits.
    coefficients: [Coefficient; 1 << SHORT],
    /// For each beginning of `SHORT` bits: length of the code and its symbol; length 0 for longer
    /// codes.
    short: [(u8, u8); 1 << SHORT],
    /// For each length the first code that is longer, as if it were of 16 bits.
    ends: [usize; LONGEST as usize + 1],
    /// For each length what to add to a code of that length to get its symbol's place.
    offsets: [isize; LONGEST as usize + 1],
    symbols: Vec<u8>,
}

impl Table {
    /// Reads a table; also answers how long it was.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), PictureError> {
        let Some((counts, rest)) = bytes.split_first_chunk::<16>() else {
            return corrupt("a JPEG Huffman table that is cut");
        };
        let total = counts.iter().map(|count| usize::from(*count)).sum();
        let Some(symbols) = rest.get(..total).filter(|symbols| symbols.len() <= 256) else {
            return corrupt("a JPEG Huffman table that is cut");
        };
        Ok((Self::new(counts, symbols)?, 16 + total))
    }

    /// `counts[i]` symbols have codes of `i + 1` bits, in ascending order.
    fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, PictureError> {
        let mut table = Self {
            coefficients: [Coefficient::default(); 1 << SHORT],
            short: [(0, 0); 1 << SHORT],
            ends: [0; LONGEST as usize + 1],
            offsets: [0; LONGEST as usize + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_usize, 0_usize);
        for (length, count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = place.cast_signed() - code.cast_signed();
            for symbol in &symbols[place..place + usize::from(*count)] {
                if code >= 1 << length {
                    return corrupt("a JPEG Huffman table of too many codes");
                }
                table.note_short(code, length, *symbol);
                code += 1;
            }
            place += usize::from(*count);
            table.ends[length as usize] = code << (LONGEST - length);
            code <<= 1;
        }
        table.note_coefficients();
        Ok(table)
    }

    fn note_coefficients(&mut self) {
        let beginnings = (0..).zip(self.coefficients.iter_mut().zip(&self.short));
        for (beginning, (coefficient, (length, symbol))) in beginnings {
            let size = symbol & 15;
            let whole = u32::from(length + size);
            if *length > 0 && whole <= SHORT {
                let number = (beginning >> (SHORT - whole)) & ((1 << size) - 1);
                let value = i16::try_from(bits::signed(number, size.into())).unwrap_or_default();
                *coefficient = Coefficient { value, zeros: symbol >> 4, length: length + size };
            }
        }
    }

    fn note_short(&mut self, code: usize, length: u32, symbol: u8) {
        if length <= SHORT {
            let free = SHORT - length;
            let first = code << free;
            self.short[first..first + (1 << free)].fill((length.to_le_bytes()[0], symbol));
        }
    }

    /// Takes the next symbol and the number whose size its lower half is.
    #[inline(always)]
    pub fn coefficient(&self, bits: &mut Bits<'_>) -> Result<Coefficient, PictureError> {
        bits.refill();
        let found = self.coefficients[bits.peek(SHORT)];
        if found.length > 0 {
            bits.take(found.length.into());
            return Ok(found);
        }
        let symbol = self.symbol(bits)?;
        #[expect(clippy::cast_possible_truncation, reason = "15 bits and a sign")]
        let value = bits.signed(u32::from(symbol & 15)) as i16;
        Ok(Coefficient { value, zeros: symbol >> 4, length: 0 })
    }

    /// Takes the next symbol; at least 16 bits are left thereafter.
    #[inline(always)]
    pub fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, PictureError> {
        bits.refill();
        let (length, symbol) = self.short[bits.peek(SHORT)];
        if length > 0 {
            bits.take(length.into());
            return Ok(symbol);
        }
        let (length, symbol) = self.long_symbol(bits.peek(LONGEST))?;
        bits.take(length);
        Ok(symbol)
    }

    /// The code at the beginning of 16 bits: its length and symbol.
    #[cold]
    fn long_symbol(&self, code: usize) -> Result<(u32, u8), PictureError> {
        for length in SHORT + 1..=LONGEST {
            if code < self.ends[length as usize] {
                let place =
                    (code >> (LONGEST - length)).cast_signed() + self.offsets[length as usize];
                let symbol = self.symbols.get(place.cast_unsigned());
                let found = symbol.map(|symbol| (length, *symbol));
                return found.map_or_else(|| corrupt("a broken JPEG code"), Ok);
            }
        }
        corrupt("a JPEG code that is in no table")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unusual_byte_groupings, reason = "bits are grouped by code")]

    use super::*;

    #[test]
    fn codes_of_every_length_are_found_and_others_refused() {
        let mut counts = [0; 16];
        (counts[0], counts[2], counts[15]) = (1, 2, 2);
        let table = Table::new(&counts, &[7, 8, 9, 10, 11]).unwrap();
        // 0, 100, 101, 1100000000000000, 1100000000000001, then a code that is not there.
        let mut bits = Bits::new(&[
            0b0_100_101_1,
            0b1000_0000,
            0b0000_0001,
            0b1100_0000,
            0b0000_0000,
            0b1111_1111,
            0,
            0xe0,
        ]);

        let symbols: Vec<_> = (0..4).map(|_| table.symbol(&mut bits).unwrap()).collect();

        assert_eq!(symbols, [7, 8, 9, 10]);
    }

    #[test]
    fn numbers_looked_up_with_their_codes_are_those_taken_after_them() {
        let counts = [0, 1, 2, 3, 4, 0, 2, 0, 0, 2, 0, 0, 0, 0, 0, 0];
        let symbols =
            [0x01, 0x00, 0x12, 0x03, 0xf0, 0x24, 0x11, 0x05, 0x31, 0xa9, 2, 0x4f, 6, 0x8a];
        let table = Table::new(&counts, &symbols).unwrap();
        for beginning in 0..=u16::MAX {
            let data = [&beginning.to_be_bytes()[..], &[0x5a, 0xa5, 0x3c, 0]].concat();
            let (mut one, mut two) = (Bits::new(&data), Bits::new(&data));
            let Ok(symbol) = table.symbol(&mut one) else { continue };
            let value = one.signed(u32::from(symbol & 15));

            let found = table.coefficient(&mut two).unwrap();

            assert_eq!((i32::from(found.value), found.zeros), (value, symbol >> 4), "{beginning}");
            assert_eq!(one.number(5), two.number(5), "{beginning}");
        }
    }

    #[test]
    fn a_table_with_more_codes_than_its_lengths_allow_is_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(&counts, &[1, 2, 3]).is_err());
    }
}
