//! What a network is, once its layers' arithmetic is put aside: names, provenance, preprocessing.

#[cfg(test)]
pub(crate) mod agreement_tests;
mod inference;
mod input;
mod preprocessing;

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::Tensor;

use crate::model::Device;
use crate::picture::{Filter, ViewSpec};
use crate::plan::{Graph, GraphError, Plan};
#[cfg(test)]
pub(crate) use inference::normalise;
pub(crate) use inference::{model, profile};
pub use preprocessing::Preprocessing;

/// What a network's own file declares: everything but its layers' arithmetic is shared.
pub(crate) trait Network: Module + Send + Sync + Sized + 'static {
    /// Its name in manifests.
    const NAME: &'static str;
    /// Length of its answer.
    const DIMENSIONS: usize;
    /// Width and height of its input must be multiples of this.
    const INPUT_MULTIPLE: u32;
    /// What an imported set says of it.
    const PROVENANCE: Provenance;
    /// How its kernels and matrices are stored.
    const PRECISION: Precision = Precision::Half;
    /// The tensors of the published checkpoint that are dropped on purpose: a name, or `*` and the
    /// end of a name.
    const DROPPED: &'static [&'static str];

    /// Its layers in the published checkpoint and in the modules here.
    fn layers() -> Vec<LayerNames>;

    /// The modules, their weights not yet computed.
    fn init(device: &burn::tensor::Device) -> Self;

    /// Takes out of the modules whatever is needed for training only.
    fn for_inference(self) -> Self {
        self
    }

    /// `[batch, 3, height, width]` to `[batch, DIMENSIONS]`; each row depends on its own picture
    /// alone, to the bit.
    fn forward(&self, input: Tensor<4>) -> Tensor<2>;

    /// Adds to `graph`, which holds the pictures, the layers that [`forward`](Self::forward) passes
    /// through [for inference](Self::for_inference), in any order in which they can be computed; the
    /// last one answers.
    fn describe(&self, graph: &mut Graph) -> Result<(), GraphError>;
}

/// How kernels and matrices are stored; computing is always in f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// f16, which halves the file, where rounding turns the answers by less than one can see.
    Half,
    /// f32.
    Single,
}

impl Precision {
    /// All there are.
    pub(crate) const ALL: [Self; 2] = [Self::Half, Self::Single];

    /// Its name in manifests.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Half => "f16",
            Self::Single => "f32",
        }
    }
}

/// What one layer is called in the published checkpoint and here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayerNames {
    /// What its tensors' names begin with in the published checkpoint.
    pub published: String,
    /// The path of its module.
    pub module: String,
}

/// The layer that the checkpoint calls `published`.
pub(crate) fn layer(published: impl Into<String>, module: impl Into<String>) -> LayerNames {
    LayerNames { published: published.into(), module: module.into() }
}

/// What a manifest says of a network and its published weights.
pub(crate) struct Provenance {
    pub name: &'static str,
    pub version: &'static str,
    pub licence: &'static str,
    pub source: &'static str,
    pub preprocessing: Preprocessing,
}

/// What torchvision's networks were trained on, as the replaced system does it: the whole picture at
/// 224×224, its samples by the mean and deviation of ImageNet.
pub(crate) const TORCHVISION: Preprocessing = Preprocessing {
    view: ViewSpec { width: 224, height: 224, filter: Filter::Bilinear },
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    scale: 255.0,
};

/// A loaded network, as workers share it.
#[derive(Clone)]
pub(crate) enum Loaded {
    /// burn's modules, on a device of burn's.
    Modules(Arc<dyn Forward>, Device),
    /// Compiled for the vector instructions of this host.
    Plan(Arc<Plan>),
}

/// A loaded network of burn's modules without its type.
pub(crate) trait Forward: Send + Sync {
    /// `[batch, 3, height, width]` to `[batch, dimensions]`.
    fn run(&self, input: Tensor<4>) -> Tensor<2>;
}

impl<N: Network> Forward for N {
    fn run(&self, input: Tensor<4>) -> Tensor<2> {
        self.forward(input)
    }
}
