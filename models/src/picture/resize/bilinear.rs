//! Pillow's antialiased bilinear filter, to the bit: fixed-point weights of 22 bits, first along
//! the rows into 8-bit samples, then along the columns.
//!
//! The rows go through AVX2 where the host has it; the columns are few and left to the compiler.
//!
//! After `src/libImaging/Resample.c` of Pillow. General resizing crates round their weights to 16
//! bits, which moves one sample in twelve by 1.

use std::borrow::Cow;

use pulp::{Arch, NullaryFnOnce};

use super::super::rgb::Rgb;
#[cfg(target_arch = "x86_64")]
use super::super::vectors;

/// Fractional bits of a weight: 32 less 8 of the sample and 2 for sums above 1 and the sign.
pub(super) const PRECISION: u32 = 32 - 8 - 2;

/// The most bytes between the two passes, if they are more than the picture's: a picture one pixel
/// wide and a hundred million high would grow to 67 GB. Beyond, the columns come first, which rounds
/// differently, by 1, but starts with what makes it smaller.
const MOST_BETWEEN: u64 = 64 << 20;

/// Rows from which on all windows are made at once, before the first row: they take up to 40 bytes for
/// each of its pixels. Fewer rows than that are cheaper than their windows, so a picture a hundred
/// million wide and one high would take gigabytes.
const MANY_ROWS: usize = 16;

/// One half, so that cutting off the fraction rounds.
pub(super) const HALF: i32 = 1 << (PRECISION - 1);

/// Where a resized sample comes from: `weights.len()` samples from `first` on.
pub(super) struct Window {
    pub(super) first: usize,
    pub(super) weights: Vec<i32>,
}

/// Resizes to `width` × `height`; a side that stays as it is is not filtered.
pub(super) fn resize(picture: &Rgb, width: u32, height: u32) -> Vec<u8> {
    let between = u64::from(width) * u64::from(picture.height()) * 3;
    if width > picture.width() && between > MOST_BETWEEN {
        let lowered = along_columns(picture.pixels(), picture.width(), picture.height(), height);
        along_rows(&lowered, picture.width(), width).into_owned()
    } else {
        let narrowed = along_rows(picture.pixels(), picture.width(), width);
        along_columns(&narrowed, width, picture.height(), height).into_owned()
    }
}

/// The window of each of `to` samples among `from`.
pub(super) fn windows(from: u32, to: u32) -> impl Iterator<Item = Window> {
    let scale = f64::from(from) / f64::from(to);
    // Enlarging, the triangle keeps its width of one sample to either side.
    let reach = scale.max(1.0);
    (0..to).map(move |at| window((f64::from(at) + 0.5) * scale, reach, from))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the picture")]
fn window(centre: f64, reach: f64, from: u32) -> Window {
    let first = (centre - reach + 0.5).max(0.0) as u32;
    let end = ((centre + reach + 0.5) as u32).min(from);
    // As Pillow does, by multiplying with the inverse: dividing rounds differently.
    let steepness = 1.0 / reach;
    let triangle = |at: u32| {
        let distance = (f64::from(at - first) + f64::from(first) - centre + 0.5) * steepness;
        (1.0 - distance.abs()).max(0.0)
    };
    let weights: Vec<f64> = (first..end).map(triangle).collect();
    let sum: f64 = weights.iter().sum();
    let fixed = |weight: f64| (0.5 + weight / sum * f64::from(1 << PRECISION)) as i32;
    Window { first: first as usize, weights: weights.into_iter().map(fixed).collect() }
}

/// Resizes every row of `from` pixels to `to`.
fn along_rows(pixels: &[u8], from: u32, to: u32) -> Cow<'_, [u8]> {
    if from == to {
        return pixels.into();
    }
    if pixels.len() / (from as usize * 3) < MANY_ROWS {
        return along_few_rows(pixels, from, to).into();
    }
    let windows: Vec<_> = windows(from, to).collect();
    #[cfg(target_arch = "x86_64")]
    if let Some(vectors) = vectors::detect() {
        return super::rows::along(vectors, pixels, from as usize, &windows).into();
    }
    along_rows_plainly(pixels, from, &windows).into()
}

/// The same without vectors.
pub(super) fn along_rows_plainly(pixels: &[u8], from: u32, windows: &[Window]) -> Vec<u8> {
    let rows = pixels.chunks_exact(from as usize * 3);
    let mut resized = Vec::with_capacity(windows.len() * rows.len() * 3);
    for row in rows {
        let (colours, _) = row.as_chunks::<3>();
        for window in windows {
            resized.extend_from_slice(&window.colour(colours));
        }
    }
    resized
}

