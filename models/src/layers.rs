//! Layers that several networks are built from.

mod normalised_convolution;

pub(crate) use normalised_convolution::{NormalisedConvolution, NormalisedConvolutionConfig};
