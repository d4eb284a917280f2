//! The vector operations that kernels are written in, once for every instruction set.
//!
//! A [`Kernel`] is generic over [`Lanes`], and inlined as a whole into one function for each
//! instruction set. A value of a type that implements [`Lanes`] proves that the CPU has the
//! instructions, so arithmetic is safe; memory is not.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(all(paired, target_arch = "x86_64"))]
mod paired;

#[cfg(all(paired, target_arch = "x86_64"))]
pub(super) use paired::Paired;
#[cfg(target_arch = "x86_64")]
pub(super) use {avx2::Avx2, avx512::Avx512};

/// What is compiled for every instruction set, with all that it needs.
pub(super) trait Kernel {
    /// Must be `#[inline(always)]`, as must whatever it calls with `lanes`: what is left outside of
    /// the function that has the instructions is compiled without them, and a hundred times slower.
    ///
    /// # Safety
    /// As the type says.
    unsafe fn run<L: Lanes>(self, lanes: L);
}

/// The vectors of one instruction set; a value is the proof that this CPU has them.
pub(super) trait Lanes: Copy {
    /// [`Self::WIDTH`] floats.
    type Vector: Copy;
    /// Floats in a vector.
    const WIDTH: usize;
    /// Rows of the matrix product's register tile, which is two vectors wide: with the two vectors
    /// of weights and one of input they fill the register file.
    const TILE_ROWS: usize;

    /// Runs `kernel` in a function of its own that has the instructions.
    ///
    /// # Safety
    /// As the kernel says.
    unsafe fn enter<K: Kernel>(self, kernel: K);

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::Vector;

    /// # Safety
    /// `WIDTH` floats can be read at `p`.
    unsafe fn load(self, p: *const f32) -> Self::Vector;

    /// # Safety
    /// `WIDTH` floats can be written at `p`.
    unsafe fn store(self, p: *mut f32, v: Self::Vector);

    /// The first `n` lanes, the others zero.
    ///
    /// # Safety
    /// `n` is less than `WIDTH`, and `n` floats can be read at `p`.
    unsafe fn load_first(self, p: *const f32, n: usize) -> Self::Vector;

    /// # Safety
    /// `n` is less than `WIDTH`, and `n` floats can be written at `p`.
    unsafe fn store_first(self, p: *mut f32, v: Self::Vector, n: usize);

    /// Widens `WIDTH` floats stored as f16.
    ///
    /// # Safety
    /// They can be read at `p`.
    unsafe fn load_half(self, p: *const u16) -> Self::Vector;

    /// Asks for the cache line at `p`, which may be any address, for use at once.
    fn prefetch(self, p: *const f32);

    /// Asks for the cache line at `p`, which may be any address, into the second level.
    fn prefetch_far(self, p: *const u8);

    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `c - a * b`, rounded once.
    fn fnma(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a - b`.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// `a * b`.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The greater; `b` if either is NaN.
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The lesser; `b` if either is NaN.
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `v` between `low` and `high`; NaN stays NaN, as it does in PyTorch.
    #[inline(always)]
    fn clamp(self, v: Self::Vector, low: f32, high: f32) -> Self::Vector {
        self.min(self.splat(high), self.max(self.splat(low), v))
    }
}

/// The operations of one instruction set, each one intrinsic.
#[cfg(target_arch = "x86_64")]
macro_rules! operations {
    ($($name:ident($($a:ident),*) = $intrinsic:ident($($b:ident),*);)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: Self::Vector),*) -> Self::Vector {
            // SAFETY: `self` exists only where the CPU has the instruction.
            unsafe { $intrinsic($($b),*) }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
use operations;
