//! From foreign weights to a model set, once; serving never reads a `.pth`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use burn::store::{ModuleSnapshot, PytorchStore};
use serde_json::Value;

use crate::architecture::{self, NetworkKind};
use crate::model::{Device, ModelError, Output};
use crate::network::{self, Forward, Network};
use crate::picture::{Limits, Views, decode};
use crate::set::file::{FieldEntry, GoldenEntry, ManifestFile, PreprocessingEntry, WeightsEntry};
use crate::set::{self, Field, FieldKind, Normalisation};
use crate::weights;

/// The inferrer whose weights are imported.
const INFERRER: &str = "features";

/// The picture that proves every imported model, and its name in the set.
const GOLDEN: &[u8] = include_bytes!("../golden/golden.png");
const GOLDEN_NAME: &str = "golden.png";

/// How far a value of the golden vector may be off. Hosts with other instruction sets sum in
/// another order, which moves values by about 1e-7; a wrong weight moves them by far more.
const TOLERANCE: f32 = 1e-4;

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The inferrer's folder.
    pub folder: PathBuf,
    /// SHA-256 of the weights in hex.
    pub sha256: String,
    /// Length of the weights.
    pub bytes: u64,
    /// Length of the vectors.
    pub dimensions: usize,
    /// What storing kernels and matrices as f16 costs.
    pub loss: Loss,
}

/// How far the golden vector of the stored weights is from that of the original ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// The largest difference of a value, after normalisation.
    pub max_abs: f32,
    /// The cosine between both vectors.
    pub cosine: f64,
}

/// Why weights were not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No architecture of that name has weights.
    #[error("unknown architecture {name:?}: known are {}", known.join(", "))]
    Architecture {
        /// The name asked for.
        name: String,
        /// The names that exist.
        known: Vec<&'static str>,
    },
    /// The file is not a checkpoint of the architecture; tensors are named.
    #[error("{path}: {cause}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: ModelError,
    },
    /// A file cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        cause: std::io::Error,
    },
}

/// A network out of a checkpoint, in the two forms in which the import needs it.
pub(crate) struct Checkpoint {
    /// With the weights as published.
    original: Box<dyn Forward>,
    /// The bytes of `weights.safetensors`.
    stored: Vec<u8>,
}

impl Checkpoint {
    /// Reads a checkpoint of `N`.
    pub(crate) fn read<N: Network>(path: &Path) -> Result<Self, ModelError> {
        let network = read_pth::<N>(path)?;
        let stored = weights::store(&network)?;
        Ok(Self { original: Box::new(network.for_inference()), stored })
    }
}

/// Reads the checkpoint `file` of the architecture `name` and writes `<out>/features/`.
///
/// The same file gives the same bytes. The manifest is written last, and each file under another
/// name first, so that a set is never half there.
///
/// # Errors
/// [`ImportError`]; a tensor that is missing, misshapen or not of the architecture is named.
pub fn import(name: &str, file: &Path, out: &Path) -> Result<Imported, ImportError> {
    let unknown =
        || ImportError::Architecture { name: name.to_owned(), known: architecture::importable() };
    let architecture = architecture::by_name(name).ok_or_else(unknown)?;
    let kind = architecture.as_network().ok_or_else(unknown)?;
    let wrong = |cause| ImportError::Checkpoint { path: file.to_owned(), cause };
    // A checkpoint that is not there should not be called malformed.
    fs::File::open(file).map_err(|cause| ImportError::File { path: file.to_owned(), cause })?;

    let Checkpoint { original, stored } = (kind.read_checkpoint)(file).map_err(wrong)?;
    let before = golden(kind, original.into()).map_err(wrong)?;
    let reloaded = architecture.load(stored.clone(), Device::default()).map_err(wrong)?;
    let after = golden(kind, reloaded).map_err(wrong)?;

    let manifest = manifest(name, kind, &stored, &after);
    let folder = out.join(INFERRER);
    fs::create_dir_all(&folder)
        .map_err(|cause| ImportError::File { path: folder.clone(), cause })?;
    let weights = manifest.weights.clone().expect("it was just made with them");
    write(&folder.join(&weights.file), &stored)?;
    write(&folder.join(GOLDEN_NAME), GOLDEN)?;
    write(&folder.join("manifest.json"), manifest.to_json().as_bytes())?;
    Ok(Imported {
        folder,
        sha256: weights.sha256,
        bytes: weights.bytes,
        dimensions: kind.dimensions,
        loss: loss(&before, &after),
    })
}

