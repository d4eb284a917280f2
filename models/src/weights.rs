//! Weights from files into modules and back: all tensors or none, each of the right shape.

mod naming;
mod stored;

use std::sync::Arc;

use burn::store::{
    ApplyError, ApplyResult, HalfPrecisionAdapter, ModuleSnapshot, SafetensorsStore,
};
use burn::tensor::Shape;

use crate::model::{Device, ModelError};
use crate::network::{Forward, Network, Precision};
pub(crate) use naming::Naming;
pub(crate) use stored::Stored;

/// Loads a network from a `weights.safetensors` that [`store`] wrote.
///
/// Whatever is stored as f16 becomes f32: no CPU computes faster in f16.
pub(crate) fn load<N: Network>(
    stored: &Stored,
    device: Device,
) -> Result<Arc<dyn Forward>, ModelError> {
    Ok(Arc::new(load_module::<N>(stored, device)?.for_inference()))
}

/// Loads a network as it was stored.
pub(crate) fn load_module<N: Network>(stored: &Stored, device: Device) -> Result<N, ModelError> {
    let mut network = N::init(&device.burn());
    let applied = network.apply(stored.tensors()?, None, None, false);
    refuse(faults(&applied, None))?;
    Ok(network)
}

/// Writes a network as safetensors under the names of its modules here: kernels and matrices as its
/// [`Precision`] says, the few numbers of each normalisation as f32.
pub(crate) fn store<N: Network>(network: &N) -> Result<Vec<u8>, ModelError> {
    let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
    if N::PRECISION == Precision::Half {
        store = store.with_to_adapter(HalfPrecisionAdapter::new());
    }
    network.save_into(&mut store).map_err(|error| ModelError::Weights(error.to_string()))?;
    store.get_bytes().map_err(|error| ModelError::Weights(error.to_string()))
}

/// What a load left out, tensor by tensor, under the names of the file: those of `naming`, or the
/// paths of the modules.
pub(crate) fn faults(applied: &ApplyResult, naming: Option<&Naming>) -> Vec<String> {
    let name = |path: &str| naming.map_or_else(|| path.to_owned(), |naming| naming.name(path));
    let misfit = |error: &ApplyError| match error {
        ApplyError::ShapeMismatch { path, expected, found } => {
            let shape =
                |shape: &Shape| naming.map_or_else(|| shape.to_vec(), |_| Naming::shape(shape));
            let (found, expected) = (shape(found), shape(expected));
            format!("{} has the shape {found:?} instead of {expected:?}", name(path))
        }
        ApplyError::DTypeMismatch { path, expected, found } => {
            format!("{} holds {found:?} instead of {expected:?}", name(path))
        }
        ApplyError::AdapterError { path, message } | ApplyError::LoadError { path, message } => {
            format!("{}: {message}", name(path))
        }
    };
    let misfits = applied.errors.iter().map(misfit);
    let missing = applied.missing.iter().map(|(path, _)| format!("{} is missing", name(path)));
    let unused = applied.unused.iter().map(|path| name(path));
    let unused = unused.filter(|name| naming.is_none_or(|naming| !naming.drops(name)));
    misfits.chain(missing).chain(unused.map(|name| unknown(&name))).collect()
}

/// The complaint about the tensor `name`, which no layer has.
pub(crate) fn unknown(name: &str) -> String {
    format!("{name} is not of this architecture")
}

/// Refuses a load with any fault, and names them all.
pub(crate) fn refuse(faults: Vec<String>) -> Result<(), ModelError> {
    if faults.is_empty() { Ok(()) } else { Err(ModelError::Weights(faults.join("; "))) }
}
