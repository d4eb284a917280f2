//! The vector instructions that this host has.

use super::lanes::Kernel;
#[cfg(all(paired, target_arch = "x86_64"))]
use super::lanes::Paired;
#[cfg(target_arch = "x86_64")]
use super::lanes::{Avx2, Avx512, Lanes};

/// Vector instructions that this host is known to have: only detection makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InstructionSet(Kind);

/// The proof of each; there is none on other architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// The width of AVX-512 on AVX2.
    #[cfg(all(paired, target_arch = "x86_64"))]
    Paired(Paired),
}

impl InstructionSet {
    /// The widest that this host has; none on a CPU without AVX2 or of another architecture.
    pub fn best() -> Option<Self> {
        Self::all().pop()
    }

    /// AVX2, on hosts that have more as well.
    pub fn avx2() -> Option<Self> {
        Self::all().into_iter().next()
    }

    /// All that this host has, narrowest first.
    pub fn all() -> Vec<Self> {
        #[cfg(target_arch = "x86_64")]
        let all = [Avx2::detect().map(Kind::Avx2), Avx512::detect().map(Kind::Avx512)];
        #[cfg(not(target_arch = "x86_64"))]
        let all: [Option<Kind>; 0] = [];
        all.into_iter().flatten().map(Self).collect()
    }

    /// The width and register tile of AVX-512, on AVX2: all that only they reach is tested on hosts
    /// without AVX-512.
    #[cfg(all(paired, target_arch = "x86_64"))]
    pub fn paired() -> Option<Self> {
        Avx2::detect().map(Paired).map(Kind::Paired).map(Self)
    }

    /// Its name in logs: `avx2` or `avx512`.
    pub const fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(all(paired, target_arch = "x86_64"))]
            Kind::Paired(_) => "paired",
        }
    }

    /// Floats in one vector.
    pub const fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => Avx2::WIDTH,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => Avx512::WIDTH,
            #[cfg(all(paired, target_arch = "x86_64"))]
            Kind::Paired(_) => Paired::WIDTH,
        }
    }

    /// Rows of the matrix product's register tile.
    pub(super) const fn tile_rows(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => Avx2::TILE_ROWS,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => Avx512::TILE_ROWS,
            #[cfg(all(paired, target_arch = "x86_64"))]
            Kind::Paired(_) => Paired::TILE_ROWS,
        }
    }

    /// Runs `kernel`, compiled for these instructions.
    ///
    /// # Safety
    /// As the kernel says.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        expect(unused_variables, reason = "there is nothing to run it")
    )]
    pub(super) unsafe fn run<K: Kernel>(self, kernel: K) {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(lanes) => lanes.enter(kernel),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(lanes) => lanes.enter(kernel),
            #[cfg(all(paired, target_arch = "x86_64"))]
            Kind::Paired(lanes) => lanes.enter(kernel),
        }
    }
}