/// Loads a PyTorch checkpoint: every tensor of the network must be there in its shape, and every
/// tensor of the file must be of the network or named as dropped.
fn read_pth<N: Network>(path: &Path) -> Result<N, ModelError> {
    let mut network = N::init(&Device::default().burn());
    let mut store = PytorchStore::from_file(path).allow_partial(true).validate(false);
    for (from, to) in N::KEYS {
        store = store.with_key_remapping(*from, *to);
    }
    let applied = network
        .load_from(&mut store)
        .map_err(|error| ModelError::Weights(format!("no PyTorch checkpoint: {error}")))?;
    weights::complete(&applied, N::DROPPED)?;
    Ok(network)
}

/// The network's answer to the golden picture.
fn golden(
    kind: &NetworkKind,
    network: std::sync::Arc<dyn Forward>,
) -> Result<Vec<f32>, ModelError> {
    let preprocessing = &kind.provenance.preprocessing;
    let picture = decode(GOLDEN, &Limits::default())
        .map_err(|error| ModelError::Golden(error.to_string()))?;
    let views = Views::new(&picture, &[preprocessing.view]);
    let mut model = network::model(network, Device::default(), preprocessing, &field(kind));
    match model.infer(&[&views])?.concat().into_iter().next() {
        Some(Output::Vector(vector)) if vector.len() == kind.dimensions => Ok(vector),
        other => Err(ModelError::Golden(format!("the network answered {other:?}"))),
    }
}

fn field(kind: &NetworkKind) -> Field {
    let (dimensions, normalisation) = (kind.dimensions, Normalisation::L2);
    Field { name: INFERRER.into(), kind: FieldKind::Vector { dimensions, normalisation } }
}

fn manifest(name: &str, kind: &NetworkKind, weights: &[u8], golden: &[f32]) -> ManifestFile {
    let provenance = &kind.provenance;
    let preprocessing = &provenance.preprocessing;
    ManifestFile {
        format: set::FORMAT,
        inferrer: INFERRER.into(),
        architecture: name.into(),
        name: provenance.name.into(),
        version: provenance.version.into(),
        fields: vec![FieldEntry {
            name: INFERRER.into(),
            kind: "vector".into(),
            dimensions: Some(kind.dimensions as u64),
            normalisation: Some("l2".into()),
        }],
        preprocessing: Some(PreprocessingEntry {
            width: preprocessing.view.width,
            height: preprocessing.view.height,
            filter: preprocessing.view.filter.name().into(),
            mean: preprocessing.mean.to_vec(),
            std: preprocessing.std.to_vec(),
            scale: preprocessing.scale,
        }),
        weights: Some(WeightsEntry {
            file: "weights.safetensors".into(),
            bytes: weights.len() as u64,
            sha256: set::hex(weights),
            dtype: "f16".into(),
        }),
        golden: GoldenEntry {
            input: GOLDEN_NAME.into(),
            output: [(INFERRER.into(), golden.iter().map(|x| Value::from(*x)).collect())].into(),
            tolerance: TOLERANCE,
        },
        licence: Some(provenance.licence.into()),
        source: Some(provenance.source.into()),
        lineage: Value::Object(serde_json::Map::new()),
    }
}

fn loss(before: &[f32], after: &[f32]) -> Loss {
    let pairs = || before.iter().zip(after);
    let max_abs = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let cosine = pairs().map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    Loss { max_abs, cosine }
}

/// Writes under another name, then renames.
fn write(path: &Path, bytes: &[u8]) -> Result<(), ImportError> {
    let partial = path.with_extension("partial");
    let written = fs::File::create(&partial)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, path));
    written.map_err(|cause| ImportError::File { path: path.to_owned(), cause })
}
