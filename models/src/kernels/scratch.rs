//! The memory that kernels work in.

use super::buffer::Buffer;

/// One thread's working memory. It grows during the first pass and never after.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// An image and the zeros around it.
    pub(super) padded: Buffer<f32>,
    /// Channels before, and after, a depthwise convolution; Winograd's inputs and products.
    pub(super) working: [Buffer<f32>; 2],
    /// Rows of the image between two convolutions that are computed strip by strip.
    pub(super) strip: Buffer<f32>,
}
