//! Weights from files into modules and back: all tensors or none, each of the right shape.

use std::sync::Arc;

use burn::store::{
    ApplyResult, FloatCastAdapter, HalfPrecisionAdapter, ModuleSnapshot, SafetensorsStore,
};
use burn::tensor::DType;

use crate::model::{Device, ModelError};
use crate::network::{Forward, Network};

/// Loads a network from the bytes of a `weights.safetensors` that [`store`] wrote.
///
/// Whatever is stored as f16 becomes f32: no CPU computes faster in f16.
pub(crate) fn load<N: Network>(
    bytes: Vec<u8>,
    device: Device,
) -> Result<Arc<dyn Forward>, ModelError> {
    Ok(Arc::new(load_module::<N>(bytes, device)?.for_inference()))
}

/// Loads a network as it was stored.
pub(crate) fn load_module<N: Network>(bytes: Vec<u8>, device: Device) -> Result<N, ModelError> {
    let mut network = N::init(&device.burn());
    let mut store = SafetensorsStore::from_bytes(Some(bytes))
        .with_from_adapter(FloatCastAdapter::to(DType::F32))
        .allow_partial(true)
        .validate(false);
    let applied =
        network.load_from(&mut store).map_err(|error| ModelError::Weights(error.to_string()))?;
    complete(&applied, &[])?;
    Ok(network)
}

/// Writes a network as safetensors under the names of its modules here: kernels and matrices as
/// f16, which halves the file, and the few numbers of each normalisation as f32.
pub(crate) fn store<N: Network>(network: &N) -> Result<Vec<u8>, ModelError> {
    let mut store = SafetensorsStore::from_bytes(None)
        .clear_metadata()
        .with_to_adapter(HalfPrecisionAdapter::new());
    network.save_into(&mut store).map_err(|error| ModelError::Weights(error.to_string()))?;
    store.get_bytes().map_err(|error| ModelError::Weights(error.to_string()))
}

/// Refuses a load that left something out, and names each tensor.
///
/// Tensors of the file may stay unused if a pattern of `dropped` names them: a name, or `*` and the
/// end of a name.
pub(crate) fn complete(applied: &ApplyResult, dropped: &[&str]) -> Result<(), ModelError> {
    let is_dropped = |name: &str| {
        dropped.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == *pattern,
        })
    };
    let errors = applied.errors.iter().map(ToString::to_string);
    let missing = applied.missing.iter().map(|(name, _)| format!("{name} is missing"));
    let unused = applied.unused.iter().filter(|name| !is_dropped(name));
    let unused = unused.map(|name| format!("{name} is not of this architecture"));
    let faults: Vec<_> = errors.chain(missing).chain(unused).collect();
    if faults.is_empty() { Ok(()) } else { Err(ModelError::Weights(faults.join("; "))) }
}
