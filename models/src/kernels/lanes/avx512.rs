//! AVX-512: 16 lanes, 32 registers.

use std::arch::x86_64::{
    __m512, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm256_loadu_si256, _mm512_add_ps,
    _mm512_cvtph_ps, _mm512_fmadd_ps, _mm512_fnmadd_ps, _mm512_loadu_ps, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_set1_ps,
    _mm512_storeu_ps, _mm512_sub_ps,
};

use super::{Kernel, Lanes, operations};

/// Proof that this CPU has AVX-512 F and VL, and what [`super::Avx2`] proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Avx512(());

impl Avx512 {
    /// The proof, if there is one.
    pub fn detect() -> Option<Self> {
        let has = super::Avx2::detect().is_some()
            && is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512vl");
        has.then_some(Self(()))
    }
}

impl Lanes for Avx512 {
    type Vector = __m512;
    const WIDTH: usize = 16;
    const TILE_ROWS: usize = 12;

    #[inline(always)]
    unsafe fn enter<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "avx512f,avx512vl,avx2,fma,f16c")]
        #[inline(never)]
        unsafe fn with_instructions<K: Kernel>(lanes: Avx512, kernel: K) {
            kernel.run(lanes);
        }
        with_instructions(self, kernel);
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: `self` exists only where the CPU has AVX-512.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> __m512 {
        _mm512_loadu_ps(p)
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: __m512) {
        _mm512_storeu_ps(p, v);
    }

    #[inline(always)]
    unsafe fn load_first(self, p: *const f32, n: usize) -> __m512 {
        _mm512_maskz_loadu_ps(first(n), p)
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, v: __m512, n: usize) {
        _mm512_mask_storeu_ps(p, first(n), v);
    }

    #[inline(always)]
    unsafe fn load_half(self, p: *const u16) -> __m512 {
        _mm512_cvtph_ps(_mm256_loadu_si256(p.cast()))
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        // SAFETY: a prefetch of any address does nothing that a program could notice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    fn prefetch_far(self, p: *const u8) {
        // SAFETY: a prefetch of any address does nothing that a program could notice.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(p.cast()) }
    }

    operations! {
        fma(a, b, c) = _mm512_fmadd_ps(a, b, c);
        fnma(a, b, c) = _mm512_fnmadd_ps(a, b, c);
        add(a, b) = _mm512_add_ps(a, b);
        sub(a, b) = _mm512_sub_ps(a, b);
        mul(a, b) = _mm512_mul_ps(a, b);
        max(a, b) = _mm512_max_ps(a, b);
        min(a, b) = _mm512_min_ps(a, b);
    }
}

/// A mask of the first `n` of 16 lanes, `n` being less than 16.
#[inline(always)]
const fn first(n: usize) -> u16 {
    (1 << n) - 1
}
