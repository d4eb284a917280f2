//! `MobileNetV2` up to its pooled features.
//!
//! ```text
//! [n, 3, 224, 224] ─ stem, stride 2 ─► [n, 32, 112, 112] ─ 17 blocks ─► [n, 320, 7, 7]
//!                  ─ head 1×1 ─► [n, 1280, 7, 7] ─ mean over the plane ─► [n, 1280]
//! ```
//!
//! After Sandler, Howard, Zhu, Zhmoginov, Chen: `MobileNetV2`, Inverted Residuals and Linear
//! Bottlenecks, <https://arxiv.org/abs/1801.04381>; weights in torchvision's layout. The classifier of
//! 1000 classes is dropped.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::layers::{
    InvertedResidual, InvertedResidualStage, NormalisedConvolution, NormalisedConvolutionConfig,
    mean_of_plane, relu6,
};
use crate::network::{LayerNames, Network, Precision, Provenance, TORCHVISION, layer};
use crate::plan::{Graph, GraphError};

/// Blocks, kernel, stride of the first, expansion, channels out.
const STAGES: [InvertedResidualStage; 7] = [
    InvertedResidualStage::new(1, 3, 1, 1, 16),
    InvertedResidualStage::new(2, 3, 2, 6, 24),
    InvertedResidualStage::new(3, 3, 2, 6, 32),
    InvertedResidualStage::new(4, 3, 2, 6, 64),
    InvertedResidualStage::new(3, 3, 1, 6, 96),
    InvertedResidualStage::new(3, 3, 2, 6, 160),
    InvertedResidualStage::new(1, 3, 1, 6, 320),
];

/// Channels after the stem.
const STEM: usize = 32;

/// Channels after the head: the length of the feature vector.
const FEATURES: usize = 1280;

/// The network; see the module's drawing.
#[derive(Module, Debug)]
pub struct MobileNetV2 {
    stem: NormalisedConvolution,
    blocks: Vec<InvertedResidual>,
    head: NormalisedConvolution,
}

impl Network for MobileNetV2 {
    const NAME: &'static str = "mobilenet-v2";
    const DIMENSIONS: usize = FEATURES;
    // Every layer pads, so any size comes out at the mean over the plane.
    const INPUT_MULTIPLE: u32 = 1;
    // Depthwise kernels, as in EfficientNet-lite0.
    const PRECISION: Precision = Precision::Single;
    const PROVENANCE: Provenance = Provenance {
        name: "mobilenet-v2-imagenet1k-v1",
        version: "1",
        licence: "BSD-3-Clause",
        source: "https://download.pytorch.org/models/mobilenet_v2-b0353104.pth",
        preprocessing: TORCHVISION,
    };
    const DROPPED: &'static [&'static str] =
        &["classifier.1.weight", "classifier.1.bias", "*.num_batches_tracked"];

    fn layers() -> Vec<LayerNames> {
        let mut layers = Vec::new();
        let mut normalised = |conv: &str, norm: &str, module: &str| {
            layers.push(layer(format!("features.{conv}"), format!("{module}.conv")));
            layers.push(layer(format!("features.{norm}"), format!("{module}.norm")));
        };
        normalised("0.0", "0.1", "stem");
        let expansions =
            STAGES.iter().flat_map(|stage| std::iter::repeat_n(stage.expansion, stage.blocks));
        let mut features = 1;
        for (at, expansion) in expansions.enumerate() {
            let theirs = format!("{features}.conv");
            let ours = format!("blocks.{at}");
            // torchvision counts within a block, which may have no expansion.
            let mut next = 0;
            if expansion != 1 {
                normalised(
                    &format!("{theirs}.0.0"),
                    &format!("{theirs}.0.1"),
                    &format!("{ours}.expand"),
                );
                next = 1;
            }
            normalised(
                &format!("{theirs}.{next}.0"),
                &format!("{theirs}.{next}.1"),
                &format!("{ours}.depthwise"),
            );
            normalised(
                &format!("{theirs}.{}", next + 1),
                &format!("{theirs}.{}", next + 2),
                &format!("{ours}.project"),
            );
            features += 1;
        }
        normalised(&format!("{features}.0"), &format!("{features}.1"), "head");
        layers
    }

    fn init(device: &Device) -> Self {
        let convolution = NormalisedConvolutionConfig::torchvision;
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
    /// - input: `[batch, 3, height, width]`
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
