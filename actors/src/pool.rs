//! A Pool serves one inferrer: it batches, hands out, judges the answers and replaces its workers.

pub mod abandoned_threads;
pub mod backlog;
pub mod last_fault;
pub mod placement;
pub mod roster;
mod settings;
pub mod worker;

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler};
use tokio::time::Instant;

use crate::failure::{Class, Failure, Stage};
use crate::flow::backoff::Backoff;
use crate::flow::outlet::{Handed, Waiting};
use crate::inference::{Answer, InferrerSpec};
use crate::messages::{
    BatchFailure, BatchInferred, Child, Infer, InferBatch, PoolGaveUp, PoolReady, Stop, Terminated,
    WorkerFailed, WorkerReady,
};
use crate::metrics::{InferrerMetrics, Metrics, RestartCause};
use crate::ports::InferrerFactory;
use crate::supervision::death_watch::DeathWatch;
use crate::supervision::restart_limit::RestartLimit;
use abandoned_threads::ThreadCount;
use backlog::Backlog;
use last_fault::LastFault;
use placement::{Placement, Seat};
use roster::{Overdue, Roster};
use worker::{Props, WorkerNews};

pub use abandoned_threads::AbandonedThreads;
pub use settings::{InferrerBlueprint, PoolNews, PoolSettings};

/// The agent that serves one inferrer.
pub struct Pool {
    /// The inferrer's place in the pipeline's list.
    position: usize,
    spec: Arc<InferrerSpec>,
    factory: Arc<dyn InferrerFactory>,
    placement: Arc<dyn Placement>,
    backlog: Backlog<Waiting<Infer>>,
    roster: Roster<Vec<Waiting<Infer>>>,
    seats: HashMap<u64, Seat>,
    threads: HashMap<u64, Weak<ThreadCount>>,
    abandoned: HashMap<u64, Seat>,
    abandoned_in_all: AbandonedThreads,
    batches: u64,
    told_ready: bool,
    restarts: RestartLimit,
    backoff: Backoff,
    settings: PoolSettings,
    metrics: Metrics,
    inferrer_metrics: InferrerMetrics,
    last_fault: LastFault,
    news: PoolNews,
    watch: DeathWatch,
}

impl Pool {
    /// A pool of the inferrer at `position` in the pipeline's list.
    #[must_use]
    pub fn new(
        position: usize,
        inferrer: InferrerBlueprint,
        placement: Arc<dyn Placement>,
        metrics: Metrics,
        abandoned_in_all: AbandonedThreads,
        news: PoolNews,
        watch: DeathWatch,
    ) -> Self {
        let InferrerBlueprint { factory, settings, metrics: inferrer_metrics, last_fault } =
            inferrer;
        // A model that fails to load once often loads the next moment (memory, disk).
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        let backoff = Backoff::new(first, longest, settings.seed);
        Self {
            position,
            spec: Arc::clone(factory.spec()),
            factory,
            placement,
            backlog: Backlog::default(),
            roster: Roster::default(),
            seats: HashMap::new(),
            threads: HashMap::new(),
            abandoned: HashMap::new(),
            abandoned_in_all,
            batches: 0,
            told_ready: false,
            restarts: RestartLimit::new(settings.restarts, Duration::from_mins(1)),
            backoff,
            settings,
            metrics,
            inferrer_metrics,
            last_fault,
            news,
            watch,
        }
    }

    fn hire(&mut self, ctx: &mut Context<Self>) {
        let number = self.roster.hire(Instant::now());
        let address = ctx.address();
        let news = WorkerNews {
            ready: address.clone().recipient(),
            failed: address.clone().recipient(),
            inferred: address.clone().recipient(),
        };
        let watch =
            DeathWatch::new(Child::Worker(number), self.watch.generation(), address.recipient());
        let shown = self.inferrer_metrics.abandoned_threads.clone();
        let thread = ThreadCount::new(self.abandoned_in_all.clone(), shown);
        self.threads.insert(number, Arc::downgrade(&thread));
        let (factory, loads) =
            (Arc::clone(&self.factory), self.inferrer_metrics.model_load.clone());
        let props = Props { number, factory, news, watch, thread, loads };
        self.seats.insert(number, self.placement.place(props));
    }

