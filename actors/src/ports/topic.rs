//! Where indexed ids are announced.

use async_trait::async_trait;

use crate::record::RecordId;

/// Tells the next stage which records were indexed: SNS, or nobody.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Announces `ids` and answers one result each, in order. Announcements may repeat.
    async fn announce(&self, ids: &[RecordId]) -> Vec<Result<(), TopicDown>>;
}

/// An announcement was not taken and may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the topic is unavailable: {0}")]
pub struct TopicDown(pub String);
