//! From foreign weights to a model set, once; serving never reads a `.pth`.

mod checkpoint;
mod golden;
mod manifest;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::architecture;
use crate::model::{Device, ModelError};
use crate::network::Loaded;
use crate::weights::Stored;
pub(crate) use checkpoint::Checkpoint;
#[cfg(test)]
pub(crate) use checkpoint::read_pth;
use golden::{GOLDEN, GOLDEN_NAME, golden};
use manifest::manifest;

/// The device that says what the golden picture gives: one whose bits no vector instructions of the
/// importing host decide.
const IMPORTS_ON: Device = Device::Flex;

/// The inferrer whose weights are imported.
const INFERRER: &str = "features";

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
    /// How kernels and matrices are stored: `f16` or `f32`.
    pub precision: &'static str,
    /// What storing them so costs.
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

/// Reads the checkpoint `file` of the architecture `name` and writes `<out>/features/`.
///
/// The same file gives the same bytes. The manifest is written last, and each file under another
/// name first, so that no file is ever half there. An import over an older set that is interrupted leaves
/// new weights beside the old manifest, whose digest they do not have: that set is refused when it is
/// opened.
///
/// # Errors
/// [`ImportError`]; a tensor that is missing, misshapen or not of the architecture is named.
pub fn import(name: &str, file: &Path, out: &Path) -> Result<Imported, ImportError> {
    let unknown =
        || ImportError::Architecture { name: name.to_owned(), known: architecture::importable() };
    let architecture = architecture::by_name(name).ok_or_else(unknown)?;
    let kind = architecture.as_network().ok_or_else(unknown)?;
    let wrong = |cause| ImportError::Checkpoint { path: file.to_owned(), cause };
    // Opened first: a checkpoint that is not there should not be called malformed.
    let lineage =
        lineage(file).map_err(|cause| ImportError::File { path: file.to_owned(), cause })?;

    let Checkpoint { original, stored } = (kind.read_checkpoint)(file).map_err(wrong)?;
    let before = golden(kind, Loaded::Modules(original.into(), IMPORTS_ON)).map_err(wrong)?;
    let reloaded = Stored::Memory(Arc::clone(&stored));
    let reloaded = architecture.load(&reloaded, IMPORTS_ON, kind.provenance.preprocessing.view);
    let reloaded = reloaded.map_err(wrong)?;
    let after = golden(kind, reloaded).map_err(wrong)?;

    let manifest = manifest(name, kind, &stored, &after, lineage);
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
        precision: kind.precision.name(),
        loss: loss(&before, &after),
    })
}

/// What the set was made of.
fn lineage(file: &Path) -> std::io::Result<Value> {
    let sha256 = Stored::File(Arc::new(fs::File::open(file)?)).sha256()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!({ "checkpoint": { "file": name, "sha256": sha256 } }))
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
