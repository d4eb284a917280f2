//! Progressive scans: a band of coefficients at a time, first roughly, then bit by bit.

use super::bits::Bits;
use super::frame::BLOCK;
use super::huffman::{Coefficient, Table};
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
    #[inline(always)]
    pub fn decode(
        &self,
        (dc, ac): (Option<&Table>, Option<&Table>),
        bits: &mut Bits<'_>,
        prediction: &mut i32,
        run: &mut Run,
        block: Block<'_>,
    ) -> Result<(), PictureError> {
        match (self.first, self.refines, dc, ac) {
            (0, true, _, _) => {
                if bits.number(1) == 1 {
                    block.coefficients[0] |= 1 << self.bit;
                }
                Ok(())
            }
            (0, false, Some(dc), _) => {
                *prediction = prediction.wrapping_add(difference(dc, bits)?);
                block.coefficients[0] = short(*prediction << self.bit);
                Ok(())
            }
            (_, false, _, Some(ac)) => self.first_ac(ac, bits, run, block),
            (_, true, _, Some(ac)) => self.refine_ac(ac, bits, run, block),
            _ => corrupt("a JPEG that lacks a Huffman table"),
        }
    }

    #[inline(always)]
    fn first_ac(
        &self,
        table: &Table,
        bits: &mut Bits<'_>,
        run: &mut Run,
        mut block: Block<'_>,
    ) -> Result<(), PictureError> {
        if run.0 > 0 {
            run.0 -= 1;
            return Ok(());
        }
        let mut place = self.first;
        while place <= self.last {
            let Coefficient { value, zeros, .. } = table.coefficient(bits)?;
            let zeros = usize::from(zeros);
            if value != 0 {
                place += zeros;
                if place >= BLOCK {
                    return corrupt("a JPEG block of too many coefficients");
                }
                block.set(place, short(i32::from(value) << self.bit));
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

    #[inline(always)]
    fn refine_ac(
        &self,
        table: &Table,
        bits: &mut Bits<'_>,
        run: &mut Run,
        mut block: Block<'_>,
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
            place = self.refine(place, zeros, bits, &mut block);
            if place < BLOCK && size > 0 {
                block.set(place, new);
            }
            place += 1;
        }
        if run.0 > 0 {
            self.refine(place, BLOCK, bits, &mut block);
            run.0 -= 1;
        }
        Ok(())
    }

    /// Refines the known coefficients from `place` on, until `zeros` unknown ones were passed and
    /// the next of those is reached; answers where that is.
    #[inline(always)]
    fn refine(
        &self,
        mut place: usize,
        mut zeros: usize,
        bits: &mut Bits<'_>,
        block: &mut Block<'_>,
    ) -> usize {
        let one = 1_i16 << self.bit;
        while place <= self.last {
            let unknown = (*block.known >> place).trailing_zeros() as usize;
            let unknown = unknown.min(self.last + 1 - place);
            if zeros < unknown {
                return place + zeros;
            }
            zeros -= unknown;
            place += unknown;
            if place > self.last {
                break;
            }
            // Without a branch: every other bit would be predicted wrongly.
            let known = &mut block.coefficients[ZIGZAG[place]];
            let grows = short(bits.number(1)) & i16::from(*known & one == 0);
            let sign = *known >> 15;
            *known = known.wrapping_add(((one ^ sign) - sign) & -grows);
            place += 1;
        }
        place
    }
}

/// A block that scans bring step by step.
pub struct Block<'a> {
    pub coefficients: &'a mut [i16; BLOCK],
    /// Which coefficients are known not to be 0: a bit each, in the order of coding. Counting its
    /// zeros is faster than looking at the coefficients one by one. That of DC is not kept.
    pub known: &'a mut u64,
}

impl Block<'_> {
    /// Sets the coefficient at `place`, less than 64.
    #[inline(always)]
    fn set(&mut self, place: usize, value: i16) {
        self.coefficients[ZIGZAG[place]] = value;
        *self.known = *self.known & !(1 << place) | u64::from(value != 0) << place;
    }
}

/// The length of a run of `exponent` bits, this block included.
fn run_length(exponent: usize, bits: &mut Bits<'_>) -> u32 {
    (1 << exponent) + bits.number(u32::try_from(exponent).unwrap_or(0)).cast_unsigned()
}
