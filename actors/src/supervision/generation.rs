//! A Generation: one set of actors, started bottom-up, wired once, stopped together.

use std::collections::HashSet;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Recipient};

use crate::inference::InferrerName;
use crate::ledger::Ledger;
use crate::messages::{
    Begin, Child, Exhausted, PoolGaveUp, PoolReady, ReleaseOpen, Stop, StopReceiving, Terminated,
};
use crate::source::Source;
use crate::supervision::builder::Builder;

pub use crate::supervision::blueprint::{Blueprint, Settings};

/// What the Guardian wants to hear from its children.
#[derive(Clone)]
pub struct Parent {
    /// A child is gone.
    pub terminated: Recipient<Terminated>,
    /// A pool's workers are ready.
    pub pool_ready: Recipient<PoolReady>,
    /// A pool cannot go on.
    pub pool_gave_up: Recipient<PoolGaveUp>,
    /// The queue is worked off.
    pub exhausted: Recipient<Exhausted>,
}

/// One running set of actors.
pub struct Generation {
    pub(super) number: u32,
    pub(super) source: Addr<Source>,
    pub(super) ledger: Addr<Ledger>,
    /// Everyone between Source and Ledger, top-down.
    pub(super) between: Vec<Recipient<Stop>>,
    pub(super) alive: HashSet<Child>,
    pub(super) unready: HashSet<InferrerName>,
}

impl Generation {
    /// Starts generation `number`: the Ledger first, the Source last, so that nobody ever sends to
    /// an actor that is not there.
    #[must_use]
    pub fn start(number: u32, blueprint: &Blueprint, parent: &Parent) -> Self {
        Builder::new(number, blueprint, parent).build()
    }

    /// Its number, counted from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Takes the news that a pool is ready; true when it was the last.
    pub fn pool_ready(&mut self, inferrer: &InferrerName) -> bool {
        self.unready.remove(inferrer) && self.unready.is_empty()
    }

    /// Takes the news that a child is gone.
    pub fn buried(&mut self, child: &Child) {
        self.alive.remove(child);
    }

    /// Whether every child is gone.
    #[must_use]
    pub fn is_extinct(&self) -> bool {
        self.alive.is_empty()
    }

    /// Lets the Source receive.
    pub fn begin(&self) {
        tell(&self.source.clone().recipient(), Begin);
    }

    /// Keeps the Source from receiving more.
    pub fn stop_receiving(&self) {
        tell(&self.source.clone().recipient(), StopReceiving);
    }

    /// Gives everything open back: who works on it is stopped first, then the Ledger is told.
    pub fn release_open(&self) {
        self.between.iter().for_each(|actor| tell(actor, Stop));
        tell(&self.ledger.clone().recipient(), ReleaseOpen);
    }

    /// Stops every child: the Ledger last, so that it hears of what the others drop.
    pub fn stop(&self) {
        tell(&self.source.clone().recipient(), Stop);
        self.between.iter().for_each(|actor| tell(actor, Stop));
        tell(&self.ledger.clone().recipient(), Stop);
    }
}

fn tell<M>(recipient: &Recipient<M>, message: M)
where
    M: actix::Message + Send,
    M::Result: Send,
{
    recipient.do_send(message);
}

impl Parent {
    /// The recipients of an actor that hears all of it.
    #[must_use]
    pub fn of<A>(ctx: &Context<A>) -> Self
    where
        A: Actor<Context = Context<A>>
            + Handler<Terminated>
            + Handler<PoolReady>
            + Handler<PoolGaveUp>
            + Handler<Exhausted>,
    {
        let address = ctx.address();
        Self {
            terminated: address.clone().recipient(),
            pool_ready: address.clone().recipient(),
            pool_gave_up: address.clone().recipient(),
            exhausted: address.recipient(),
        }
    }
}
