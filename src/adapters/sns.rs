//! SNS as the topic: the ids of indexed images, one message each, ten a request.
//!
//! Announcing comes after the index has the document and before the message is deleted: whoever hears
//! of an id finds its document, and a crash in between announces it again.

use std::collections::HashMap;

use actors::ports::{Announcement, Topic, TopicDown};
use actors::trace::TraceContext;
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::{MessageAttributeValue, PublishBatchRequestEntry};

use super::aws::batch::{LIMIT, entry_id, in_order, none_answered};
use super::aws::fault::Fault;
use super::aws::is_fifo;
use crate::wire::trace_context::{TRACEPARENT, traceparent};

/// What the replaced system wrote there; a subscriber may filter by it.
const SUBJECT: &str = "Sent from the inference_manager";

/// A topic.
#[derive(Debug)]
pub struct SnsTopic {
    client: Client,
    arn: String,
}

/// Why the topic cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnsError {
    /// The order of its messages would mean something.
    #[error("{0} is a FIFO topic; only standard topics are supported")]
    Fifo(String),
    /// The service refuses, or does not answer.
    #[error("the topic {arn}: {fault}")]
    Unavailable {
        /// Its name.
        arn: String,
        /// What the service says.
        fault: Fault,
    },
}

impl SnsError {
    /// Whether the settings are wrong, whatever the service says.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Fifo(_))
    }
}

impl SnsTopic {
    /// Looks whether the topic exists and opens it for announcements. Changes nothing.
    ///
    /// # Errors
    /// [`SnsError`]: it does not exist, may not be looked at (`sns:GetTopicAttributes`), or the service
    /// does not answer.
    pub async fn open(config: &SdkConfig, arn: String) -> Result<Self, SnsError> {
        if is_fifo(&arn) {
            return Err(SnsError::Fifo(arn));
        }
        let client = Client::new(config);
        match client.get_topic_attributes().topic_arn(&arn).send().await {
            Ok(_) => Ok(Self { client, arn }),
            Err(error) => Err(SnsError::Unavailable { fault: Fault::from(&error), arn }),
        }
    }

    async fn publish(&self, announcements: &[Announcement]) -> Vec<Result<(), Fault>> {
        let entry = |(position, announcement): (usize, &Announcement)| {
            let trace =
                announcement.trace.map(|trace| [(TRACEPARENT.to_owned(), attribute(trace))]);
            PublishBatchRequestEntry::builder()
                .id(entry_id(position))
                .subject(SUBJECT)
                .message(announcement.id.as_str())
                .set_message_attributes(trace.map(HashMap::from))
                .build()
                .expect("id and message are set just above")
        };
        let entries = announcements.iter().enumerate().map(entry).collect();
        let batch = self.client.publish_batch().topic_arn(&self.arn);
        match batch.set_publish_batch_request_entries(Some(entries)).send().await {
            Ok(answer) => in_order(
                announcements.len(),
                answer.successful().iter().filter_map(|done| done.id()),
                answer.failed().iter().map(|failed| {
                    let (code, message) = (failed.code(), failed.message());
                    (failed.id(), Fault::of_entry(code, message, failed.sender_fault()))
                }),
            ),
            Err(error) => none_answered(announcements.len(), &error),
        }
    }
}

fn attribute(trace: TraceContext) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(traceparent(trace))
        .build()
        .expect("the type is set just above")
}

#[async_trait]
impl Topic for SnsTopic {
    async fn announce(&self, announcements: &[Announcement]) -> Vec<Result<(), TopicDown>> {
        let mut answers = Vec::with_capacity(announcements.len());
        for batch in announcements.chunks(LIMIT) {
            answers.extend(self.publish(batch).await);
        }
        answers.into_iter().map(|a| a.map_err(|fault| TopicDown(fault.to_string()))).collect()
    }
}
