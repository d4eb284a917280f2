//! The inverse transform with AVX2, to the same bits.
//!
//! Integers wrap, so both dimensions of the transform are exactly what its matrix says: each value
//! is a sum of eight products, which the instruction for pairs of 16-bit numbers makes of four, for
//! eight values at once. Even frequencies are symmetric and odd ones antisymmetric, so half of it
//! is mirrored.
//!
//! No closures: only functions that are always inlined are compiled with the vectors' instructions.

mod tables;

use pulp::NullaryFnOnce;
use std::arch::x86_64::__m256i;

use super::super::super::vectors::Vectors;
use super::super::frame::{BLOCK, SIDE};
use super::{CONSTANT_BITS, KEPT_BITS};
use tables::{ACROSS, DOWN, EVEN_ODD};

/// A block to transform; `None` if a number on the way has more than 16 bits, as only damaged
/// coefficients make it.
pub(super) struct Block<'a> {
    pub(super) vectors: Vectors,
    pub(super) coefficients: &'a [i16; BLOCK],
    pub(super) table: &'a [u16; BLOCK],
}

impl NullaryFnOnce for Block<'_> {
    type Output = Option<[u8; BLOCK]>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let v = self.vectors;
        let rows = dequantised(v, self.coefficients, self.table)?;
        let kept = along_columns(v, rows)?;
        Some(along_rows(v, kept))
    }
}

/// Two rows in each vector.
#[inline(always)]
fn dequantised(v: Vectors, block: &[i16; BLOCK], table: &[u16; BLOCK]) -> Option<[__m256i; 4]> {
    let (avx, avx2) = (v.avx, v.avx2);
    let (blocks, tables) = (block.as_chunks::<16>().0, table.as_chunks::<16>().0);
    let mut rows = [avx._mm256_setzero_si256(); 4];
    // Bits beyond the sixteenth, and factors that are no signed numbers of 16 bits.
    let mut beyond = rows[0];
    for (row, (coefficients, table)) in rows.iter_mut().zip(blocks.iter().zip(tables)) {
        let (values, factors): (__m256i, __m256i) = (pulp::cast(*coefficients), pulp::cast(*table));
        *row = avx2._mm256_mullo_epi16(values, factors);
        let upper = avx2._mm256_mulhi_epi16(values, factors);
        let sign = avx2._mm256_srai_epi16::<15>(*row);
        let wrong = avx2._mm256_xor_si256(upper, sign);
        let wrong = avx2._mm256_or_si256(wrong, avx2._mm256_srai_epi16::<15>(factors));
        beyond = avx2._mm256_or_si256(beyond, wrong);
    }
    if avx._mm256_testz_si256(beyond, beyond) == 1 { Some(rows) } else { None }
}

/// The columns' transform: rows by twos, even columns in the lower half and odd ones in the upper.
#[inline(always)]
fn along_columns(v: Vectors, mut rows: [__m256i; 4]) -> Option<[__m256i; 4]> {
    const SHIFT: i32 = (CONSTANT_BITS - KEPT_BITS).cast_signed();
    let (avx, avx2) = (v.avx, v.avx2);
    for rows in &mut rows {
        *rows = avx2._mm256_shuffle_epi8(*rows, pulp::cast(EVEN_ODD));
    }
    let (pairs02, pairs13) = pairs(v, rows[0], rows[1]);
    let (pairs46, pairs57) = pairs(v, rows[2], rows[3]);
    let mut kept = [avx._mm256_setzero_si256(); SIDE];
    for (at, down) in DOWN.iter().enumerate() {
        let even = products(v, [pairs02, pairs46], [down[0], down[1]]);
        let odd = products(v, [pairs13, pairs57], [down[2], down[3]]);
        let even = avx2._mm256_add_epi32(even, pulp::cast([1_i32 << (SHIFT - 1); 8]));
        kept[at] = avx2._mm256_srai_epi32::<SHIFT>(avx2._mm256_add_epi32(even, odd));
        kept[7 - at] = avx2._mm256_srai_epi32::<SHIFT>(avx2._mm256_sub_epi32(even, odd));
    }
    let mut packed = rows;
    let (mut least, mut most) = (avx._mm256_setzero_si256(), avx._mm256_setzero_si256());
    for (packed, rows) in packed.iter_mut().zip(kept.as_chunks::<2>().0) {
        *packed = avx2._mm256_packs_epi32(rows[0], rows[1]);
        least = avx2._mm256_min_epi16(least, *packed);
        most = avx2._mm256_max_epi16(most, *packed);
    }
    // What is as large as can be may have been larger.
    let limited = avx2._mm256_or_si256(
        avx2._mm256_cmpeq_epi16(least, pulp::cast([i16::MIN; 16])),
        avx2._mm256_cmpeq_epi16(most, pulp::cast([i16::MAX; 16])),
    );
    if avx._mm256_testz_si256(limited, limited) == 1 { Some(packed) } else { None }
}

