//! What a queue says of itself, and what is unwise about it.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName as Name;

use crate::adapters::aws::fault::Fault;

/// The largest message of SQS in bytes, its attributes included: 1 MiB.
pub const LARGEST_MESSAGE: usize = 1 << 20;

/// On which receive a retryable failure is parked if the queue has no redrive policy.
const RECEIVE_LIMIT: u32 = 5;

/// A queue's attributes, as far as they matter here. What it does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueAttributes {
    /// Its name in policies.
    pub arn: Option<String>,
    /// Its own visibility timeout, which a receive of ours overrides.
    pub visibility: Option<Duration>,
    /// How long it keeps a message.
    pub retention: Option<Duration>,
    /// The largest message it takes, in bytes.
    pub longest_message: usize,
    /// What becomes of messages that are received too often.
    pub redrive: Option<RedrivePolicy>,
    /// About how many messages could be received now.
    pub visible: Option<u64>,
}

/// What becomes of messages that are received too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedrivePolicy {
    /// Where they go.
    pub dead_letter_arn: String,
    /// How often a message is received before.
    pub receive_limit: u32,
}

impl QueueAttributes {
    /// On which receive a retryable failure is parked: the last before the queue itself would take the
    /// message away. The fifth if it never does.
    #[must_use]
    pub fn receive_limit(&self) -> u32 {
        self.redrive.as_ref().map_or(RECEIVE_LIMIT, |policy| policy.receive_limit)
    }

    /// Its own visibility timeout beside the `lease` that each receive asks for instead, for a person;
    /// whatever it is, the service works as well. `None` if the queue does not tell.
    #[must_use]
    pub fn leases(&self, lease: Duration) -> Option<String> {
        let (own, asked) = (self.visibility?.as_secs(), lease.as_secs());
        Some(format!(
            "each receive hides a message for {asked} s, extended while it is worked on; the queue's own \
             {own} s are for other readers"
        ))
    }

    fn of(attributes: &HashMap<Name, String>) -> Self {
        let number = |name| attributes.get(&name).and_then(|text| text.parse::<u64>().ok());
        let largest = number(Name::MaximumMessageSize).and_then(|size| usize::try_from(size).ok());
        Self {
            arn: attributes.get(&Name::QueueArn).cloned(),
            visibility: number(Name::VisibilityTimeout).map(Duration::from_secs),
            retention: number(Name::MessageRetentionPeriod).map(Duration::from_secs),
            longest_message: largest.unwrap_or(LARGEST_MESSAGE).min(LARGEST_MESSAGE),
            redrive: attributes.get(&Name::RedrivePolicy).and_then(|text| RedrivePolicy::of(text)),
            visible: number(Name::ApproximateNumberOfMessages),
        }
    }
}

impl RedrivePolicy {
    fn of(text: &str) -> Option<Self> {
        let policy: serde_json::Value = serde_json::from_str(text).ok()?;
        let limit = &policy["maxReceiveCount"];
        // A text where the console wrote it, a number where Terraform did.
        let limit = limit.as_u64().or_else(|| limit.as_str()?.parse().ok())?;
        Some(Self {
            dead_letter_arn: policy["deadLetterTargetArn"].as_str()?.to_owned(),
            receive_limit: u32::try_from(limit).ok()?.max(1),
        })
    }
}

/// Asks the service.
pub async fn fetch(client: &Client, queue_url: &str) -> Result<QueueAttributes, Fault> {
    let asked = client.get_queue_attributes().queue_url(queue_url).attribute_names(Name::All);
    let answer = asked.send().await.map_err(|error| Fault::from(&error))?;
    Ok(QueueAttributes::of(&answer.attributes.unwrap_or_default()))
}

