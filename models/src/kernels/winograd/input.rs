//! From pixels to points, vectorised over channels.

use super::super::bounds::extent;
use super::super::lanes::{Kernel, Lanes};
use super::super::{InstructionSet, Plane};
use super::Band;
use super::tile::{Four, Six, Tile, Tiles, Transform, Two};

/// Transforms `tiles` of an image, `[height][width][channels]`, to `v`, `[point][tile][channels]`, whose
/// points are `v.1` floats apart. `outside` is a pixel of zeros.
///
/// # Panics
/// If a slice is too short, `band` lacks rows that the tiles read, or the channels are no whole vectors.
pub(super) fn transform(
    set: InstructionSet,
    tile: Tile,
    tiles: Tiles,
    band: Band,
    outside: &[f32],
    (v, point): (&mut [f32], usize),
) {
    let channels = outside.len();
    assert!(channels.is_multiple_of(set.lanes()), "there is no kernel for part of a vector");
    assert!(tiles.first + tiles.count <= tile.count(tiles.plane), "there are not so many tiles");
    let width = tiles.plane.width;
    let rows = tile.reads(tiles);
    assert!(band.first <= rows.start, "the input begins too late");
    let read = [(rows.end - band.first, width.saturating_mul(channels)), (width, channels)];
    assert!(extent(&read, channels) <= band.values.len() as u128, "the input is too short");
    let written = extent(&[(tile.points(), point), (tiles.count, channels)], channels);
    assert!(written <= v.len() as u128, "the points find no place");
    let image =
        Image { x: band.values.as_ptr(), first: band.first, channels, outside: outside.as_ptr() };
    // SAFETY: all pixels that the tiles read, and all their points, lie inside their slices.
    unsafe { set.run(ByTile { tile, tiles, image, v: v.as_mut_ptr(), point }) }
}

/// An image by a pointer to the first pixel of its row `first`.
#[derive(Clone, Copy)]
struct Image {
    x: *const f32,
    first: usize,
    channels: usize,
    /// A pixel of zeros.
    outside: *const f32,
}

/// The transform of some tiles.
///
/// # Safety
/// To run it, `tiles` are tiles of their plane, all pixels that they read can be read in `image`; the
/// channels are a multiple of the lanes; and all points of these tiles can be written at `v`, each
/// point's `point` floats after the one before.
struct ByTile {
    tile: Tile,
    tiles: Tiles,
    image: Image,
    v: *mut f32,
    point: usize,
}

impl Kernel for ByTile {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        let Self { tile, tiles, image, v, point } = self;
        match tile {
            Tile::Two => each::<L, Two>(lanes, tiles, image, v, point),
            Tile::Four => each::<L, Four>(lanes, tiles, image, v, point),
            Tile::Six => each::<L, Six>(lanes, tiles, image, v, point),
        }
    }
}

/// # Safety
/// As for [`ByTile`], whose fields these are; `T` is its tile.
#[inline(always)]
unsafe fn each<L: Lanes, T: Transform>(
    lanes: L,
    tiles: Tiles,
    image: Image,
    v: *mut f32,
    point: usize,
) {
    const { assert!(T::INPUTS <= 8, "arrays have 8 places") };
    let Image { x, first, channels, outside } = image;
    let Plane { height, width } = tiles.plane;
    for index in 0..tiles.count {
        let (top, left) = tiles.corner::<T>(index);
        let v = v.add(index * channels);
        if top > 0 && left > 0 && top + T::OUTPUTS < height && left + T::OUTPUTS < width {
            let corner = x.add(((top - 1 - first) * width + left - 1) * channels);
            let pixel = |row, column| corner.wrapping_add((row * width + column) * channels);
            one::<L, T>(lanes, pixel, channels, v, point);
        } else {
            let mut pixels = [[outside; 8]; 8];
            for row in 0..T::INPUTS {
                for column in 0..T::INPUTS {
                    // Inputs begin one pixel above and left of the outputs.
                    if (1..=height).contains(&(top + row)) && (1..=width).contains(&(left + column))
                    {
                        let pixel = (top + row - 1 - first) * width + left + column - 1;
                        pixels[row][column] = x.add(pixel * channels);
                    }
                }
            }
            one::<L, T>(lanes, |row, column| pixels[row][column], channels, v, point);
        }
    }
}

/// # Safety
/// `channels` floats can be read at each of the `INPUTS` × `INPUTS` pixels, and written at `v` and each
/// of the `INPUTS`² - 1 times `point` floats after it.
#[inline(always)]
unsafe fn one<L: Lanes, T: Transform>(
    lanes: L,
    pixel: impl Fn(usize, usize) -> *const f32,
    channels: usize,
    v: *mut f32,
    point: usize,
) {
    const { assert!(T::INPUTS <= 8, "arrays have 8 places") };
    for channel in (0..channels).step_by(L::WIDTH) {
        let mut half = [[lanes.splat(0.0); 8]; 8];
        for column in 0..T::INPUTS {
            let mut d = [lanes.splat(0.0); 8];
            for row in 0..T::INPUTS {
                d[row] = lanes.load(pixel(row, column).add(channel));
                // The same of the next tile.
                lanes.prefetch(pixel(row, column).wrapping_add(channel + T::OUTPUTS * channels));
            }
            let d = T::input(lanes, d);
            for row in 0..T::INPUTS {
                half[row][column] = d[row];
            }
        }
        for row in 0..T::INPUTS {
            let d = T::input(lanes, half[row]);
            for column in 0..T::INPUTS {
                lanes.store(v.add((row * T::INPUTS + column) * point + channel), d[column]);
            }
        }
    }
}
