//! From a picture to the numbers that a network reads.

use crate::picture::ViewSpec;

/// How a picture becomes a network's input: resized whole, its aspect ratio not kept, then each
/// sample `s` of channel `c` becomes `(s / scale − mean[c]) / std[c]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocessing {
    /// The size and filter.
    pub view: ViewSpec,
    /// Mean of red, green, blue, in units of `scale`.
    pub mean: [f32; 3],
    /// Deviation of red, green, blue, in units of `scale`; each above 0.
    pub std: [f32; 3],
    /// What a sample is divided by first; above 0.
    pub scale: f32,
}
