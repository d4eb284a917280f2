//! What a file calls the tensors of a network.

use burn::tensor::Shape;

use crate::network::{LayerNames, Network};

/// The names of a published PyTorch checkpoint beside the paths of the modules here.
pub(crate) struct Naming {
    layers: Vec<LayerNames>,
    dropped: &'static [&'static str],
}

impl Naming {
    /// The names of the checkpoint of `N`.
    pub fn of<N: Network>() -> Self {
        Self { layers: N::layers(), dropped: N::DROPPED }
    }

    /// The path here of the tensor that the checkpoint calls `name`, if a layer has it.
    pub fn path(&self, name: &str) -> Option<String> {
        self.layers.iter().find_map(|layer| {
            let rest = name.strip_prefix(&layer.published)?.strip_prefix('.')?;
            Some(format!("{}.{rest}", layer.module))
        })
    }

    /// What the checkpoint calls the tensor at `path`.
    pub fn name(&self, path: &str) -> String {
        let found = self.layers.iter().find_map(|layer| {
            let rest = path.strip_prefix(&layer.module)?.strip_prefix('.')?;
            // burn calls a normalisation's factor and offset by their letters.
            let rest = match rest {
                "gamma" => "weight",
                "beta" => "bias",
                rest => rest,
            };
            Some(format!("{}.{rest}", layer.published))
        });
        found.unwrap_or_else(|| path.to_owned())
    }

    /// The shape in the checkpoint of what has `shape` here: PyTorch keeps a matrix as `[out, in]`.
    pub fn shape(shape: &Shape) -> Vec<usize> {
        let mut sides = shape.to_vec();
        if sides.len() == 2 {
            sides.reverse();
        }
        sides
    }

    /// Whether the checkpoint's tensor `name` is dropped on purpose.
    pub fn drops(&self, name: &str) -> bool {
        self.dropped.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == *pattern,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::efficientnet_lite0::EfficientNetLite0;
    use crate::resnet18::ResNet18;
    use crate::vgg16::Vgg16;

    fn pairs(naming: &Naming, pairs: &[(&str, &str)]) {
        for (name, path) in pairs {
            assert_eq!(naming.path(name).as_deref(), Some(*path));
            assert_eq!(naming.name(path), *name);
        }
    }

    #[test]
    fn names_are_translated_there_and_back() {
        let vgg16 = [
            ("features.0.weight", "stages.0.0.weight"),
            ("features.2.bias", "stages.0.1.bias"),
            ("features.10.weight", "stages.2.0.weight"),
            ("features.28.bias", "stages.4.2.bias"),
            ("classifier.3.weight", "second.weight"),
        ];
        pairs(&Naming::of::<Vgg16>(), &vgg16);
        let resnet18 = [
            ("bn1.running_mean", "stem.norm.running_mean"),
            ("layer2.0.downsample.0.weight", "blocks.2.shortcut.conv.weight"),
            ("layer4.1.conv2.weight", "blocks.7.second.conv.weight"),
        ];
        pairs(&Naming::of::<ResNet18>(), &resnet18);
        assert_eq!(
            Naming::of::<ResNet18>().name("blocks.7.first.norm.gamma"),
            "layer4.1.bn1.weight"
        );
        let lite0 = [
            ("_conv_stem.weight", "stem.conv.weight"),
            ("_blocks.15._bn2.running_var", "blocks.15.project.norm.running_var"),
        ];
        pairs(&Naming::of::<EfficientNetLite0>(), &lite0);
    }

    #[test]
    fn what_no_layer_has_is_unknown_unless_it_is_dropped_on_purpose() {
        let naming = Naming::of::<ResNet18>();
        assert_eq!(naming.path("conv10.weight"), None);
        assert_eq!(naming.path("stem.conv.weight"), None, "a path of ours is no published name");
        assert_eq!(naming.path("fc.weight"), None);
        assert!(naming.drops("fc.weight") && naming.drops("layer1.0.bn2.num_batches_tracked"));
        assert!(!naming.drops("fc2.weight"));
    }
}
