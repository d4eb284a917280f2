//! One vector of channels, from a padded block to an image.

use super::super::bounds::extent;
use super::super::lanes::{Kernel, Lanes};
use super::super::{Activation, InstructionSet, Window};

/// The work on one vector of channels.
#[derive(Clone, Copy)]
pub(in super::super) struct Block<'a> {
    /// `[rows with padding][width][lane]`
    pub input: &'a [f32],
    /// Padded width of a row of the input, in pixels.
    pub width: usize,
    /// `[tap][lane]`
    pub weights: &'a [f32],
    /// `[lane]`
    pub bias: &'a [f32],
    /// Of the output.
    pub rows: usize,
    /// Of the output.
    pub columns: usize,
    /// Floats from one pixel of the output to the next.
    pub pixel: usize,
    /// Channels that the output has of this vector.
    pub channels: usize,
    pub activation: Activation,
}

/// `out[row × columns + column]` gets the sum under each place of `window`, which is 3 × 3 or 5 × 5
/// with stride 1 or 2; its padding is in the input already.
///
/// # Panics
/// If a slice is too short, or the window is another.
pub(in super::super) fn convolve(
    set: InstructionSet,
    window: Window,
    block: Block,
    out: &mut [f32],
) {
    let (lanes, Window { side, stride, .. }) = (set.lanes(), window);
    let Block { input, width, weights, bias, rows, columns, pixel, channels, .. } = block;
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(matches!((side, stride), (3 | 5, 1 | 2)), "there is no kernel for {window:?}");
    let line = width.saturating_mul(lanes);
    let read = [(rows, stride * line), (side, line), (columns, stride * lanes)];
    assert!(extent(&read, side * lanes) <= input.len() as u128, "the input is too short");
    assert!(weights.len() >= side * side * lanes && bias.len() >= lanes, "too few weights");
    assert!((1..=lanes).contains(&channels) && pixel >= channels, "pixels overlap");
    let written = [(rows, columns.saturating_mul(pixel)), (columns, pixel)];
    assert!(extent(&written, channels) <= out.len() as u128, "the output is too short");
    let pointers = Pointers {
        window,
        x: input.as_ptr(),
        line,
        weights: weights.as_ptr(),
        bias: bias.as_ptr(),
        out: out.as_mut_ptr(),
        rows,
        columns,
        pixel,
        channels,
        activation: block.activation,
    };
    // SAFETY: everything that the rows and columns reach was found inside the slices.
    unsafe { set.run(pointers) }
}

/// A block by pointers.
///
/// # Safety
/// To run it, the window's side is 3 or 5 and its stride 1 or 2, and whatever the rows and columns
/// reach is theirs to read and write.
#[derive(Clone, Copy)]
struct Pointers {
    window: Window,
    x: *const f32,
    /// Floats from one row of x to the next.
    line: usize,
    weights: *const f32,
    bias: *const f32,
    out: *mut f32,
    rows: usize,
    columns: usize,
    pixel: usize,
    channels: usize,
    activation: Activation,
}

impl Kernel for Pointers {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        by_window(lanes, self);
    }
}

/// # Safety
/// As for [`Pointers`].
#[inline(always)]
unsafe fn by_window<L: Lanes>(lanes: L, block: Pointers) {
    let whole = block.channels == L::WIDTH && block.pixel == L::WIDTH;
    match (block.window.side, block.window.stride, whole) {
        (3, 1, true) => each_line::<L, 3, 1, true>(lanes, block),
        (3, _, true) => each_line::<L, 3, 2, true>(lanes, block),
        (_, 1, true) => each_line::<L, 5, 1, true>(lanes, block),
        (_, _, true) => each_line::<L, 5, 2, true>(lanes, block),
        (3, 1, false) => each_line::<L, 3, 1, false>(lanes, block),
        (3, _, false) => each_line::<L, 3, 2, false>(lanes, block),
        (_, 1, false) => each_line::<L, 5, 1, false>(lanes, block),
        (_, _, false) => each_line::<L, 5, 2, false>(lanes, block),
    }
}

/// # Safety
/// As for [`Pointers`], of the window that the types say.
#[inline(always)]
unsafe fn each_line<L: Lanes, const SIDE: usize, const STRIDE: usize, const WHOLE: bool>(
    lanes: L,
    block: Pointers,
) {
    for row in 0..block.rows {
        let mut column = 0;
        // More sums than AVX2's 16 registers hold would live in memory, at half the speed.
        while L::WIDTH == 16 && column + 14 <= block.columns {
            pixels::<L, SIDE, STRIDE, WHOLE, 14>(lanes, block, row, column);
            column += 14;
        }
        while column + 7 <= block.columns {
            pixels::<L, SIDE, STRIDE, WHOLE, 7>(lanes, block, row, column);
            column += 7;
        }
        while column < block.columns {
            pixels::<L, SIDE, STRIDE, WHOLE, 1>(lanes, block, row, column);
            column += 1;
        }
    }
}

/// `COUNT` pixels of a line; `WHOLE`: they have all lanes and lie side by side.
///
/// # Safety
/// As for [`Pointers`], of the window that the types say; `row` is one of its rows, and the `COUNT`
/// columns from `column` on are among its columns.
#[inline(always)]
unsafe fn pixels<
    L: Lanes,
    const SIDE: usize,
    const STRIDE: usize,
    const WHOLE: bool,
    const COUNT: usize,
>(
    lanes: L,
    block: Pointers,
    row: usize,
    column: usize,
) {
    let mut sums = [lanes.load(block.bias); COUNT];
    for r in 0..SIDE {
        let line = block.x.add((row * STRIDE + r) * block.line + column * STRIDE * L::WIDTH);
        for s in 0..SIDE {
            let weight = lanes.load(block.weights.add((r * SIDE + s) * L::WIDTH));
            for i in 0..COUNT {
                let value = lanes.load(line.add((i * STRIDE + s) * L::WIDTH));
                sums[i] = lanes.fma(weight, value, sums[i]);
            }
        }
    }
    let pixel = if WHOLE { L::WIDTH } else { block.pixel };
    let out = block.out.add((row * block.columns + column) * pixel);
    for i in 0..COUNT {
        let v = lanes.clamp(sums[i], block.activation.low, block.activation.high);
        if WHOLE || block.channels == L::WIDTH {
            lanes.store(out.add(i * pixel), v);
        } else {
            lanes.store_first(out.add(i * pixel), v, block.channels);
        }
    }
}