    /// Gives every idle worker a batch, as long as there is work.
    fn hand_out(&mut self) {
        if !self.backlog.is_empty() {
            self.backlog.drop_doomed(|infer| infer.work().gathering.is_doomed());
        }
        while let Some((worker, idle_since)) = self.roster.longest_idle() {
            let idle = self.roster.idle();
            let Some(work) = self.backlog.next_batch(idle, self.settings.batch) else { return };
            self.note_starvation(&work, idle_since);
            self.assign(worker, work);
        }
    }

    /// Counts how long the worker stood idle while a delivery of this batch was already in flight.
    fn note_starvation(&self, work: &[Waiting<Infer>], idle_since: Instant) {
        let first_opened = work.iter().map(|infer| infer.work().gathering.opened_at()).min();
        if let Some(opened) = first_opened {
            self.inferrer_metrics.starved.add(opened.max(idle_since).elapsed());
        }
    }

    fn assign(&mut self, worker: u64, mut work: Vec<Waiting<Infer>>) {
        work.iter_mut().for_each(Waiting::take_up);
        self.batches += 1;
        let batch = self.batches;
        let inputs = work.iter().map(|infer| infer.work().input.clone()).collect();
        self.inferrer_metrics.batch_size.record(work.len() as f64);
        self.roster.assign(worker, batch, work, Instant::now());
        if let Some(seat) = self.seats.get(&worker) {
            seat.work.do_send(InferBatch { batch, inputs });
        }
    }

    fn judge(&mut self, work: Vec<Waiting<Infer>>, answers: Vec<Result<Answer, String>>) {
        for (infer, answer) in work.into_iter().map(Waiting::open).zip(answers) {
            let refused =
                |class, cause| infer.gathering.fail(Failure::new(class, Stage::Pool, cause));
            match answer {
                Ok(answer) => match self.spec.check(&answer) {
                    Ok(()) => infer.gathering.answer(self.position, &self.spec, answer.0),
                    Err(cause) => refused(Class::InvalidOutput, cause),
                },
                Err(cause) => refused(Class::InferenceFailed, cause),
            }
        }
    }

    /// Halves a batch that failed; the lone bad item is its record's failure.
    fn bisect(&mut self, work: Vec<Waiting<Infer>>, failure: &BatchFailure) {
        let class =
            if failure.panicked { Class::InferencePanicked } else { Class::InferenceFailed };
        let fail = |infer: Waiting<Infer>| {
            infer.work().gathering.fail(Failure::new(class, Stage::Pool, failure.cause.clone()));
        };
        if !self.settings.bisect {
            work.into_iter().for_each(fail);
        } else if let Err(Some(lone)) = self.backlog.bisect(work) {
            fail(lone);
        }
    }

    /// Gives up workers that do not answer, threads and all, and runs their items one by one.
    fn replace_overdue(&mut self, ctx: &mut Context<Self>) {
        let (inference, start) = (self.settings.inference_deadline, self.settings.start_deadline);
        for Overdue { worker, work } in self.roster.strike_overdue(Instant::now(), inference, start)
        {
            tracing::error!(inferrer = %self.spec.name, worker, "a worker hangs and is replaced");
            self.inferrer_metrics.restarts(RestartCause::Hang).increment(1);
            self.last_fault.note(format!("worker {worker} hung"));
            self.abandon(worker);
            if let Err(Some(lone)) = self.backlog.isolate(work.unwrap_or_default()) {
                let cause = format!("the model did not return within {inference:?}");
                lone.work().gathering.fail(Failure::new(
                    Class::InferenceTimedOut,
                    Stage::Pool,
                    cause,
                ));
            }
            self.hire(ctx);
        }
        let hanging = self.abandoned_in_all.count();
        if hanging > self.settings.abandoned_threads {
            self.give_up(ctx, format!("{hanging} threads hang"), true);
        }
        self.hand_out();
    }

    /// Gives a worker's thread up; its seat is kept to vacate it should the thread come back.
    fn abandon(&mut self, worker: u64) {
        if let Some(seat) = self.seats.remove(&worker) {
            self.abandoned.insert(worker, seat);
        }
        self.threads.get(&worker).and_then(Weak::upgrade).iter().for_each(|t| t.abandon());
        self.threads.retain(|_, thread| thread.strong_count() > 0);
    }

