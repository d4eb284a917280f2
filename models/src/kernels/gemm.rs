//! The matrix product under every dense layer: `C = activation(A × B + bias + residual)`.
//!
//! B is a packed [`Matrix`](super::matrix::Matrix). A is read where it lies: a row of A is some
//! runs of floats, so that a k × k convolution over a padded image is a product whose rows are k
//! runs, and no matrix of patches is ever written. The whole depth is summed at once, in order, in
//! a register tile of 6 × 16 (AVX2) or 12 × 32 (AVX-512) sums, which need two loads of weights and
//! one of input for each row; the second cache level feeds that, so that the roof is the multipliers:
//! 94 to 100 % of the core's peak were measured, 70 to 90 % at depth 16 or 24 columns.

mod operands;
mod panels;
mod tile;

use super::InstructionSet;
use super::activation::Activation;
use super::bounds::extent;
use super::matrix::{Panels, Weights};
use super::packing::packed_length;
use operands::{Destination, Source};
use panels::{Pointer, Product};

/// Rows in groups, each group at its own place: the rows of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub groups: usize,
    /// In each group.
    pub rows: usize,
}

impl Rows {
    /// One group.
    pub const fn one(rows: usize) -> Self {
        Self { groups: 1, rows }
    }
}

/// A, in floats. Rows may overlap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'a> {
    pub values: &'a [f32],
    /// From one group to the next.
    pub group: usize,
    /// From one row to the next.
    pub row: usize,
    /// Runs of a row.
    pub runs: usize,
    /// From one run to the next.
    pub run: usize,
    /// Floats of a run.
    pub length: usize,
}

impl<'a> Input<'a> {
    /// `[rows][depth]`.
    pub const fn matrix(values: &'a [f32], depth: usize) -> Self {
        Self { values, group: 0, row: depth, runs: 1, run: 0, length: depth }
    }
}

/// C, in floats.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub values: &'a mut [f32],
    /// From one group to the next.
    pub group: usize,
    /// From one row to the next.
    pub row: usize,
    /// From one vector of columns to the next: a vector, or more where C is blocked by channels.
    pub vector: usize,
    /// After every so many rows of a group (first) some floats are left out (second); only
    /// with weights stored as f32, and whole vectors of columns.
    pub gap: Option<(usize, usize)>,
}

impl<'a> Output<'a> {
    /// `[rows][columns]`.
    pub const fn matrix(set: InstructionSet, values: &'a mut [f32], columns: usize) -> Self {
        Self { values, group: 0, row: columns, vector: set.lanes(), gap: None }
    }
}

/// What is added to the sums, and the clamp.
#[derive(Clone, Copy, Debug)]
pub(super) struct After<'a> {
    /// For each column.
    pub bias: &'a [f32],
    /// Laid out as C.
    pub residual: Option<&'a [f32]>,
    pub activation: Activation,
}

/// Computes C; `after: None` stores the bare product.
///
/// # Panics
/// If a slice is shorter than its strides reach.
pub(super) fn gemm(
    set: InstructionSet,
    rows: Rows,
    input: Input,
    panels: Panels,
    after: Option<After>,
    output: Output,
) {
    if rows.groups == 0 || rows.rows == 0 || panels.columns == 0 {
        return;
    }
    check(set, rows, &input, panels, after, &output);
    let (bias, residual, activation) = match after {
        None => (std::ptr::null(), std::ptr::null(), Activation::IDENTITY),
        Some(After { bias, residual, activation }) => {
            (bias.as_ptr(), residual.map_or(std::ptr::null(), <[f32]>::as_ptr), activation)
        }
    };
    let (every, gap) = output.gap.unwrap_or((usize::MAX, 0));
    let a = Source {
        p: input.values.as_ptr(),
        row: input.row,
        runs: input.runs,
        run: input.run,
        length: input.length,
    };
    let c = Destination {
        p: output.values.as_mut_ptr(),
        row: output.row,
        vector: output.vector,
        every,
        gap,
        bias,
        residual,
        low: activation.low,
        high: activation.high,
    };
    let b = match panels.weights {
        Weights::Single(values) => Pointer::Single(values.as_ptr()),
        Weights::Half(values) => Pointer::Half(values.as_ptr()),
    };
    let groups = (input.group, output.group);
    let product = Product { rows, groups, a, b, columns: panels.columns, c };
    // SAFETY: `check` found every float that the product reads or writes inside its slice.
    unsafe { set.run(product) }
}

fn check(
    set: InstructionSet,
    Rows { groups, rows }: Rows,
    input: &Input,
    panels: Panels,
    after: Option<After>,
    output: &Output,
) {
    let (lanes, columns) = (set.lanes(), panels.columns);
    assert_eq!(input.runs * input.length, panels.depth, "depth of input and weights");
    let read = [(groups, input.group), (rows, input.row), (input.runs, input.run)];
    assert!(extent(&read, input.length) <= input.values.len() as u128, "the input is too short");
    let packed = packed_length(lanes, panels.depth, columns);
    let (stored, half) = match panels.weights {
        Weights::Single(values) => (values.len(), false),
        Weights::Half(values) => (values.len(), true),
    };
    assert!(stored >= packed, "there are too few weights");
    let vectors = columns.div_ceil(lanes);
    assert!(vectors == 1 || output.vector >= lanes, "vectors of the output overlap");
    let (every, gap) = output.gap.unwrap_or((rows, 0));
    let plain = !half && columns.is_multiple_of(lanes);
    assert!(every > 0 && (gap == 0 || plain), "gaps need f32 weights and whole vectors");
    let written = [
        (groups, output.group),
        (rows, output.row),
        (rows.div_ceil(every), gap),
        (vectors, output.vector),
    ];
    let extent = extent(&written, columns - (vectors - 1) * lanes);
    assert!(extent <= output.values.len() as u128, "the output is too short");
    if let Some(after) = after {
        assert!(after.bias.len() >= columns, "there are too few biases");
        let residual = after.residual.map_or(u128::MAX, |residual| residual.len() as u128);
        assert!(extent <= residual, "the residual is too short");
    }
}
