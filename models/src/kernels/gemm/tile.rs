//! The register tile: some rows of A times one panel of B, over the whole depth.

use super::super::lanes::Lanes;
use super::operands::{Ahead, Destination, Place, Source, Weight};

/// `body` for each `i` below `n`, written out. Left to LLVM, a long body stays a loop, and then what
/// should be registers is memory: 2.5 times slower.
macro_rules! unrolled {
    ($i:ident, $n:expr, $body:block) => { unrolled!(@ $i, $n, $body, 0 1 2 3 4 5 6 7 8 9 10 11) };
    (@ $i:ident, $n:expr, $body:block, $($k:literal)*) => {
        $(if $k < $n { let $i: usize = $k; $body })*
    };
}

/// The same pointer, about which the compiler knows nothing.
#[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read through it there")]
#[inline(always)]
fn opaque(mut p: *const f32) -> *const f32 {
    // SAFETY: no instruction is executed.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) p, options(pure, nomem, nostack, preserves_flags));
    }
    p
}

/// Sums `ROWS` rows of `a` times the panel at `b`, and stores them at `c`.
///
/// # Safety
/// As for [`super::panels::Product`], with `ROWS` rows, at most 12.
#[inline(always)]
pub(super) unsafe fn tile<
    L: Lanes,
    W: Weight,
    const ROWS: usize,
    const VECTORS: usize,
    const GAPS: bool,
>(
    lanes: L,
    a: Source,
    b: *const W,
    c: Destination,
    place: Place,
    ahead: Ahead,
) {
    const { assert!(ROWS <= 12, "rows are written out up to the twelfth") };
    let mut sums = [first_sums::<L, VECTORS>(lanes, c, place); ROWS];
    let (mut run, mut b, mut next) = (a.p, b, ahead.p);
    for _ in 0..a.runs {
        // Every third row has a pointer of its own, the others are one or two strides on. Did LLVM
        // know that all are multiples of one stride, it would walk a single pointer, with one more
        // addition for every row at every step (31 instructions for AVX2's 12 multiplications, not 26).
        let mut row = [run; ROWS];
        for i in (0..ROWS).step_by(3) {
            row[i] = opaque(run.add(i * a.row));
        }
        for k in 0..a.length {
            let mut weights = [lanes.splat(0.0); VECTORS];
            for j in 0..VECTORS {
                weights[j] = W::load(lanes, b.add(j * L::WIDTH));
            }
            b = b.add(VECTORS * L::WIDTH);
            lanes.prefetch_far(next);
            next = next.wrapping_add(ahead.step);
            for i in 0..ROWS {
                let value = lanes.splat(*row[i / 3 * 3].add(i % 3 * a.row + k));
                for j in 0..VECTORS {
                    sums[i][j] = lanes.fma(value, weights[j], sums[i][j]);
                }
            }
        }
        // Wrapping: after the last run there may be nothing.
        run = run.wrapping_add(a.run);
    }
    store::<L, ROWS, VECTORS, GAPS>(lanes, sums, c, place);
}

/// Bias is where the sums begin.
///
/// # Safety
/// `c` has no biases, or those of the columns of `place` can be read.
#[inline(always)]
unsafe fn first_sums<L: Lanes, const VECTORS: usize>(
    lanes: L,
    c: Destination,
    place: Place,
) -> [L::Vector; VECTORS] {
    let mut first = [lanes.splat(0.0); VECTORS];
    if !c.bias.is_null() {
        for j in 0..VECTORS {
            let bias = c.bias.add(place.column + j * L::WIDTH);
            let whole = j + 1 < VECTORS || place.last == L::WIDTH;
            first[j] = if whole { lanes.load(bias) } else { lanes.load_first(bias, place.last) };
        }
    }
    first
}

/// # Safety
/// The `ROWS` rows and the columns from `place` on can be written in `c` and, if it has one, be read in
/// its residual.
#[expect(unused_assignments, reason = "the last row's step over a gap")]
#[inline(always)]
unsafe fn store<L: Lanes, const ROWS: usize, const VECTORS: usize, const GAPS: bool>(
    lanes: L,
    sums: [[L::Vector; VECTORS]; ROWS],
    c: Destination,
    Place { row, column, last }: Place,
) {
    let (mut past, mut skipped) =
        if GAPS { (row % c.every, row / c.every * c.gap) } else { (0, 0) };
    unrolled!(i, ROWS, {
        for j in 0..VECTORS {
            let whole = j + 1 < VECTORS || last == L::WIDTH;
            let at = i * c.row + (column / L::WIDTH + j) * c.vector + skipped;
            let mut v = sums[i][j];
            if !c.bias.is_null() {
                if !c.residual.is_null() {
                    let residual = c.residual.add(at);
                    let residual =
                        if whole { lanes.load(residual) } else { lanes.load_first(residual, last) };
                    v = lanes.add(v, residual);
                }
                v = lanes.clamp(v, c.low, c.high);
            }
            if whole {
                lanes.store(c.p.add(at), v);
            } else {
                lanes.store_first(c.p.add(at), v, last);
            }
        }
        if GAPS {
            past += 1;
            (past, skipped) = if past == c.every { (0, skipped + c.gap) } else { (past, skipped) };
        }
    });
}
