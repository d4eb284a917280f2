//! Leases in the service's words: for how many more seconds a message stays invisible.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Entry, ChangeMessageVisibilityBatchResultEntry,
};

use super::settings::LONGEST_LEASE;
use crate::adapters::aws::batch::{LIMIT, entry_id, in_order, none_answered};
use crate::adapters::aws::fault::Fault;

/// One message's new visibility timeout, from now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub handle: String,
    /// For how long.
    pub time: Duration,
}

/// Whole seconds, rounded up: less would end a lease before the actors expect it.
pub fn seconds(time: Duration) -> i32 {
    let seconds = time.min(LONGEST_LEASE).as_millis().div_ceil(1000);
    i32::try_from(seconds).expect("twelve hours in seconds are an i32")
}

/// Tells the service, ten a request; one answer each, in order.
pub async fn change(client: &Client, url: &str, changes: &[Change]) -> Vec<Result<(), Fault>> {
    let mut answers = Vec::with_capacity(changes.len());
    for batch in changes.chunks(LIMIT) {
        answers.extend(change_batch(client, url, batch).await);
    }
    answers
}

/// Shows messages again at once; answers how many could not be.
pub async fn show(client: &Client, url: &str, handles: &[String]) -> usize {
    let shown = |handle: &String| Change { handle: handle.clone(), time: Duration::ZERO };
    let changes: Vec<Change> = handles.iter().map(shown).collect();
    change(client, url, &changes).await.iter().filter(|answer| answer.is_err()).count()
}

async fn change_batch(client: &Client, url: &str, batch: &[Change]) -> Vec<Result<(), Fault>> {
    let entry = |(position, change): (usize, &Change)| {
        Entry::builder()
            .id(entry_id(position))
            .receipt_handle(&change.handle)
            .visibility_timeout(seconds(change.time))
            .build()
            .expect("id and receipt are set just above")
    };
    let entries = batch.iter().enumerate().map(entry).collect();
    let asked = client.change_message_visibility_batch().queue_url(url).set_entries(Some(entries));
    match asked.send().await {
        Ok(answer) => in_order(
            batch.len(),
            answer.successful().iter().map(ChangeMessageVisibilityBatchResultEntry::id),
            answer.failed().iter().map(|failed| {
                let fault = Fault::of_entry(failed.code(), failed.message(), failed.sender_fault());
                (failed.id(), fault)
            }),
        ),
        Err(error) => none_answered(batch.len(), &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_rounded_up_and_never_more_than_the_service_takes() {
        for (time, expected) in [
            (Duration::ZERO, 0),
            (Duration::from_millis(1), 1),
            (Duration::from_millis(1000), 1),
            (Duration::from_millis(1001), 2),
            (Duration::from_hours(12), 43_200),
            (Duration::MAX, 43_200),
        ] {
            assert_eq!(seconds(time), expected);
        }
    }
}
