//! SQS and SNS as the tests see them: over the SDK, without any code of the program.

use std::process::Command;

use aws_config::SdkConfig;
use aws_sdk_sqs::config::{Credentials, Region, SharedCredentialsProvider};
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, QueueAttributeName as Attribute,
};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";

/// The service.
pub struct Queue {
    endpoint: String,
    /// Its configuration, for clients of other services there.
    pub config: SdkConfig,
    client: aws_sdk_sqs::Client,
    topics: aws_sdk_sns::Client,
}

fn text(value: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder().data_type("String").string_value(value);
    value.build().expect("the type is set")
}

/// A parked message.
pub struct Letter {
    /// The message's body.
    pub body: String,
    /// What its attribute `parked` says.
    pub record: Value,
}

impl Letter {
    /// The id in the record.
    pub fn id(&self) -> String {
        self.record["id"].as_str().unwrap_or_default().to_owned()
    }
}

impl Queue {
    /// The one that `./test` started.
    pub fn at_test_server() -> Self {
        let endpoint = std::env::var("TEST_AWS_ENDPOINT_URL");
        let endpoint = endpoint.expect("TEST_AWS_ENDPOINT_URL names a server: ./test starts one");
        let credentials = Credentials::new("test", "test", None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .endpoint_url(&endpoint)
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let (client, topics) =
            (aws_sdk_sqs::Client::new(&config), aws_sdk_sns::Client::new(&config));
        Self { endpoint, config, client, topics }
    }

    /// Where it is.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Lets a program find the service.
    pub fn environment(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test");
    }

    /// A queue and its dead-letter queue, which gets what was received so often.
    pub async fn pair(&self, name: &str, receives: u32) -> (String, String) {
        let dead_letters = self.create(&format!("{name}-dead"), None).await;
        let arn = self.attribute(&dead_letters, Attribute::QueueArn).await;
        let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": receives.to_string()});
        (self.create(name, Some(policy.to_string())).await, dead_letters)
    }

    async fn create(&self, name: &str, redrive: Option<String>) -> String {
        let request = self.client.create_queue().queue_name(name);
        let request = request.attributes(Attribute::VisibilityTimeout, "5");
        let request = match redrive {
            Some(policy) => request.attributes(Attribute::RedrivePolicy, policy),
            None => request,
        };
        let created = request.send().await.expect("a queue can be created");
        created.queue_url().expect("it has a URL").to_owned()
    }

    /// Sends a message.
    pub async fn send(&self, queue: &str, body: &str) {
        let sent = self.client.send_message().queue_url(queue).message_body(body).send().await;
        sent.expect("the queue takes a message");
    }

    /// Sends a message that says where in a trace it is sent from.
    pub async fn send_traced(&self, queue: &str, body: &str, traceparent: &str) {
        let value = text(traceparent);
        let message = self.client.send_message().queue_url(queue).message_body(body);
        let sent = message.message_attributes("traceparent", value).send().await;
        sent.expect("the queue takes a message");
    }

    /// Sends a message that X-Ray saw.
    pub async fn send_x_rayed(&self, queue: &str, body: &str, header: &str) {
        let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header);
        let value = value.build().expect("the type is set");
        let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
        let message = self.client.send_message().queue_url(queue).message_body(body);
        let sent = message.message_system_attributes(name, value).send().await;
        sent.expect("the queue takes a message");
    }

    /// Each message that waits, with where in a trace it was sent from.
    pub async fn traceparents(&self, queue: &str) -> Vec<(String, Option<String>)> {
        let request = self.client.receive_message().queue_url(queue).max_number_of_messages(10);
        let request = request.message_attribute_names("All").wait_time_seconds(1);
        let answer = request.send().await.expect("it answers");
        let told = |message: &aws_sdk_sqs::types::Message| {
            let trace = message.message_attributes()?.get("traceparent")?.string_value()?;
            Some(trace.to_owned())
        };
        let of = |message: &aws_sdk_sqs::types::Message| {
            (message.body().unwrap_or_default().to_owned(), told(message))
        };
        answer.messages().iter().map(of).collect()
    }

    /// How many messages it holds, hidden ones included.
    pub async fn depth(&self, queue: &str) -> usize {
        let names = [
            Attribute::ApproximateNumberOfMessages,
            Attribute::ApproximateNumberOfMessagesNotVisible,
            Attribute::ApproximateNumberOfMessagesDelayed,
        ];
        let mut depth = 0;
        for name in names {
            depth += self.attribute(queue, name).await.parse::<usize>().expect("a number");
        }
        depth
    }

