//! Which colours a picture has: a histogram of 10 × 10 × 10 colour bins, and the average colour.
//!
//! The reference takes each of 50 × 50 pixels a hundred times, adds noise of N(0, 30²) to every
//! sample, counts what falls into bins of 25.5 from 0 to 255, drops what falls outside, and scales
//! the histogram to length 1. Its noise is not seeded, so the same picture never gives the same
//! vector twice. This is the limit of that for infinitely many repeats, in closed form: a pixel's
//! share of a bin is the product, over its three channels, of the normal distribution's mass
//! between the bin's edges. In other words, the histogram of colours, blurred along each axis.
//!
//! ```text
//! picture ─ bilinear ─► 100 × 100 ─ nearest ─► 50 × 50 ─ blurred histogram ─► 1000 values, length 1
//!                                                  └──── mean, cut off ─────► #rrggbb
//! one colour ─────────────────────────────────────── query ─────────────────► 1000 values, length 1
//! ```

mod query;

use crate::model::{Model, ModelError, Output};
use crate::picture::{Filter, ViewSpec, Views, resize};
pub use query::{query, reference_query};

/// Bins along each channel.
pub const BINS: usize = 10;

/// Length of the vector: one value for each bin of red, green and blue, red slowest.
pub const DIMENSIONS: usize = BINS * BINS * BINS;

/// Width of a bin in sample values: ten bins from 0 to 255.
pub const BIN_WIDTH: f64 = 25.5;

/// Standard deviation of the blur in sample values.
const SPREAD: f64 = 30.0;

/// Side of the picture whose colours are counted.
const SIDE: u32 = 50;

/// The size in which the pictures are seen first.
pub(crate) const VIEW: ViewSpec = ViewSpec { width: 100, height: 100, filter: Filter::Bilinear };

/// One value for each bin of one channel.
type Row = [f64; BINS];

/// Answers the palette vector and the average colour.
pub(crate) struct Palette {
    masses: Box<[Row; 256]>,
}

impl Palette {
    pub(crate) fn new() -> Self {
        let masses = (0..=u8::MAX).map(|sample| bin_masses(f64::from(sample))).collect::<Vec<_>>();
        Self { masses: masses.try_into().expect("a sample has 256 values") }
    }

    /// The blurred histogram of `colours`, not yet scaled: the sum over all of them of
    /// mass(red) × mass(green) × mass(blue).
    ///
    /// Sorted, colours that share red and green share most of the products.
    fn histogram(&self, colours: &mut [[u8; 3]]) -> Vec<f64> {
        colours.sort_unstable();
        let mut histogram = vec![0.0; DIMENSIONS];
        for same_red in colours.chunk_by(|a, b| a[0] == b[0]) {
            let mut plane = [0.0; BINS * BINS];
            for same_green in same_red.chunk_by(|a, b| a[1] == b[1]) {
                let mut row = [0.0; BINS];
                for [_, _, blue] in same_green {
                    add(&mut row, 1.0, &self.masses[usize::from(*blue)]);
                }
                self.spread(same_green[0][1], &row, &mut plane);
            }
            self.spread(same_red[0][0], &plane, &mut histogram);
        }
        histogram
    }

    /// Adds `part`, times the mass of each bin of `sample`, to that bin's stretch of `whole`.
    fn spread(&self, sample: u8, part: &[f64], whole: &mut [f64]) {
        let masses = &self.masses[usize::from(sample)];
        for (mass, stretch) in masses.iter().zip(whole.chunks_exact_mut(part.len())) {
            add(stretch, *mass, part);
        }
    }

    fn answer(&self, picture: &Views) -> Result<Vec<Output>, ModelError> {
        let view = picture.view(&VIEW).ok_or(ModelError::NoView(VIEW))?;
        let small = resize(view, SIDE, SIDE, Filter::Nearest);
        let mut colours: Vec<[u8; 3]> = small.colours().collect();
        let average = average(&colours);
        let histogram = self.histogram(&mut colours);
        Ok(vec![Output::Vector(unit(&histogram)), Output::Text(average)])
    }
}

