//! Amazon's services: one configuration of their SDK for all clients of the process, and what their
//! errors mean.
//!
//! Credentials come from the SDK's default chain (environment, profile, web identity, ECS container,
//! EC2 instance), region and endpoints from the SDK's own variables (`AWS_REGION`,
//! `AWS_ENDPOINT_URL[_SQS]`, …).

pub mod batch;
pub mod fault;
pub mod object;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_http_client::{Builder, tls};

use crate::causes::chain_of;

/// How long a connection may take: a region's endpoint is milliseconds away.
const CONNECT: Duration = Duration::from_secs(3);

/// How long one try of an ordinary call may take. Two of them, and the pause between, end well before
/// half of a lease has passed, which is when a lease's extension must have been taken.
pub const ATTEMPT: Duration = Duration::from_secs(10);

/// Two tries: a pooled connection that the other side has closed is noticed only by using it. More
/// would hide an outage from the actors, which pause, tell it and try again themselves.
const ATTEMPTS: u32 = 2;

/// The SDK cannot be used as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// No region is configured.
    #[error("no AWS region is configured: set AWS_REGION")]
    NoRegion,
    /// The chain brought no credentials.
    #[error("no AWS credentials were found: {0}")]
    NoCredentials(String),
}

/// Whether a queue's URL or a topic's ARN is of one that keeps an order: its name must end so, and no
/// other may.
#[must_use]
pub fn is_fifo(location: &str) -> bool {
    location.ends_with(".fifo")
}

/// The loader that [`load`] uses, to be changed before it loads.
#[must_use]
pub fn loader() -> ConfigLoader {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(ring).build_https())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts(ATTEMPT))
}

/// Timeouts of calls of which one try may take `attempt`.
#[must_use]
pub fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(attempt)
        // The read timeout ends with the first byte; an answer that never ends is ended by this one.
        .operation_attempt_timeout(attempt)
        .build()
}

/// The configuration of all clients of this process. They share its connections and credentials.
///
/// # Errors
/// [`AwsError::NoRegion`].
pub async fn load() -> Result<SdkConfig, AwsError> {
    let config = loader().load().await;
    if config.region().is_some() { Ok(config) } else { Err(AwsError::NoRegion) }
}

/// Finds out whether there are credentials. They are not shown to anybody: whether they permit
/// anything, the services tell.
///
/// # Errors
/// [`AwsError::NoCredentials`] with what the chain says.
pub async fn credentials(config: &SdkConfig) -> Result<(), AwsError> {
    let Some(chain) = config.credentials_provider() else {
        return Err(AwsError::NoCredentials("none are configured".to_owned()));
    };
    let found = chain.provide_credentials().await;
    found.map(drop).map_err(|error| AwsError::NoCredentials(chain_of(&error)))
}
