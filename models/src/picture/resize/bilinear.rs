//! Pillow's antialiased bilinear filter, to the bit: fixed-point weights of 22 bits, first along
//! the rows into 8-bit samples, then along the columns.
//!
//! After `src/libImaging/Resample.c` of Pillow. General resizing crates round their weights to 16
//! bits, which moves one sample in twelve by 1.

use super::super::rgb::Rgb;

/// Fractional bits of a weight: 32 less 8 of the sample and 2 for sums above 1 and the sign.
const PRECISION: u32 = 32 - 8 - 2;

/// One half, so that cutting off the fraction rounds.
const HALF: i32 = 1 << (PRECISION - 1);

/// Where a resized sample comes from: `weights.len()` samples from `first` on.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

/// Resizes to `width` × `height`; a side that stays as it is is not filtered.
pub(super) fn resize(picture: &Rgb, width: u32, height: u32) -> Vec<u8> {
    let (source_width, source_height) = (picture.width(), picture.height());
    let narrowed;
    let rows = if width == source_width {
        picture.pixels()
    } else {
        narrowed = along_rows(picture, &windows(source_width, width));
        &narrowed
    };
    if height == source_height {
        rows.to_vec()
    } else {
        along_columns(rows, width as usize * 3, &windows(source_height, height))
    }
}

/// The window of each of `to` samples among `from`.
fn windows(from: u32, to: u32) -> Vec<Window> {
    let scale = f64::from(from) / f64::from(to);
    // Enlarging, the triangle keeps its width of one sample to either side.
    let reach = scale.max(1.0);
    (0..to).map(|at| window((f64::from(at) + 0.5) * scale, reach, from)).collect()
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

/// Resizes every row.
fn along_rows(picture: &Rgb, windows: &[Window]) -> Vec<u8> {
    let mut resized = Vec::with_capacity(windows.len() * picture.height() as usize * 3);
    for row in picture.pixels().chunks_exact(picture.width() as usize * 3) {
        let (colours, _) = row.as_chunks::<3>();
        for Window { first, weights } in windows {
            let mut sums = [HALF; 3];
            for (colour, weight) in colours[*first..][..weights.len()].iter().zip(weights) {
                for (sum, sample) in sums.iter_mut().zip(colour) {
                    *sum += i32::from(*sample) * weight;
                }
            }
            resized.extend_from_slice(&sums.map(cut));
        }
    }
    resized
}

/// Resizes every column of rows that are `row_length` samples long.
fn along_columns(rows: &[u8], row_length: usize, windows: &[Window]) -> Vec<u8> {
    let mut resized = Vec::with_capacity(windows.len() * row_length);
    let mut sums = vec![HALF; row_length];
    for Window { first, weights } in windows {
        sums.fill(HALF);
        let covered = rows.chunks_exact(row_length).skip(*first);
        for (row, weight) in covered.zip(weights) {
            for (sum, sample) in sums.iter_mut().zip(row) {
                *sum += i32::from(*sample) * weight;
            }
        }
        resized.extend(sums.iter().map(|sum| cut(*sum)));
    }
    resized
}

/// A fixed-point sum as a sample.
fn cut(sum: i32) -> u8 {
    u8::try_from((sum >> PRECISION).clamp(0, 255)).expect("clamped to a byte")
}

#[cfg(test)]
mod tests {
    use super::*;

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