impl Model for Palette {
    fn views(&self) -> &[ViewSpec] {
        &[VIEW]
    }

    fn infer(&mut self, pictures: &[&Views]) -> Result<Vec<Vec<Output>>, ModelError> {
        pictures.iter().map(|picture| self.answer(picture)).collect()
    }
}

/// `sum[i] += factor * values[i]`
fn add(sum: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

/// How much of a colour whose sample of one channel is `sample`, in 0 … 255, the blur puts into each
/// bin of that channel: the mass of a normal distribution around it. What falls below 0 or above 255 is
/// in none, so the masses of a sample near either end add up to about a half.
#[must_use]
pub fn bin_masses(sample: f64) -> [f64; BINS] {
    // Half the error function between the bin's edges, in units of √2 standard deviations.
    let below = |edge: f64| 0.5 * libm::erf((edge - sample) / (SPREAD * std::f64::consts::SQRT_2));
    let mut lower = 0.0;
    std::array::from_fn(|_| {
        let upper = lower + BIN_WIDTH;
        let mass = below(upper) - below(lower);
        lower = upper;
        mass
    })
}

/// `values` scaled to length 1.
fn unit(values: &[f64]) -> Vec<f32> {
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "vectors are f32; rounding is meant")]
    let scaled = values.iter().map(|value| (value / norm) as f32).collect();
    scaled
}

/// The mean of each channel, its fraction cut off, as `#rrggbb`.
fn average(colours: &[[u8; 3]]) -> String {
    let mean = |channel: usize| {
        let sum: usize = colours.iter().map(|colour| usize::from(colour[channel])).sum();
        sum / colours.len()
    };
    format!("#{:02x}{:02x}{:02x}", mean(0), mean(1), mean(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(palette: &Palette, colours: &[[u8; 3]]) -> Vec<f64> {
        let mut histogram = vec![0.0; DIMENSIONS];
        for colour in colours {
            let [r, g, b] = colour.map(|sample| palette.masses[usize::from(sample)]);
            for (at, sum) in histogram.iter_mut().enumerate() {
                *sum += r[at / 100] * g[at / 10 % 10] * b[at % 10];
            }
        }
        histogram
    }

    #[test]
    fn sharing_products_changes_nothing() {
        let palette = Palette::new();
        let mut colours: Vec<[u8; 3]> =
            (0..=255).map(|i: u8| [i / 7 * 7, i.wrapping_mul(37), i.wrapping_mul(101)]).collect();

        let expected = direct(&palette, &colours);
        let histogram = palette.histogram(&mut colours);

        for (found, expected) in histogram.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn a_sample_at_either_end_loses_half_of_its_mass_and_one_in_the_middle_next_to_nothing() {
        let mass = |sample| bin_masses(sample).iter().sum::<f64>();
        assert!((mass(0.0) - 0.5).abs() < 1e-12);
        assert!((mass(255.0) - 0.5).abs() < 1e-12);
        assert!((mass(128.0) - 1.0).abs() < 3e-5);
    }

    #[test]
    fn the_first_bin_of_black_has_the_mass_of_a_normal_table() {
        // Φ(25.5 / 30) − Φ(0) = Φ(0.85) − 0.5
        assert!((bin_masses(0.0)[0] - 0.302_337_456_877_3).abs() < 1e-12, "{}", bin_masses(0.0)[0]);
        // Φ(1.7) − Φ(0.85)
        assert!((bin_masses(0.0)[1] - 0.153_097_080_364_1).abs() < 1e-12, "{}", bin_masses(0.0)[1]);
    }

    #[test]
    fn the_average_is_cut_off_not_rounded() {
        assert_eq!(average(&[[0, 10, 255], [1, 11, 255]]), "#000aff");
    }
}
