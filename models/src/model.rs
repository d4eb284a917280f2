//! What every model is to the rest of the program: views of pictures in, named values out.

use std::fmt;
use std::str::FromStr;

use crate::kernels::InstructionSet;
use crate::picture::{ViewSpec, Views};

/// One inferred value: that of the field at the same place in [`Manifest::fields`], whose
/// [`FieldKind`] says what may be expected of it.
///
/// [`Manifest::fields`]: crate::Manifest::fields
/// [`FieldKind`]: crate::field::FieldKind
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A dense vector of the field's `dimensions`. Without a unit: of Euclidean length 1 where its
    /// `normalisation` is `l2`, else as the model computes it.
    Vector(Vec<f32>),
    /// A single number, in the model's own unit: an aspect ratio is width over height, so it has none.
    Number(f32),
    /// A text: an average colour is `#` and red, green and blue in two hexadecimal digits each.
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

/// The engine that networks compute on; all are pure Rust on the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// Kernels of this crate for x86-64 with AVX2 or AVX-512; on other CPUs the same as `Flex`.
    #[default]
    Simd,
    /// The same with AVX2 alone, also where the CPU has AVX-512: the same bits on both.
    SimdAvx2,
    /// burn's `flex`: the faster one of burn's.
    Flex,
    /// burn's `ndarray`, deprecated upstream.
    Ndarray,
}

impl Device {
    /// All devices, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Simd, Self::SimdAvx2, Self::Flex, Self::Ndarray];

    /// What serves on this host where this device is asked for: `simd avx2`, `simd avx512`, `flex` or
    /// `ndarray`.
    #[must_use]
    pub fn served_by(self) -> String {
        match (self, self.instruction_set()) {
            (_, Some(set)) => format!("{} {}", Self::Simd, set.name()),
            (Self::Simd | Self::SimdAvx2, None) => Self::Flex.to_string(),
            (Self::Flex | Self::Ndarray, None) => self.to_string(),
        }
    }

    /// The instructions of our own kernels, where this device has them on this host.
    pub(crate) fn instruction_set(self) -> Option<InstructionSet> {
        match self {
            Self::Simd => InstructionSet::best(),
            Self::SimdAvx2 => InstructionSet::avx2(),
            Self::Flex | Self::Ndarray => None,
        }
    }

    /// burn's name for it, or for that of burn's which holds the weights until they are packed.
    pub(crate) fn burn(self) -> burn::tensor::Device {
        match self {
            Self::Simd | Self::SimdAvx2 | Self::Flex => burn::tensor::Device::flex(),
            #[expect(deprecated, reason = "kept because users ask for it by name")]
            Self::Ndarray => burn::tensor::Device::ndarray(),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Simd => "simd",
            Self::SimdAvx2 => "simd-avx2",
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
        })
    }
}

/// A device that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown device {0:?}: it is simd, simd-avx2, flex or ndarray")]
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
        for device in [Device::Flex, Device::Ndarray] {
            assert_eq!(device.served_by(), device.to_string());
        }
        let avx2 = Device::SimdAvx2.served_by();
        assert!(["simd avx2", "flex"].contains(&avx2.as_str()), "{avx2}");
        assert_eq!(avx2 == "flex", InstructionSet::best().is_none());
        assert_eq!("Flex".parse::<Device>(), Err(UnknownDevice("Flex".into())));
    }
}
