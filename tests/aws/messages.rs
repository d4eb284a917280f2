//! What the tests receive and park.

use std::time::SystemTime;

use actors::failure::{Class, Failure, Stage};
use actors::ports::{Message, Parked, Queue, Receipt, Received};
use actors::record::RecordId;
use inference_manager::adapters::sqs::SqsQueue;

/// Receives up to `at_most` messages.
pub async fn receive(queue: &SqsQueue, at_most: usize) -> Vec<Message> {
    match queue.receive(at_most).await {
        Ok(Received::Messages(messages)) => messages,
        other => panic!("the queue answered {other:?}"),
    }
}

/// Receives until there are `count`.
pub async fn receive_all(queue: &SqsQueue, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    while messages.len() < count {
        let more = receive(queue, 10).await;
        assert!(!more.is_empty(), "{} of {count} messages came", messages.len());
        messages.extend(more);
    }
    messages
}

/// Their receipts.
pub fn receipts(messages: &[Message]) -> Vec<Receipt> {
    messages.iter().map(|message| message.receipt.clone()).collect()
}

/// `message`, failed.
pub fn parked(message: &Message, class: Class) -> Parked {
    Parked {
        receipt: message.receipt.clone(),
        id: message.id.clone().ok(),
        location: Some("https://iiif.example.org/swms7qdx/info.json".into()),
        bytes: Some(12),
        sha256: None,
        failure: Failure::new(class, Stage::Downloader, "it ends early"),
        models: [].into(),
        at: SystemTime::UNIX_EPOCH,
    }
}

/// An id.
pub fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}
