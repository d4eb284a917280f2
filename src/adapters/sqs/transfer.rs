//! Moves messages from one queue to another: sent first, deleted then, so that a crash between the two
//! doubles a message and never loses one.

use std::ops::Range;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, DeleteMessageBatchResultEntry, SendMessageBatchResultEntry,
};

use super::attributes::LARGEST_MESSAGE;
use super::letter::Letter;
use crate::adapters::aws::batch::{LIMIT, entry_id, in_order, none_answered};
use crate::adapters::aws::fault::Fault;

/// Between two queues.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Talks to the service.
    pub client: Client,
    /// The URL of the queue that messages are taken from.
    pub from: String,
    /// The URL of the queue that they are sent to.
    pub to: String,
}

/// A message to move.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// What is sent.
    pub letter: Letter,
    /// What is deleted then.
    pub handle: String,
    /// Whether it was sent before, and only the delete failed.
    pub sent: bool,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moved {
    /// It is in the other queue and no longer in this one.
    Whole,
    /// It is in both.
    NotDeleted(Fault),
    /// It is in this one still.
    NotSent(Fault),
}

impl Moved {
    /// Whether the other queue has it.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        !matches!(self, Self::NotSent(_))
    }

    /// Whether it was moved whole.
    ///
    /// # Errors
    /// What the service said, if not.
    pub fn into_result(self) -> Result<(), Fault> {
        match self {
            Self::Whole => Ok(()),
            Self::NotDeleted(fault) | Self::NotSent(fault) => Err(fault),
        }
    }
}

impl Transfer {
    /// Moves `parcels`; one answer each, in order.
    pub async fn run(&self, parcels: Vec<Parcel>) -> Vec<Moved> {
        let handles: Vec<String> = parcels.iter().map(|parcel| parcel.handle.clone()).collect();
        let sent = self.send(parcels).await;
        let delivered =
            |(handle, sent): (&String, &Result<(), Fault>)| sent.is_ok().then(|| handle.clone());
        let to_delete: Vec<String> = handles.iter().zip(&sent).filter_map(delivered).collect();
        let mut deleted = delete(&self.client, &self.from, &to_delete).await.into_iter();
        let outcome = |sent: Result<(), Fault>| match sent {
            Err(fault) => Moved::NotSent(fault),
            Ok(()) => match deleted.next() {
                Some(Err(fault)) => Moved::NotDeleted(fault),
                Some(Ok(())) => Moved::Whole,
                None => Moved::NotDeleted(Fault::transient("the delete was not answered")),
            },
        };
        sent.into_iter().map(outcome).collect()
    }

    async fn send(&self, parcels: Vec<Parcel>) -> Vec<Result<(), Fault>> {
        let mut answers = vec![Ok(()); parcels.len()];
        let unsent = parcels.into_iter().enumerate().filter(|(_, parcel)| !parcel.sent);
        let (positions, letters): (Vec<usize>, Vec<Letter>) =
            unsent.map(|(position, parcel)| (position, parcel.letter)).unzip();
        let sizes: Vec<usize> = letters.iter().map(Letter::size).collect();
        let mut letters = letters.into_iter();
        for range in batches(&sizes) {
            let batch = letters.by_ref().take(range.len()).collect();
            let sent = self.send_batch(batch).await;
            for (position, answer) in positions[range].iter().zip(sent) {
                answers[*position] = answer;
            }
        }
        answers
    }

    async fn send_batch(&self, letters: Vec<Letter>) -> Vec<Result<(), Fault>> {
        let count = letters.len();
        let entry = |(position, letter): (usize, Letter)| letter.entry(entry_id(position));
        let entries = match letters.into_iter().enumerate().map(entry).collect() {
            Ok(entries) => entries,
            Err(error) => return vec![Err(Fault::transient(error.to_string())); count],
        };
        let asked = self.client.send_message_batch().queue_url(&self.to).set_entries(Some(entries));
        match asked.send().await {
            Ok(answer) => in_order(
                count,
                answer.successful().iter().map(SendMessageBatchResultEntry::id),
                answer.failed().iter().map(|failed| {
                    let (code, message) = (failed.code(), failed.message());
                    (failed.id(), Fault::of_entry(code, message, failed.sender_fault()))
                }),
            ),
            Err(error) => none_answered(count, &error),
        }
    }
}

/// Deletes messages, ten a request; one answer each, in order. The same handle twice is two answers.
pub async fn delete(client: &Client, url: &str, handles: &[String]) -> Vec<Result<(), Fault>> {
    let mut answers = Vec::with_capacity(handles.len());
    for batch in handles.chunks(LIMIT) {
        answers.extend(delete_batch(client, url, batch).await);
    }
    answers
}

async fn delete_batch(client: &Client, url: &str, handles: &[String]) -> Vec<Result<(), Fault>> {
    let entry = |(position, handle): (usize, &String)| {
        DeleteMessageBatchRequestEntry::builder()
            .id(entry_id(position))
            .receipt_handle(handle)
            .build()
            .expect("id and receipt are set just above")
    };
    let entries = handles.iter().enumerate().map(entry).collect();
    match client.delete_message_batch().queue_url(url).set_entries(Some(entries)).send().await {
        Ok(answer) => in_order(
            handles.len(),
            answer.successful().iter().map(DeleteMessageBatchResultEntry::id),
            answer.failed().iter().map(|failed| {
                let fault = Fault::of_entry(failed.code(), failed.message(), failed.sender_fault());
                (failed.id(), fault)
            }),
        ),
        Err(error) => none_answered(handles.len(), &error),
    }
}

/// Splits letters of these sizes into batches that the service takes: ten at most, and 1 MiB in all.
fn batches(sizes: &[usize]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, size) in sizes.iter().enumerate() {
        match batches.last_mut() {
            Some(last) if last.len() < LIMIT && bytes + size <= LARGEST_MESSAGE => {
                last.end = at + 1;
                bytes += size;
            }
            _ => {
                batches.push(at..at + 1);
                bytes = *size;
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_ten_letters_and_a_mebibyte_at_most_and_every_letter_once() {
        let half = LARGEST_MESSAGE / 2;
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![1; 25], vec![0..10, 10..20, 20..25]),
            (vec![half, half, 1], vec![0..2, 2..3]),
            (vec![LARGEST_MESSAGE; 3], vec![0..1, 1..2, 2..3]),
            (vec![1, LARGEST_MESSAGE, 1], vec![0..1, 1..2, 2..3]),
        ] {
            assert_eq!(batches(&sizes), expected, "{sizes:?}");
        }
    }
}
