//! Weights that are read when a layer asks for them: so that a network need never be in memory whole.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use burn::module::{ModuleMapper, Param};
use burn::store::bridge::into_data;
use burn::store::burn_pack::Tensor as StoredTensor;
use burn::store::{ApplyError, ApplyResult};
use burn::tensor::{Device, Tensor};

/// Gives each parameter of a module the stored tensor of its path, unread. Shapes are compared at
/// once.
pub(super) struct Deferred {
    tensors: BTreeMap<String, StoredTensor>,
    path: Vec<String>,
    applied: Vec<String>,
    missing: Vec<(String, String)>,
    errors: Vec<ApplyError>,
    unreadable: Arc<OnceLock<String>>,
}

impl Deferred {
    /// Of `tensors`, which are named by the paths of the modules.
    pub fn new(tensors: Vec<StoredTensor>) -> Self {
        Self {
            tensors: tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect(),
            path: Vec::new(),
            applied: Vec::new(),
            missing: Vec::new(),
            errors: Vec::new(),
            unreadable: Arc::default(),
        }
    }

    /// Says, once every tensor was read, why one could not be: it was taken for zeros.
    pub fn unreadable(&self) -> Arc<OnceLock<String>> {
        Arc::clone(&self.unreadable)
    }

    /// What fits, and what does not.
    pub fn result(self) -> ApplyResult {
        ApplyResult {
            applied: self.applied,
            skipped: Vec::new(),
            missing: self.missing,
            unused: self.tensors.into_keys().collect(),
            errors: self.errors,
        }
    }
}

impl ModuleMapper for Deferred {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let Some(tensor) = self.tensors.remove(&path) else {
            self.missing.push((path, String::new()));
            return param;
        };
        let (expected, found) = (param.lazy_shape(), tensor.shape.clone());
        if expected != found {
            self.errors.push(ApplyError::ShapeMismatch { path, expected, found });
            return param;
        }
        self.applied.push(path.clone());
        let unreadable = Arc::clone(&self.unreadable);
        let read = move |device: &Device, _| {
            let (shape, dtype) = (tensor.shape.clone(), tensor.dtype);
            match into_data(tensor) {
                Ok(data) => Tensor::from_data(data, (device, dtype)),
                Err(error) => {
                    // The first fault is told; others are likely the same.
                    let _ = unreadable.set(format!("{path}: {error}"));
                    Tensor::zeros(shape, device)
                }
            }
        };
        let device = param.lazy_device();
        Param::uninitialized(param.id, read, device, false, expected)
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::nn::{Linear, LinearConfig};
    use burn::store::burn_pack::Error;
    use burn::tensor::{Bytes, DType, Shape};

    use super::*;
    use crate::model::Device as Engine;

    /// The module with the tensors `weight`, of this shape and content, and `bias`.
    fn linear(
        shape: [usize; 2],
        weight: impl Fn() -> Result<Bytes, Error> + Send + Sync + 'static,
        bias: &str,
    ) -> (Linear, Deferred) {
        let bytes = Bytes::from_elems(vec![1.0_f32; 3]);
        let bias = StoredTensor::new(bias.into(), DType::F32, [3], None, bytes);
        let (length, shape) = (shape.iter().product::<usize>() * 4, Shape::from(shape));
        let weight =
            StoredTensor::deferred("weight".into(), DType::F32, shape, None, length, weight);
        let mut deferred = Deferred::new(vec![weight, bias]);
        let module = LinearConfig::new(2, 3).init(&Engine::Flex.burn()).map(&mut deferred);
        (module, deferred)
    }

    fn unread() -> Result<Bytes, Error> {
        panic!("nobody asked for it")
    }

    #[test]
    fn a_tensor_is_read_when_it_is_asked_for() {
        let numbers = || Ok(Bytes::from_elems(vec![0.5_f32; 6]));
        let (module, deferred) = linear([2, 3], numbers, "bias");
        assert!(!module.weight.is_initialized());

        let values = module.weight.val().into_data().try_into_vec::<f32>().unwrap();

        assert_eq!((values, deferred.unreadable().get()), (vec![0.5; 6], None));
        let result = deferred.result();
        assert_eq!(result.applied.len(), 2);
        assert!(result.missing.is_empty() && result.unused.is_empty() && result.errors.is_empty());
    }

    #[test]
    fn shapes_and_names_are_compared_before_anything_is_read() {
        let (_, deferred) = linear([3, 2], unread, "stray");

        let result = deferred.result();

        let [ApplyError::ShapeMismatch { path, .. }] = &result.errors[..] else { panic!() };
        assert_eq!(path, "weight");
        assert_eq!(result.missing[0].0, "bias");
        assert_eq!(result.unused, ["stray"]);
    }

    #[test]
    fn a_tensor_that_cannot_be_read_is_told() {
        let broken = || Err(Error::IoError("the disk is gone".into()));
        let (module, deferred) = linear([2, 3], broken, "bias");
        let unreadable = deferred.unreadable();

        let _ = module.weight.val();

        let told = unreadable.get().unwrap();
        assert!(told.starts_with("weight: ") && told.contains("the disk is gone"), "{told}");
    }
}
