//! Workers that the test plays itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::inference::{Answer, Value};
use actors::messages::{BatchFailure, BatchInferred, InferBatch, Stop, WorkerFailed, WorkerReady};
use actors::pool::placement::{Placement, Seat};
use actors::pool::worker::Props;

use crate::probe::{Probe, probe};

/// Gives each worker's seat to the test: nothing happens that the test does not do.
#[derive(Default)]
pub struct ManualPlacement {
    hired: Mutex<Vec<Seated>>,
}

/// A worker as the pool sees it, played by the test.
pub struct Seated {
    /// What it was made from; dropping this is its death.
    pub props: Props,
    /// The batches it was given.
    pub batches: Probe<InferBatch>,
    /// Whether it was asked to stop.
    pub stops: Probe<Stop>,
}

impl Seated {
    /// Says that its model is loaded and proven.
    pub fn ready(&self) {
        self.props.news.ready.do_send(WorkerReady { worker: self.props.number });
    }

    /// Says that its model could not be loaded.
    pub fn cannot_load(&self) {
        let cause = "the golden vector is not met".to_owned();
        self.props.news.failed.do_send(WorkerFailed { worker: self.props.number, cause });
    }

    /// Answers `batch` with a good answer each, and is ready again.
    pub fn answer(&self, batch: &InferBatch) {
        let good = |_: &_| Ok(Answer(vec![Value::Number(1.0)]));
        self.tell(batch, Ok(batch.inputs.iter().map(good).collect()));
        self.ready();
    }

    /// Says that `batch` failed as a whole, and is ready again.
    pub fn fail(&self, batch: &InferBatch, panicked: bool) {
        self.tell(batch, Err(BatchFailure { panicked, cause: "as the test has it".to_owned() }));
        self.ready();
    }

    fn tell(&self, batch: &InferBatch, outcome: Result<Vec<Result<Answer, String>>, BatchFailure>) {
        self.props.news.inferred.do_send(BatchInferred {
            worker: self.props.number,
            batch: batch.batch,
            outcome,
            service: Duration::from_millis(1),
            cpu: Duration::from_micros(500),
        });
    }
}

/// The texts in a batch's inputs.
#[must_use]
pub fn texts(batch: &InferBatch) -> Vec<&str> {
    batch.inputs.iter().filter_map(|input| input.get::<String>().map(String::as_str)).collect()
}

impl ManualPlacement {
    /// A placement to share with a pool.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        Arc::default()
    }

    /// The workers hired since this was last asked, once everything that can run now has run.
    pub async fn hired(&self) -> Vec<Seated> {
        tokio::time::sleep(Duration::from_millis(1)).await;
        std::mem::take(&mut self.hired.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Placement for ManualPlacement {
    fn place(&self, props: Props) -> Seat {
        let (work, batches) = probe();
        let (stop, stops) = probe();
        let seated = Seated { props, batches, stops };
        self.hired.lock().unwrap_or_else(PoisonError::into_inner).push(seated);
        Seat { work, stop, thread: None }
    }
}
