//! One scan: which components it codes, and its blocks in order.

use super::bits::{self, Bits};
use super::frame::{BLOCK, Frame};
use super::huffman::{Coefficient, Table};
use super::progressive::{Band, Block, Run};
use super::{PictureError, Tables, corrupt};

/// Where the coefficients of a block lie, in the order in which they are coded.
pub const ZIGZAG: [usize; BLOCK] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A scan header with the tables that it names.
pub struct Scan<'a> {
    parts: Vec<Part<'a>>,
    band: Band,
    restart_interval: usize,
}

/// One component of a scan.
struct Part<'a> {
    /// Which of the frame's components.
    component: usize,
    dc: Option<&'a Table>,
    ac: Option<&'a Table>,
}

/// What decoding carries from block to block, until a restart.
#[derive(Default)]
struct State {
    /// The last DC value of each part.
    predictions: [i32; 4],
    run: Run,
}

impl<'a> Scan<'a> {
    /// Reads a scan header, and binds the quantisation table of components that appear first.
    pub fn read(
        payload: &[u8],
        frame: &mut Frame,
        tables: &'a Tables,
    ) -> Result<Self, PictureError> {
        let count = payload.first().map_or(0, |count| usize::from(*count));
        let parts = payload.get(1..1 + count * 2).unwrap_or_default().as_chunks::<2>().0;
        let Some(&[first, last, approximation]) = payload.get(1 + count * 2..4 + count * 2) else {
            return corrupt("a JPEG scan header that is cut");
        };
        if !(1..=4).contains(&count) {
            return corrupt(&format!("a JPEG scan of {count} components"));
        }
        let parts = parts.iter().map(|[id, slots]| Part::find(*id, *slots, frame, tables));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let band = if frame.is_progressive {
            Band::read(first, last, approximation, count)?
        } else {
            Band::WHOLE
        };
        Ok(Self { parts, band, restart_interval: tables.restart_interval })
    }

    /// Decodes the scan from the head of `data`; answers how many bytes it took.
    pub fn decode(&self, data: &[u8], frame: &mut Frame) -> Result<usize, PictureError> {
        let (across, down) = self.units(frame);
        let interval = if self.restart_interval == 0 { usize::MAX } else { self.restart_interval };
        let mut at = 0;
        let mut state = State::default();
        let mut bits = Bits::new(data);
        let (mut left, mut restarts) = (interval, 0);
        for row in 0..down {
            for column in 0..across {
                if left == 0 {
                    restarts += 1;
                    at = self.restarted(data, at, restarts)?;
                    (bits, state, left) = (Bits::new(&data[at..]), State::default(), interval);
                }
                left -= 1;
                self.decode_unit(row, column, frame, &mut bits, &mut state)?;
                bits.check()?;
            }
        }
        Ok(at + bits::length(&data[at..]))
    }

    /// Steps over the restart marker that must follow; answers where the data after it begin.
    fn restarted(&self, data: &[u8], at: usize, restart: usize) -> Result<usize, PictureError> {
        let marker = at + bits::length(&data[at..]);
        let padding = data[marker..].iter().take_while(|byte| **byte == 0xff).count();
        let expected = 0xd0 + ((restart - 1) % 8).to_le_bytes()[0];
        if data.get(marker + padding) != Some(&expected) {
            return corrupt("a JPEG that lacks a restart marker");
        }
        Ok(marker + padding + 1)
    }

    /// Units across and down: single blocks if there is one component only.
    fn units(&self, frame: &Frame) -> (usize, usize) {
        match &self.parts[..] {
            [part] => {
                let component = &frame.components[part.component];
                (component.blocks_across, component.blocks_down)
            }
            _ => frame.units(),
        }
    }

    #[inline(always)]
    fn decode_unit(
        &self,
        row: usize,
        column: usize,
        frame: &mut Frame,
        bits: &mut Bits<'_>,
        state: &mut State,
    ) -> Result<(), PictureError> {
        let is_alone = self.parts.len() == 1;
        for (number, part) in self.parts.iter().enumerate() {
            let component = &mut frame.components[part.component];
            let sampling = component.sampling;
            let (across, down) = if is_alone { (1, 1) } else { (sampling.across, sampling.down) };
            for y in 0..down {
                for x in 0..across {
                    let (row, column) = (row * down + y, column * across + x);
                    let prediction = &mut state.predictions[number];
                    // A copy for one block, which stays in registers.
                    let mut local = *bits;
                    if frame.is_progressive {
                        let at = row * component.stride + column;
                        let coefficients = &mut component.coefficients[at];
                        let block = Block { coefficients, known: &mut component.known[at] };
                        let run = &mut state.run;
                        self.band.decode(part.tables(), &mut local, prediction, run, block)?;
                    } else {
                        let block = part.decode(&mut local, prediction)?;
                        component.put(row, column, &block);
                    }
                    *bits = local;
                }
            }
        }
        Ok(())
    }
}

impl<'a> Part<'a> {
    fn find(
        id: u8,
        slots: u8,
        frame: &mut Frame,
        tables: &'a Tables,
    ) -> Result<Self, PictureError> {
        let component = frame.components.iter().position(|component| component.id == id);
        let Some(component) = component else {
            return corrupt("a JPEG scan of an unknown component");
        };
        let wanted = &mut frame.components[component];
        if wanted.quantisation.is_none() {
            wanted.quantisation = tables.quantisation.get(wanted.table).copied().flatten();
        } else if !frame.is_progressive {
            return corrupt("a JPEG with two scans of a component");
        }
        if wanted.quantisation.is_none() {
            return corrupt("a JPEG that lacks a quantisation table");
        }
        let dc = tables.dc.get(usize::from(slots >> 4)).and_then(Option::as_ref);
        let ac = tables.ac.get(usize::from(slots & 15)).and_then(Option::as_ref);
        Ok(Self { component, dc, ac })
    }

    fn tables(&self) -> (Option<&Table>, Option<&Table>) {
        (self.dc, self.ac)
    }

    /// Decodes a whole block.
    #[inline(always)]
    fn decode(
        &self,
        bits: &mut Bits<'_>,
        prediction: &mut i32,
    ) -> Result<[i16; BLOCK], PictureError> {
        let (Some(dc), Some(ac)) = (self.dc, self.ac) else {
            return corrupt("a JPEG that lacks a Huffman table");
        };
        let mut block = [0; BLOCK];
        *prediction = prediction.wrapping_add(difference(dc, bits)?);
        block[0] = short(*prediction);
        let mut place = 1;
        while place < BLOCK {
            let Coefficient { value, zeros, .. } = ac.coefficient(bits)?;
            if value != 0 {
                place += usize::from(zeros);
                let Some(at) = ZIGZAG.get(place) else {
                    return corrupt("a JPEG block of too many coefficients");
                };
                block[*at] = value;
                place += 1;
            } else if zeros == 15 {
                place += 16;
            } else {
                break;
            }
        }
        Ok(block)
    }
}

/// Takes the difference between two DC values.
#[inline(always)]
pub fn difference(table: &Table, bits: &mut Bits<'_>) -> Result<i32, PictureError> {
    let Coefficient { value, zeros, .. } = table.coefficient(bits)?;
    if zeros > 0 {
        return corrupt("a JPEG difference of more than 15 bits");
    }
    Ok(value.into())
}

/// The low 16 bits, as libjpeg stores coefficients.
#[expect(clippy::cast_possible_truncation, reason = "as said")]
pub fn short(value: i32) -> i16 {
    value as i16
}
