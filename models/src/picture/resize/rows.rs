//! Rows resized with AVX2: four rows and four colours at a time.
//!
//! A weight of 22 bits is too long for the instruction that multiplies 16-bit numbers and adds them
//! in pairs. Its upper and its lower eleven bits are not, and their sums put together are the very
//! sum of the whole weights.

use pulp::NullaryFnOnce;
use std::arch::x86_64::{__m128i, __m256i};

use super::super::vectors::Vectors;
use super::bilinear::{HALF, PRECISION, Window};

/// Bits of a weight's lower part.
const LOWER: u32 = PRECISION / 2;

/// Colours that one step takes.
const STEP: usize = 4;

/// Bytes that are loaded for them; the last four are ignored.
const LOADED: usize = 16;

/// Rows that go together, so that a weight is loaded once for all of them.
const ROWS: usize = 4;

/// Weights of the colours of one step, in the order of [`PAIRS`].
#[derive(Clone, Copy)]
struct Weights {
    upper: [i16; 16],
    lower: [i16; 16],
}

/// A window cut into steps.
struct Steps {
    /// Its first byte in a row.
    first: usize,
    weights: Vec<Weights>,
}

/// Four colours as 16-bit samples in pairs of the same channel: the first two colours in the lower
/// half, the last two in the upper one. 128 makes a zero.
const PAIRS: [u8; 32] = {
    const Z: u8 = 128;
    [
        0, Z, 3, Z, 1, Z, 4, Z, 2, Z, 5, Z, Z, Z, Z, Z, //
        6, Z, 9, Z, 7, Z, 10, Z, 8, Z, 11, Z, Z, Z, Z, Z,
    ]
};

impl Steps {
    fn of(window: &Window) -> Self {
        let weights = window.weights.chunks(STEP).map(Weights::of).collect();
        Self { first: window.first * 3, weights }
    }
}

impl Weights {
    fn of(weights: &[i32]) -> Self {
        let mut parts = Self { upper: [0; 16], lower: [0; 16] };
        for (at, weight) in weights.iter().enumerate() {
            for channel in 0..3 {
                let lane = at / 2 * 8 + channel * 2 + at % 2;
                // Both have twelve bits at most: a weight is at most 1.
                let (upper, lower) = (weight >> LOWER, weight & ((1 << LOWER) - 1));
                parts.upper[lane] = i16::try_from(upper).unwrap_or_default();
                parts.lower[lane] = i16::try_from(lower).unwrap_or_default();
            }
        }
        parts
    }
}

/// Resizes rows of `from` colours to one for each window.
pub(super) fn along(vectors: Vectors, pixels: &[u8], from: usize, windows: &[Window]) -> Vec<u8> {
    let steps: Vec<_> = windows.iter().map(Steps::of).collect();
    let (length, to) = (from * 3, windows.len() * 3);
    let rows = pixels.len() / length;
    let mut resized = vec![0; rows * to];
    // Loads reach beyond a row's end: into the next one, or into zeros after the last ones.
    let reach = STEP * 3 + LOADED;
    let direct = rows.saturating_sub(reach.div_ceil(length)) / ROWS * ROWS;
    let (head, tail) = resized.split_at_mut(direct * to);
    for (at, resized) in head.chunks_exact_mut(ROWS * to).enumerate() {
        let first = at * ROWS * length;
        let pixels = &pixels[first..first + ROWS * length + reach];
        vectors.vectorize(Band { vectors, pixels, length, steps: &steps, resized });
    }
    let mut padded = vec![0; ROWS * length + reach];
    for (at, resized) in tail.chunks_mut(ROWS * to).enumerate() {
        let left = &pixels[(direct + at * ROWS) * length..];
        let left = &left[..left.len().min(ROWS * length)];
        padded[..left.len()].copy_from_slice(left);
        let mut all = vec![0; ROWS * to];
        let band = Band { vectors, pixels: &padded, length, steps: &steps, resized: &mut all };
        vectors.vectorize(band);
        resized.copy_from_slice(&all[..resized.len()]);
    }
    resized
}

/// Four rows, and where they go.
struct Band<'a> {
    vectors: Vectors,
    /// With what loads reach into after the last row.
    pixels: &'a [u8],
    /// Bytes of a row.
    length: usize,
    steps: &'a [Steps],
    resized: &'a mut [u8],
}

