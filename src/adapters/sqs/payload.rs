//! Ids from bodies, also from those that lie in S3 because the sender's client puts them there.
//!
//! The object stays where it is: it is the sender's, and a message that is parked still points to it.

use actors::failure::{Class, Failure, Stage};
use actors::record::RecordId;
use aws_config::SdkConfig;
use aws_sdk_s3::Client;

use crate::adapters::aws::fault::{Fault, Kind};
use crate::adapters::aws::object::{self, Unread};
use crate::wire::message_body::{self, Body, Pointer};

/// The largest object that is read, in bytes: an SNS notification with the longest id and its signature
/// is a tenth of it.
const LARGEST: usize = 16 << 10;

/// Reads bodies.
pub struct Payloads {
    client: Client,
    buckets: Vec<String>,
}

impl Payloads {
    /// Follows pointers to `buckets` only.
    pub fn new(config: &SdkConfig, buckets: Vec<String>) -> Self {
        Self { client: object::client(config), buckets }
    }

    /// The id that `body` names, wherever it lies.
    pub async fn id_in(&self, body: &str) -> Result<RecordId, Failure> {
        match message_body::read(body).map_err(malformed)? {
            Body::Id(id) => Ok(id),
            Body::Pointer(pointer) => {
                message_body::read_payload(&self.fetch(&pointer).await?).map_err(malformed)
            }
        }
    }

    async fn fetch(&self, pointer: &Pointer) -> Result<String, Failure> {
        if !self.buckets.contains(&pointer.bucket) {
            let bucket = &pointer.bucket;
            return Err(malformed(format!(
                "it points to the bucket {bucket:?}, which is not allowed"
            )));
        }
        let object =
            self.client.get_object().bucket(&pointer.bucket).key(&pointer.key).send().await;
        let object = object.map_err(|error| unavailable(&Fault::from(&error)))?;
        let bytes = object::read(object.body, LARGEST).await.map_err(|unread| match unread {
            Unread::TooLong => {
                malformed(format!("what it points to is larger than {LARGEST} bytes"))
            }
            Unread::Broken(fault) => unavailable(&fault),
        })?;
        String::from_utf8(bytes).map_err(|_| malformed("what it points to is no text"))
    }
}

fn malformed(cause: impl ToString) -> Failure {
    Failure::new(Class::BodyMalformed, Stage::Source, cause.to_string())
}

fn unavailable(fault: &Fault) -> Failure {
    let class = match fault.kind {
        Kind::Gone => Class::NotFound,
        Kind::Denied => Class::Denied,
        Kind::Rejected | Kind::Stale => Class::HttpRejected,
        Kind::Transient | Kind::Throttled | Kind::Credentials => Class::HttpUnavailable,
    };
    Failure::new(class, Stage::Source, format!("the body lies in S3: {fault}"))
}
