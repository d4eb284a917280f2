//! Workers on the test's own thread, at a pace of the test's choosing.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Recipient};

use actors::messages::{InferBatch, Stop};
use actors::pool::placement::{Placement, Seat};
use actors::pool::worker::{Props, Worker};

use crate::conduct::{Act, Conduct};

/// Places workers here, each behind a pacer that takes the time a thread would. Virtual time does
/// not cross threads, so a worker on a thread of its own cannot be simulated.
#[derive(Default)]
pub struct SimulatedPlacement {
    /// How long batches take. An act of panic kills the worker's actor outside inference.
    pub conduct: Arc<Conduct>,
    /// Inputs on which the model never returns.
    pub hangs: Arc<HashSet<String>>,
}

impl Placement for SimulatedPlacement {
    fn place(&self, props: Props) -> Seat {
        let worker = Worker::new(props).start();
        let pacer = Pacer {
            worker: worker.clone().recipient(),
            stop: worker.recipient(),
            conduct: Arc::clone(&self.conduct),
            hangs: Arc::clone(&self.hangs),
            hung: false,
        }
        .start();
        Seat { work: pacer.clone().recipient(), stop: pacer.recipient(), thread: None }
    }
}

struct Pacer {
    worker: Recipient<InferBatch>,
    stop: Recipient<Stop>,
    conduct: Arc<Conduct>,
    hangs: Arc<HashSet<String>>,
    hung: bool,
}

impl Actor for Pacer {
    type Context = Context<Self>;
}

impl Handler<InferBatch> for Pacer {
    type Result = ();

    fn handle(&mut self, batch: InferBatch, ctx: &mut Context<Self>) {
        let hangs = |input: &actors::input::Input| {
            input.get::<String>().is_some_and(|id| self.hangs.contains(id))
        };
        if batch.inputs.iter().any(hangs) {
            // Held for ever, as a hung thread holds its inputs and itself.
            std::mem::forget((batch, ctx.address()));
            self.hung = true;
            return;
        }
        let pace = match self.conduct.next() {
            Act::Answer(pace) | Act::Fail(pace) => pace,
            Act::Panic => {
                self.stop.do_send(Stop);
                return;
            }
        };
        if pace == Duration::ZERO {
            self.worker.do_send(batch);
        } else {
            ctx.run_later(pace, |this, _| this.worker.do_send(batch));
        }
    }
}

impl Handler<Stop> for Pacer {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        if !self.hung {
            self.stop.do_send(Stop);
            ctx.stop();
        }
    }
}