impl NullaryFnOnce for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { vectors, pixels, length, steps, resized } = self;
        let rows: [&[u8]; ROWS] = std::array::from_fn(|row| &pixels[row * length..]);
        let (a, rest) = resized.split_at_mut(steps.len() * 3);
        let (b, rest) = rest.split_at_mut(steps.len() * 3);
        let (c, d) = rest.split_at_mut(steps.len() * 3);
        let outs = a.as_chunks_mut::<3>().0.iter_mut().zip(b.as_chunks_mut::<3>().0);
        let outs = outs.zip(c.as_chunks_mut::<3>().0).zip(d.as_chunks_mut::<3>().0);
        for (steps, (((a, b), c), d)) in steps.iter().zip(outs) {
            let [first, second, third, fourth] = colours(vectors, rows, steps);
            (*a, *b, *c, *d) = (first, second, third, fourth);
        }
    }
}

/// One colour of each row.
#[inline(always)]
fn colours(vectors: Vectors, rows: [&[u8]; ROWS], steps: &Steps) -> [[u8; 3]; ROWS] {
    let avx2 = vectors.avx2;
    let mut upper: [__m256i; ROWS] = [pulp::cast([0_i32; 8]); ROWS];
    let mut lower = upper;
    let length = (steps.weights.len() - 1) * STEP * 3 + LOADED;
    let mut rows = rows;
    for row in &mut rows {
        *row = &row[steps.first..][..length];
    }
    for (at, weights) in steps.weights.iter().enumerate() {
        let at = at * STEP * 3;
        let (up, low): (__m256i, __m256i) = (pulp::cast(weights.upper), pulp::cast(weights.lower));
        for row in 0..ROWS {
            let bytes: [u8; LOADED] = *rows[row][at..].first_chunk().expect("within the length");
            let bytes = avx2._mm256_broadcastsi128_si256(pulp::cast(bytes));
            let pairs = avx2._mm256_shuffle_epi8(bytes, pulp::cast(PAIRS));
            upper[row] = avx2._mm256_add_epi32(upper[row], avx2._mm256_madd_epi16(pairs, up));
            lower[row] = avx2._mm256_add_epi32(lower[row], avx2._mm256_madd_epi16(pairs, low));
        }
    }
    let mut colours = [[0; 3]; ROWS];
    for row in 0..ROWS {
        colours[row] = colour(vectors, upper[row], lower[row]);
    }
    colours
}

/// Puts both parts' sums together and cuts off the fraction.
#[inline(always)]
fn colour(vectors: Vectors, upper: __m256i, lower: __m256i) -> [u8; 3] {
    const SHIFT: i32 = LOWER.cast_signed();
    const FRACTION: i32 = PRECISION.cast_signed();
    let (avx, avx2, sse2) = (vectors.avx, vectors.avx2, vectors.sse2);
    let sum = avx2._mm256_add_epi32(avx2._mm256_slli_epi32::<SHIFT>(upper), lower);
    let halves = (avx._mm256_castsi256_si128(sum), avx2._mm256_extracti128_si256::<1>(sum));
    let sum = sse2._mm_add_epi32(halves.0, halves.1);
    let sum = sse2._mm_add_epi32(sum, pulp::cast([HALF; 4]));
    let sample: __m128i = sse2._mm_srai_epi32::<FRACTION>(sum);
    let sample = sse2._mm_packs_epi32(sample, sample);
    let [red, green, blue, ..]: [u8; 16] = pulp::cast(sse2._mm_packus_epi16(sample, sample));
    [red, green, blue]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::vectors::detect;
    use super::super::bilinear::{along_rows_plainly, windows};
    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn vectors_give_the_very_rows(
            from in 1_u32..300, to in 1_u32..120, rows in 1_usize..12, seed in any::<u8>(),
        ) {
            let length = from as usize * 3 * rows;
            let sample = |at: usize| (at as u8).wrapping_mul(151) ^ seed;
            let pixels: Vec<u8> = (0..length).map(sample).map(|s| s | 0u8.wrapping_sub(s & 1)).collect();
            let windows: Vec<_> = windows(from, to).collect();
            let Some(vectors) = detect() else { return Ok(()) }; // nothing to compare with

            let resized = along(vectors, &pixels, from as usize, &windows);

            prop_assert_eq!(resized, along_rows_plainly(&pixels, from, &windows));
        }
    }
}
