//! VGG16 up to its second matrix.
//!
//! ```text
//! [n, 3, 224, 224] ─ 5 stages of convolutions 3×3 and ReLU, each ending in max 2×2
//!                  ─► [n, 512, 7, 7] ─ flattened ─► [n, 25088]
//!                  ─ matrix, ReLU ─► [n, 4096] ─ matrix, no ReLU ─► [n, 4096]
//! ```
//!
//! After Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition,
//! <https://arxiv.org/abs/1409.1556>, configuration D; weights in torchvision's layout. The vector
//! is the second matrix's answer *before* its ReLU, as the replaced system served it, so its values
//! have signs. Dropout does nothing in inference; the classifier of 1000 classes is dropped.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::kernels::Activation;
use crate::network::{LayerNames, Network, Provenance, TORCHVISION, layer};
use crate::plan::{Graph, GraphError};

/// One stage: its convolutions, and the channels of each.
const STAGES: [(usize, usize); 5] = [(2, 64), (2, 128), (3, 256), (3, 512), (3, CHANNELS)];

/// Channels after the last stage.
const CHANNELS: usize = 512;

/// Side of the plane that the first matrix takes: what five halvings leave of 224.
const SIDE: usize = 7;

/// The length of the feature vector.
const FEATURES: usize = 4096;

/// The network; see the module's drawing.
#[derive(Module, Debug)]
pub struct Vgg16 {
    stages: Vec<Vec<Conv2d>>,
    halve: MaxPool2d,
    fit: AdaptiveAvgPool2d,
    first: Linear,
    second: Linear,
}

impl Vgg16 {
    /// `[1, 3, height, width]` to `[1, 4096]`.
    fn row(&self, mut x: Tensor<4>) -> Tensor<2> {
        for stage in &self.stages {
            for convolution in stage {
                x = relu(convolution.forward(x));
            }
            x = self.halve.forward(x);
        }
        let row: Tensor<2> = self.fit.forward(x).flatten(1, 3);
        self.second.forward(relu(self.first.forward(row)))
    }
}

impl Network for Vgg16 {
    const NAME: &'static str = "vgg16";
    const DIMENSIONS: usize = FEATURES;
    // Halved five times.
    const INPUT_MULTIPLE: u32 = 32;
    const PROVENANCE: Provenance = Provenance {
        name: "vgg16-imagenet1k-v1",
        version: "1",
        licence: "BSD-3-Clause",
        source: "https://download.pytorch.org/models/vgg16-397923af.pth",
        preprocessing: TORCHVISION,
    };
    const DROPPED: &'static [&'static str] = &["classifier.6.weight", "classifier.6.bias"];

    fn layers() -> Vec<LayerNames> {
        let mut layers = vec![layer("classifier.0", "first"), layer("classifier.3", "second")];
        // torchvision counts convolutions, ReLUs and poolings alike.
        let mut at = 0;
        for (stage, (depth, _)) in STAGES.into_iter().enumerate() {
            for convolution in 0..depth {
                layers
                    .push(layer(format!("features.{at}"), format!("stages.{stage}.{convolution}")));
                at += 2;
            }
            at += 1;
        }
        layers
    }

    fn init(device: &Device) -> Self {
        let mut channels = 3;
        let mut convolution = |out| {
            let convolution = Conv2dConfig::new([channels, out], [3, 3])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
            channels = out;
            convolution.init(device)
        };
        let stages = STAGES.map(|(depth, out)| (0..depth).map(|_| convolution(out)).collect());
        Self {
            stages: stages.into(),
            halve: MaxPool2dConfig::new([2, 2]).init(),
            fit: AdaptiveAvgPool2dConfig::new([SIDE; 2]).init(),
            first: LinearConfig::new(CHANNELS * SIDE * SIDE, FEATURES).init(device),
            second: LinearConfig::new(FEATURES, FEATURES).init(device),
        }
    }

    /// The features of each picture, not normalised.
    ///
    /// One picture after the other. burn's `flex` multiplies a single row by another routine than
    /// several, which sums in another order and changes the last bits, so a picture's vector would
    /// depend on its neighbours in the batch. A batch's planes would take memory for each picture,
    /// and make the convolutions faster by a few percent at most.
    ///
    /// # Shapes
    /// - input: `[batch, 3, height, width]`, both at least 32; 224 is what it was trained for, of
    ///   other sizes the last plane is averaged to 7×7
    /// - output: `[batch, 4096]`
    fn forward(&self, input: Tensor<4>) -> Tensor<2> {
        Tensor::cat(input.split(1, 0).into_iter().map(|picture| self.row(picture)).collect(), 0)
    }

    fn describe(&self, graph: &mut Graph) -> Result<(), GraphError> {
        let mut x = graph.input();
        for (stage, convolutions) in self.stages.iter().enumerate() {
            for (at, convolution) in convolutions.iter().enumerate() {
                x = graph.conv2d(&format!("stages.{stage}.{at}"), x, convolution)?;
                x = graph.activation(x, Activation::RELU);
            }
            x = graph.max_pool2d(&format!("stages.{stage}"), x, &self.halve)?;
        }
        x = graph.adaptive_avg_pool2d(x, &self.fit);
        x = graph.flatten(x);
        x = graph.matrix("first", x, &self.first)?;
        x = graph.activation(x, Activation::RELU);
        graph.matrix("second", x, &self.second)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
