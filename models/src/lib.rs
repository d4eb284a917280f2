//! The mathematics of the inference manager.

pub mod architecture;
mod aspect_ratio;
mod efficientnet_lite0;
mod import;
mod model;
mod network;
mod palette;
pub mod picture;
pub mod set;
mod weights;

pub use import::{ImportError, Imported, Loss, import};
pub use model::{Device, Model, ModelError, Output, UnknownDevice};
pub use set::{LoadedInferrer, Manifest, ModelSet, SetError, Stamp};
