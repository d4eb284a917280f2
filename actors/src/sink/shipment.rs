//! One batch of documents: index, then announce what was indexed, one verdict each.
//!
//! Order: the document first, then the announcement, then the deletion of the message. Whatever
//! breaks in between is repeated from the queue, and repeating is harmless: documents are written by
//! id and version, announcements may repeat.

use std::time::Duration;

use tokio::time::Instant;

use crate::delivery::{Delivery, Ending};
use crate::failure::{Class, Failure, Stage};
use crate::flow::backoff::Backoff;
use crate::flow::outages::Outage;
use crate::metrics::{Dependency, Metrics};
use crate::ports::{Announcement, IndexError, Prepared, Verdict};
use crate::record::RecordId;

use super::SinkPorts;

/// One batch under way.
pub struct Shipment {
    ports: SinkPorts,
    patience: Patience,
    metrics: Metrics,
    unindexed: Vec<Vec<(Delivery, Prepared)>>,
    unannounced: Vec<(Delivery, RecordId, Ending)>,
}

/// The waits between tries, and the outage they make.
struct Patience {
    backoff: Backoff,
    outage: Option<Outage>,
}

/// What an answer of the index leaves to do with the documents asked about.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// Judge each.
    Judge(Vec<Verdict>),
    /// Ask again with each half.
    Split,
    /// The one document is too large for the index.
    TooLarge(usize),
    /// Ask again later.
    Again(String),
}

/// Reads the index's answer to a request with `asked` documents.
#[must_use]
pub fn next(answer: Result<Vec<Verdict>, IndexError>, asked: usize) -> Next {
    match answer {
        Ok(verdicts) if verdicts.len() == asked => Next::Judge(verdicts),
        Ok(verdicts) => Next::Again(format!("{} verdicts on {asked} documents", verdicts.len())),
        Err(IndexError::TooLarge(_)) if asked > 1 => Next::Split,
        Err(IndexError::TooLarge(bytes)) => Next::TooLarge(bytes),
        Err(error @ IndexError::Unavailable(_)) => Next::Again(error.to_string()),
    }
}

impl Shipment {
    /// A batch to ship.
    #[must_use]
    pub fn new(
        ports: SinkPorts,
        documents: Vec<(Delivery, Prepared)>,
        metrics: Metrics,
        seed: u64,
    ) -> Self {
        let patience = Patience {
            // Half a second to half a minute: a rejected bulk means a busy cluster, and a cluster
            // that restarts takes a minute.
            backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(30), seed),
            outage: None,
        };
        Self { ports, patience, metrics, unindexed: vec![documents], unannounced: Vec::new() }
    }

    /// Ships the batch; while a dependency is down, for as long as it takes.
    pub async fn run(mut self) {
        while let Some(batch) = self.unindexed.pop() {
            self.index(batch).await;
        }
        self.patience.over();
        while !self.unannounced.is_empty() {
            self.announce().await;
        }
    }

    async fn index(&mut self, mut batch: Vec<(Delivery, Prepared)>) {
        batch.retain(|(delivery, _)| !delivery.is_doomed());
        if batch.is_empty() {
            return;
        }
        let documents: Vec<Prepared> = batch.iter().map(|(_, document)| document.clone()).collect();
        let began = Instant::now();
        let answer = self.ports.index.index(&documents).await;
        self.metrics.sink_bulk.record(began.elapsed());
        match next(answer, batch.len()) {
            Next::Judge(verdicts) => self.judge(batch, verdicts).await,
            Next::Split => {
                let second = batch.split_off(batch.len() / 2);
                self.unindexed.extend([second, batch]);
            }
            Next::TooLarge(bytes) => {
                let cause = format!("a request of {bytes} bytes is too large for the index");
                let failure = Failure::new(Class::DocumentTooLarge, Stage::Sink, cause);
                self.metrics.not_taken(failure.class);
                batch.into_iter().for_each(|(delivery, _)| delivery.fail(failure.clone()));
            }
            Next::Again(cause) => {
                self.wait(Dependency::Index, &cause).await;
                self.unindexed.push(batch);
            }
        }
    }

    async fn judge(&mut self, batch: Vec<(Delivery, Prepared)>, verdicts: Vec<Verdict>) {
        let mut again = Vec::new();
        let mut cause = None;
        for ((delivery, document), verdict) in batch.into_iter().zip(verdicts) {
            match verdict {
                Verdict::Indexed => self.unannounced.push((delivery, document.id, Ending::Indexed)),
                Verdict::Superseded => {
                    self.unannounced.push((delivery, document.id, Ending::Superseded));
                }
                Verdict::Rejected(cause) => {
                    self.metrics.not_taken(Class::DocumentRejected);
                    delivery.fail(Failure::new(Class::DocumentRejected, Stage::Sink, cause));
                }
                Verdict::Again(reason) => {
                    self.metrics.not_taken(Class::IndexUnavailable);
                    again.push((delivery, document));
                    cause.get_or_insert(reason);
                }
            }
        }
        if let Some(cause) = cause {
            self.wait(Dependency::Index, &cause).await;
            self.unindexed.push(again);
        }
    }

    async fn announce(&mut self) {
        let announcement = |(delivery, id, _): &(Delivery, RecordId, Ending)| {
            let trace = delivery.tether().trace.map(|trace| trace.own);
            Announcement { id: id.clone(), trace }
        };
        let announcements: Vec<_> = self.unannounced.iter().map(announcement).collect();
        let answers = self.ports.topic.announce(&announcements).await;
        let mut cause = None;
        let mut answers = answers.into_iter();
        for (delivery, id, ending) in std::mem::take(&mut self.unannounced) {
            match answers.next() {
                Some(Ok(())) => delivery.settle(ending),
                unanswered => {
                    cause = Some(unanswered.and_then(Result::err).map(|down| down.0));
                    self.unannounced.push((delivery, id, ending));
                }
            }
        }
        if let Some(cause) = cause {
            let cause = cause.unwrap_or_else(|| "no answer for some ids".to_owned());
            self.wait(Dependency::Topic, &cause).await;
        }
        self.unannounced.retain(|(delivery, _, _)| !delivery.is_doomed());
    }

    async fn wait(&mut self, dependency: Dependency, cause: &str) {
        self.metrics.sink_retries.increment(1);
        self.patience.wait(&self.ports, dependency, cause).await;
    }
}

impl Patience {
    async fn wait(&mut self, ports: &SinkPorts, dependency: Dependency, cause: &str) {
        let wait = self.backoff.next_wait();
        let name = dependency.as_str();
        tracing::warn!(dependency = name, cause, ?wait, "it did not take everything");
        self.outage.get_or_insert_with(|| ports.outages.begin(dependency, cause));
        tokio::time::sleep(wait).await;
    }

    fn over(&mut self) {
        self.backoff.reset();
        self.outage = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_too_large_is_split_until_one_document_stands_alone() {
        assert_eq!(next(Err(IndexError::TooLarge(9)), 2), Next::Split);
        assert_eq!(next(Err(IndexError::TooLarge(9)), 1), Next::TooLarge(9));
    }

    #[test]
    fn an_answer_with_the_wrong_number_of_verdicts_judges_nobody() {
        assert!(matches!(next(Ok(vec![Verdict::Indexed]), 2), Next::Again(_)));
        assert_eq!(next(Ok(vec![Verdict::Indexed]), 1), Next::Judge(vec![Verdict::Indexed]));
    }

    #[test]
    fn an_unavailable_index_is_asked_again() {
        let answer = Err(IndexError::Unavailable("503".into()));
        assert!(matches!(next(answer, 3), Next::Again(_)));
    }
}
