//! From points back to pixels, with all that follows a sum.

use super::super::bounds::{extent, require};
use super::super::lanes::{Kernel, Lanes};
use super::super::{Activation, Epilogue, InstructionSet, Plane};
use super::tile::{Four, Six, Tile, Tiles, Transform, Two};

/// What follows the sums.
#[derive(Clone, Copy)]
pub(super) struct After<'a> {
    /// `[output]`
    pub bias: &'a [f32],
    pub epilogue: Epilogue<'a>,
    /// The greatest of each 2 × 2 pixels comes last.
    pub pooled: bool,
}

/// Transforms `m`, `[point][tile][channels]`, whose points are `m.1` floats apart, to the pixels of
/// `out`, `[height][width][channels]`, or half of either if pooled.
///
/// # Panics
/// If a slice is too short, the channels are no whole vectors, or pixels to be pooled are not even.
pub(super) fn transform(
    set: InstructionSet,
    tile: Tile,
    tiles: Tiles,
    (m, point): (&[f32], usize),
    after: After,
    out: &mut [f32],
) {
    let After { bias, epilogue: Epilogue { residual, activation }, pooled } = after;
    let (channels, Plane { height, width }) = (bias.len(), tiles.plane);
    assert!(channels.is_multiple_of(set.lanes()), "there is no kernel for part of a vector");
    assert!(tiles.first + tiles.count <= tile.count(tiles.plane), "there are not so many tiles");
    let read = extent(&[(tile.points(), point), (tiles.count, channels)], channels);
    assert!(read <= m.len() as u128, "there are not so many points");
    if pooled {
        assert!(height % 2 == 0 && width % 2 == 0, "{:?} is no whole number of pools", tiles.plane);
        assert!(residual.is_none(), "a residual has no place before a pool");
        require("output", out.len(), &[height / 2, width / 2, channels]);
    } else {
        require("output", out.len(), &[height, width, channels]);
        if let Some(residual) = residual {
            require("residual", residual.len(), &[height, width, channels]);
        }
    }
    let pixels = Pixels {
        p: out.as_mut_ptr(),
        channels,
        bias: bias.as_ptr(),
        residual: residual.map_or(std::ptr::null(), <[f32]>::as_ptr),
        activation,
        pooled,
    };
    // SAFETY: all points of the tiles, and all pixels of the image, lie inside their slices.
    unsafe { set.run(ByTile { tile, tiles, m: m.as_ptr(), point, out: pixels }) }
}

/// The output by pointers.
#[derive(Clone, Copy)]
struct Pixels {
    p: *mut f32,
    channels: usize,
    bias: *const f32,
    /// Null, or laid out as the output.
    residual: *const f32,
    activation: Activation,
    pooled: bool,
}

/// The transform of some tiles.
///
/// # Safety
/// To run it, all points of `tiles` can be read at `m`, each point's `point` floats after the one
/// before, all pixels of their plane written in `out`, and its residuals read; the channels are a
/// multiple of the lanes; pooled planes have even sides.
struct ByTile {
    tile: Tile,
    tiles: Tiles,
    m: *const f32,
    point: usize,
    out: Pixels,
}

impl Kernel for ByTile {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        let Self { tile, tiles, m, point, out } = self;
        match tile {
            Tile::Two => each::<L, Two>(lanes, tiles, m, point, out),
            Tile::Four => each::<L, Four>(lanes, tiles, m, point, out),
            Tile::Six => each::<L, Six>(lanes, tiles, m, point, out),
        }
    }
}

/// # Safety
/// As for [`ByTile`], whose fields these are; `T` is its tile.
#[inline(always)]
unsafe fn each<L: Lanes, T: Transform>(
    lanes: L,
    tiles: Tiles,
    m: *const f32,
    point: usize,
    out: Pixels,
) {
    const { assert!(T::INPUTS <= 8, "arrays have 8 places") };
    for index in 0..tiles.count {
        let corner = tiles.corner::<T>(index);
        for channel in (0..out.channels).step_by(L::WIDTH) {
            let m = m.add(index * out.channels + channel);
            let mut half = [[lanes.splat(0.0); 8]; 8];
            for column in 0..T::INPUTS {
                let mut d = [lanes.splat(0.0); 8];
                for row in 0..T::INPUTS {
                    d[row] = lanes.load(m.add((row * T::INPUTS + column) * point));
                }
                let d = T::output(lanes, d);
                for row in 0..T::OUTPUTS {
                    half[row][column] = d[row];
                }
            }
            if out.pooled {
                store_pooled::<L, T>(lanes, half, tiles.plane, corner, out, channel);
            } else {
                store::<L, T>(lanes, half, tiles.plane, corner, out, channel);
            }
        }
    }
}

/// # Safety
/// The pixels of the tile at the corner that lie within the plane can be written in `out` and, if it has
/// one, be read in its residual, a vector of channels from `channel` on; so can its biases.
#[inline(always)]
unsafe fn store<L: Lanes, T: Transform>(
    lanes: L,
    half: [[L::Vector; 8]; 8],
    Plane { height, width }: Plane,
    (top, left): (usize, usize),
    out: Pixels,
    channel: usize,
) {
    let bias = lanes.load(out.bias.add(channel));
    let (rows, columns) = (T::OUTPUTS.min(height - top), T::OUTPUTS.min(width - left));
    let corner = (top * width + left) * out.channels + channel;
    for row in 0..T::OUTPUTS {
        let values = T::output(lanes, half[row]);
        for column in 0..T::OUTPUTS {
            if row < rows && column < columns {
                let at = corner + (row * width + column) * out.channels;
                let mut v = lanes.add(values[column], bias);
                if !out.residual.is_null() {
                    v = lanes.add(v, lanes.load(out.residual.add(at)));
                }
                v = lanes.clamp(v, out.activation.low, out.activation.high);
                lanes.store(out.p.add(at), v);
                // The same of the next tile.
                lanes.prefetch(out.p.wrapping_add(at + T::OUTPUTS * out.channels));
            }
        }
    }
}

/// Bias and clamp are the same for all pixels of a pool and keep their order, so they come after it.
///
/// # Safety
/// As for [`store`], of the pixels of the halved plane; there is no residual.
#[inline(always)]
unsafe fn store_pooled<L: Lanes, T: Transform>(
    lanes: L,
    half: [[L::Vector; 8]; 8],
    Plane { height, width }: Plane,
    (top, left): (usize, usize),
    out: Pixels,
    channel: usize,
) {
    let bias = lanes.load(out.bias.add(channel));
    let (rows, columns) = (T::OUTPUTS.min(height - top), T::OUTPUTS.min(width - left));
    let corner = out.p.add((top / 2 * (width / 2) + left / 2) * out.channels + channel);
    for row in 0..T::OUTPUTS / 2 {
        let upper = T::output(lanes, half[2 * row]);
        let lower = T::output(lanes, half[2 * row + 1]);
        for column in 0..T::OUTPUTS / 2 {
            if 2 * row < rows && 2 * column < columns {
                let upper = lanes.max(upper[2 * column], upper[2 * column + 1]);
                let lower = lanes.max(lower[2 * column], lower[2 * column + 1]);
                let v = lanes.add(lanes.max(upper, lower), bias);
                let v = lanes.clamp(v, out.activation.low, out.activation.high);
                lanes.store(corner.add((row * (width / 2) + column) * out.channels), v);
            }
        }
    }
}
