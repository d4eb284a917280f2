//! Vectors made small enough to travel with the page, which compares them itself.
//!
//! To find the neighbours of every picture takes as many comparisons as there are pairs; the page
//! needs those of the few pictures that somebody looks at. So the program does work for each picture
//! alone, and the page compares one with all when it is asked to.
//!
//! A vector that is short enough becomes one signed byte a dimension. A longer one is first turned by
//! a randomised Hadamard transform and cut: a cosine `c` is then off by about `(1 - c²) / √length`
//! (Ailon and Chazelle, The fast Johnson-Lindenstrauss transform, 2009), least for near neighbours.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde::Serialize;

/// Bytes of all sketches of one kind together: what a browser loads in the blink of an eye.
const BYTES: usize = 4 << 20;

/// The shortest sketch of a long vector: shorter ones would show neighbours that are none.
const SHORTEST: usize = 64;

/// Odd, so that its multiples meet every index of a power of two once, and in no pattern.
const STRIDE: usize = 0x9e37_79b1;

/// Makes sketches that can be compared with each other.
#[derive(Clone, Copy, Debug)]
pub struct Sketcher {
    longest: usize,
}

/// The sketch of one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    /// The length of the vector: only sketches of equally long ones can be compared.
    dimensions: usize,
    values: Vec<i8>,
}

/// All sketches of one kind, as the page gets them.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Sketches {
    /// Values of each.
    length: usize,
    /// One after the other in the order of the pictures, each value a signed byte, as Base64; all
    /// zero for a picture that cannot be compared.
    values: String,
}

impl Sketcher {
    /// For `pictures` pictures.
    pub fn new(pictures: usize) -> Self {
        Self { longest: (BYTES / pictures.max(1)).max(SHORTEST) }
    }

    /// The sketch of `vector`; `None` where it has no direction.
    pub fn sketch(&self, vector: Vec<f32>) -> Option<Sketch> {
        let dimensions = vector.len();
        let values = if dimensions > self.longest { self.cut(vector) } else { vector };
        let largest = values.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let finite = values.iter().all(|x| x.is_finite());
        if !finite || largest == 0.0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "-127 to 127")]
        let values = values.iter().map(|x| (x / largest * 127.0).round() as i8).collect();
        Some(Sketch { dimensions, values })
    }

    /// Turns `vector` so that every direction is spread over all dimensions alike, and keeps some.
    fn cut(&self, mut vector: Vec<f32>) -> Vec<f32> {
        for (index, x) in vector.iter_mut().enumerate() {
            if scrambled(index) & 1 == 1 {
                *x = -*x;
            }
        }
        vector.resize(vector.len().next_power_of_two(), 0.0);
        hadamard(&mut vector);
        let all = vector.len() - 1; // a power of two less one: the mask of its indices
        (0..self.longest).map(|place| vector[place.wrapping_mul(STRIDE) & all]).collect()
    }
}

impl Sketches {
    /// Puts the sketches of all pictures together. Those of vectors of another length than most are
    /// left out: a run that was interrupted may have two models' side by side.
    pub fn new<'a>(sketches: impl Iterator<Item = Option<&'a Sketch>> + Clone) -> Self {
        let mut lengths = BTreeMap::<(usize, usize), usize>::new();
        for sketch in sketches.clone().flatten() {
            *lengths.entry((sketch.dimensions, sketch.values.len())).or_default() += 1;
        }
        let usual = lengths.into_iter().max_by_key(|(length, count)| (*count, *length));
        let (dimensions, length) = usual.map_or((0, 0), |(length, _)| length);
        let mut values = Vec::with_capacity(sketches.clone().count() * length);
        for sketch in sketches {
            match sketch {
                Some(sketch) if sketch.dimensions == dimensions => {
                    values.extend(sketch.values.iter().map(|value| value.cast_unsigned()));
                }
                _ => values.resize(values.len() + length, 0),
            }
        }
        Self { length, values: BASE64.encode(&values) }
    }
}

/// The Walsh-Hadamard transform in place, not scaled; the length is a power of two.
fn hadamard(values: &mut [f32]) {
    let mut half = 1;
    while half < values.len() {
        for block in values.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
}

/// A number that looks random and is the same on every machine (the finaliser of `SplitMix64`).
fn scrambled(index: usize) -> u64 {
    let mut x = (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x ^ (x >> 31)) >> 7
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cosine(a: &Sketch, b: &Sketch) -> f64 {
        let dot = |a: &Sketch, b: &Sketch| -> f64 {
            a.values.iter().zip(&b.values).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    fn exact(a: &[f32], b: &[f32]) -> f64 {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    }

    #[test]
    fn what_has_no_direction_has_no_sketch() {
        let sketcher = Sketcher::new(1);
        for vector in [vec![], vec![0.0; 9], vec![f32::NAN, 1.0], vec![f32::INFINITY, 1.0]] {
            assert_eq!(sketcher.sketch(vector), None);
        }
    }

    #[test]
    fn the_more_pictures_the_shorter_the_sketches_down_to_a_bound() {
        let length =
            |pictures: usize| Sketcher::new(pictures).sketch(vec![1.0; 1280]).unwrap().values.len();
        assert_eq!([0, 26, 3_000, 10_000, 1 << 20].map(length), [1280, 1280, 1280, 419, 64]);
    }

    #[test]
    fn sketches_stand_in_the_order_of_their_pictures_and_others_leave_a_gap() {
        let sketcher = Sketcher::new(1);
        let of = |vector: &[f32]| sketcher.sketch(vector.to_vec());
        let sketches = [of(&[1.0, -1.0]), None, of(&[1.0]), of(&[0.5, 1.0])];

        let Sketches { length, values } = Sketches::new(sketches.iter().map(Option::as_ref));

        assert_eq!(length, 2);
        assert_eq!(BASE64.decode(values.as_bytes()).unwrap(), [127, 129, 0, 0, 0, 0, 64, 127]);
        assert_eq!(Sketches::new([].into_iter()), Sketches { length: 0, values: String::new() });
    }

    #[test]
    fn the_transform_keeps_lengths() {
        let mut values = [3.0, 1.0, -2.0, 5.0];
        hadamard(&mut values);
        assert_eq!(values, [7.0, -5.0, 1.0, 9.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_short_vectors_cosines_are_nearly_exact(
            (a, b) in (4..200_usize).prop_flat_map(|n| (
                prop::collection::vec(-1.0..1.0_f32, n),
                prop::collection::vec(-1.0..1.0_f32, n),
            )),
        ) {
            let sketcher = Sketcher::new(1);
            let (Some(x), Some(y)) = (sketcher.sketch(a.clone()), sketcher.sketch(b.clone()))
            else { return Ok(()) };

            prop_assert!((cosine(&x, &y) - exact(&a, &b)).abs() < 0.02);
        }

        /// Five standard deviations, and the rounding.
        #[test]
        fn a_long_vectors_cosines_are_about_right(
            a in prop::collection::vec(-1.0..1.0_f32, 1280),
            noise in prop::collection::vec(-1.0..1.0_f32, 1280),
            amount in 0.0..2.0_f32,
        ) {
            let b: Vec<f32> = a.iter().zip(&noise).map(|(x, n)| x + amount * n).collect();
            let sketcher = Sketcher { longest: 400 };
            let (x, y) = (sketcher.sketch(a.clone()).unwrap(), sketcher.sketch(b.clone()).unwrap());

            let right = exact(&a, &b);
            let allowed = 5.0 * (1.0 - right * right) / 20.0 + 0.01;
            prop_assert!((cosine(&x, &y) - right).abs() < allowed);
        }
    }
}
