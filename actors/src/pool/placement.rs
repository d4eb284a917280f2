//! Where workers run.

use actix::{Actor, Addr, Arbiter, Recipient};

use crate::messages::{InferBatch, Stop};

use super::worker::{Props, Worker};

/// Where workers run.
pub trait Placement: Send + Sync {
    /// Starts a worker, which builds its model at once.
    fn place(&self, worker: Props) -> Seat;
}

/// A placed worker: the way to it, and its thread if it has one of its own.
pub struct Seat {
    /// Batches go here.
    pub work: Recipient<InferBatch>,
    /// Asks the worker to stop.
    pub stop: Recipient<Stop>,
    /// Its thread.
    pub thread: Option<Arbiter>,
}

impl Seat {
    /// Asks the worker and its thread to end once they have done what they are doing. A thread that
    /// hangs goes on hanging.
    pub fn vacate(&self) {
        self.stop.do_send(Stop);
        if let Some(thread) = &self.thread {
            thread.stop();
        }
    }
}

/// Every worker on a thread of its own.
pub struct OwnThreads;

impl Placement for OwnThreads {
    fn place(&self, props: Props) -> Seat {
        let thread = Arbiter::new();
        let worker = Worker::start_in_arbiter(&thread.handle(), |_| Worker::new(props));
        Seat { thread: Some(thread), ..Seat::of(worker) }
    }
}

impl Seat {
    /// The seat of a worker without a thread of its own.
    #[must_use]
    pub fn of(worker: Addr<Worker>) -> Self {
        Self { work: worker.clone().into(), stop: worker.into(), thread: None }
    }
}