    /// Replaces a worker that is gone, after a moment, or gives up if it happens too often.
    fn restart(&mut self, ctx: &mut Context<Self>, cause: RestartCause, reason: &str) {
        tracing::error!(inferrer = %self.spec.name, reason, "a worker is gone");
        self.inferrer_metrics.restarts(cause).increment(1);
        self.last_fault.note(reason);
        if !self.restarts.note(Instant::now()) {
            self.give_up(ctx, format!("its workers keep failing: {reason}"), false);
            return;
        }
        let wait = self.backoff.next_wait();
        ctx.run_later(wait, Self::hire);
    }

    fn give_up(&mut self, ctx: &mut Context<Self>, cause: String, fatal: bool) {
        self.news.gave_up.do_send(PoolGaveUp {
            inferrer: self.spec.name.clone(),
            generation: self.watch.generation(),
            cause,
            fatal,
        });
        ctx.stop();
    }

    /// Lets go of an abandoned worker whose thread has come back after all.
    fn welcome_back(&mut self, worker: u64) {
        if let Some(seat) = self.abandoned.remove(&worker) {
            seat.vacate();
        }
    }
}

impl Actor for Pool {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.inferrer_metrics.workers.set(self.settings.workers as f64);
        for _ in 0..self.settings.workers {
            self.hire(ctx);
        }
        if self.settings.replace_hung {
            ctx.run_interval(self.settings.tick, Self::replace_overdue);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.seats.values().chain(self.abandoned.values()).for_each(Seat::vacate);
    }
}

impl Handler<Handed<Infer>> for Pool {
    type Result = ();

    fn handle(&mut self, infer: Handed<Infer>, _: &mut Context<Self>) {
        self.backlog.push(infer.take());
        self.hand_out();
    }
}

impl Handler<WorkerReady> for Pool {
    type Result = ();

    fn handle(&mut self, WorkerReady { worker }: WorkerReady, _: &mut Context<Self>) {
        if !self.roster.ready(worker, Instant::now()) {
            self.welcome_back(worker);
            return;
        }
        // All of them at once: one that became ready, died and became ready anew is still one.
        let all_ready = self.roster.at_work() == self.settings.workers;
        if all_ready {
            self.backoff.reset();
        }
        if all_ready && !std::mem::replace(&mut self.told_ready, true) {
            self.news.ready.do_send(PoolReady {
                inferrer: self.spec.name.clone(),
                generation: self.watch.generation(),
            });
        }
        self.hand_out();
    }
}

impl Handler<BatchInferred> for Pool {
    type Result = ();

    fn handle(&mut self, news: BatchInferred, _: &mut Context<Self>) {
        let BatchInferred { worker, batch, outcome, service, cpu } = news;
        self.inferrer_metrics.busy.add(service);
        self.inferrer_metrics.cpu.add(cpu);
        self.metrics.stage(Stage::Pool).service.record(service);
        let Some(work) = self.roster.answered(worker, batch, Instant::now()) else {
            self.welcome_back(worker);
            return;
        };
        match outcome {
            Ok(answers) => self.judge(work, answers),
            Err(failure) => {
                if failure.panicked {
                    self.inferrer_metrics.restarts(RestartCause::Panic).increment(1);
                    self.last_fault.note(format!("the model panicked: {}", failure.cause));
                }
                self.bisect(work, &failure);
            }
        }
    }
}

impl Handler<WorkerFailed> for Pool {
    type Result = ();

    fn handle(&mut self, failed: WorkerFailed, ctx: &mut Context<Self>) {
        let WorkerFailed { worker, cause } = failed;
        if self.roster.dismiss(worker).is_some() {
            self.seats.remove(&worker).iter().for_each(Seat::vacate);
            self.restart(ctx, RestartCause::Build, &cause);
        } else {
            self.welcome_back(worker);
        }
    }
}

impl Handler<Terminated> for Pool {
    type Result = ();

    fn handle(&mut self, terminated: Terminated, ctx: &mut Context<Self>) {
        let Child::Worker(worker) = terminated.child else { return };
        self.welcome_back(worker);
        if let Some(work) = self.roster.dismiss(worker) {
            self.seats.remove(&worker).iter().for_each(Seat::vacate);
            self.backlog.again(work.unwrap_or_default());
            self.restart(ctx, RestartCause::Death, "the worker died outside inference");
            self.hand_out();
        }
    }
}

impl Handler<Stop> for Pool {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
