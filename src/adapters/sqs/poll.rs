//! One receive.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageSystemAttributeName as SystemAttribute;

use super::delivered::Delivered;
use super::visibility::seconds;
use crate::adapters::aws::batch::LIMIT;
use crate::adapters::aws::fault::Fault;

/// Waits for messages, at most ten, and hides them from other receivers for `lease`. The future must not
/// be dropped before it ends: what it would bring stays hidden.
///
/// # Errors
/// [`Fault`] of any kind.
pub async fn receive(
    client: &Client,
    queue_url: &str,
    at_most: usize,
    wait: Duration,
    lease: Duration,
) -> Result<Vec<Delivered>, Fault> {
    let at_most = i32::try_from(at_most.clamp(1, LIMIT)).expect("ten and less is an i32");
    let asked = client
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(at_most)
        .wait_time_seconds(seconds(wait))
        .visibility_timeout(seconds(lease))
        .message_system_attribute_names(SystemAttribute::ApproximateReceiveCount)
        .message_system_attribute_names(SystemAttribute::SentTimestamp)
        .message_system_attribute_names(SystemAttribute::AwsTraceHeader)
        .message_attribute_names("All");
    let received = asked.send().await.map_err(|error| Fault::from(&error))?;
    Ok(received.messages.unwrap_or_default().into_iter().filter_map(Delivered::new).collect())
}
