//! Weights from files into modules and back: all tensors or none, each of the right shape.

mod deferred;
mod naming;
mod stored;

use std::sync::Arc;

use burn::store::{
    ApplyError, ApplyResult, HalfPrecisionAdapter, ModuleSnapshot, SafetensorsStore,
};
use burn::tensor::Shape;

use crate::kernels::{InstructionSet, Plane};
use crate::model::{Device, ModelError};
use crate::network::{Loaded, Network, Precision};
use crate::picture::ViewSpec;
use crate::plan::{Graph, Plan};
use deferred::Deferred;
pub(crate) use naming::Naming;
pub(crate) use stored::Stored;

/// Loads a network from a `weights.safetensors` that [`store`] wrote, for pictures of the size of
/// `view`: as a plan where `device` has kernels of our own on this host.
pub(crate) fn load<N: Network>(
    stored: &Stored,
    device: Device,
    view: ViewSpec,
) -> Result<Loaded, ModelError> {
    load_for::<N>(stored, device, device.instruction_set(), view)
}

/// The same with a plan for `set`, or without one: burn computes in f32 whatever is stored, since no
/// CPU is faster in f16.
fn load_for<N: Network>(
    stored: &Stored,
    device: Device,
    set: Option<InstructionSet>,
    view: ViewSpec,
) -> Result<Loaded, ModelError> {
    if let Some(set) = set {
        return Ok(Loaded::Plan(Arc::new(plan::<N>(stored, set, view)?)));
    }
    let modules = load_module::<N>(stored, device)?.for_inference();
    Ok(Loaded::Modules(Arc::new(modules), device))
}

/// Compiles a network as it was stored. Its tensors are read one layer at a time, so that they never
/// lie in memory beside what is packed of them.
fn plan<N: Network>(
    stored: &Stored,
    set: InstructionSet,
    view: ViewSpec,
) -> Result<Plan, ModelError> {
    let wrong = |error: &dyn std::fmt::Display| ModelError::Weights(error.to_string());
    let (height, width) = (view.height as usize, view.width as usize);
    let mut graph = Graph::new(Plane { height, width });
    let mut deferred = Deferred::new(stored.tensors_to_pack()?);
    let network = N::init(&Device::Simd.burn()).map(&mut deferred);
    let unreadable = deferred.unreadable();
    refuse(faults(&deferred.result(), None))?;
    network.for_inference().describe(&mut graph).map_err(|error| wrong(&error))?;
    let plan = Plan::compile(graph, set).map_err(|error| wrong(&error))?;
    match unreadable.get() {
        None => Ok(plan),
        Some(fault) => Err(ModelError::Weights(fault.clone())),
    }
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

#[cfg(test)]
mod tests;
