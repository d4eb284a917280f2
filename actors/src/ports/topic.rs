//! Where indexed ids are announced.

use async_trait::async_trait;

use crate::record::RecordId;
use crate::trace::TraceContext;

/// Tells the next stage which records were indexed: SNS, or nobody.
#[async_trait]
pub trait Topic: Send + Sync {
    /// Announces and answers one result each, in order. Announcements may repeat.
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Result<(), TopicDown>>;
}

/// One indexed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Its id.
    pub id: RecordId,
    /// Where in a trace it is announced from, if there is one.
    pub trace: Option<TraceContext>,
}

/// An announcement was not taken and may be tried again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the topic is unavailable: {0}")]
pub struct TopicDown(pub String);
