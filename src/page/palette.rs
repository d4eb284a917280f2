//! Turns a palette embedding back into the few colours that a person would name.

use std::sync::LazyLock;

use models::palette::{BIN_WIDTH, BINS, bin_masses};

/// The most colours shown.
const MOST: usize = 6;
/// A colour with a smaller part than this of all is left out.
const SMALLEST_SHARE: f32 = 0.03;
/// How much of the strongest bin is explained at a time, and how often.
const GAIN: f32 = 0.2;
const STEPS: usize = 120;

/// One colour of a palette.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swatch {
    /// Red, green and blue: the centre of its bin.
    pub colour: [u8; 3],
    /// Its part of the colours shown; all parts add up to 1.
    pub share: f32,
}

/// The strongest colours of `embedding`, 1000 bin masses at `red * 100 + green * 10 + blue`, the
/// strongest first; none where it is of another length or empty.
///
/// The embedding is a blurred histogram: a plain grey spreads over bins that are green or purple to
/// the eye. So the blur is undone first, step by step as CLEAN does for radio telescopes: the strongest
/// bin is taken for a colour, part of what that colour alone would have left everywhere is subtracted,
/// and so on with what remains.
pub fn swatches(embedding: &[f32]) -> Vec<Swatch> {
    if embedding.len() != BINS.pow(3) || !embedding.iter().all(|mass| mass.is_finite()) {
        return vec![];
    }
    let mut found = merged(&sharpened(embedding));
    found.truncate(MOST);
    let all: f32 = found.iter().map(|(_, amount)| amount).sum();
    found.retain(|(_, amount)| *amount >= SMALLEST_SHARE * all);
    let shown: f32 = found.iter().map(|(_, amount)| amount).sum();
    found
        .iter()
        .map(|(bin, amount)| Swatch { colour: centre(*bin), share: amount / shown })
        .collect()
}

/// How much of each bin's colour there was before the blur.
fn sharpened(embedding: &[f32]) -> Vec<f32> {
    let mut left = embedding.to_vec();
    let mut amounts = vec![0.0; left.len()];
    for _ in 0..STEPS {
        let (bin, mass) = strongest(&left);
        if mass <= 0.0 {
            break;
        }
        let [red, green, blue] = coordinates(bin).map(|axis| &SPREAD[axis]);
        let peak: f32 = coordinates(bin).iter().map(|axis| SPREAD[*axis][*axis]).product();
        let amount = GAIN * mass / peak;
        amounts[bin] += amount;
        let reds_and_greens = red.iter().flat_map(|r| green.iter().map(move |g| r * g));
        for (row, part) in left.as_chunks_mut::<BINS>().0.iter_mut().zip(reds_and_greens) {
            for (mass, b) in row.iter_mut().zip(blue) {
                *mass -= amount * part * b;
            }
        }
    }
    amounts
}

/// The bin with the largest mass, the last of equals.
fn strongest(masses: &[f32]) -> (usize, f32) {
    let largest = masses.iter().fold(f32::MIN, |largest, mass| largest.max(*mass));
    let bin = masses.iter().rposition(|mass| *mass >= largest).unwrap_or(0);
    (bin, largest)
}

/// `SPREAD[a][b]`: the part of a sample in the middle of bin `a` that the blur puts into bin `b`.
#[expect(clippy::cast_possible_truncation, reason = "the embedding is f32")]
static SPREAD: LazyLock<[[f32; BINS]; BINS]> = LazyLock::new(|| {
    let masses = |bin| bin_masses((real(bin) + 0.5) * BIN_WIDTH);
    std::array::from_fn(|bin| masses(bin).map(|mass| mass as f32))
});

