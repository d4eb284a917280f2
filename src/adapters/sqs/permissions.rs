//! What the credentials permit, found out without changing anything: calls that name a receipt which is
//! none are refused for that reason where they are permitted, and for want of permission where not.
//!
//! Receiving and sending cannot be tried so: a receive counts, and a message that is sent is there.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;

use super::transfer;
use super::visibility::{self, Change};
use crate::adapters::aws::fault::{Fault, Kind};

/// No receipt of any queue.
const NO_RECEIPT: &str = "no-receipt";

/// Each permission at the queue that could be tried, by its name in policies, and what speaks against
/// it.
pub async fn permissions(
    config: &SdkConfig,
    queue_url: &str,
) -> [(&'static str, Result<(), Fault>); 2] {
    let client = Client::new(config);
    let handle = NO_RECEIPT.to_owned();
    let change = [Change { handle: handle.clone(), time: Duration::ZERO }];
    let handles = [handle];
    let (deleted, changed) = tokio::join!(
        transfer::delete(&client, queue_url, &handles),
        visibility::change(&client, queue_url, &change)
    );
    [("sqs:DeleteMessage", permitted(deleted)), ("sqs:ChangeMessageVisibility", permitted(changed))]
}

fn permitted(answers: Vec<Result<(), Fault>>) -> Result<(), Fault> {
    let refused = |fault: &Fault| !matches!(fault.kind, Kind::Stale | Kind::Rejected);
    answers.into_iter().find_map(|answer| answer.err().filter(refused)).map_or(Ok(()), Err)
}
