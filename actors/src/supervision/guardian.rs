//! The Guardian: starts generations, replaces them all-for-one, drains them, and gives up in the end.

use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::flow::backoff::Backoff;
use crate::messages::{Drain, Exhausted, PoolGaveUp, PoolReady, Terminated};
use crate::supervision::blueprint::Blueprint;
use crate::supervision::generation::{Generation, Parent};
use crate::supervision::restart_limit::RestartLimit;

pub use crate::supervision::pipeline::{Ended, Pipeline, Vitals};

/// How the Guardian supervises.
#[derive(Clone, Debug)]
pub struct GuardianSettings {
    /// Generations that may be replaced within a minute; one more, and a fresh process is the better
    /// try.
    pub restarts: usize,
    /// How long a dying generation is waited for before the next one starts without it.
    pub burial: Duration,
    /// How long after the drain's deadline the queue may take to confirm what is given back.
    pub last_settlements: Duration,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for GuardianSettings {
    fn default() -> Self {
        Self {
            restarts: 5,
            burial: Duration::from_secs(5),
            last_settlements: Duration::from_secs(5),
            seed: 0,
        }
    }
}

/// The root of the supervision tree.
pub struct Guardian {
    blueprint: Blueprint,
    settings: GuardianSettings,
    phase: Phase,
    draining: bool,
    generation: Option<Generation>,
    number: u32,
    restarts: RestartLimit,
    backoff: Backoff,
    vitals: watch::Sender<Vitals>,
    ended: Option<oneshot::Sender<Ended>>,
}

/// Where the pipeline is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// A generation works.
    Running,
    /// A generation is being stopped; the next one follows.
    Replacing,
    /// The drain's deadline has passed: all but the Ledger are stopped on purpose.
    Closing,
    /// It has ended.
    Over,
}

impl Guardian {
    /// A Guardian that starts the first generation when it is started, and says on `ended` how it
    /// all ended.
    #[must_use]
    pub fn new(
        blueprint: Blueprint,
        settings: GuardianSettings,
        vitals: watch::Sender<Vitals>,
        ended: oneshot::Sender<Ended>,
    ) -> Self {
        let restarts = RestartLimit::new(settings.restarts, Duration::from_mins(1));
        // A fault that repeats at once is limited by the restart limit, not by long waits: what is
        // in flight waits with it.
        let (first, longest) = (Duration::from_millis(200), Duration::from_secs(10));
        let backoff = Backoff::new(first, longest, settings.seed);
        Self {
            blueprint,
            settings,
            phase: Phase::Replacing,
            draining: false,
            generation: None,
            number: 0,
            restarts,
            backoff,
            vitals,
            ended: Some(ended),
        }
    }

    fn start_generation(&mut self, ctx: &mut Context<Self>) {
        if self.phase != Phase::Replacing {
            return;
        }
        self.phase = Phase::Running;
        self.number += 1;
        self.blueprint.metrics.generation.set(self.number);
        let generation = Generation::start(self.number, &self.blueprint, &Parent::of(ctx));
        tracing::info!(generation = self.number, "generation started");
        self.vitals.send_modify(|vitals| vitals.generation = self.number);
        self.generation = Some(generation);
    }

    /// Stops the whole generation because of one child's fault.
    fn replace(&mut self, ctx: &mut Context<Self>, fault: String) {
        if self.phase != Phase::Running {
            return;
        }
        self.phase = Phase::Replacing;
        tracing::error!(generation = self.number, fault, "the generation is replaced");
        self.vitals.send_modify(|vitals| {
            vitals.ready = false;
            vitals.last_fault = Some(fault.clone());
        });
        if !self.restarts.note(Instant::now()) {
            let reason =
                format!("more than {} restarts in a minute: {fault}", self.settings.restarts);
            self.end(ctx, Ended::GaveUp { reason });
            return;
        }
        if let Some(generation) = &self.generation {
            generation.stop();
        }
        let number = self.number;
        ctx.run_later(self.settings.burial, move |this, ctx| {
            if this.number == number && this.generation.is_some() {
                tracing::warn!(generation = number, "children outlived their generation");
                this.bury(ctx);
            }
        });
    }

    /// Forgets a generation that is being replaced, and starts the next one after a moment.
    fn bury(&mut self, ctx: &mut Context<Self>) {
        if self.phase == Phase::Replacing {
            self.generation = None;
            let wait = self.backoff.next_wait();
            ctx.run_later(wait, Self::start_generation);
        }
    }

