//! The topic where nobody listens: of an embedded run, and of a service that was given none.

use actors::ports::{Announcement, Topic, TopicDown};
use async_trait::async_trait;

/// Announces to nobody, and succeeds at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTopic;

#[async_trait]
impl Topic for NoTopic {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Result<(), TopicDown>> {
        vec![Ok(()); announcements.len()]
    }
}
