//! Weights in the order in which the matrix product reads them.
//!
//! `[depth][columns]` is cut into panels of two vectors of columns; a panel holds all depths, one
//! after the other, so that the product walks through it without a jump. A last panel of one vector
//! is all there is where that is enough; its missing columns are zeros.

use std::ops::Range;

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

use super::InstructionSet;
use super::buffer::{Buffer, Number};
use super::packing::{each_entry, on_all_cores, packed_length, panels};

/// How weights are stored; they are multiplied in f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    Single,
    Half,
}

impl Storage {
    /// Half where nothing is lost by it: all of `weights` are f16 numbers.
    pub fn lossless(weights: &[f32]) -> Self {
        let mut halves = [f16::ZERO; 256];
        let mut back = [0.0; 256];
        let exact = weights.chunks(256).all(|chunk| {
            let (halves, back) = (&mut halves[..chunk.len()], &mut back[..chunk.len()]);
            halves.convert_from_f32_slice(chunk);
            halves.convert_to_f32_slice(back);
            chunk.iter().zip(back).all(|(weight, back)| weight.to_bits() == back.to_bits())
        });
        if exact { Self::Half } else { Self::Single }
    }
}

/// A packed matrix.
#[derive(Debug)]
pub(super) struct Matrix {
    depth: usize,
    columns: usize,
    /// Columns of a whole panel.
    panel: usize,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Single(Buffer<f32>),
    Half(Buffer<u16>),
}

/// Some panels of a packed matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panels<'a> {
    pub depth: usize,
    pub columns: usize,
    pub weights: Weights<'a>,
}

/// What is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weights<'a> {
    Single(&'a [f32]),
    Half(&'a [u16]),
}

impl Matrix {
    /// Packs a matrix whose entries `at(depth, column)` gives.
    pub fn new(
        set: InstructionSet,
        depth: usize,
        columns: usize,
        storage: Storage,
        at: impl Fn(usize, usize) -> f32 + Sync,
    ) -> Self {
        let values = match storage {
            Storage::Single => Values::Single(pack(set, depth, columns, |columns, panel| {
                each_entry(set.lanes(), depth, columns, |index, k, column| {
                    panel[index] = at(k, column);
                });
            })),
            Storage::Half => Values::Half(pack(set, depth, columns, |columns, panel| {
                let mut singles = vec![0.0; panel.len()];
                each_entry(set.lanes(), depth, columns, |index, k, column| {
                    singles[index] = at(k, column);
                });
                let halves: &mut [f16] = HalfBitsSliceExt::reinterpret_cast_mut(panel);
                halves.convert_from_f32_slice(&singles);
            })),
        };
        Self { depth, columns, panel: 2 * set.lanes(), values }
    }

    /// Packs a matrix of f16 numbers, whose entries `at(depth, column)` gives; those of a depth are
    /// asked for one after the other.
    pub fn halves(
        set: InstructionSet,
        depth: usize,
        columns: usize,
        at: impl Fn(usize, usize) -> f16 + Sync,
    ) -> Self {
        let values = pack(set, depth, columns, |columns, panel: &mut [u16]| {
            let width = columns.len().next_multiple_of(set.lanes());
            for (k, values) in panel.chunks_exact_mut(width).enumerate() {
                let entries = values.iter_mut().zip(columns.clone());
                entries.for_each(|(value, column)| *value = at(k, column).to_bits());
            }
        });
        Self { depth, columns, panel: 2 * set.lanes(), values: Values::Half(values) }
    }

    pub const fn depth(&self) -> usize {
        self.depth
    }

    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// All of it.
    pub fn panels(&self) -> Panels<'_> {
        let weights = match &self.values {
            Values::Single(values) => Weights::Single(values),
            Values::Half(values) => Weights::Half(values),
        };
        Panels { depth: self.depth, columns: self.columns, weights }
    }

    /// The panel that begins at `column`, which must be a multiple of a panel's columns.
    pub fn panel(&self, column: usize) -> Panels<'_> {
        assert!(
            column.is_multiple_of(self.panel) && column < self.columns,
            "no panel begins there"
        );
        let start = column * self.depth;
        let weights = match &self.values {
            Values::Single(values) => Weights::Single(&values[start..]),
            Values::Half(values) => Weights::Half(&values[start..]),
        };
        Panels { depth: self.depth, columns: self.panel.min(self.columns - column), weights }
    }
}

/// Has `fill` fill each panel, given its columns.
fn pack<T: Number + Send>(
    set: InstructionSet,
    depth: usize,
    columns: usize,
    fill: impl Fn(Range<usize>, &mut [T]) + Sync,
) -> Buffer<T> {
    let mut values = Buffer::zeros(packed_length(set.lanes(), depth, columns));
    let places = values.chunks_mut((2 * set.lanes() * depth).max(1));
    let tasks = panels(set.lanes(), columns).zip(places).collect();
    on_all_cores(tasks, depth * columns, |(columns, panel): (_, &mut [T])| fill(columns, panel));
    values
}
