//! Objects of S3.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

use super::fault::Fault;
use crate::causes::chain_of;

/// Why an object was not read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than it may be.
    TooLong,
    /// The transfer broke.
    Broken(Fault),
}

/// A client for S3. At an endpoint of one's own the bucket goes into the path: other servers than
/// Amazon's rarely have a name for each bucket.
#[must_use]
pub fn client(config: &SdkConfig) -> Client {
    let own_endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
    let own_endpoint = own_endpoint.iter().any(|name| std::env::var_os(name).is_some());
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint).build();
    Client::from_conf(config)
}

/// Reads an object of at most `longest` bytes. What the service says of its length is not relied on.
///
/// # Errors
/// [`Unread`].
pub async fn read(mut body: ByteStream, longest: usize) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(&mut body).await.map_err(Unread::Broken)? {
        if bytes.len() + piece.len() > longest {
            return Err(Unread::TooLong);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// The next piece of a body; `None` at its end.
///
/// # Errors
/// [`Fault`]: the transfer broke.
pub async fn next(body: &mut ByteStream) -> Result<Option<bytes::Bytes>, Fault> {
    body.try_next().await.map_err(|error| Fault::transient(chain_of(&error)))
}
