//! What a register tile reads and writes, by pointers.

use super::super::lanes::Lanes;

/// A, as [`super::Input`].
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub p: *const f32,
    pub row: usize,
    pub runs: usize,
    pub run: usize,
    pub length: usize,
}

/// C, as [`super::Output`] and [`super::After`].
#[derive(Clone, Copy)]
pub(super) struct Destination {
    pub p: *mut f32,
    pub row: usize,
    pub vector: usize,
    pub every: usize,
    pub gap: usize,
    /// Null: the bare product is stored.
    pub bias: *const f32,
    /// Null, or laid out as C.
    pub residual: *const f32,
    pub low: f32,
    pub high: f32,
}

impl Destination {
    /// C from `floats` on.
    ///
    /// # Safety
    /// That is still inside of it.
    #[inline(always)]
    pub unsafe fn at(self, floats: usize) -> Self {
        let residual =
            if self.residual.is_null() { self.residual } else { self.residual.add(floats) };
        Self { p: self.p.add(floats), residual, ..self }
    }
}

/// A stored weight.
pub(super) trait Weight: Copy {
    /// # Safety
    /// A vector's worth of weights can be read at `p`.
    unsafe fn load<L: Lanes>(lanes: L, p: *const Self) -> L::Vector;
}

impl Weight for f32 {
    #[inline(always)]
    unsafe fn load<L: Lanes>(lanes: L, p: *const Self) -> L::Vector {
        lanes.load(p)
    }
}

impl Weight for u16 {
    #[inline(always)]
    unsafe fn load<L: Lanes>(lanes: L, p: *const Self) -> L::Vector {
        lanes.load_half(p)
    }
}

/// What to ask for at each step of the depth, in bytes: what will be needed next.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    pub p: *const u8,
    pub step: usize,
}

/// Where a tile lies in C.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Of its group.
    pub row: usize,
    pub column: usize,
    /// Real columns of the last vector.
    pub last: usize,
}
