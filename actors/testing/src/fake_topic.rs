//! A topic that remembers what was announced.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use actors::ports::{Announcement, Topic, TopicDown};

use crate::conduct::Conduct;

/// The fake topic.
#[derive(Default)]
pub struct FakeTopic {
    /// How its calls behave.
    pub conduct: Conduct,
    announced: Mutex<Vec<String>>,
}

impl FakeTopic {
    /// The announced ids, in order.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Topic for FakeTopic {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Result<(), TopicDown>> {
        if let Err(cause) = self.conduct.act().await {
            return vec![Err(TopicDown(cause)); announcements.len()];
        }
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        announced.extend(announcements.iter().map(|announcement| announcement.id.to_string()));
        vec![Ok(()); announcements.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conduct::Act;

    #[tokio::test]
    async fn a_failing_announcement_is_not_remembered() {
        let conduct = Conduct::script([Act::Fail(std::time::Duration::ZERO)]);
        let topic = FakeTopic { conduct, ..Default::default() };
        let id = actors::record::RecordId::new("a").expect("valid");
        let announcements = [Announcement { id, trace: None }];

        assert!(topic.announce(&announcements).await[0].is_err());
        assert_eq!(topic.announce(&announcements).await, [Ok(())]);

        assert_eq!(topic.announced(), ["a"]);
    }
}
