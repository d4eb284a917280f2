//! A topic that remembers what was announced.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use actors::ports::{Topic, TopicDown};
use actors::record::RecordId;

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
    async fn announce(&self, ids: &[RecordId]) -> Vec<Result<(), TopicDown>> {
        if let Err(cause) = self.conduct.act().await {
            return vec![Err(TopicDown(cause)); ids.len()];
        }
        let mut announced = self.announced.lock().unwrap_or_else(PoisonError::into_inner);
        announced.extend(ids.iter().map(ToString::to_string));
        vec![Ok(()); ids.len()]
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
        let ids = [RecordId::new("a").expect("valid")];

        assert!(topic.announce(&ids).await[0].is_err());
        assert_eq!(topic.announce(&ids).await, [Ok(())]);

        assert_eq!(topic.announced(), ["a"]);
    }
}
