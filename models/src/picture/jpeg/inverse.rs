//! The inverse cosine transform, in the integer arithmetic of libjpeg's `jidctint.c`.
//!
//! After Loeffler, Ligtenberg and Moschytz (1989): twelve multiplications for eight values.

#[cfg(target_arch = "x86_64")]
mod vectors;

use super::super::vectors::Vectors;
use super::frame::{BLOCK, SIDE};

/// Fractional bits of the constants.
const CONSTANT_BITS: u32 = 13;

/// Fractional bits that are kept between the columns and the rows.
const KEPT_BITS: u32 = 2;

/// Constants of the transform times 2^13, rounded.
const C0_298: i32 = 2446;
const C0_390: i32 = 3196;
const C0_541: i32 = 4433;
const C0_765: i32 = 6270;
const C0_899: i32 = 7373;
const C1_175: i32 = 9633;
const C1_501: i32 = 12299;
const C1_847: i32 = 15137;
const C1_961: i32 = 16069;
const C2_053: i32 = 16819;
const C2_562: i32 = 20995;
const C3_072: i32 = 25172;

/// The samples of a block: coefficients times their quantisation `table`, transformed back.
#[inline]
pub fn samples(
    vectors: Option<Vectors>,
    coefficients: &[i16; BLOCK],
    table: &[u16; BLOCK],
) -> [u8; BLOCK] {
    #[cfg(target_arch = "x86_64")]
    if let Some(vectors) = vectors
        && let Some(samples) = vectors.vectorize(vectors::Block { vectors, coefficients, table })
    {
        return samples;
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = vectors;
    plainly(coefficients, table)
}

/// The same without vectors.
fn plainly(coefficients: &[i16; BLOCK], table: &[u16; BLOCK]) -> [u8; BLOCK] {
    let value = |at: usize| i32::from(coefficients[at]).wrapping_mul(i32::from(table[at]));
    if coefficients[1..].iter().all(|coefficient| *coefficient == 0) {
        let sum = add(value(0) << KEPT_BITS, 1 << (KEPT_BITS + 2));
        return [sample(sum, KEPT_BITS + 3); BLOCK];
    }
    let mut kept = [0; BLOCK];
    for x in 0..SIDE {
        let column: [i32; SIDE] = std::array::from_fn(|y| value(y * SIDE + x));
        let rounding = 1 << (CONSTANT_BITS - KEPT_BITS - 1);
        let transformed = if column[1..] == [0; SIDE - 1] {
            [column[0] << KEPT_BITS; SIDE]
        } else {
            transform(&column).map(|sum| sum.wrapping_add(rounding) >> (CONSTANT_BITS - KEPT_BITS))
        };
        for (y, value) in transformed.into_iter().enumerate() {
            kept[y * SIDE + x] = value;
        }
    }
    let mut samples = [0; BLOCK];
    let shift = CONSTANT_BITS + KEPT_BITS + 3;
    for (row, kept) in samples.as_chunks_mut::<SIDE>().0.iter_mut().zip(kept.as_chunks().0) {
        *row = transform(kept).map(|sum| sample(sum.wrapping_add(1 << (shift - 1)), shift));
    }
    samples
}

/// Cuts off `shift` fractional bits and moves the middle from 0 to 128.
fn sample(sum: i32, shift: u32) -> u8 {
    u8::try_from(((sum >> shift) + 128).clamp(0, 255)).unwrap_or_default()
}

/// One dimension of the transform, scaled by √8 and 2^13.
#[inline]
const fn transform(v: &[i32; SIDE]) -> [i32; SIDE] {
    let shared = times(add(v[2], v[6]), C0_541);
    let even2 = sub(shared, times(v[6], C1_847));
    let even3 = add(shared, times(v[2], C0_765));
    let even0 = add(v[0], v[4]) << CONSTANT_BITS;
    let even1 = sub(v[0], v[4]) << CONSTANT_BITS;
    let even = [add(even0, even3), add(even1, even2), sub(even1, even2), sub(even0, even3)];

    let (z1, z2) = (add(v[7], v[1]), add(v[5], v[3]));
    let (z3, z4) = (add(v[7], v[3]), add(v[5], v[1]));
    let shared = times(add(z3, z4), C1_175);
    let z1 = times(z1, -C0_899);
    let z2 = times(z2, -C2_562);
    let z3 = sub(shared, times(z3, C1_961));
    let z4 = sub(shared, times(z4, C0_390));
    let odd = [
        add(times(v[1], C1_501), add(z1, z4)),
        add(times(v[3], C3_072), add(z2, z3)),
        add(times(v[5], C2_053), add(z2, z4)),
        add(times(v[7], C0_298), add(z1, z3)),
    ];
    [
        add(even[0], odd[0]),
        add(even[1], odd[1]),
        add(even[2], odd[2]),
        add(even[3], odd[3]),
        sub(even[3], odd[3]),
        sub(even[2], odd[2]),
        sub(even[1], odd[1]),
        sub(even[0], odd[0]),
    ]
}

// Damaged coefficients may be of any size; they wrap, as they do in libjpeg.

const fn add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

const fn sub(a: i32, b: i32) -> i32 {
    a.wrapping_sub(b)
}

const fn times(a: i32, b: i32) -> i32 {
    a.wrapping_mul(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_block_has_the_value_of_its_first_coefficient() {
        for (coefficient, expected) in [(0, 128), (8, 129), (-1024, 0), (2000, 255), (-3, 128)] {
            let mut block = [0; BLOCK];
            block[0] = coefficient;
            assert_eq!(plainly(&block, &[1; BLOCK]), [expected; BLOCK]);
        }
    }

    #[test]
    fn a_damaged_coefficient_wraps_in_the_short_cut_too() {
        let (mut block, mut table) = ([0; BLOCK], [1; BLOCK]);
        // Times 4 that is 8 less than 2^31.
        (block[0], table[0]) = (14_351, 37_410);
        assert_eq!(plainly(&block, &table), [0; BLOCK]);
    }

    #[test]
    fn the_short_cut_for_constant_blocks_is_what_the_transform_gives() {
        for first in -1100..1100 {
            let kept = [first << KEPT_BITS, 0, 0, 0, 0, 0, 0, 0];
            let shift = CONSTANT_BITS + KEPT_BITS + 3;
            let expected = transform(&kept).map(|sum| sample(sum + (1 << (shift - 1)), shift));
            let mut block = [0; BLOCK];
            block[0] = short(first);
            assert_eq!(plainly(&block, &[1; BLOCK])[..SIDE], expected);
        }
    }

    #[test]
    fn the_transform_is_that_of_its_definition() {
        let mut block = [0; BLOCK];
        (block[0], block[1], block[8], block[27], block[63]) = (40, -90, 55, 33, 12);
        let basis = |at: usize, frequency: usize| {
            let scale = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
            scale
                * ((2.0 * f64::from(short_side(at)) + 1.0)
                    * f64::from(short_side(frequency))
                    * std::f64::consts::PI
                    / 16.0)
                    .cos()
                / 2.0
        };
        for (place, sample) in plainly(&block, &[3; BLOCK]).into_iter().enumerate() {
            let sum: f64 = (0..BLOCK)
                .map(|f| {
                    f64::from(block[f]) * 3.0 * basis(place % 8, f % 8) * basis(place / 8, f / 8)
                })
                .sum();
            let expected = (sum + 128.0).clamp(0.0, 255.0);
            assert!((f64::from(sample) - expected).abs() < 1.0, "{place}: {sample} {expected}");
        }
    }

    fn short(value: i32) -> i16 {
        i16::try_from(value).unwrap()
    }

    fn short_side(value: usize) -> u8 {
        u8::try_from(value).unwrap()
    }
}