/// Of rows a, b, c, d: pairs of a and c, pairs of b and d.
#[inline(always)]
fn pairs(v: Vectors, ab: __m256i, cd: __m256i) -> (__m256i, __m256i) {
    let lower = v.avx2._mm256_unpacklo_epi16(ab, cd);
    let upper = v.avx2._mm256_unpackhi_epi16(ab, cd);
    let first = v.avx2._mm256_permute2x128_si256::<0x20>(lower, upper);
    (first, v.avx2._mm256_permute2x128_si256::<0x31>(lower, upper))
}

/// The sums of four products.
#[inline(always)]
fn products(v: Vectors, pairs: [__m256i; 2], factors: [[i16; 16]; 2]) -> __m256i {
    let first = v.avx2._mm256_madd_epi16(pairs[0], pulp::cast(factors[0]));
    let second = v.avx2._mm256_madd_epi16(pairs[1], pulp::cast(factors[1]));
    v.avx2._mm256_add_epi32(first, second)
}

/// The rows' transform, and the samples.
#[inline(always)]
fn along_rows(v: Vectors, kept: [__m256i; 4]) -> [u8; BLOCK] {
    let avx2 = v.avx2;
    let mut words = kept;
    for words in &mut words {
        let pairs =
            [avx2._mm256_shuffle_epi32::<0x00>(*words), avx2._mm256_shuffle_epi32::<0x55>(*words)];
        let first = products(v, pairs, ACROSS);
        let pairs =
            [avx2._mm256_shuffle_epi32::<0xaa>(*words), avx2._mm256_shuffle_epi32::<0xff>(*words)];
        *words = mirrored(v, first, products(v, pairs, ACROSS));
    }
    pulp::cast([bytes(v, words[0], words[1]), bytes(v, words[2], words[3])])
}

/// Four rows of samples, each limited to 0 to 255.
#[inline(always)]
fn bytes(v: Vectors, ab: __m256i, cd: __m256i) -> __m256i {
    let acbd = v.avx2._mm256_packus_epi16(ab, cd);
    v.avx2._mm256_permute4x64_epi64::<0b11_01_10_00>(acbd)
}

/// Two rows of eight values out of their even and odd halves, moved to 0 to 255.
#[inline(always)]
fn mirrored(v: Vectors, first: __m256i, second: __m256i) -> __m256i {
    const SHIFT: i32 = (CONSTANT_BITS + KEPT_BITS + 3).cast_signed();
    let avx2 = v.avx2;
    let even = avx2._mm256_permute2x128_si256::<0x20>(first, second);
    let odd = avx2._mm256_permute2x128_si256::<0x31>(first, second);
    let even = avx2._mm256_add_epi32(even, pulp::cast([1_i32 << (SHIFT - 1); 8]));
    let left = avx2._mm256_srai_epi32::<SHIFT>(avx2._mm256_add_epi32(even, odd));
    let right = avx2._mm256_srai_epi32::<SHIFT>(avx2._mm256_sub_epi32(even, odd));
    let right = avx2._mm256_shuffle_epi32::<0b00_01_10_11>(right);
    let words = avx2._mm256_packs_epi32(left, right);
    avx2._mm256_add_epi16(words, pulp::cast([128_i16; 16]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::super::vectors::detect;
    use super::super::plainly;
    use super::*;

    /// The samples of one block, if they are ordinary; where there are no vectors there is nothing to
    /// compare with.
    fn with_vectors(
        vectors: Vectors,
        coefficients: &[i16; BLOCK],
        table: &[u16; BLOCK],
    ) -> Option<[u8; BLOCK]> {
        vectors.vectorize(Block { vectors, coefficients, table })
    }

    fn sparse() -> impl Strategy<Value = [i16; BLOCK]> {
        let coefficient = prop_oneof![3 => Just(0), 1 => -2048_i16..2048];
        prop::collection::vec(coefficient, BLOCK).prop_map(|block| block.try_into().unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn vectors_give_the_very_samples(block in sparse(), factor in 1_u16..16, scale in 0_u32..8) {
            let Some(vectors) = detect() else { return Ok(()) };
            let block = block.map(|coefficient| coefficient >> scale);
            let table: [u16; BLOCK] = std::array::from_fn(|at| factor + (at as u16 & 7));
            let expected = plainly(&block, &table);
            match with_vectors(vectors, &block, &table) {
                Some(samples) => prop_assert_eq!(samples, expected),
                // Whatever is ordinary must not fall back to the slow way.
                None => prop_assert!(scale < 5),
            }
        }

        #[test]
        fn damaged_coefficients_give_the_very_samples_or_none(
            block in prop::collection::vec(any::<i16>(), BLOCK),
            table in prop::collection::vec(any::<u16>(), BLOCK),
            shift in 0_u32..16,
        ) {
            let Some(vectors) = detect() else { return Ok(()) };
            let block: [i16; BLOCK] = block.try_into().unwrap();
            let block = block.map(|coefficient| coefficient >> shift);
            let table: [u16; BLOCK] = table.try_into().unwrap();
            for table in [table, table.map(|factor| factor >> shift | 1)] {
                let samples = with_vectors(vectors, &block, &table);
                prop_assert!(samples.is_none_or(|samples| samples == plainly(&block, &table)));
            }
        }
    }
}