/// What is unwise about the two queues, one sentence each. The service works in spite of all of it.
#[must_use]
pub fn warnings(queue: &QueueAttributes, dead_letters: &QueueAttributes) -> Vec<String> {
    let mut warnings = Vec::new();
    match &queue.redrive {
        None => warnings.push(
            "the queue has no redrive policy: a message that brings the process down comes again \
             for ever"
                .to_owned(),
        ),
        Some(policy) => {
            if policy.receive_limit < RECEIVE_LIMIT {
                warnings.push(format!(
                    "the queue gives up after {} receives: every deployment may cost one, five are \
                     recommended",
                    policy.receive_limit
                ));
            }
            let elsewhere = |arn: &String| *arn != policy.dead_letter_arn;
            if dead_letters.arn.as_ref().is_some_and(elsewhere) {
                warnings.push(format!(
                    "the queue's redrive policy names {} and not the dead-letter queue given: \
                     failures will lie in two places",
                    policy.dead_letter_arn
                ));
            }
        }
    }
    // What the queue moves keeps the time at which it was first sent.
    if dead_letters.retention < queue.retention {
        warnings.push(
            "the dead-letter queue keeps messages for a shorter time than the queue: some will be \
             gone before anybody sees them"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEAD: &str = "arn:aws:sqs:eu-west-1:1:dead";

    fn attributes(pairs: &[(Name, &str)]) -> QueueAttributes {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), (*value).to_owned()));
        QueueAttributes::of(&pairs.collect())
    }

    fn with_policy(policy: &str) -> QueueAttributes {
        attributes(&[(Name::RedrivePolicy, policy)])
    }

    #[test]
    fn the_receive_limit_is_the_redrive_policys_however_it_is_written() {
        for (policy, limit) in [
            (format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":"4"}}"#), 4),
            (format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":7}}"#), 7),
            (format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":0}}"#), 1),
            (format!(r#"{{"deadLetterTargetArn":"{DEAD}","maxReceiveCount":"many"}}"#), 5),
            (r#"{"maxReceiveCount":4}"#.to_owned(), 5),
            ("no JSON".to_owned(), 5),
        ] {
            assert_eq!(with_policy(&policy).receive_limit(), limit, "{policy}");
        }
        assert_eq!(attributes(&[]).receive_limit(), 5);
    }

    #[test]
    fn what_a_queue_does_not_say_is_the_services_default_or_unknown() {
        let silent = attributes(&[]);
        assert_eq!((silent.longest_message, silent.visibility), (LARGEST_MESSAGE, None));
        let told = attributes(&[
            (Name::MaximumMessageSize, "262144"),
            (Name::VisibilityTimeout, "30"),
            (Name::ApproximateNumberOfMessages, "12"),
        ]);
        assert_eq!(told.longest_message, 262_144);
        assert_eq!(told.visibility, Some(Duration::from_secs(30)));
        assert_eq!(told.visible, Some(12));
    }

    #[test]
    fn the_queues_own_visibility_timeout_is_told_beside_ours() {
        let minute = Duration::from_mins(1);
        let told = attributes(&[(Name::VisibilityTimeout, "30")]).leases(minute);

        let told = told.expect("the queue says it");
        assert!(told.contains("for 60 s") && told.contains("own 30 s"), "{told}");
        assert_eq!(attributes(&[]).leases(minute), None);
    }

    #[test]
    fn unwise_queues_are_warned_of_and_wise_ones_are_not() {
        let policy = |limit: u32, arn: &str| {
            format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{limit}}}"#)
        };
        let queue = |policy: &str| {
            let days = (Name::MessageRetentionPeriod, "345600");
            attributes(&[(Name::RedrivePolicy, policy), days])
        };
        let dead = |retention: &str| {
            attributes(&[(Name::QueueArn, DEAD), (Name::MessageRetentionPeriod, retention)])
        };
        let wise = dead("1209600");

        assert_eq!(warnings(&queue(&policy(5, DEAD)), &wise), Vec::<String>::new());
        assert_eq!(warnings(&queue(&policy(2, DEAD)), &wise).len(), 1);
        assert_eq!(warnings(&queue(&policy(5, "arn:other")), &wise).len(), 1);
        assert_eq!(warnings(&queue(&policy(5, DEAD)), &dead("60")).len(), 1);
        assert_eq!(warnings(&queue(""), &wise).len(), 1);
    }
}
