//! Sixteen lanes and AVX-512's register tile on AVX2, for tests on hosts without AVX-512.

use super::{Avx2, Kernel, Lanes};

/// Two vectors of AVX2 side by side.
///
/// What reads and writes part of a vector is not inlined, unlike all else: it would be copied into every
/// row of every tile. It goes through memory and not through registers, so it is right without the
/// instructions that its caller was compiled with, if slower, which tests alone notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Paired(pub Avx2);

type Pair = [<Avx2 as Lanes>::Vector; 2];

impl Lanes for Paired {
    type Vector = Pair;
    const WIDTH: usize = 16;
    const TILE_ROWS: usize = 12;

    #[inline(always)]
    unsafe fn enter<K: Kernel>(self, kernel: K) {
        #[target_feature(enable = "avx2,fma,f16c")]
        #[inline(never)]
        unsafe fn with_instructions<K: Kernel>(lanes: Paired, kernel: K) {
            kernel.run(lanes);
        }
        with_instructions(self, kernel);
    }

    #[inline(always)]
    fn splat(self, x: f32) -> Pair {
        [self.0.splat(x); 2]
    }

    #[inline(always)]
    unsafe fn load(self, p: *const f32) -> Pair {
        [self.0.load(p), self.0.load(p.add(8))]
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32, v: Pair) {
        self.0.store(p, v[0]);
        self.0.store(p.add(8), v[1]);
    }

    #[inline(never)]
    unsafe fn load_first(self, p: *const f32, n: usize) -> Pair {
        let mut lanes = [0.0; 16];
        p.copy_to_nonoverlapping(lanes.as_mut_ptr(), n);
        self.load(lanes.as_ptr())
    }

    #[inline(never)]
    unsafe fn store_first(self, p: *mut f32, v: Pair, n: usize) {
        let mut lanes = [0.0; 16];
        self.store(lanes.as_mut_ptr(), v);
        p.copy_from_nonoverlapping(lanes.as_ptr(), n);
    }

    #[inline(always)]
    unsafe fn load_half(self, p: *const u16) -> Pair {
        [self.0.load_half(p), self.0.load_half(p.add(8))]
    }

    #[inline(always)]
    fn prefetch(self, p: *const f32) {
        self.0.prefetch(p);
    }

    #[inline(always)]
    fn prefetch_far(self, p: *const u8) {
        self.0.prefetch_far(p);
    }

    #[inline(always)]
    fn fma(self, a: Pair, b: Pair, c: Pair) -> Pair {
        [self.0.fma(a[0], b[0], c[0]), self.0.fma(a[1], b[1], c[1])]
    }

    #[inline(always)]
    fn fnma(self, a: Pair, b: Pair, c: Pair) -> Pair {
        [self.0.fnma(a[0], b[0], c[0]), self.0.fnma(a[1], b[1], c[1])]
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        [self.0.add(a[0], b[0]), self.0.add(a[1], b[1])]
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        [self.0.sub(a[0], b[0]), self.0.sub(a[1], b[1])]
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        [self.0.mul(a[0], b[0]), self.0.mul(a[1], b[1])]
    }

    #[inline(always)]
    fn max(self, a: Pair, b: Pair) -> Pair {
        [self.0.max(a[0], b[0]), self.0.max(a[1], b[1])]
    }

    #[inline(always)]
    fn min(self, a: Pair, b: Pair) -> Pair {
        [self.0.min(a[0], b[0]), self.0.min(a[1], b[1])]
    }
}