/// The bins with something in them, the strongest first, each with what is in the bins that touch
/// it: neighbours in the histogram are one colour to the eye.
fn merged(amounts: &[f32]) -> Vec<(usize, f32)> {
    let mut bins: Vec<(usize, f32)> = amounts.iter().copied().enumerate().collect();
    bins.retain(|(_, amount)| *amount > 0.0);
    let by_amount = |a: &(usize, f32), b: &(usize, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    bins.sort_by(by_amount);
    let mut merged: Vec<(usize, f32)> = vec![];
    for (bin, amount) in bins {
        match merged.iter_mut().find(|(other, _)| touch(bin, *other)) {
            Some((_, sum)) => *sum += amount,
            None => merged.push((bin, amount)),
        }
    }
    merged.sort_by(by_amount);
    merged
}

fn coordinates(bin: usize) -> [usize; 3] {
    [bin / (BINS * BINS), bin / BINS % BINS, bin % BINS]
}

fn touch(one: usize, other: usize) -> bool {
    coordinates(one).iter().zip(coordinates(other)).all(|(a, b)| a.abs_diff(b) <= 1)
}

#[expect(clippy::cast_precision_loss, reason = "bins and pieces of them are few")]
fn real(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "nine and a half bins of 25.5 are 242"
)]
fn centre(bin: usize) -> [u8; 3] {
    coordinates(bin).map(|axis| ((real(axis) + 0.5) * BIN_WIDTH) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The embedding of a picture with these colours, each in the middle of a bin, and amounts.
    fn embedding(colours: &[(usize, f32)]) -> Vec<f32> {
        let mass = |bin: usize| -> f32 {
            colours
                .iter()
                .map(|(colour, amount)| {
                    let axes = coordinates(*colour).into_iter().zip(coordinates(bin));
                    amount * axes.map(|(from, to)| SPREAD[from][to]).product::<f32>()
                })
                .sum()
        };
        let masses: Vec<f32> = (0..1000).map(mass).collect();
        let norm = masses.iter().map(|mass| mass * mass).sum::<f32>().sqrt();
        masses.iter().map(|mass| mass / norm).collect()
    }

    fn shares(swatches: &[Swatch]) -> Vec<([u8; 3], i32)> {
        #[expect(clippy::cast_possible_truncation, reason = "percent")]
        swatches.iter().map(|s| (s.colour, (s.share * 100.0).round() as i32)).collect()
    }

    #[test]
    fn the_masses_of_a_blurred_sample_are_those_of_the_normal_distribution() {
        // Φ(12.75/30) − Φ(−12.75/30), and Φ(38.25/30) − Φ(12.75/30).
        assert!((SPREAD[5][5] - 0.329_163).abs() < 1e-5);
        assert!((SPREAD[5][6] - 0.234_264).abs() < 1e-5);
    }

    #[test]
    fn one_colour_is_one_swatch_however_far_the_blur_spreads_it() {
        for bin in [0, 999, 555, 444, 900, 99, 272] {
            assert_eq!(shares(&swatches(&embedding(&[(bin, 1.0)]))), [(centre(bin), 100)]);
        }
        assert_eq!(centre(905), [242, 12, 140]);
    }

    #[test]
    fn colours_come_with_their_parts_of_the_picture_the_largest_first() {
        let found = swatches(&embedding(&[(0, 0.2), (555, 0.5), (909, 0.3)]));

        let expected = [(centre(555), 50), (centre(909), 30), (centre(0), 20)];
        for ((colour, percent), (right, exact)) in shares(&found).into_iter().zip(expected) {
            assert_eq!(colour, right);
            assert!((percent - exact).abs() <= 4, "{percent} for {exact}");
        }
        assert_eq!(found.len(), 3);
        assert!((found.iter().map(|s| s.share).sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn colours_that_the_eye_takes_for_one_are_one() {
        assert_eq!(swatches(&embedding(&[(555, 0.6), (556, 0.4)])).len(), 1);
    }

    #[test]
    fn at_most_six_colours_are_shown_and_none_of_what_is_no_palette() {
        let many = [0, 9, 90, 99, 900, 909, 990, 999].map(|bin| (bin, 1.0));

        assert_eq!(swatches(&embedding(&many)).len(), 6);
        assert_eq!(swatches(&[]), []);
        assert_eq!(swatches(&[0.1; 999]), []);
        assert_eq!(swatches(&[0.0; 1000]), []);
        assert_eq!(swatches(&[f32::NAN; 1000]), []);
    }
}
