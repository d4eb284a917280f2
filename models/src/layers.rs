//! Layers that several networks are built from.

mod inverted_residual;
mod normalised_convolution;

pub(crate) use inverted_residual::{InvertedResidual, relu6};
pub(crate) use normalised_convolution::{NormalisedConvolution, NormalisedConvolutionConfig};
