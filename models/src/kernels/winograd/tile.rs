//! The tiles: how many outputs at once, and their transforms along one axis.
//!
//! The rows of G are scaled, and the transform back the other way, so that the weights of all points
//! are of a like size.

use std::ops::Range;

use super::super::lanes::Lanes;
use super::super::{Channels, Plane};

/// From so many weights of a point on (a MiB; 36 with 4 × 4, 16 with 2 × 2), a small image leaves too
/// little to multiply each with: the whole of VGG16 loses 2 % by 2 × 2 in its last block, and saves 60 MiB.
const MANY_WEIGHTS: usize = 512 * 512;

/// The side of the squares of outputs that are computed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tile {
    /// 2 × 2: 2.25 times fewer multiplications.
    Two,
    /// 4 × 4: 4 times fewer.
    Four,
    /// 6 × 6: 5.1 times fewer, and 1.8 times the weights of 4 × 4.
    Six,
}

impl Tile {
    /// All there are.
    #[cfg(test)]
    pub const ALL: [Self; 3] = [Self::Two, Self::Four, Self::Six];

    /// The fastest for an image of this size, but larger ones only where they are clearly faster than
    /// those with fewer weights.
    pub fn best(plane: Plane, channels: Channels) -> Self {
        match plane.height.min(plane.width) {
            0..=8 => Self::Two,
            9..=14 if channels.input * channels.output >= MANY_WEIGHTS => Self::Two,
            9..=99 => Self::Four,
            _ => Self::Six,
        }
    }

    /// Its side.
    pub(super) const fn side(self) -> usize {
        match self {
            Self::Two => Two::OUTPUTS,
            Self::Four => Four::OUTPUTS,
            Self::Six => Six::OUTPUTS,
        }
    }

    /// Products of each channel: the inputs that it needs.
    pub(super) const fn points(self) -> usize {
        (self.side() + 2) * (self.side() + 2)
    }

    /// Tiles of an image; those at its ends may reach beyond it.
    pub(super) fn count(self, plane: Plane) -> usize {
        plane.height.div_ceil(self.side()) * self.across(plane)
    }

    /// Tiles of each row of them.
    pub(super) fn across(self, plane: Plane) -> usize {
        plane.width.div_ceil(self.side())
    }

    /// The rows of the image that some tiles read.
    pub(super) fn reads(self, tiles: Tiles) -> Range<usize> {
        let (side, across) = (self.side(), self.across(tiles.plane).max(1));
        let rows = tiles.first / across..(tiles.first + tiles.count).div_ceil(across);
        (rows.start * side).saturating_sub(1)..(rows.end * side + 1).min(tiles.plane.height)
    }

    /// The matrix that transforms a filter, along one axis.
    pub(super) const fn filter(self) -> &'static [[f64; 3]] {
        match self {
            Self::Two => Two::FILTER,
            Self::Four => Four::FILTER,
            Self::Six => Six::FILTER,
        }
    }
}

/// Some tiles of an image, counted by rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles {
    pub plane: Plane,
    pub first: usize,
    pub count: usize,
}

impl Tiles {
    /// The same in blocks of `step`, the last perhaps smaller.
    pub fn blocks(self, step: usize) -> impl Iterator<Item = Self> {
        let end = self.first + self.count;
        (self.first..end).step_by(step.max(1)).map(move |first| Self {
            first,
            count: step.min(end - first),
            ..self
        })
    }

    /// Row and column of the first output of tile `index` of these.
    #[inline(always)]
    pub fn corner<T: Transform>(self, index: usize) -> (usize, usize) {
        let across = self.plane.width.div_ceil(T::OUTPUTS);
        let tile = self.first + index;
        (tile / across * T::OUTPUTS, tile % across * T::OUTPUTS)
    }
}

/// Transforms along one axis. Arrays have 8 places, of which the first `INPUTS` or `OUTPUTS` count.
pub(super) trait Transform {
    const OUTPUTS: usize;
    const INPUTS: usize = Self::OUTPUTS + 2;
    /// Of a filter: `[INPUTS][3]`.
    const FILTER: &'static [[f64; 3]];

    fn input<L: Lanes>(lanes: L, d: [L::Vector; 8]) -> [L::Vector; 8];
    fn output<L: Lanes>(lanes: L, m: [L::Vector; 8]) -> [L::Vector; 8];
}

/// The points 0, 1, −1 and infinity.
pub(super) struct Two;
/// Also 2 and −2.
pub(super) struct Four;
/// Also 1/2 and −1/2.
pub(super) struct Six;

