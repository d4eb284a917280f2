//! What every model is to the rest of the program: views of pictures in, named values out.

use std::fmt;
use std::str::FromStr;

use crate::picture::{ViewSpec, Views};

/// One inferred value.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A dense vector.
    Vector(Vec<f32>),
    /// A single number.
    Number(f32),
    /// A text.
    Text(String),
}

/// A loaded model. It computes on the calling thread, which owns it.
pub trait Model {
    /// The sizes in which it wants to see each picture.
    fn views(&self) -> &[ViewSpec];

    /// Infers from all `pictures` at once; answers for each, in order, one [`Output`] a field of
    /// the manifest, in the manifest's order.
    ///
    /// The same picture gives the same bits, alone or in any batch.
    ///
    /// # Errors
    /// [`ModelError`]: the batch as a whole was not inferred. A value that is wrong (NaN, a zero
    /// vector) is no error here: it is answered and judged by whoever knows the manifest.
    fn infer(&mut self, pictures: &[&Views]) -> Result<Vec<Vec<Output>>, ModelError>;
}

/// Why a model was not loaded, did not infer, or failed its golden picture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// The weights are not those of the architecture, tensor by tensor.
    #[error("weights: {0}")]
    Weights(String),
    /// A picture lacks a view that the model asked for.
    #[error("no view of {}×{} pixels ({:?})", .0.width, .0.height, .0.filter)]
    NoView(ViewSpec),
    /// The device computed something of another shape.
    #[error("computing: {0}")]
    Computing(String),
    /// The golden picture gave something else than the manifest says.
    #[error("golden picture: {0}")]
    Golden(String),
}

/// The engine that networks compute on; both are pure Rust on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// burn's `flex`: the faster one.
    #[default]
    Flex,
    /// burn's `ndarray`, deprecated upstream.
    Ndarray,
}

impl Device {
    /// All devices, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Flex, Self::Ndarray];

    /// burn's name for it.
    pub(crate) fn burn(self) -> burn::tensor::Device {
        match self {
            Self::Flex => burn::tensor::Device::flex(),
            #[expect(deprecated, reason = "kept because users ask for it by name")]
            Self::Ndarray => burn::tensor::Device::ndarray(),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
        })
    }
}

/// A device that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown device {0:?}: it is flex or ndarray")]
pub struct UnknownDevice(pub String);

impl FromStr for Device {
    type Err = UnknownDevice;

    fn from_str(name: &str) -> Result<Self, UnknownDevice> {
        let known = Self::ALL.into_iter().find(|device| device.to_string() == name);
        known.ok_or_else(|| UnknownDevice(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_as_on_the_command_line() {
        for device in Device::ALL {
            assert_eq!(device.to_string().parse(), Ok(device));
        }
        assert_eq!("Flex".parse::<Device>(), Err(UnknownDevice("Flex".into())));
    }
}