    async fn attribute(&self, queue: &str, name: Attribute) -> String {
        let request = self.client.get_queue_attributes().queue_url(queue);
        let answer = request.attribute_names(name.clone()).send().await.expect("it answers");
        let found = answer.attributes().and_then(|attributes| attributes.get(&name));
        found.cloned().unwrap_or_else(|| "0".to_owned())
    }

    /// Takes parked messages off the dead-letter queue: what comes within a second.
    pub async fn letters(&self, queue: &str) -> Vec<Letter> {
        let request = self.client.receive_message().queue_url(queue).max_number_of_messages(10);
        let request = request.message_attribute_names("All").wait_time_seconds(1);
        let answer = request.send().await.expect("it answers");
        let mut letters = Vec::new();
        for message in answer.messages() {
            let attributes = message.message_attributes();
            let record = attributes.and_then(|attributes| attributes.get("parked"));
            let record = record.and_then(|attribute| attribute.string_value());
            letters.push(Letter {
                body: message.body().unwrap_or_default().to_owned(),
                record: record.map_or(Value::Null, |text| text.parse().expect("JSON")),
            });
            let handle = message.receipt_handle().expect("it has a handle");
            let deleted = self.client.delete_message().queue_url(queue).receipt_handle(handle);
            deleted.send().await.expect("it can be deleted");
        }
        letters
    }

    /// How many messages are hidden.
    pub async fn hidden(&self, queue: &str) -> usize {
        let name = Attribute::ApproximateNumberOfMessagesNotVisible;
        self.attribute(queue, name).await.parse().expect("a number")
    }

    /// How often each of the messages that can be received now was received before.
    pub async fn receive_counts(&self, queue: &str) -> Vec<u32> {
        let mut counts = Vec::new();
        loop {
            let request = self.client.receive_message().queue_url(queue).max_number_of_messages(10);
            let count = MessageSystemAttributeName::ApproximateReceiveCount;
            let request = request.message_system_attribute_names(count.clone());
            let answer = request.wait_time_seconds(1).send().await.expect("it answers");
            if answer.messages().is_empty() {
                return counts;
            }
            counts.extend(answer.messages().iter().map(|message| {
                let found = message.attributes().and_then(|attributes| attributes.get(&count));
                found.expect("it was asked for").parse::<u32>().expect("a number") - 1
            }));
        }
    }

    /// Takes the bodies off a queue.
    pub async fn bodies(&self, queue: &str) -> Vec<String> {
        self.letters(queue).await.into_iter().map(|letter| letter.body).collect()
    }

    /// A topic, and a queue that gets what is published there, raw.
    pub async fn topic_with_listener(&self) -> (String, String) {
        let name = super::unique();
        let topic = self.topics.create_topic().name(&name).send().await.expect("a topic");
        let topic = topic.topic_arn().expect("it has a name").to_owned();
        let listener = self.create(&format!("{name}-listener"), None).await;
        let arn = self.attribute(&listener, Attribute::QueueArn).await;
        let subscribed = self.topics.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn);
        let subscribed = subscribed.attributes("RawMessageDelivery", "true").send().await;
        subscribed.expect("a queue can listen");
        (topic, listener)
    }

    /// Lets `queue` get what is published at `topic`, each in its notification.
    pub async fn subscribe_enveloped(&self, topic: &str, queue: &str) {
        let arn = self.attribute(queue, Attribute::QueueArn).await;
        let subscribed = self.topics.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn);
        subscribed.send().await.expect("a queue can listen");
    }

    /// Publishes a message that says where in a trace it is sent from.
    pub async fn publish_traced(&self, topic: &str, message: &str, traceparent: &str) {
        let value = aws_sdk_sns::types::MessageAttributeValue::builder().data_type("String");
        let value = value.string_value(traceparent).build().expect("the type is set");
        let published = self.topics.publish().topic_arn(topic).message(message);
        let published = published.message_attributes("traceparent", value).send().await;
        published.expect("the topic takes a message");
    }

    /// Deletes a topic.
    pub async fn delete_topic(&self, topic: &str) {
        self.topics.delete_topic().topic_arn(topic).send().await.expect("it can be deleted");
    }
}
