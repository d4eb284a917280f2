//! `YCbCr` to RGB with AVX2, sixteen colours at a time, to the same bits.
//!
//! A factor is taken apart into whole numbers and a rest of 16 bits: 1.402 = 1 + 0.402,
//! 1.772 = 2 − 0.228, −0.714 = −1 + 0.286. Whole parts need no rounding, so nothing changes.

use pulp::NullaryFnOnce;
use std::arch::x86_64::{__m128i, __m256i};

use super::super::super::vectors::Vectors;

/// Colours of a step.
pub(super) const STEP: usize = 16;

const RED: i16 = (91_881 - (1 << 16)) as i16;
const BLUE: i16 = (116_130 - (2 << 16)) as i16;
const GREEN: [i16; 2] = [-22_554, ((1 << 16) - 46_802) as i16];

/// Where in each sixteen bytes of a row the samples of a channel go; 128 for elsewhere.
const PLACES: [[[u8; 16]; 3]; 3] = {
    let mut places = [[[128; 16]; 3]; 3];
    let mut at = 0;
    while at < 3 * STEP {
        places[at / STEP][at % 3][at % STEP] = (at / 3) as u8;
        at += 1;
    }
    places
};

/// A row to convert, as many colours as are whole steps.
pub(super) struct Row<'a> {
    pub(super) vectors: Vectors,
    pub(super) planes: [&'a [u8]; 3],
    pub(super) row: &'a mut [[u8; 3]],
}

impl NullaryFnOnce for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let [y, cb, cr] = self.planes.map(|plane| plane.as_chunks::<STEP>().0);
        let row = self.row.as_chunks_mut::<STEP>().0;
        for (((out, y), cb), cr) in row.iter_mut().zip(y).zip(cb).zip(cr) {
            *out = colours(self.vectors, [*y, *cb, *cr]);
        }
    }
}

#[inline(always)]
fn colours(v: Vectors, samples: [[u8; STEP]; 3]) -> [[u8; 3]; STEP] {
    let avx2 = v.avx2;
    let y = avx2._mm256_cvtepu8_epi16(pulp::cast(samples[0]));
    let cb = avx2._mm256_cvtepu8_epi16(pulp::cast(samples[1]));
    let cr = avx2._mm256_cvtepu8_epi16(pulp::cast(samples[2]));
    let middle = pulp::cast([128_i16; STEP]);
    let cb = avx2._mm256_sub_epi16(cb, middle);
    let cr = avx2._mm256_sub_epi16(cr, middle);
    let red = avx2._mm256_add_epi16(avx2._mm256_add_epi16(y, cr), part(v, cr, RED));
    let blue = avx2._mm256_add_epi16(y, avx2._mm256_add_epi16(cb, cb));
    let blue = avx2._mm256_add_epi16(blue, part(v, cb, BLUE));
    let green = avx2._mm256_add_epi16(avx2._mm256_sub_epi16(y, cr), green(v, cb, cr));
    let channels = [bytes(v, red), bytes(v, green), bytes(v, blue)];
    let [first, second, third] = PLACES;
    let rows =
        [placed(v, channels, first), placed(v, channels, second), placed(v, channels, third)];
    pulp::cast(rows)
}

/// `values` × `factor` / 2^16, rounded: their doubles multiplied, halved again with rounding.
#[inline(always)]
fn part(v: Vectors, values: __m256i, factor: i16) -> __m256i {
    let avx2 = v.avx2;
    let doubled = avx2._mm256_add_epi16(values, values);
    let product = avx2._mm256_mulhi_epi16(doubled, pulp::cast([factor; STEP]));
    avx2._mm256_srai_epi16::<1>(avx2._mm256_add_epi16(product, pulp::cast([1_i16; STEP])))
}

/// Both colour differences times [`GREEN`] / 2^16, rounded.
#[inline(always)]
fn green(v: Vectors, cb: __m256i, cr: __m256i) -> __m256i {
    let avx2 = v.avx2;
    let lower = green_half(v, avx2._mm256_unpacklo_epi16(cb, cr));
    avx2._mm256_packs_epi32(lower, green_half(v, avx2._mm256_unpackhi_epi16(cb, cr)))
}

#[inline(always)]
fn green_half(v: Vectors, pairs: __m256i) -> __m256i {
    let product = v.avx2._mm256_madd_epi16(pairs, pulp::cast([GREEN; STEP / 2]));
    let rounded = v.avx2._mm256_add_epi32(product, pulp::cast([1_i32 << 15; STEP / 2]));
    v.avx2._mm256_srai_epi32::<16>(rounded)
}

/// Sixteen samples, limited to 0 to 255.
#[inline(always)]
fn bytes(v: Vectors, words: __m256i) -> __m128i {
    let upper = v.avx2._mm256_extracti128_si256::<1>(words);
    v.sse2._mm_packus_epi16(v.avx._mm256_castsi256_si128(words), upper)
}

/// Sixteen bytes of interleaved channels.
#[inline(always)]
fn placed(v: Vectors, channels: [__m128i; 3], places: [[u8; 16]; 3]) -> __m128i {
    let red = v.ssse3._mm_shuffle_epi8(channels[0], pulp::cast(places[0]));
    let green = v.ssse3._mm_shuffle_epi8(channels[1], pulp::cast(places[1]));
    let blue = v.ssse3._mm_shuffle_epi8(channels[2], pulp::cast(places[2]));
    v.sse2._mm_or_si128(v.sse2._mm_or_si128(red, green), blue)
}

#[cfg(test)]
mod tests {
    use super::super::super::super::vectors::detect;
    use super::super::from_ycbcr;
    use super::*;

    #[test]
    fn vectors_give_the_very_colour_for_every_colour_there_is() {
        let Some(vectors) = detect() else { return }; // nothing to compare with
        let all: Vec<u8> = (0..=255).collect();
        let mut row = vec![[0; 3]; 256];
        for cb in 0..=255 {
            for cr in 0..=255 {
                let planes = [&all[..], &[cb; 256], &[cr; 256]];
                vectors.vectorize(Row { vectors, planes, row: &mut row });
                assert!(row.iter().zip(0..).all(|(rgb, y)| *rgb == from_ycbcr([y, cb, cr])));
            }
        }
    }
}
