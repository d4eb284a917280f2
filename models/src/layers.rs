//! Layers that several networks are built from.

mod inverted_residual;
mod normalised_convolution;
mod residual;

pub(crate) use inverted_residual::{InvertedResidual, InvertedResidualStage, relu6};
pub(crate) use normalised_convolution::{NormalisedConvolution, NormalisedConvolutionConfig};
pub(crate) use residual::{describe_joined, joined, mean_of_plane, stem_pool};