/// The same, window by window, so that there is only one at a time.
fn along_few_rows(pixels: &[u8], from: u32, to: u32) -> Vec<u8> {
    let rows = pixels.chunks_exact(from as usize * 3);
    let length = to as usize * 3;
    let mut resized = vec![0; rows.len() * length];
    for (at, window) in windows(from, to).enumerate() {
        for (row, resized) in rows.clone().zip(resized.chunks_exact_mut(length)) {
            resized[at * 3..][..3].copy_from_slice(&window.colour(row.as_chunks().0));
        }
    }
    resized
}

impl Window {
    /// What it makes of the colours of a row.
    fn colour(&self, row: &[[u8; 3]]) -> [u8; 3] {
        let mut sums = [HALF; 3];
        for (colour, weight) in row[self.first..][..self.weights.len()].iter().zip(&self.weights) {
            for (sum, sample) in sums.iter_mut().zip(colour) {
                *sum += i32::from(*sample) * weight;
            }
        }
        sums.map(cut)
    }
}

/// Resizes every column of `from` pixels to `to`; rows are `width` pixels long.
fn along_columns(pixels: &[u8], width: u32, from: u32, to: u32) -> Cow<'_, [u8]> {
    if from == to {
        return pixels.into();
    }
    let row_length = width as usize * 3;
    let mut resized = vec![0; to as usize * row_length];
    let mut sums = vec![HALF; row_length];
    let rows = resized.chunks_exact_mut(row_length);
    for (Window { first, weights }, resized) in windows(from, to).zip(rows) {
        let covered = &pixels[first * row_length..];
        Arch::new().dispatch(Row { covered, weights: &weights, sums: &mut sums, resized });
    }
    resized.into()
}

/// One resized row and what it comes from; compiled for each instruction set.
struct Row<'a> {
    /// The rows from the window's first on.
    covered: &'a [u8],
    weights: &'a [i32],
    sums: &'a mut [i32],
    resized: &'a mut [u8],
}

impl NullaryFnOnce for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.sums.fill(HALF);
        let rows = self.covered.chunks_exact(self.resized.len());
        for (row, weight) in rows.zip(self.weights) {
            for (sum, sample) in self.sums.iter_mut().zip(row) {
                *sum += i32::from(*sample) * weight;
            }
        }
        for (sample, sum) in self.resized.iter_mut().zip(self.sums) {
            *sample = cut(*sum);
        }
    }
}

/// A fixed-point sum as a sample.
#[inline(always)]
fn cut(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255).to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn window_by_window_the_rows_are_the_very_same(
            from in 1_u32..300, to in 1_u32..120, rows in 1_usize..16, seed in any::<u8>(),
        ) {
            let length = from as usize * 3 * rows;
            let pixels: Vec<u8> = (0..length).map(|at| (at as u8).wrapping_mul(151) ^ seed).collect();
            let windows: Vec<_> = windows(from, to).collect();

            let resized = along_few_rows(&pixels, from, to);

            prop_assert_eq!(resized, along_rows_plainly(&pixels, from, &windows));
        }
    }

    #[test]
    fn a_picture_of_one_column_is_never_widened_before_it_is_lowered() {
        let height = 200_000;
        let pixels: Vec<u8> =
            (0..height).flat_map(|y: u32| [(y / 1000).to_le_bytes()[0]; 3]).collect();
        let picture = Rgb::new(1, height, pixels).unwrap();
        let lowered = resize(&picture, 1, 10);

        // The columns first: each row of the result is then one pixel, repeated.
        let resized = resize(&picture, 224, 10);

        let (rows, one) = (resized.as_chunks::<672>().0, lowered.as_chunks::<3>().0);
        assert!(
            rows.iter().zip(one).all(|(row, pixel)| row.as_chunks().0.iter().all(|p| p == pixel))
        );
        assert!(rows.len() == 10 && one.len() == 10 && one.is_sorted() && one[0] < one[9]);
    }

    #[test]
    fn every_window_lies_within_the_picture_and_its_weights_add_up_to_one() {
        for (from, to) in [(1, 224), (224, 1), (400, 224), (223, 224), (30_000, 100), (7, 3)] {
            for Window { first, weights } in windows(from, to) {
                assert!(!weights.is_empty() && first + weights.len() <= from as usize);
                let sum: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
                let rounding = i64::try_from(weights.len()).unwrap();
                assert!((sum - (1 << PRECISION)).abs() <= rounding, "{from} to {to}: {sum}");
            }
        }
    }
}
