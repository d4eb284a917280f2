//! ResNet-50 up to its pooled features.
//!
//! ```text
//! [n, 3, 224, 224] ─ stem 7×7, stride 2 ─► [n, 64, 112, 112] ─ max 3×3, stride 2 ─► [n, 64, 56, 56]
//!                  ─ 16 blocks ─► [n, 2048, 7, 7] ─ mean over the plane ─► [n, 2048]
//! ```
//!
//! After He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition,
//! <https://arxiv.org/abs/1512.03385>; weights in torchvision's layout, which strides in the 3×3
//! convolution of a block and not in its first. The classifier of 1000 classes is dropped.

mod block;

use burn::module::Module;
use burn::nn::pool::MaxPool2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::layers::{NormalisedConvolution, NormalisedConvolutionConfig, mean_of_plane, stem_pool};
use crate::network::{LayerNames, Network, Provenance, TORCHVISION, layer};
use crate::plan::{Graph, GraphError};
use block::{Bottleneck, BottleneckConfig};

/// Channels after the stem.
const STEM: usize = 64;

/// One stage: blocks, channels of their narrow part, stride of the first.
const STAGES: [(usize, usize, usize); 4] = [(3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)];

/// How much wider a block's answer is than its narrow part.
const EXPANSION: usize = 4;

/// Channels after the last stage: the length of the feature vector.
const FEATURES: usize = 2048;

/// The network; see the module's drawing.
#[derive(Module, Debug)]
pub struct ResNet50 {
    stem: NormalisedConvolution,
    pool: MaxPool2d,
    blocks: Vec<Bottleneck>,
}

impl Network for ResNet50 {
    const NAME: &'static str = "resnet50";
    const DIMENSIONS: usize = FEATURES;
    // Every layer pads, so any size comes out at the mean over the plane.
    const INPUT_MULTIPLE: u32 = 1;
    const PROVENANCE: Provenance = Provenance {
        name: "resnet50-imagenet1k-v1",
        version: "1",
        licence: "BSD-3-Clause",
        source: "https://download.pytorch.org/models/resnet50-0676ba61.pth",
        preprocessing: TORCHVISION,
    };
    const DROPPED: &'static [&'static str] = &["fc.weight", "fc.bias", "*.num_batches_tracked"];

    fn layers() -> Vec<LayerNames> {
        let mut layers = vec![layer("conv1", "stem.conv"), layer("bn1", "stem.norm")];
        let stages = STAGES.iter().enumerate();
        let blocks = stages.flat_map(|(stage, (depth, ..))| (0..*depth).map(move |at| (stage, at)));
        for (block, (stage, at)) in blocks.enumerate() {
            let published = format!("layer{}.{at}", stage + 1);
            for (theirs, ours) in [
                ("conv1", "narrow.conv"),
                ("bn1", "narrow.norm"),
                ("conv2", "middle.conv"),
                ("bn2", "middle.norm"),
                ("conv3", "widen.conv"),
                ("bn3", "widen.norm"),
                ("downsample.0", "shortcut.conv"),
                ("downsample.1", "shortcut.norm"),
            ] {
                layers
                    .push(layer(format!("{published}.{theirs}"), format!("blocks.{block}.{ours}")));
            }
        }
        layers
    }

    fn init(device: &Device) -> Self {
        let mut blocks = Vec::new();
        let mut channels = STEM;
        for (depth, narrow, first_stride) in STAGES {
            for at in 0..depth {
                let stride = if at == 0 { first_stride } else { 1 };
                let block = BottleneckConfig::new(channels, narrow, narrow * EXPANSION, stride);
                blocks.push(block.init(device));
                channels = narrow * EXPANSION;
            }
        }
        let stem = NormalisedConvolutionConfig::torchvision(3, STEM, 7, 2);
        Self { stem: stem.init(device), pool: stem_pool(), blocks }
    }

    fn for_inference(self) -> Self {
        Self {
            stem: self.stem.fold(),
            blocks: self.blocks.into_iter().map(Bottleneck::fold).collect(),
            ..self
        }
    }

    /// The features of each picture, not normalised.
    ///
    /// # Shapes
    /// - input: `[batch, 3, height, width]`
    /// - output: `[batch, 2048]`
    fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        let mut x = self.pool.forward(relu(self.stem.forward(input)));
        for block in &self.blocks {
            x = block.forward(x);
        }
        mean_of_plane(x)
    }

    fn describe(&self, graph: &mut Graph) -> Result<(), GraphError> {
        let mut x = self.stem.describe(graph, "stem", graph.input())?;
        x = graph.activation(x, Activation::RELU);
        x = graph.max_pool2d("pool", x, &self.pool)?;
        for (at, block) in self.blocks.iter().enumerate() {
            x = block.describe(graph, &format!("blocks.{at}"), x)?;
        }
        graph.mean(x);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
