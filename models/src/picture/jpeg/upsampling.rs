//! Brings components to the picture's width and height, as libjpeg's `jdsample.c`.

use pulp::{Arch, NullaryFnOnce};

use super::frame::{Component, Frame};

/// Brings the rows of one component to the width and height of the picture.
pub struct Upsampler<'a> {
    component: &'a Component,
    across: usize,
    down: usize,
    /// Whether the samples between are mixed from both neighbours. As in libjpeg, not where there
    /// are two columns or fewer, nor for factors other than 1 and 2.
    mixes: bool,
    /// Three parts of the near row and one of the far one.
    columns: Vec<u16>,
    /// The upsampled row.
    row: Vec<u8>,
}

/// A line to upsample; compiled for each instruction set.
struct Line<'a, 'b> {
    upsampler: &'a mut Upsampler<'b>,
    y: usize,
}

impl NullaryFnOnce for Line<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.upsampler.upsample(self.y);
    }
}

impl<'a> Upsampler<'a> {
    pub fn new(component: &'a Component, frame: &Frame) -> Self {
        let across = frame.most.across / component.sampling.across;
        let down = frame.most.down / component.sampling.down;
        let mixes = match (across, down) {
            (2, 1 | 2) => component.width > 2,
            (1, 2) => true,
            _ => false,
        };
        let (columns, row) = (vec![0; component.width], vec![0; component.width * across]);
        Self { component, across, down, mixes, columns, row }
    }

    /// Makes the row of the picture's line `y`.
    pub fn make(&mut self, y: usize) {
        Arch::new().dispatch(Line { upsampler: self, y });
    }

    /// The row made last, at least as wide as the picture.
    pub fn row(&self) -> &[u8] {
        &self.row
    }

    #[inline(always)]
    fn upsample(&mut self, y: usize) {
        let (component, width) = (self.component, self.component.width);
        let near = &component.plane.row(y / self.down)[..width];
        match (self.mixes, self.across, self.down) {
            (true, 2, 1) => mix_along(near, &mut self.row),
            (true, _, _) => {
                let far = &component.plane.row(self.neighbour(y))[..width];
                if self.across == 1 {
                    // The line above and the line below round differently, so that no drift comes.
                    let bias = if y.is_multiple_of(2) { 1 } else { 2 };
                    for ((out, near), far) in self.row.iter_mut().zip(near).zip(far) {
                        *out = quarter(3 * u16::from(*near) + u16::from(*far), bias);
                    }
                } else {
                    for ((sum, near), far) in self.columns.iter_mut().zip(near).zip(far) {
                        *sum = 3 * u16::from(*near) + u16::from(*far);
                    }
                    mix_columns(&self.columns, &mut self.row);
                }
            }
            (false, 1, _) => self.row.copy_from_slice(near),
            (false, across, _) => {
                for (out, sample) in self.row.chunks_exact_mut(across).zip(near) {
                    out.fill(*sample);
                }
            }
        }
    }

    /// The row of samples on the other side of line `y`; at the edge the same one again.
    fn neighbour(&self, y: usize) -> usize {
        let near = y / 2;
        if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(self.component.height - 1)
        }
    }
}

#[inline(always)]
fn quarter(sum: u16, bias: u16) -> u8 {
    ((sum + bias) >> 2).to_le_bytes()[0]
}

#[inline(always)]
fn sixteenth(sum: u16, bias: u16) -> u8 {
    ((sum + bias) >> 4).to_le_bytes()[0]
}

#[inline(always)]
fn mixed(near: u8, other: u8, bias: u16) -> u8 {
    quarter(3 * u16::from(near) + u16::from(other), bias)
}

#[inline(always)]
fn mixed_twice(this: u16, left: u16, right: u16) -> [u8; 2] {
    [sixteenth(3 * this + left, 8), sixteenth(3 * this + right, 7)]
}

/// Doubles a row: each new sample is three parts the nearer and one part the farther one.
#[inline(always)]
fn mix_along(near: &[u8], row: &mut [u8]) {
    let (row, last) = (row.as_chunks_mut::<2>().0, near.len() - 1);
    let threes = near.iter().zip(&near[1..]).zip(&near[2..]);
    for (out, ((left, this), right)) in row[1..].iter_mut().zip(threes) {
        *out = [mixed(*this, *left, 1), mixed(*this, *right, 2)];
    }
    row[0] = [near[0], mixed(near[0], near[1], 2)];
    row[last] = [mixed(near[last], near[last - 1], 1), near[last]];
}

/// Doubles a row whose samples were already mixed between two lines.
#[inline(always)]
fn mix_columns(columns: &[u16], row: &mut [u8]) {
    let (row, last) = (row.as_chunks_mut::<2>().0, columns.len() - 1);
    let threes = columns.iter().zip(&columns[1..]).zip(&columns[2..]);
    for (out, ((left, this), right)) in row[1..].iter_mut().zip(threes) {
        *out = mixed_twice(*this, *left, *right);
    }
    row[0] = mixed_twice(columns[0], columns[0], columns[1]);
    row[last] = mixed_twice(columns[last], columns[last - 1], columns[last]);
}
