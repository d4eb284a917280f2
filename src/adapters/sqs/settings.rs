//! Which queues, and how they are worked.

use std::time::Duration;

use crate::adapters::aws::fault::Fault;
use crate::adapters::aws::is_fifo;

/// The longest a message may be invisible, counted from its receive: SQS's own limit.
pub const LONGEST_LEASE: Duration = Duration::from_hours(12);

/// The longest poll that SQS allows.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// The shortest lease that makes sense: an extension is asked for at half of it, is looked for once a
/// second, and takes a second if the service is slow.
const SHORTEST_LEASE: Duration = Duration::from_secs(4);

/// Which queues, and how they are worked.
#[derive(Clone, Debug)]
pub struct SqsSettings {
    /// The queue of ids.
    pub queue_url: String,
    /// Where messages are parked. The one that the queue's redrive policy names, as a rule.
    pub dead_letter_queue_url: String,
    /// The buckets that a message's pointer may lead to; none by default, because whoever may send a
    /// message could otherwise have any object read that this process may read.
    pub payload_buckets: Vec<String>,
    /// How long a received message stays hidden unless its lease is extended; the visibility timeout
    /// that we ask for, whatever the queue's own. Whole seconds, from 4 s to 12 h.
    pub lease: Duration,
    /// How long a receive waits for messages: 20 s at most, which is also the cheapest.
    pub wait: Duration,
    /// How long a delete waits for others to share its request. Half a second: ten a batch from twenty
    /// images a second on, a hundredth of a lease, and nobody waits for a delete but its own credit.
    pub linger: Duration,
}

impl SqsSettings {
    /// The two queues with the limits that all commands share.
    #[must_use]
    pub fn new(queue_url: String, dead_letter_queue_url: String) -> Self {
        Self {
            queue_url,
            dead_letter_queue_url,
            payload_buckets: Vec::new(),
            lease: Duration::from_mins(1),
            wait: LONGEST_WAIT,
            linger: Duration::from_millis(500),
        }
    }

    /// Finds what would be wrong whatever the service says.
    ///
    /// # Errors
    /// [`SqsError`], one of the kinds that are usage.
    pub fn validate(&self) -> Result<(), SqsError> {
        for url in [&self.queue_url, &self.dead_letter_queue_url] {
            if is_fifo(url) {
                return Err(SqsError::Fifo(url.clone()));
            }
        }
        if self.queue_url == self.dead_letter_queue_url {
            return Err(SqsError::SameQueue);
        }
        if !(SHORTEST_LEASE..=LONGEST_LEASE).contains(&self.lease) {
            return Err(SqsError::Lease);
        }
        if self.wait > LONGEST_WAIT { Err(SqsError::Wait) } else { Ok(()) }
    }
}

/// Why the queues cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqsError {
    /// Order within groups would have to be kept over retries, batches and workers.
    #[error("{0} is a FIFO queue; only standard queues are supported")]
    Fifo(String),
    /// A parked message would be received again.
    #[error("the queue and the dead-letter queue are the same")]
    SameQueue,
    /// Out of bounds.
    #[error("the visibility timeout must be between 4 s and 12 h")]
    Lease,
    /// Out of bounds.
    #[error("a long poll may last 20 s at most")]
    Wait,
    /// The service refuses, or does not answer.
    #[error("the queue {queue}: {fault}")]
    Unavailable {
        /// Its URL.
        queue: String,
        /// What the service says.
        fault: Fault,
    },
}

impl SqsError {
    /// Whether the settings are wrong, whatever the service says.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        !matches!(self, Self::Unavailable { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> SqsSettings {
        SqsSettings::new("http://q/1/images".into(), "http://q/1/images-dead".into())
    }

    #[test]
    fn the_defaults_are_right_and_what_sqs_would_refuse_is_refused_here() {
        assert_eq!(settings().validate(), Ok(()));
        let same = SqsSettings { dead_letter_queue_url: settings().queue_url, ..settings() };
        let fifo = SqsSettings { queue_url: "http://q/1/images.fifo".into(), ..settings() };
        let short = SqsSettings { lease: Duration::from_secs(1), ..settings() };
        let long = SqsSettings { lease: Duration::from_hours(13), ..settings() };
        let patient = SqsSettings { wait: Duration::from_secs(21), ..settings() };
        for wrong in [same, fifo, short, long, patient] {
            let refused = wrong.validate();
            assert!(refused.is_err_and(|error| error.is_usage()), "{wrong:?}");
        }
    }
}