    fn end(&mut self, ctx: &mut Context<Self>, how: Ended) {
        self.phase = Phase::Over;
        self.vitals.send_modify(|vitals| vitals.ready = false);
        if let Some(generation) = &self.generation {
            generation.stop();
        }
        if let Some(ended) = self.ended.take() {
            // Nobody listening means that the process ends anyway.
            let _ = ended.send(how);
        }
        ctx.stop();
    }

    /// Gives everything open back, and ends when the queue has confirmed.
    fn close(&mut self, ctx: &mut Context<Self>) {
        // If a generation has just died, the next one's Ledger adopts what is open and, as the book is
        // draining, gives it back at once.
        if self.phase == Phase::Running {
            self.phase = Phase::Closing;
            self.generation.iter().for_each(Generation::release_open);
        }
        let within = Some(self.settings.last_settlements);
        self.when_settled(ctx, within, |this, ctx, _| this.end(ctx, Ended::Drained));
    }

    /// Waits until every credit is home: then every delivery is settled and confirmed.
    fn when_settled(
        &self,
        ctx: &mut Context<Self>,
        within: Option<Duration>,
        then: impl FnOnce(&mut Self, &mut Context<Self>, bool) + 'static,
    ) {
        let messages = self.blueprint.messages.clone();
        let book = self.blueprint.book.clone();
        let all_settled = async move {
            loop {
                // The reservation is given back at once: a replaced generation may still need it.
                drop(messages.reserve(messages.total()).await);
                if book.lock().accounts().in_flight == 0 {
                    return;
                }
                // Without credit in flight are only deliveries that a dead generation left.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let settled = async move {
            match within {
                Some(within) => tokio::time::timeout(within, all_settled).await.is_ok(),
                None => {
                    all_settled.await;
                    true
                }
            }
        };
        ctx.spawn(settled.into_actor(self).map(move |settled, this, ctx| then(this, ctx, settled)));
    }
}

impl Actor for Guardian {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.start_generation(ctx);
    }
}

impl Handler<PoolReady> for Guardian {
    type Result = ();

    fn handle(&mut self, ready: PoolReady, _: &mut Context<Self>) {
        let current = self.generation.as_mut().filter(|g| g.number() == ready.generation);
        let all_ready = current.is_some_and(|generation| generation.pool_ready(&ready.inferrer));
        if all_ready {
            self.backoff.reset();
        }
        if all_ready && self.phase == Phase::Running && !self.draining {
            self.vitals.send_modify(|vitals| vitals.ready = true);
            self.generation.iter().for_each(Generation::begin);
        }
    }
}

impl Handler<PoolGaveUp> for Guardian {
    type Result = ();

    fn handle(&mut self, gave_up: PoolGaveUp, ctx: &mut Context<Self>) {
        let PoolGaveUp { inferrer, generation, cause, fatal } = gave_up;
        let reason = format!("the pool of {inferrer} gave up: {cause}");
        if fatal {
            self.end(ctx, Ended::GaveUp { reason });
        } else if generation == self.number {
            self.replace(ctx, reason);
        }
    }
}

impl Handler<Terminated> for Guardian {
    type Result = ();

    fn handle(&mut self, terminated: Terminated, ctx: &mut Context<Self>) {
        let Terminated { child, generation, panicked } = terminated;
        // News of past generations is ignored: they were replaced already.
        let Some(current) = self.generation.as_mut().filter(|g| g.number() == generation) else {
            return;
        };
        current.buried(&child);
        if current.is_extinct() {
            self.bury(ctx);
        } else {
            let how = if panicked { "panicked" } else { "stopped" };
            self.replace(ctx, format!("{child:?} {how}"));
        }
    }
}

impl Handler<Exhausted> for Guardian {
    type Result = ();

    fn handle(&mut self, exhausted: Exhausted, ctx: &mut Context<Self>) {
        if exhausted.generation == self.number && self.phase == Phase::Running {
            self.when_settled(ctx, None, |this, ctx, _| this.end(ctx, Ended::Exhausted));
        }
    }
}

impl Handler<Drain> for Guardian {
    type Result = ();

    fn handle(&mut self, drain: Drain, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.draining, true) {
            return;
        }
        tracing::info!(within = ?drain.within, "draining");
        self.vitals.send_modify(|vitals| vitals.ready = false);
        self.blueprint.book.lock().drain();
        self.generation.iter().for_each(Generation::stop_receiving);
        self.when_settled(ctx, Some(drain.within), |this, ctx, settled| {
            if settled {
                this.end(ctx, Ended::Drained);
            } else {
                this.close(ctx);
            }
        });
    }
}