impl Transform for Two {
    const OUTPUTS: usize = 2;
    const FILTER: &'static [[f64; 3]] =
        &[[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];

    #[inline(always)]
    fn input<L: Lanes>(l: L, d: [L::Vector; 8]) -> [L::Vector; 8] {
        let t = [l.sub(d[0], d[2]), l.add(d[1], d[2]), l.sub(d[2], d[1]), l.sub(d[1], d[3])];
        [t[0], t[1], t[2], t[3], d[0], d[0], d[0], d[0]]
    }

    #[inline(always)]
    fn output<L: Lanes>(l: L, m: [L::Vector; 8]) -> [L::Vector; 8] {
        let y0 = l.add(m[0], l.add(m[1], m[2]));
        let y1 = l.sub(l.sub(m[1], m[2]), m[3]);
        [y0, y1, y0, y0, y0, y0, y0, y0]
    }
}

impl Transform for Four {
    const OUTPUTS: usize = 4;
    const FILTER: &'static [[f64; 3]] = &[
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 3.0, 2.0 / 3.0, 4.0 / 3.0],
        [1.0 / 3.0, -2.0 / 3.0, 4.0 / 3.0],
        [0.0, 0.0, 1.0],
    ];

    #[inline(always)]
    fn input<L: Lanes>(l: L, d: [L::Vector; 8]) -> [L::Vector; 8] {
        let (two, four, five) = (l.splat(2.0), l.splat(4.0), l.splat(5.0));
        let a = l.fnma(four, d[2], d[4]);
        let b = l.fnma(four, d[1], d[3]);
        let c = l.sub(d[4], d[2]);
        let e = l.sub(d[3], d[1]);
        [
            l.fma(four, d[0], l.fnma(five, d[2], d[4])),
            l.add(a, b),
            l.sub(a, b),
            l.fma(two, e, c),
            l.fnma(two, e, c),
            l.fma(four, d[1], l.fnma(five, d[3], d[5])),
            d[0],
            d[0],
        ]
    }

    #[inline(always)]
    fn output<L: Lanes>(l: L, m: [L::Vector; 8]) -> [L::Vector; 8] {
        let (s0, d0) = (l.add(m[1], m[2]), l.sub(m[1], m[2]));
        let (s1, d1) = (l.add(m[3], m[4]), l.sub(m[3], m[4]));
        let y0 = l.fma(l.splat(0.125), s1, l.add(m[0], s0));
        let y1 = l.fma(l.splat(0.25), d1, d0);
        let y2 = l.fma(l.splat(0.5), s1, s0);
        let y3 = l.add(d1, l.add(d0, m[5]));
        [y0, y1, y2, y3, y0, y0, y0, y0]
    }
}

impl Transform for Six {
    const OUTPUTS: usize = 6;
    const FILTER: &'static [[f64; 3]] = &[
        [1.0, 0.0, 0.0],
        [-2.0 / 9.0, -2.0 / 9.0, -2.0 / 9.0],
        [-2.0 / 9.0, 2.0 / 9.0, -2.0 / 9.0],
        [16.0 / 45.0, 32.0 / 45.0, 64.0 / 45.0],
        [16.0 / 45.0, -32.0 / 45.0, 64.0 / 45.0],
        [32.0 / 45.0, 16.0 / 45.0, 8.0 / 45.0],
        [32.0 / 45.0, -16.0 / 45.0, 8.0 / 45.0],
        [0.0, 0.0, 1.0],
    ];

    #[inline(always)]
    fn input<L: Lanes>(l: L, d: [L::Vector; 8]) -> [L::Vector; 8] {
        let c = |x: f32| l.splat(x);
        let t0 = l.fma(c(5.25), l.sub(d[4], d[2]), l.sub(d[0], d[6]));
        let t7 = l.fma(c(5.25), l.sub(d[3], d[5]), l.sub(d[7], d[1]));
        let a = l.fnma(c(4.25), d[4], l.add(d[2], d[6]));
        let b = l.fnma(c(4.25), d[3], l.add(d[1], d[5]));
        let e = l.fma(c(0.25), d[2], l.fnma(c(1.25), d[4], d[6]));
        let f = l.fma(c(0.5), d[1], l.fma(c(2.0), d[5], l.mul(c(-2.5), d[3])));
        let g = l.fma(c(4.0), d[2], l.fnma(c(5.0), d[4], d[6]));
        let h = l.fma(c(2.0), d[1], l.fma(c(0.5), d[5], l.mul(c(-2.5), d[3])));
        [t0, l.add(a, b), l.sub(a, b), l.add(e, f), l.sub(e, f), l.add(g, h), l.sub(g, h), t7]
    }

    #[inline(always)]
    fn output<L: Lanes>(l: L, m: [L::Vector; 8]) -> [L::Vector; 8] {
        let c = |x: f32| l.splat(x);
        let (s0, d0) = (l.add(m[1], m[2]), l.sub(m[1], m[2]));
        let (s1, d1) = (l.add(m[3], m[4]), l.sub(m[3], m[4]));
        let (s2, d2) = (l.add(m[5], m[6]), l.sub(m[5], m[6]));
        let y0 = l.fma(c(0.03125), s1, l.add(l.add(m[0], s0), s2));
        let y1 = l.fma(c(0.0625), d1, l.fma(c(0.5), d2, d0));
        let y2 = l.fma(c(0.125), s1, l.fma(c(0.25), s2, s0));
        let y3 = l.fma(c(0.25), d1, l.fma(c(0.125), d2, d0));
        let y4 = l.fma(c(0.5), s1, l.fma(c(0.0625), s2, s0));
        let y5 = l.add(d1, l.fma(c(0.03125), d2, l.add(d0, m[7])));
        [y0, y1, y2, y3, y4, y5, y0, y0]
    }
}
