//! The architectures that a manifest can name.
//!
//! A new network is a module beside this one and one line in the list `ALL`.

use std::path::Path;

use crate::aspect_ratio;
use crate::efficientnet_lite0::EfficientNetLite0;
use crate::field::{FieldKind, Normalisation};
use crate::import::Checkpoint;
use crate::mobilenet_v2::MobileNetV2;
use crate::model::{Device, Model, ModelError};
use crate::network::{Loaded, Network, Precision, Preprocessing, Provenance};
use crate::palette;
use crate::picture::ViewSpec;
use crate::resnet18::ResNet18;
use crate::resnet50::ResNet50;
use crate::vgg16::Vgg16;
use crate::weights::{self, Stored};

/// All architectures.
static ALL: [Architecture; 7] = [
    Architecture { name: "aspect-ratio", kind: Kind::AspectRatio },
    Architecture { name: "gaussian-palette", kind: Kind::Palette },
    Architecture::network::<EfficientNetLite0>(),
    Architecture::network::<MobileNetV2>(),
    Architecture::network::<ResNet18>(),
    Architecture::network::<ResNet50>(),
    Architecture::network::<Vgg16>(),
];

/// Something that computes fields from pictures.
pub struct Architecture {
    name: &'static str,
    kind: Kind,
}

enum Kind {
    AspectRatio,
    Palette,
    Network(NetworkKind),
}

/// Reads a network's stored weights for a device and for pictures of one size.
type Load = fn(&Stored, Device, ViewSpec) -> Result<Loaded, ModelError>;

/// A network without its type, so that all stand in one list.
pub(crate) struct NetworkKind {
    pub provenance: Provenance,
    pub precision: Precision,
    pub dimensions: usize,
    input_multiple: u32,
    load: Load,
    pub read_checkpoint: fn(&Path) -> Result<Checkpoint, ModelError>,
}

/// The architecture called `name`.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Architecture> {
    ALL.iter().find(|architecture| architecture.name == name)
}

/// The names of all architectures.
#[must_use]
pub fn names() -> Vec<&'static str> {
    ALL.iter().map(Architecture::name).collect()
}

/// The names of those whose weights can be imported.
#[must_use]
pub fn importable() -> Vec<&'static str> {
    ALL.iter().filter(|a| a.is_network()).map(Architecture::name).collect()
}

impl Architecture {
    const fn network<N: Network>() -> Self {
        Self {
            name: N::NAME,
            kind: Kind::Network(NetworkKind {
                provenance: N::PROVENANCE,
                precision: N::PRECISION,
                dimensions: N::DIMENSIONS,
                input_multiple: N::INPUT_MULTIPLE,
                load: weights::load::<N>,
                read_checkpoint: Checkpoint::read::<N>,
            }),
        }
    }

    /// Its name, as manifests write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is a network, which has weights and a preprocessing.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.as_network().is_some()
    }

    pub(crate) fn as_network(&self) -> Option<&NetworkKind> {
        match &self.kind {
            Kind::Network(network) => Some(network),
            Kind::AspectRatio | Kind::Palette => None,
        }
    }

    /// What it answers, field by field.
    #[must_use]
    pub fn answers(&self) -> Vec<FieldKind> {
        let unit = |dimensions| FieldKind::Vector { dimensions, normalisation: Normalisation::L2 };
        match &self.kind {
            Kind::AspectRatio => vec![FieldKind::Number],
            Kind::Palette => vec![unit(palette::DIMENSIONS), FieldKind::Text],
            Kind::Network(network) => vec![unit(network.dimensions)],
        }
    }

    /// Width and height of its input must be multiples of this.
    pub(crate) fn input_multiple(&self) -> u32 {
        self.as_network().map_or(1, |network| network.input_multiple)
    }

    /// The sizes in which it needs each picture.
    pub(crate) fn views(&self, preprocessing: Option<&Preprocessing>) -> Vec<ViewSpec> {
        match &self.kind {
            Kind::AspectRatio => Vec::new(),
            Kind::Palette => vec![palette::VIEW],
            Kind::Network(_) => preprocessing.map(|p| p.view).into_iter().collect(),
        }
    }

    /// Builds a model that has no weights.
    pub(crate) fn build(&self) -> Result<Box<dyn Model>, ModelError> {
        match &self.kind {
            Kind::AspectRatio => Ok(Box::new(aspect_ratio::AspectRatio)),
            Kind::Palette => Ok(Box::new(palette::Palette::new())),
            Kind::Network(_) => Err(ModelError::Weights(format!("{} needs weights", self.name))),
        }
    }

    /// Loads a network from its weights file, for pictures of the size of `view`.
    pub(crate) fn load(
        &self,
        stored: &Stored,
        device: Device,
        view: ViewSpec,
    ) -> Result<Loaded, ModelError> {
        match self.as_network() {
            Some(network) => (network.load)(stored, device, view),
            None => Err(ModelError::Weights(format!("{} has no weights", self.name))),
        }
    }
}

impl PartialEq for Architecture {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Architecture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
