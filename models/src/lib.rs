//! The mathematics of the inference manager: pictures in, vectors out.
//!
//! This crate computes and does nothing else. It knows no queue, no document, no network and no
//! actor; it runs on the thread that calls it, and gives the same bits for the same bytes.
//!
//! ```text
//!   bytes of a file                                  a model set (folder, or compiled in)
//!        │ picture::header   refuses bombs                 │ ModelSet::open / bundled
//!        │ picture::decode   any format to 8-bit RGB       │   manifest and digests checked
//!        ▼                                                 ▼
//!   picture::Rgb                                      LoadedInferrer   cheap to clone, shared
//!        │ Views::new, once for all models                 │ build, in each worker's thread
//!        ▼                                                 ▼
//!   picture::Views ───────── &[&Views] ────────────►  dyn Model::infer ─► one Output a field
//! ```
//!
//! # Pictures
//! A picture is decoded once, resized once to each size that any model asks for, and dropped: what
//! waits in queues is [`picture::Views`], some hundred kilobytes. Decoding and resizing give the
//! bytes that Pillow gives (JPEG through a decoder of our own that follows libjpeg-turbo's
//! arithmetic, the bilinear filter after Pillow's), because networks do notice other roundings.
//! Where Pillow would paint the missing half of a truncated file grey, this crate refuses it: a
//! vector of half a picture looks like any other vector.
//!
//! # Models
//! | inferrer | answers | architecture |
//! | --- | --- | --- |
//! | `features` | `features`: vector, length 1 | a network: `efficientnet-lite0` (1280 values) |
//! | `palette` | `paletteEmbedding`: 1000 values, length 1; `averageColorHex`: text | `gaussian-palette`: a closed form |
//! | `aspect-ratio` | `aspectRatio`: number | width over height |
//!
//! What an inferrer answers stands in its [`Manifest`], which is data; names of fields never appear
//! in code that calls it. Every loaded model first has to give the manifest's golden vector for the
//! manifest's golden picture ([`LoadedInferrer::self_test`]).
//!
//! A network's weights are loaded once and shared by all workers of a device. They come from
//! `.pth` checkpoints through [`import()`], once, ahead of time; serving reads safetensors only.
//! A new network is one file that implements its layers, and one line in [`architecture`].
//!
//! # Numbers
//! `models/golden/make.py` wrote the values that the tests compare with, by PyTorch, Pillow, NumPy
//! and SciPy. Each row of a batch equals the batch of one, bit for bit; both devices agree within
//! 1e-5. Storing kernels as f16 turns vectors by about 5e-6 in cosine; that is the whole difference
//! from file to vector.
//!
//! # Example
//! ```
//! use models::picture::{Limits, Views, decode};
//! use models::{Device, ModelSet, Output};
//!
//! # let bytes = include_bytes!("../golden/golden.png");
//! let set = ModelSet::bundled()?;
//! let views = Views::new(&decode(bytes, &Limits::default())?, &set.views());
//! for inferrer in set.inferrers() {
//!     let mut model = inferrer.build(Device::Flex)?;
//!     inferrer.self_test(&mut *model)?;
//!     let answers = model.infer(&[&views])?;
//!     assert_eq!(answers[0].len(), inferrer.manifest().fields.len());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod architecture;
mod aspect_ratio;
mod efficientnet_lite0;
mod import;
mod layers;
mod model;
mod network;
pub mod palette;
pub mod picture;
mod resnet18;
pub mod set;
mod vgg16;
mod weights;

pub use import::{ImportError, Imported, Loss, import};
pub use model::{Device, Model, ModelError, Output, UnknownDevice};
pub use set::{LoadedInferrer, Manifest, ModelSet, SetError, Stamp};
