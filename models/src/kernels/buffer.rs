//! Aligned memory.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// A cache line, the widest that a vector load may want to be aligned to.
const LINE: usize = 64;
/// A huge page of x86-64: weights in small pages would miss the TLB at every step of the depth.
const HUGE_PAGE: usize = 2 << 20;

/// A number whose zero is all bits zero, and of which any bits are a value.
pub(crate) trait Number: Copy + 'static {}
impl Number for f32 {}
/// f16, as its bits.
impl Number for u16 {}

/// Numbers, zero at first, that begin at a cache line; of 2 MiB or more of them, as many on huge pages as
/// fill those.
#[derive(Debug)]
pub(crate) struct Buffer<T: Number> {
    start: NonNull<T>,
    length: usize,
}

// SAFETY: a buffer owns its numbers, which are plain values.
unsafe impl<T: Number + Send> Send for Buffer<T> {}
// SAFETY: a shared buffer can only be read.
unsafe impl<T: Number + Sync> Sync for Buffer<T> {}

impl<T: Number> Buffer<T> {
    /// `length` zeros; no memory is asked for where that is none.
    pub fn zeros(length: usize) -> Self {
        if length == 0 {
            return Self { start: NonNull::dangling(), length };
        }
        let layout = Self::layout(length);
        // SAFETY: the layout's size is not zero; all of it is written before it is read.
        unsafe {
            let Some(start) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            #[cfg(target_os = "linux")]
            if layout.align() == HUGE_PAGE {
                // Before the pages are touched. A kernel without them refuses, which does no harm. What
                // is left over stays on small pages: half-empty huge ones cost VGG16 and its workers 12 MiB.
                let whole = layout.size() / HUGE_PAGE * HUGE_PAGE;
                libc::madvise(start.as_ptr().cast(), whole, libc::MADV_HUGEPAGE);
            }
            start.write_bytes(0, layout.size());
            Self { start: start.cast(), length }
        }
    }

    /// A copy.
    pub fn from_slice(values: &[T]) -> Self {
        let mut buffer = Self::zeros(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    /// The first `length` numbers, whatever they hold; all zeros whenever the buffer had to grow.
    pub fn at_least(&mut self, length: usize) -> &mut [T] {
        if self.length < length {
            *self = Self::zeros(length);
        }
        &mut self[..length]
    }

    fn layout(length: usize) -> Layout {
        let bytes = length.saturating_mul(size_of::<T>());
        let align = if bytes < HUGE_PAGE { LINE } else { HUGE_PAGE };
        Layout::from_size_align(bytes, align)
            .expect("the size of every buffer comes of slices that are in memory")
    }
}

impl<T: Number> Default for Buffer<T> {
    fn default() -> Self {
        Self::zeros(0)
    }
}

impl<T: Number> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: allocated by `zeros` with this very layout.
            unsafe { dealloc(self.start.as_ptr().cast(), Self::layout(self.length)) }
        }
    }
}

impl<T: Number> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `length` numbers lie at `start`, initialised by `zeros`.
        unsafe { from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl<T: Number> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and nobody else holds them while `self` is borrowed mutably.
        unsafe { from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}
