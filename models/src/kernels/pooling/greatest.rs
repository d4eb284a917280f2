//! The greatest value under each place of a window.

use super::super::lanes::{Kernel, Lanes};
use super::super::{Plane, Window};

/// Images by pointers to their first pixels.
///
/// # Safety
/// To run it, all channels of all pixels of `plane` can be read, and of `places` written, and each
/// place of the window has pixels inside the plane.
#[derive(Clone, Copy)]
pub(super) struct Pool {
    pub x: *const f32,
    pub plane: Plane,
    pub channels: usize,
    pub window: Window,
    pub places: Plane,
    pub out: *mut f32,
}

impl Kernel for Pool {
    #[inline(always)]
    unsafe fn run<L: Lanes>(self, lanes: L) {
        greatest(lanes, self);
    }
}

/// # Safety
/// As for [`Pool`].
#[inline(always)]
unsafe fn greatest<L: Lanes>(lanes: L, pool: Pool) {
    let Pool { plane, channels, window, places, .. } = pool;
    for place in 0..places.pixels() {
        let rows = inside(place / places.width, window, window.padding.top, plane.height);
        let columns = inside(place % places.width, window, window.padding.left, plane.width);
        for channel in (0..channels).step_by(L::WIDTH) {
            let count = channels - channel;
            let mut most = lanes.splat(f32::NEG_INFINITY);
            for row in rows.0..rows.1 {
                for column in columns.0..columns.1 {
                    let x = pool.x.add((row * plane.width + column) * channels + channel);
                    let x =
                        if count < L::WIDTH { lanes.load_first(x, count) } else { lanes.load(x) };
                    most = lanes.max(most, x);
                }
            }
            let out = pool.out.add(place * channels + channel);
            if count < L::WIDTH {
                lanes.store_first(out, most, count);
            } else {
                lanes.store(out, most);
            }
        }
    }
}

/// Where place `index` of the window begins and ends along one side of the image.
#[inline(always)]
fn inside(index: usize, window: Window, before: usize, length: usize) -> (usize, usize) {
    let start = index * window.stride;
    (start.saturating_sub(before), (start + window.side).saturating_sub(before).min(length))
}
