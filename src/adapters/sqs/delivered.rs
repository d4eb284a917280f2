//! One received message as the service tells it: nothing that it may leave out is relied on.

use std::time::{Duration, SystemTime};

use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as SystemAttribute};

use super::letter::Letter;

/// One received message.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// What was sent.
    pub letter: Letter,
    /// The service's name for it, the same on every receive.
    pub message_id: String,
    /// The service's name for this receive.
    pub handle: String,
    /// How often it was received, this time included; 1 where the service does not say.
    pub receive_count: u32,
    /// When it was sent, if the service says so in a way that is a time.
    pub sent_at: Option<SystemTime>,
}

impl Delivered {
    /// Takes a received message. One without a receipt cannot be settled by anybody; it comes again.
    #[must_use]
    pub fn new(message: Message) -> Option<Self> {
        let Some(handle) = message.receipt_handle else {
            tracing::warn!(id = message.message_id, "a message came without a receipt");
            return None;
        };
        let mut system = message.attributes.unwrap_or_default();
        let count = system.get(&SystemAttribute::ApproximateReceiveCount);
        let sent_at = system.get(&SystemAttribute::SentTimestamp);
        Some(Self {
            message_id: message.message_id.unwrap_or_default(),
            handle,
            receive_count: count.and_then(|text| text.parse().ok()).unwrap_or(1).max(1),
            sent_at: sent_at.and_then(|text| time(text)),
            letter: Letter {
                body: message.body.unwrap_or_default(),
                attributes: message.message_attributes.unwrap_or_default().into_iter().collect(),
                trace: system.remove(&SystemAttribute::AwsTraceHeader),
            },
        })
    }
}

/// Milliseconds since 1970.
fn time(text: &str) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(text.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_says_is_taken_and_what_it_leaves_out_is_tolerated() {
        let message = Message::builder().receipt_handle("h").message_id("m").body("swms7qdx");
        let full = message
            .clone()
            .attributes(SystemAttribute::ApproximateReceiveCount, "3")
            .attributes(SystemAttribute::SentTimestamp, "1743501600250")
            .attributes(SystemAttribute::AwsTraceHeader, "Root=1-2-3");

        let full = Delivered::new(full.build()).unwrap();
        assert_eq!((full.receive_count, full.letter.body.as_str()), (3, "swms7qdx"));
        assert_eq!(full.letter.trace.as_deref(), Some("Root=1-2-3"));
        let sent_at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_743_501_600_250);
        assert_eq!(full.sent_at, Some(sent_at));

        let bare = Delivered::new(message.build()).unwrap();
        assert_eq!((bare.receive_count, bare.sent_at), (1, None));
        assert_eq!(Delivered::new(Message::builder().body("a").build()), None);
    }

    #[test]
    fn numbers_that_are_none_are_as_good_as_left_out() {
        for (count, sent) in [("0", "-1"), ("many", "yesterday"), ("-3", "99999999999999999999")] {
            let message = Message::builder()
                .receipt_handle("h")
                .attributes(SystemAttribute::ApproximateReceiveCount, count)
                .attributes(SystemAttribute::SentTimestamp, sent);
            let delivered = Delivered::new(message.build()).unwrap();
            assert_eq!((delivered.receive_count, delivered.sent_at), (1, None), "{count} {sent}");
        }
    }
}
