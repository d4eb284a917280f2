//! The greatest and the mean.

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
