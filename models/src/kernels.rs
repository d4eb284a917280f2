//! Kernels for x86-64 of our own: the arithmetic of networks on AVX2 or AVX-512, in f32.
//!
//! Activations are NHWC, one image at a time, in slices that the caller owns. Each kernel is made
//! once, from weights as PyTorch lays them out, for one [`InstructionSet`]; it is read-only
//! afterwards and shared by all threads, each with a [`Scratch`] of its own. Every value is summed in
//! an order that depends on its layer alone, so equal inputs give equal bits whatever else is
//! computed beside them.
//!
//! | kernel | what | roof |
//! | --- | --- | --- |
//! | [`Convolution`] | dense, any window and channels: a matrix product without a matrix of patches | multipliers |
//! | [`Winograd`] | dense 3 × 3, stride 1: 2.25 to 5 times fewer multiplications | multipliers, waiting for lines |
//! | [`Chain`] | a dense convolution and Winograd's method after it, strip by strip | as either, never memory |
//! | [`Depthwise`] | each channel by itself | loads |
//! | [`InvertedResidual`] | expansion, depthwise and projection in one pass through the cache | multipliers |
//! | [`Linear`] | a matrix, in f16 where nothing is lost | memory |
//! | [`max_pool`], [`mean`], [`adaptive_mean`] | pooling | loads |
//!
//! # Safety
//! This is the only module with `unsafe`. Each kernel has one safe function that checks that the
//! slices are as long as the shapes reach and then makes pointers of them; what follows is unsafe
//! functions that stay within those shapes. [`InstructionSet`] can only be had by detection. Tests
//! run every kernel, on every instruction set of the host, under a sanitizer (`tests/kernels/sanitize`).
#![allow(unsafe_code, reason = "vector instructions and the pointers that they read through")]
#![allow(unsafe_op_in_unsafe_fn, reason = "each such function is one argument, its safety section")]
#![allow(clippy::needless_range_loop, reason = "indices of registers, which LLVM unrolls")]
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(
        dead_code,
        reason = "compiled, but run by the vectors of x86-64 alone; burn serves elsewhere"
    )
)]

mod activation;
mod bounds;
mod buffer;
mod convolution;
mod depthwise;
mod gemm;
mod instruction_set;
mod inverted_residual;
mod lanes;
mod layer;
mod linear;
mod matrix;
mod packing;
mod padding;
mod peak;
mod pooling;
mod scratch;
#[cfg(test)]
mod tests;
mod winograd;

pub(crate) use activation::{Activation, Epilogue};
pub(crate) use buffer::Buffer;
pub(crate) use convolution::Convolution;
pub(crate) use depthwise::Depthwise;
pub(crate) use instruction_set::InstructionSet;
pub(crate) use inverted_residual::InvertedResidual;
pub(crate) use layer::{Channels, Layer, Padding, Plane, Window};
pub(crate) use linear::Linear;
pub(crate) use peak::PeakLoop;
pub(crate) use pooling::{adaptive_mean, max_pool, mean};
pub(crate) use scratch::Scratch;
pub(crate) use winograd::{Chain, Tile, Winograd};
