//! The greatest and the means.

mod greatest;

use super::bounds::require;
use super::{InstructionSet, Plane, Window};
use greatest::Pool;

/// The greatest value of each channel under each place of the window, padding left out.
///
/// A NaN counts only as the last pixel of its place: any later one replaces it.
///
/// `x` is `[height][width][channels]`, `out` `[places.height][places.width][channels]`. The roof is
/// the loads.
///
/// # Panics
/// If a slice is too short, or a place of the window might hold nothing but padding.
pub(crate) fn max_pool(
    set: InstructionSet,
    x: &[f32],
    plane: Plane,
    channels: usize,
    window: Window,
    out: &mut [f32],
) {
    let places = window.places(plane);
    require("input", x.len(), &[plane.height, plane.width, channels]);
    require("output", out.len(), &[places.height, places.width, channels]);
    let padding = window.padding;
    let most = padding.top.max(padding.left).max(padding.bottom).max(padding.right);
    assert!(most < window.side, "a place of {window:?} holds nothing but padding");
    let pool = Pool { x: x.as_ptr(), plane, channels, window, places, out: out.as_mut_ptr() };
    // SAFETY: both slices have all channels of all pixels, and no place lies outside of the image.
    unsafe { set.run(pool) }
}

/// The mean of each channel over the plane: `x` is `[pixels][channels]`, `out` `[channels]`.
///
/// # Panics
/// If a slice is too short, or there are no pixels.
pub(crate) fn mean(x: &[f32], plane: Plane, channels: usize, out: &mut [f32]) {
    require("input", x.len(), &[plane.height, plane.width, channels]);
    require("output", out.len(), &[channels]);
    let pixels = plane.pixels();
    assert!(pixels > 0, "there is no mean of nothing");
    let out = &mut out[..channels];
    out.fill(0.0);
    for pixel in x.chunks_exact(channels).take(pixels) {
        out.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += x);
    }
    #[expect(clippy::cast_precision_loss, reason = "an image has fewer than 2^24 pixels")]
    let count = pixels as f32;
    out.iter_mut().for_each(|sum| *sum /= count);
}

/// The mean of each channel over each of `to` nearly equal parts of the plane: part `i` of `n` of a side
/// `s` goes from `i s / n`, rounded down, to `(i + 1) s / n`, rounded up. `x` is
/// `[height][width][channels]`, `out` `[to.height][to.width][channels]`.
///
/// # Panics
/// If a slice is too short, or there are no pixels.
pub(crate) fn adaptive_mean(x: &[f32], plane: Plane, channels: usize, to: Plane, out: &mut [f32]) {
    require("input", x.len(), &[plane.height, plane.width, channels]);
    require("output", out.len(), &[to.height, to.width, channels]);
    assert!(plane.pixels() > 0, "there is no mean of nothing");
    let part = |i: usize, n: usize, side: usize| i * side / n..((i + 1) * side).div_ceil(n);
    for (pixel, out) in out.chunks_exact_mut(channels).take(to.pixels()).enumerate() {
        let rows = part(pixel / to.width, to.height, plane.height);
        let columns = part(pixel % to.width, to.width, plane.width);
        let count = (rows.len() * columns.len()) as f32;
        out.fill(0.0);
        for row in rows {
            let line = &x[row * plane.width * channels..];
            let read = &line[columns.start * channels..columns.end * channels];
            for pixel in read.chunks_exact(channels) {
                out.iter_mut().zip(pixel).for_each(|(sum, x)| *sum += x);
            }
        }
        out.iter_mut().for_each(|sum| *sum /= count);
    }
}
