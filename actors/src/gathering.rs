//! The inferences awaited for one record; complete when its last holder lets go.
//!
//! Scatter and gather without a correlation map, a timeout or an actor: every [`Infer`] holds an
//! `Arc` of its gathering, whoever dies drops it, and the last drop decides.
//!
//! [`Infer`]: crate::messages::Infer

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::delivery::Delivery;
use crate::failure::{Class, Failure, Stage};
use crate::flow::credits::Reservation;
use crate::flow::outlet::Outlet;
use crate::inference::{Inference, InferrerSpec, Value};
use crate::messages::Publish;
use crate::ports::Augmented;
use crate::record::Record;

/// The inferences awaited for one record.
pub struct Gathering {
    open: Option<(Delivery, Record)>,
    /// The pixels of the shared input. Held here and not beside the input, because a hung worker
    /// keeps the input for ever.
    _pixels: Reservation,
    opened_at: Instant,
    failed: AtomicBool,
    answers: Mutex<Answers>,
    sink: Arc<Outlet<Publish>>,
}

struct Answers {
    by_inferrer: Vec<Option<Inference>>,
    first_failure: Option<Failure>,
}

impl Gathering {
    /// Awaits one answer from each of `inferrers` inferrers for `delivery`.
    #[must_use]
    pub fn new(
        delivery: Delivery,
        record: Record,
        pixels: Reservation,
        inferrers: usize,
        sink: Arc<Outlet<Publish>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            opened_at: delivery.opened_at,
            open: Some((delivery, record)),
            _pixels: pixels,
            failed: AtomicBool::new(false),
            answers: Mutex::new(Answers {
                by_inferrer: vec![None; inferrers],
                first_failure: None,
            }),
            sink,
        })
    }

    /// Takes the answer of the inferrer at `position` in the pipeline's list.
    pub fn answer(&self, position: usize, spec: &Arc<InferrerSpec>, values: Vec<Value>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.by_inferrer[position] = Some(Inference { spec: Arc::clone(spec), values });
    }

    /// Notes that an inferrer failed; the first failure is the record's.
    pub fn fail(&self, failure: Failure) {
        self.failed.store(true, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.first_failure.get_or_insert(failure);
    }

    /// Whether inferring more is in vain: an inferrer has failed, or every lease is lost.
    #[must_use]
    pub fn is_doomed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
            || self.open.as_ref().is_none_or(|(delivery, _)| delivery.is_doomed())
    }

    /// When the delivery was received.
    #[must_use]
    pub fn opened_at(&self) -> Instant {
        self.opened_at
    }
}

impl Answers {
    fn verdict(&mut self) -> Result<Vec<Inference>, Option<Failure>> {
        if let Some(failure) = self.first_failure.take() {
            return Err(Some(failure));
        }
        std::mem::take(&mut self.by_inferrer).into_iter().collect::<Option<Vec<_>>>().ok_or(None)
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        let Some((delivery, record)) = self.open.take() else { return };
        match self.answers.get_mut().unwrap_or_else(PoisonError::into_inner).verdict() {
            Ok(inferences) => {
                self.sink.offer(Publish { delivery, augmented: Augmented { record, inferences } });
            }
            Err(Some(failure)) => delivery.fail(failure),
            Err(None) => delivery.fail(Failure::new(
                Class::Abandoned,
                Stage::Pool,
                "an inferrer's pool died before it answered",
            )),
        }
    }
}
