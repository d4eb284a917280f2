//! A worker owns one model and infers batches, one at a time, on its own thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, ActorContext, Addr, Arbiter, Context, Handler, Message, Recipient};
use cpu_time::ThreadTime;
use metrics::{Gauge, Histogram};
use tokio::time::Instant;

use crate::flow::contained::panic_message;
use crate::inference::Answer;
use crate::messages::{BatchFailure, BatchInferred, InferBatch, Stop, WorkerFailed, WorkerReady};
use crate::ports::{InferError, Inferrer, InferrerFactory};
use crate::supervision::death_watch::DeathWatch;

/// Whom a worker tells its news.
#[derive(Clone)]
pub struct WorkerNews {
    /// It is ready.
    pub ready: Recipient<WorkerReady>,
    /// It could not load its model.
    pub failed: Recipient<WorkerFailed>,
    /// A batch is done.
    pub inferred: Recipient<BatchInferred>,
}

/// What a worker is made from, in the thread where it will run: a model need not be `Send`.
pub struct Props {
    /// Its number in the roster.
    pub number: u64,
    /// Builds its model.
    pub factory: Arc<dyn InferrerFactory>,
    /// Whom it tells its news.
    pub news: WorkerNews,
    /// Tells its pool when it is gone.
    pub watch: DeathWatch,
    /// Counts its thread should it be given up.
    pub thread: Arc<ThreadCount>,
    /// Records how long it takes to build its model.
    pub loads: Histogram,
}

/// The agent that owns one model.
pub struct Worker {
    number: u64,
    factory: Arc<dyn InferrerFactory>,
    inferrer: Option<Box<dyn Inferrer>>,
    news: WorkerNews,
    _watch: DeathWatch,
    _thread: Arc<ThreadCount>,
    loads: Histogram,
}

/// How many threads were given up as hung and still run, in all pools of all generations.
#[derive(Clone, Debug, Default)]
pub struct AbandonedThreads(Arc<AtomicUsize>);

impl AbandonedThreads {
    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts one worker's thread among the abandoned from when it is given up until its worker is gone
/// after all. The worker holds it, and its pool only weakly: so it counts right, whichever of the two
/// lives longer.
pub struct ThreadCount {
    abandoned: AtomicBool,
    in_all: AbandonedThreads,
    shown: Gauge,
}

impl ThreadCount {
    /// A thread that works; `shown` counts those of the same inferrer that are given up.
    #[must_use]
    pub fn new(in_all: AbandonedThreads, shown: Gauge) -> Arc<Self> {
        Arc::new(Self { abandoned: AtomicBool::new(false), in_all, shown })
    }

    /// Gives the thread up.
    pub fn abandon(&self) {
        if !self.abandoned.swap(true, Ordering::Relaxed) {
            self.in_all.0.fetch_add(1, Ordering::Relaxed);
            self.shown.increment(1.0);
        }
    }
}

impl Drop for ThreadCount {
    fn drop(&mut self) {
        if self.abandoned.load(Ordering::Relaxed) {
            self.in_all.0.fetch_sub(1, Ordering::Relaxed);
            self.shown.decrement(1.0);
        }
    }
}

impl Worker {
    /// A worker that will build its model when it is started.
    #[must_use]
    pub fn new(props: Props) -> Self {
        let Props { number, factory, news, watch, thread, loads } = props;
        Self { number, factory, inferrer: None, news, _watch: watch, _thread: thread, loads }
    }

    /// Builds the model and says that it is ready, or that it could not, and stops.
    fn build(&mut self, ctx: &mut Context<Self>) {
        let began = Instant::now();
        let built =
            catch_unwind(AssertUnwindSafe(|| self.factory.build())).unwrap_or_else(|payload| {
                Err(InferError(format!("building panicked: {}", panic_message(payload.as_ref()))))
            });
        match built {
            Ok(inferrer) => {
                self.loads.record(began.elapsed());
                self.inferrer = Some(inferrer);
                self.tell(&self.news.ready, WorkerReady { worker: self.number });
            }
            Err(InferError(cause)) => {
                self.tell(&self.news.failed, WorkerFailed { worker: self.number, cause });
                ctx.stop();
            }
        }
    }

    fn infer(&mut self, batch: &InferBatch) -> Result<Vec<Result<Answer, String>>, BatchFailure> {
        let Some(inferrer) = &mut self.inferrer else {
            let cause = "the worker has no model".to_owned();
            return Err(BatchFailure { panicked: false, cause });
        };
        // Unwind safety: after a panic the model is thrown away and built anew.
        let answers = catch_unwind(AssertUnwindSafe(|| inferrer.infer(&batch.inputs)));
        match answers {
            Ok(Ok(answers)) if answers.len() == batch.inputs.len() => Ok(answers),
            Ok(Ok(answers)) => {
                let (answered, asked) = (answers.len(), batch.inputs.len());
                let cause = format!("{answered} answers to {asked} inputs");
                Err(BatchFailure { panicked: false, cause })
            }
            Ok(Err(InferError(cause))) => Err(BatchFailure { panicked: false, cause }),
            Err(payload) => {
                self.inferrer = None;
                Err(BatchFailure { panicked: true, cause: panic_message(payload.as_ref()) })
            }
        }
    }

    fn tell<M>(&self, recipient: &Recipient<M>, news: M)
    where
        M: Message + Send,
        M::Result: Send,
    {
        recipient.do_send(news);
    }
}

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        // At most one batch and a Stop ever wait here.
        ctx.set_mailbox_capacity(2);
        self.build(ctx);
    }
}

impl Handler<InferBatch> for Worker {
    type Result = ();

    fn handle(&mut self, batch: InferBatch, ctx: &mut Context<Self>) {
        let (began, cpu) = (Instant::now(), cpu_time());
        let outcome = self.infer(&batch);
        let cpu = cpu_time().saturating_sub(cpu);
        let InferBatch { batch, inputs } = batch;
        // Before the news: when the pool answers the gatherings, the inputs must be free.
        drop(inputs);
        let service = began.elapsed();
        let news = BatchInferred { worker: self.number, batch, outcome, service, cpu };
        self.tell(&self.news.inferred, news);
        if self.inferrer.is_some() {
            self.tell(&self.news.ready, WorkerReady { worker: self.number });
        } else {
            self.build(ctx);
        }
    }
}

impl Handler<Stop> for Worker {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

/// The CPU time of this thread so far; zero where the system does not tell.
fn cpu_time() -> Duration {
    ThreadTime::try_now().map_or(Duration::ZERO, |time| time.as_duration())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_of_a_thread_grows_as_it_computes() {
        let before = cpu_time();
        let sum = (0..10_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n));

        assert!(cpu_time() > before, "{sum}");
    }
}
