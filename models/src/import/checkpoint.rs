//! Reads published checkpoints. Nothing else in the program unpickles.

use std::path::Path;
use std::sync::Arc;

use burn::store::{
    FloatCastAdapter, ModuleAdapter, ModuleSnapshot, ModuleStore, PyTorchToBurnAdapter,
    PytorchStore,
};
use burn::tensor::DType;

use crate::model::{Device, ModelError};
use crate::network::{Forward, Network};
use crate::weights::{self, Naming};

/// A network out of a checkpoint, in the two forms in which the import needs it.
pub(crate) struct Checkpoint {
    /// With the weights as published.
    pub original: Box<dyn Forward>,
    /// The bytes of `weights.safetensors`.
    pub stored: Arc<Vec<u8>>,
}

impl Checkpoint {
    /// Reads a checkpoint of `N`.
    pub fn read<N: Network>(path: &Path) -> Result<Self, ModelError> {
        let network = read_pth::<N>(path)?;
        let stored = Arc::new(weights::store(&network)?);
        Ok(Self { original: Box::new(network.for_inference()), stored })
    }
}

/// Loads a PyTorch checkpoint: every tensor of the network must be there in its shape, and every
/// tensor of the file must be of the network or named as dropped. Floats of any width become f32.
pub(crate) fn read_pth<N: Network>(path: &Path) -> Result<N, ModelError> {
    let naming = Naming::of::<N>();
    // Layers are told apart by their published numbers, gaps included.
    let mut store = PytorchStore::from_file(path).map_indices_contiguous(false);
    let published = store
        .get_all_tensors()
        .map_err(|error| ModelError::Weights(format!("no PyTorch checkpoint: {error}")))?;
    let mut tensors = Vec::new();
    let mut unknown = Vec::new();
    for (name, tensor) in published {
        match naming.path(name) {
            Some(path) => {
                let mut tensor = tensor.clone();
                tensor.name = path;
                tensors.push(tensor);
            }
            None if naming.drops(name) => {}
            None => unknown.push(weights::unknown(name)),
        }
    }
    let adapter = PyTorchToBurnAdapter.chain(FloatCastAdapter::to(DType::F32));
    let mut network = N::init(&Device::Flex.burn());
    let applied = network.apply(tensors, None, Some(Box::new(adapter)), false);
    let mut faults = weights::faults(&applied, Some(&naming));
    faults.extend(unknown);
    weights::refuse(faults)?;
    Ok(network)
}
