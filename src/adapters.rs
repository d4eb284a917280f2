//! The engines behind the ports of `actors`: what talks to disks, models and servers.
//!
//! | port | engine of an embedded run | engine of the production service |
//! | --- | --- | --- |
//! | `Queue` | [`embedded::FolderQueue`]: a folder's pictures | [`sqs::SqsQueue`] |
//! | `Catalogue` | [`embedded::FolderCatalogue`]: a document for each file | [`elasticsearch::ElasticsearchCatalogue`] |
//! | `Fetcher` | [`embedded::FileFetcher`]: wary of what else may have a picture's name | [`http::HttpFetcher`]: wary of where it is sent |
//! | `Decoder` | [`picture_decoder::PictureDecoder`], by [`IllustratingDecoder`] where a page is wanted | [`picture_decoder::PictureDecoder`] |
//! | `InferrerFactory` | [`model_inferrers::ModelFactory`]: an inferrer of a model set on a device | the same, its weights by [`s3_models`] |
//! | `Index` | [`embedded::NdjsonIndex`]: a journal, then `augmented.ndjson` | [`elasticsearch::ElasticsearchIndex`] |
//! | `Topic` | [`no_topic::NoTopic`]: nobody listens | [`sns::SnsTopic`]; the other where none is given |
//!
//! [`IllustratingDecoder`]: crate::page::illustrating_decoder::IllustratingDecoder

pub mod aws;
pub mod ecs_agent;
pub mod elasticsearch;
pub mod embedded;
pub mod http;
pub mod model_inferrers;
pub mod no_topic;
pub mod otlp;
pub mod picture_decoder;
pub mod s3_models;
pub mod sns;
pub mod sqs;
