//! A colour as a vector, to find the palettes that have it.

use super::{BINS, DIMENSIONS, bin_masses, unit};

/// The reference's deviation around the cell of a colour, in bins.
const REFERENCE_SPREAD: f64 = 0.3;

/// The vector that asks for `colour`: the palette of a picture that has no other colour.
///
/// `colour` is red, green, blue from 0 to 255; the answer has [`DIMENSIONS`] values, red slowest,
/// none below 0, and length 1. Its scalar product with a palette embedding is their cosine.
///
/// The bins and the blur are those of the embedding, from the same function, on purpose. The
/// reference puts a sample `c` into the bin `floor(c / 25.5)` when it indexes but asks for
/// `round(c / 255 × 9)`, which is another bin for 57 samples of 256: grey 205 is indexed in bin 8 and
/// looked for in bin 7. Asked this way, no palette of one colour fits a colour better than its own
/// (the cosine is 1 for that one alone), dark and bright ones included, of which the bins hold only
/// half the mass. [`reference_query`] is what the reference asks.
#[must_use]
pub fn query(colour: [u8; 3]) -> Vec<f32> {
    let [red, green, blue] = colour.map(|sample| bin_masses(f64::from(sample)));
    unit(&outer(&red, &green, &blue))
}

/// The vector with which the reference's search engine asks for `colour`, to compare with: a bell of
/// deviation 0.3 bins around the cell `round(c / 255 × 9)` of each channel.
///
/// Shapes and units are those of [`query`].
#[must_use]
pub fn reference_query(colour: [u8; 3]) -> Vec<f32> {
    let bell = |sample: u8| {
        let cell = (f64::from(sample) / 255.0 * 9.0).round();
        let mut bin = 0.0;
        std::array::from_fn(|_| {
            let distance: f64 = bin - cell;
            bin += 1.0;
            libm::exp(-distance * distance / (2.0 * REFERENCE_SPREAD * REFERENCE_SPREAD))
        })
    };
    let [red, green, blue] = colour.map(bell);
    unit(&outer(&red, &green, &blue))
}

/// All products of a value for red, one for green and one for blue, red slowest.
fn outer(red: &[f64; BINS], green: &[f64; BINS], blue: &[f64; BINS]) -> Vec<f64> {
    let mut products = Vec::with_capacity(DIMENSIONS);
    for red in red {
        for green in green {
            products.extend(blue.iter().map(|blue| red * green * blue));
        }
    }
    products
}
