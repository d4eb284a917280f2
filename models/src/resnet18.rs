//! ResNet-18 up to its pooled features.
//!
//! ```text
//! [n, 3, 224, 224] ─ stem 7×7, stride 2 ─► [n, 64, 112, 112] ─ max 3×3, stride 2 ─► [n, 64, 56, 56]
//!                  ─ 8 blocks ─► [n, 512, 7, 7] ─ mean over the plane ─► [n, 512]
//! ```
//!
//! After He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition,
//! <https://arxiv.org/abs/1512.03385>; weights in torchvision's layout. The classifier of 1000
//! classes is dropped.

mod block;

use burn::module::Module;
use burn::nn::pool::MaxPool2d;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::layers::{NormalisedConvolution, NormalisedConvolutionConfig, mean_of_plane, stem_pool};
use crate::network::{LayerNames, Network, Provenance, TORCHVISION, layer};
use crate::plan::{Graph, GraphError};
use block::{BasicBlock, BasicBlockConfig};

/// Channels after the stem.
const STEM: usize = 64;

/// One stage: channels out, stride of its first block.
const STAGES: [(usize, usize); 4] = [(64, 1), (128, 2), (256, 2), (FEATURES, 2)];

/// Blocks in each stage.
const DEPTH: usize = 2;

/// Channels after the last stage: the length of the feature vector.
const FEATURES: usize = 512;

/// The network; see the module's drawing.
#[derive(Module, Debug)]
pub struct ResNet18 {
    stem: NormalisedConvolution,
    pool: MaxPool2d,
    blocks: Vec<BasicBlock>,
}

impl Network for ResNet18 {
    const NAME: &'static str = "resnet18";
    const DIMENSIONS: usize = FEATURES;
    // Every layer pads, so any size comes out at the mean over the plane.
    const INPUT_MULTIPLE: u32 = 1;
    const PROVENANCE: Provenance = Provenance {
        name: "resnet18-imagenet1k-v1",
        version: "1",
        licence: "BSD-3-Clause",
        source: "https://download.pytorch.org/models/resnet18-f37072fd.pth",
        preprocessing: TORCHVISION,
    };
    const DROPPED: &'static [&'static str] = &["fc.weight", "fc.bias", "*.num_batches_tracked"];

    fn layers() -> Vec<LayerNames> {
        let mut layers = vec![layer("conv1", "stem.conv"), layer("bn1", "stem.norm")];
        for at in 0..STAGES.len() * DEPTH {
            let published = format!("layer{}.{}", at / DEPTH + 1, at % DEPTH);
            for (theirs, ours) in [
                ("conv1", "first.conv"),
                ("bn1", "first.norm"),
                ("conv2", "second.conv"),
                ("bn2", "second.norm"),
                ("downsample.0", "shortcut.conv"),
                ("downsample.1", "shortcut.norm"),
            ] {
                layers.push(layer(format!("{published}.{theirs}"), format!("blocks.{at}.{ours}")));
            }
        }
        layers
    }

    fn init(device: &Device) -> Self {
        let mut blocks = Vec::new();
        let mut channels = STEM;
        for (out, first_stride) in STAGES {
            for stride in [first_stride, 1] {
                blocks.push(BasicBlockConfig::new(channels, out, stride).init(device));
                channels = out;
            }
        }
        let stem = NormalisedConvolutionConfig::torchvision(3, STEM, 7, 2);
        Self { stem: stem.init(device), pool: stem_pool(), blocks }
    }

    fn for_inference(self) -> Self {
        Self {
            stem: self.stem.fold(),
            blocks: self.blocks.into_iter().map(BasicBlock::fold).collect(),
            ..self
        }
    }

    /// The features of each picture, not normalised.
    ///
    /// # Shapes
    /// - input: `[batch, 3, height, width]`
    /// - output: `[batch, 512]`
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
