//! Reads entropy-coded data bit by bit.

use super::{PictureError, corrupt};

/// A reader of the data between two markers. Beyond their end it supplies zeros, and tells at the
/// next [`check`](Self::check) that it had to.
#[derive(Clone, Copy)]
pub struct Bits<'a> {
    data: &'a [u8],
    /// The next bits, the first of them topmost.
    buffer: u64,
    /// How many bits the buffer holds.
    count: u32,
    /// How many of them, the last ones, are supplied.
    supplied: u32,
}

impl<'a> Bits<'a> {
    /// A reader of `data` up to its first marker.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data: &data[..length(data)], buffer: 0, count: 0, supplied: 0 }
    }

    /// Makes sure that at least 32 bits are there.
    #[inline]
    pub fn refill(&mut self) {
        if self.count > 32 {
            return;
        }
        if let Some((word, rest)) = self.data.split_first_chunk() {
            let word = u32::from_be_bytes(*word);
            if !has_ff(word) {
                self.buffer |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.data = rest;
                return;
            }
        }
        // By value: a reader that nothing points to stays in registers.
        *self = self.refilled();
    }

    #[cold]
    fn refilled(mut self) -> Self {
        while self.count <= 56 {
            self.buffer |= u64::from(self.next_byte()) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    fn next_byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.data.split_first() else {
            self.supplied += 8;
            return 0;
        };
        // A 0xff is followed by a stuffed zero, since the data end before any marker.
        self.data = if *byte == 0xff { rest.get(1..).unwrap_or_default() } else { rest };
        *byte
    }

    /// The next `count` bits, 1 to 16, without taking them. At least as many must be there.
    #[inline]
    pub fn peek(&self, count: u32) -> usize {
        (self.buffer >> (64 - count)) as usize
    }

    /// Takes `count` bits, 0 to 16.
    #[inline]
    pub fn take(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// Takes `count` bits, 0 to 16, as a number.
    #[inline]
    pub fn number(&mut self, count: u32) -> i32 {
        if count == 0 {
            return 0;
        }
        self.refill();
        #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "16 bits")]
        let number = self.peek(count) as i32;
        self.take(count);
        number
    }

    /// Takes `count` bits, 0 to 15, as a number whose first bit tells its sign: 1 for positive. At
    /// least as many must be there.
    #[inline]
    pub fn signed(&mut self, count: u32) -> i32 {
        // In two steps, since a shift by 64 is none.
        #[expect(clippy::cast_possible_truncation, reason = "15 bits")]
        let number = (self.buffer >> 1 >> (63 - count)) as u32;
        self.take(count);
        signed(number.cast_signed(), count)
    }

    /// Fails once more bits were taken than the data hold.
    #[inline]
    pub fn check(&self) -> Result<(), PictureError> {
        if self.count < self.supplied {
            return corrupt("a JPEG whose scan ends too early");
        }
        Ok(())
    }
}

/// The number that `count` bits, 0 to 15, stand for.
#[inline]
pub fn signed(number: i32, count: u32) -> i32 {
    if number < 1 << count >> 1 { number - (1 << count) + 1 } else { number }
}

/// Whether a byte of `word` is 0xff.
#[inline]
fn has_ff(word: u32) -> bool {
    // Of the complement: subtracting 1 borrows out of a zero byte.
    (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

/// How many bytes of `data` lie before its first marker; stuffed zeros make no marker.
pub fn length(data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(next) = data[at..].iter().position(|byte| *byte == 0xff) {
        at += next;
        if data.get(at + 1) != Some(&0) {
            return at;
        }
        at += 2;
    }
    data.len()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unusual_byte_groupings, reason = "bits are grouped by code")]

    use super::*;

    #[test]
    fn stuffed_zeros_are_dropped_and_the_data_end_at_a_marker() {
        let mut bits = Bits::new(&[0xff, 0x00, 0xa5, 0xff, 0xd9, 0x77]);

        let numbers = [bits.number(8), bits.number(4), bits.number(4)];

        assert_eq!(numbers, [0xff, 0xa, 0x5]);
        assert!(bits.check().is_ok());
        assert_eq!(bits.number(1), 0);
        assert!(bits.check().is_err());
    }

    #[test]
    fn the_first_bit_of_a_signed_number_is_its_sign() {
        let mut bits = Bits::new(&[0b1_0_11_00_10, 0b0_0000000]);
        bits.refill();
        let numbers = [bits.signed(1), bits.signed(1), bits.signed(2), bits.signed(2)];
        assert_eq!(numbers, [1, -1, 3, -3]);
        assert_eq!((bits.signed(2), bits.signed(0)), (2, 0));
    }
}
