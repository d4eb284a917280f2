//! From the whole product to register tiles: panel after panel, group after group, block of rows
//! after block of rows.

use super::super::lanes::{Kernel, Lanes};
use super::Rows;
use super::operands::{Ahead, Destination, Place, Source, Weight};
use super::tile::tile;

/// Packed weights.
#[derive(Clone, Copy)]
pub(super) enum Pointer {
    Single(*const f32),
    Half(*const u16),
}

/// The product of `rows` with `columns` packed columns.
///
/// # Safety
/// To run it, every row, run and float that `a` describes can be read, every row and column that `c`
/// describes written and, if it has them, its biases and residuals read, and `b` holds all panels.
pub(super) struct Product {
    pub rows: Rows,
    /// Floats from one group to the next in A and in C.
    pub groups: (usize, usize),
    pub a: Source,
    pub b: Pointer,
    pub columns: usize,
    pub c: Destination,
}

impl Kernel for Product {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        match (self.b, self.c.gap) {
            (Pointer::Half(b), _) => each_panel::<L, u16, false>(lanes, self, b),
            (Pointer::Single(b), 0) => each_panel::<L, f32, false>(lanes, self, b),
            (Pointer::Single(b), _) => each_panel::<L, f32, true>(lanes, self, b),
        }
    }
}

/// # Safety
/// As for [`Product`]; `b` is its packed weights, which are of this type.
#[inline(always)]
unsafe fn each_panel<L: Lanes, W: Weight, const GAPS: bool>(
    lanes: L,
    product: Product,
    b: *const W,
) {
    let Product { rows, groups, a, columns, c, .. } = product;
    let depth = a.runs * a.length;
    for column in (0..columns).step_by(2 * L::WIDTH) {
        let b = b.add(column * depth);
        let left = columns - column;
        for group in 0..rows.groups {
            let a = Source { p: a.p.add(group * groups.0), ..a };
            let c = c.at(group * groups.1);
            let block = Block { rows, group, column, last: left.min(L::WIDTH), a, b, c };
            if left >= 2 * L::WIDTH {
                lanes.enter(Columns::<W, 2, true, GAPS>(block));
            } else if left <= L::WIDTH {
                lanes.enter(Columns::<W, 1, false, GAPS>(block));
            } else {
                // Never with gaps: then all vectors are whole.
                let block = Block { last: left - L::WIDTH, ..block };
                lanes.enter(Columns::<W, 2, false, false>(block));
            }
        }
    }
}

/// The rows of one group and the columns of one panel.
#[derive(Clone, Copy)]
struct Block<W> {
    rows: Rows,
    group: usize,
    column: usize,
    /// Real columns of the last vector.
    last: usize,
    a: Source,
    b: *const W,
    c: Destination,
}

/// A block of so many vectors of columns, the last of them `WHOLE` or perhaps not: a function of its
/// own, since the time to compile a function grows faster than its length.
///
/// # Safety
/// To run it, as for [`Product`].
struct Columns<W, const VECTORS: usize, const WHOLE: bool, const GAPS: bool>(Block<W>);

impl<W: Weight, const VECTORS: usize, const WHOLE: bool, const GAPS: bool> Kernel
    for Columns<W, VECTORS, WHOLE, GAPS>
{
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        each_block::<L, W, VECTORS, WHOLE, GAPS>(lanes, self.0);
    }
}

/// # Safety
/// As for [`Columns`].
#[inline(always)]
unsafe fn each_block<
    L: Lanes,
    W: Weight,
    const VECTORS: usize,
    const WHOLE: bool,
    const GAPS: bool,
>(
    lanes: L,
    block: Block<W>,
) {
    const { assert!(L::TILE_ROWS <= 12, "the tiles below end at 12 rows") };
    let Block { rows: Rows { groups, rows }, group, column, last, a, b, c } = block;
    let last = if WHOLE { L::WIDTH } else { last };
    let depth = a.runs * a.length;
    let panel = depth * VECTORS * L::WIDTH * size_of::<W>();
    // Blocks as equal as can be: 49 rows are 6, 6, 6, 6 and five 5s, never eight 6s and a slow 1.
    let blocks = rows.div_ceil(L::TILE_ROWS);
    let mut row = 0;
    for i in 0..blocks {
        let count = (rows - row).div_ceil(blocks - i);
        let all = groups * blocks;
        // The next panel, spread evenly over the blocks of this one.
        let ahead = Ahead {
            p: b.cast::<u8>().wrapping_add(panel + panel * (group * blocks + i) / all),
            step: panel / depth.max(1) / all,
        };
        let a = Source { p: a.p.add(row * a.row), ..a };
        let c = c.at(row * c.row);
        let place = Place { row, column, last };
        macro_rules! tiles {
            ($($rows:literal)*) => {
                match count {
                    $($rows if $rows <= L::TILE_ROWS => {
                        tile::<L, W, $rows, VECTORS, GAPS>(lanes, a, b, c, place, ahead)
                    })*
                    // SAFETY: no block has more rows than the register tile, and none has no row.
                    _ => std::hint::unreachable_unchecked(),
                }
            };
        }
        tiles!(1 2 3 4 5 6 7 8 9 10 11 12);
        row += count;
    }
}
