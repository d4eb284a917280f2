//! Progressive scans: a band of coefficients at a time, first roughly, then bit by bit.

use super::bits::Bits;
use super::frame::BLOCK;
use super::huffman::Table;
use super::scan::{ZIGZAG, difference, short};
use super::{PictureError, corrupt};

/// Which coefficients, and which of their bits, a scan codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    first: usize,
    last: usize,
    /// Whether earlier scans brought the upper bits.
    refines: bool,
    /// The lowest bit that this scan brings.
    bit: u32,
}

/// How many blocks to come have nothing in the band.
#[derive(Default)]
pub struct Run(u32);

impl Band {
    /// That of a sequential scan.
    pub const WHOLE: Self = Self { first: 0, last: BLOCK - 1, refines: false, bit: 0 };

    /// Reads the band of a progressive scan of `components`.
    pub fn read(
        first: u8,
        last: u8,
        approximation: u8,
        components: usize,
    ) -> Result<Self, PictureError> {
        let (high, low) = (approximation >> 4, approximation & 15);
        // DC comes by itself, AC of one component at a time, and refining goes bit by bit.
        let fits = if first == 0 { last == 0 } else { first <= last && components == 1 };
        if !fits || last > 63 || low > 13 || (high != 0 && high != low + 1) {
            return corrupt("a JPEG scan of an impossible band");
        }
        let (first, last) = (usize::from(first), usize::from(last));
        Ok(Self { first, last, refines: high != 0, bit: low.into() })
    }

    /// Decodes what a scan says of one block.
    pub fn decode(
        &self,
        (dc, ac): (Option<&Table>, Option<&Table>),
        bits: &mut Bits<'_>,
        prediction: &mut i32,
        run: &mut Run,
        block: &mut [i16; BLOCK],
    ) -> Result<(), PictureError> {
        match (self.first, self.refines, dc, ac) {
            (0, true, _, _) => {
                if bits.number(1) == 1 {
                    block[0] |= 1 << self.bit;
                }
                Ok(())
            }
            (0, false, Some(dc), _) => {
                *prediction = prediction.wrapping_add(difference(dc, bits)?);
                block[0] = short(*prediction << self.bit);
                Ok(())
            }
            (_, false, _, Some(ac)) => self.first_ac(ac, bits, run, block),
            (_, true, _, Some(ac)) => self.refine_ac(ac, bits, run, block),
            _ => corrupt("a JPEG that lacks a Huffman table"),
        }
    }

    fn first_ac(
        &self,
        table: &Table,
        bits: &mut Bits<'_>,
        run: &mut Run,
        block: &mut [i16; BLOCK],
    ) -> Result<(), PictureError> {
        if run.0 > 0 {
            run.0 -= 1;
            return Ok(());
        }
        let mut place = self.first;
        while place <= self.last {
            let symbol = table.symbol(bits)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size > 0 {
                place += zeros;
                let Some(at) = ZIGZAG.get(place) else {
                    return corrupt("a JPEG block of too many coefficients");
                };
                block[*at] = short(bits.signed(size) << self.bit);
                place += 1;
            } else if zeros == 15 {
                place += 16;
            } else {
                run.0 = run_length(zeros, bits) - 1;
                break;
            }
        }
        Ok(())
    }

    fn refine_ac(
        &self,
        table: &Table,
        bits: &mut Bits<'_>,
        run: &mut Run,
        block: &mut [i16; BLOCK],
    ) -> Result<(), PictureError> {
        let mut place = self.first;
        while run.0 == 0 && place <= self.last {
            let symbol = table.symbol(bits)?;
            let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
            if size == 0 && zeros < 15 {
                run.0 = run_length(zeros, bits);
                break;
            }
            // The sign of a new coefficient comes before the refinements that are passed by.
            let new = match (size, bits.number(u32::from(size > 0))) {
                (0, _) => 0,
                (_, 1) => 1 << self.bit,
                (_, _) => -1 << self.bit,
            };
            place = self.refine(place, zeros, bits, block);
            if let (Some(at), true) = (ZIGZAG.get(place), size > 0) {
                block[*at] = new;
            }
            place += 1;
        }
        if run.0 > 0 {
            self.refine(place, BLOCK, bits, block);
            run.0 -= 1;
        }
        Ok(())
    }

    /// Refines the known coefficients from `place` on, until `zeros` unknown ones were passed and
    /// the next of those is reached; answers where that is.
    fn refine(
        &self,
        mut place: usize,
        mut zeros: usize,
        bits: &mut Bits<'_>,
        block: &mut [i16; BLOCK],
    ) -> usize {
        let one = 1_i16 << self.bit;
        while place <= self.last {
            let known = &mut block[ZIGZAG[place]];
            if *known == 0 {
                if zeros == 0 {
                    break;
                }
                zeros -= 1;
            } else if bits.number(1) == 1 && *known & one == 0 {
                *known = known.wrapping_add(if *known > 0 { one } else { -one });
            }
            place += 1;
        }
        place
    }
}

/// The length of a run of `exponent` bits, this block included.
fn run_length(exponent: usize, bits: &mut Bits<'_>) -> u32 {
    (1 << exponent) + bits.number(u32::try_from(exponent).unwrap_or(0)).cast_unsigned()
}
