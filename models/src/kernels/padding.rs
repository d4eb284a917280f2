//! Images with their zeros around them.

use super::buffer::Buffer;
use super::{Padding, Plane, Window};

/// `x`, `[height][width][channels]`, as `window` needs it: itself if there is no padding, else its
/// padded copy.
///
/// # Panics
/// If `x` is too short.
pub(super) fn padded<'a>(
    x: &'a [f32],
    plane: Plane,
    channels: usize,
    window: Window,
    copy: &'a mut Buffer<f32>,
) -> &'a [f32] {
    if window.padding == Padding::default() {
        return x;
    }
    let Plane { height, width } = window.padded(plane);
    let copy = copy.at_least(height * width * channels);
    let line = plane.width * channels;
    for (row, out) in copy.chunks_exact_mut(width * channels).enumerate() {
        match row.checked_sub(window.padding.top).filter(|row| *row < plane.height) {
            Some(row) => {
                let (left, rest) = out.split_at_mut(window.padding.left * channels);
                let (middle, right) = rest.split_at_mut(line);
                left.fill(0.0);
                middle.copy_from_slice(&x[row * line..][..line]);
                right.fill(0.0);
            }
            None => out.fill(0.0),
        }
    }
    copy
}
