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
//! | `features` | `features`: vector, length 1 | a network, see below |
//! | `palette` | `paletteEmbedding`: 1000 values, length 1; `averageColorHex`: text | `gaussian-palette`: a closed form |
//! | `aspect-ratio` | `aspectRatio`: number | width over height |
//!
//! | network | values | of what | published weights |
//! | --- | --- | --- | --- |
//! | `efficientnet-lite0` | 1280 | the pooled last plane | bundled |
//! | `mobilenet-v2` | 1280 | the pooled last plane | torchvision's `IMAGENET1K_V1`, to be imported |
//! | `resnet18` | 512 | the pooled last plane | torchvision's `IMAGENET1K_V1`, to be imported |
//! | `resnet50` | 2048 | the pooled last plane | torchvision's `IMAGENET1K_V1`, to be imported |
//! | `vgg16` | 4096 | the second matrix, before its ReLU | torchvision's `IMAGENET1K_V1`, to be imported |
//!
//! ```text
//!  picture ─┬─ 224 × 224, bilinear ─ (s / scale − mean) / std ─► network ─► length 1 ──► features
//!           ├─ 100 × 100, bilinear ─ 50 × 50, nearest ─► blurred histogram ─► length 1 ► paletteEmbedding
//!           │                                       └──► mean, fraction cut off ───────► averageColorHex
//!           └─ width / height of the file itself ──────────────────────────────────────► aspectRatio
//! ```
//!
//! What an inferrer answers stands in its [`Manifest`], which is data; names of fields never appear
//! in code that calls it. Whoever builds a model calls [`LoadedInferrer::self_test`] before asking it for
//! anything else: it has to give the manifest's golden vector for the manifest's golden picture.
//! [`palette::query`] is the vector with which to look for a colour among palettes.
//!
//! # Model sets
//! ```text
//! <set>/features/manifest.json          fields, dimensions, preprocessing, digest, licence, lineage
//!                weights.safetensors    f16 or f32, read tensor by tensor into f32
//!                golden.png             the picture of the self-test
//! <set>/palette/…, <set>/aspect-ratio/… without weights; taken from the bundled set where missing
//! ```
//!
//! A network's weights are loaded once and shared by all workers of a device. They come from
//! PyTorch's checkpoints through [`import()`], once, ahead of time, as they were published: a tensor
//! that is missing, misshapen or of no layer is named and refused. Serving reads safetensors only.
//! A new network is a module that implements its layers and one line in [`architecture`]; a layer that no
//! kernel computes, if it has one, needs a kernel and a step of the plan too.
//!
//! # Devices
//! burn's modules define every network, import its weights and are what it is held against. On x86-64
//! with AVX2 or AVX-512 the device `simd`, the default, compiles them when they are loaded into a
//! *plan* on kernels of this crate: normalisations folded, activations, additions and poolings part of
//! the convolutions, weights packed in the order in which they are read. `flex` and `ndarray` are
//! burn's own engines; where a CPU has no vector instructions that the kernels know, `simd` is `flex`.
//! [`Device::served_by`] tells which it is.
//!
//! # Numbers
//! `models/golden/make.py` wrote the values that the tests compare with, by PyTorch, torchvision,
//! Pillow, NumPy and SciPy; `models/golden/README.md` tells how to write them again, byte for byte.
//!
//! Each row of a batch equals the batch of one, bit for bit, on each device. Networks' vectors have
//! length 1, so that these differences have no unit; the tests that print them allow 1e-4 from
//! PyTorch and 1e-5 between devices:
//!
//! | largest difference of a value | `efficientnet-lite0` | `mobilenet-v2` | `resnet18` | `resnet50` | `vgg16` |
//! | --- | --- | --- | --- | --- | --- |
//! | of `flex` from PyTorch, same tensor, same weights | 4e-7 | 6e-6 | 3e-7 | 2e-6 | 9e-7 |
//! | of `simd` from PyTorch, on AVX2 | 5e-7 | 6e-6 | 6e-7 | 4e-6 | 4e-6 |
//! | of `ndarray` from `flex` | 6e-7 | 5e-6 | 2e-7 | 2e-6 | 8e-7 |
//! | by storing f16, on the golden picture | stored as f32 | stored as f32 | 1e-4 | 1.1e-3 | 3e-4 |
//! | cosine lost by storing f16 | none | none | 3e-7 | 7e-5 | 1e-5 |
//!
//! From file to vector, decoding and resizing give Pillow's bytes for JPEG, PNG and most others, so
//! that f16 is nearly all that is lost, and next to nothing with the bundled network, which is stored as f32; [`picture`]
//! tells the exceptions. The weights of the bundled network are the published ones; those of the
//! others are random here, since torchvision's are in no package registry
//! (`models/golden/checkpoints.py` writes them, in torchvision's own layout).
//!
//! # Where to read
//! Each module uses some of those above it and none below. Only `architecture` and `import` name each
//! other: the list holds how each network reads its checkpoint, and nothing outside of `import` unpickles.
//!
//! | module | what |
//! | --- | --- |
//! | [`picture`] | formats, decoders and resizing: bytes to small RGB pictures |
//! | `kernels` | layers on vector instructions; the one place with `unsafe` |
//! | `plan` | from layers to steps on those kernels, and the worker that runs them |
//! | `model`, `field` | what a model is to its caller; what it answers |
//! | `layers` | burn's layers that several networks are built from |
//! | `network` | what every network has, however it computes: names, preprocessing, inference |
//! | `efficientnet_lite0`, `mobilenet_v2`, `resnet18`, `resnet50`, `vgg16` | the networks |
//! | `weights` | a network's tensors by name, out of a file and into one |
//! | [`palette`], `aspect_ratio` | the models that are no networks |
//! | [`architecture`] | the list of all that a manifest can name |
//! | [`set`](mod@set) | manifests, digests, golden pictures: what is opened and built |
//! | `import` | from a published checkpoint to a set |
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
mod field;
mod import;
mod kernels;
mod layers;
mod mobilenet_v2;
mod model;
mod network;
pub mod palette;
pub mod picture;
mod plan;
mod resnet18;
mod resnet50;
pub mod set;
mod vgg16;
mod weights;

pub use import::{ImportError, Imported, Loss, import};
pub use model::{Device, Model, ModelError, Output, UnknownDevice};
pub use plan::{Profile, StepCost};
pub use set::{LoadedInferrer, Manifest, ModelSet, SetError, Stamp};
