//! A region of its own for each test: queues, topics and buckets of an emulator, named by nobody else.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_config::{Region as Name, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_sqs::types::{Message, MessageAttributeValue, QueueAttributeName};
use inference_manager::adapters::aws;
use inference_manager::adapters::sqs::{SqsQueue, SqsSettings};
use serde_json::json;

/// The emulator, and what is in it for one test.
pub struct Region {
    /// Points there.
    pub config: SdkConfig,
    /// Talks to it.
    pub sqs: aws_sdk_sqs::Client,
    suffix: String,
}

/// A queue and its dead-letter queue.
pub struct Queues {
    /// The queue's URL.
    pub queue: String,
    /// The dead-letter queue's URL.
    pub dead_letters: String,
}

impl Region {
    /// Finds the emulator.
    pub async fn find() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("TEST_AWS_ENDPOINT_URL")
            .expect("TEST_AWS_ENDPOINT_URL names no emulator: run ./test, which starts one");
        inference_manager::tls::install();
        let config = aws::loader()
            .endpoint_url(url)
            .region(Name::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .load()
            .await;
        let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let suffix = format!("{}-{since}-{number}", std::process::id());
        Self { sqs: aws_sdk_sqs::Client::new(&config), config, suffix }
    }

    /// A name that no other test uses.
    pub fn name(&self, name: &str) -> String {
        format!("{name}-{}", self.suffix)
    }

    /// Makes a queue whose messages go to its dead-letter queue after `receive_limit` receives.
    pub async fn queues(&self, receive_limit: u32) -> Queues {
        let dead_letters = self.queue("dead", &[]).await;
        let arn = self.arn(&dead_letters).await;
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": receive_limit});
        let policy = (QueueAttributeName::RedrivePolicy, policy.to_string());
        Queues { queue: self.queue("images", &[policy]).await, dead_letters }
    }

    async fn queue(&self, name: &str, attributes: &[(QueueAttributeName, String)]) -> String {
        let attributes = attributes.iter().cloned().collect();
        let create = self.sqs.create_queue().queue_name(self.name(name));
        create.set_attributes(Some(attributes)).send().await.unwrap().queue_url.unwrap()
    }

    /// A queue's name in policies and subscriptions.
    pub async fn arn(&self, url: &str) -> String {
        let asked = self.sqs.get_queue_attributes().queue_url(url);
        let answer = asked.attribute_names(QueueAttributeName::QueueArn).send().await.unwrap();
        answer.attributes.unwrap()[&QueueAttributeName::QueueArn].clone()
    }

    /// Sends a message.
    pub async fn send(&self, url: &str, body: &str, attributes: &[(&str, MessageAttributeValue)]) {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let send = self.sqs.send_message().queue_url(url).message_body(body);
        send.set_message_attributes(Some(attributes.collect())).send().await.unwrap();
    }

    /// All that can be received from a queue now, hidden from others for ten minutes.
    pub async fn contents(&self, url: &str) -> Vec<Message> {
        let mut contents = Vec::new();
        loop {
            let receive = self.sqs.receive_message().queue_url(url).message_attribute_names("All");
            let receive = receive.max_number_of_messages(10).visibility_timeout(600);
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return contents;
            }
            contents.extend(messages);
        }
    }

    /// The bodies of these, sorted.
    pub async fn bodies(&self, url: &str) -> Vec<String> {
        let contents = self.contents(url).await.into_iter();
        let mut bodies: Vec<String> = contents.map(|message| message.body.unwrap()).collect();
        bodies.sort();
        bodies
    }
}

impl Queues {
    /// How a test works them: short polls, and leases that end while it watches.
    pub fn settings(&self) -> SqsSettings {
        SqsSettings {
            lease: Duration::from_secs(4),
            wait: Duration::from_secs(1),
            ..SqsSettings::new(self.queue.clone(), self.dead_letters.clone())
        }
    }

    /// Opens them so.
    pub async fn open(&self, region: &Region) -> SqsQueue {
        SqsQueue::open(&region.config, self.settings()).await.unwrap()
    }
}

/// An attribute's value.
pub fn text(value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().unwrap()
}
