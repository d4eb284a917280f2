//! A worker owns one model and infers batches, one at a time, on its own thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, Context, Handler, Message, Recipient};
use cpu_time::ThreadTime;
use metrics::Histogram;
use tokio::time::Instant;

use crate::flow::contained::panic_message;
use crate::inference::Answer;
use crate::messages::{BatchFailure, BatchInferred, InferBatch, Stop, WorkerFailed, WorkerReady};
use crate::ports::{InferError, Inferrer, InferrerFactory};
use crate::supervision::death_watch::DeathWatch;

use super::abandoned_threads::ThreadCount;

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
