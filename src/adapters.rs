//! The engines behind the ports of `actors`: what talks to disks, models and, later, servers.
//!
//! | port | engine of an embedded run |
//! | --- | --- |
//! | `Queue` | [`embedded::FolderQueue`]: a folder's pictures, each delivered until it is settled |
//! | `Catalogue` | [`embedded::FolderCatalogue`]: a document for each file |
//! | `Fetcher` | [`embedded::FileFetcher`]: wary of what else may have a picture's name |
//! | `Decoder` | [`picture_decoder::PictureDecoder`], by [`illustrating_decoder`] where a page is wanted |
//! | `InferrerFactory` | [`model_inferrers::ModelFactory`]: an inferrer of a model set on a device |
//! | `Index` | [`embedded::NdjsonIndex`]: a journal, then `augmented.ndjson` |
//! | `Topic` | [`embedded::NoTopic`]: nobody listens |

pub mod aws;
pub mod elasticsearch;
pub mod embedded;
pub mod http;
pub mod illustrating_decoder;
pub mod model_inferrers;
pub mod picture_decoder;
pub mod sns;
pub mod sqs;
