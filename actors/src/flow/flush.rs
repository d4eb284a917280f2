//! Work that came together is handled together, without a timer.

use actix::{Actor, AsyncContext, Context, Handler, Message};

/// An actor → itself: see to what has come together.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Flush;

/// Whether a [`Flush`] lies in the actor's own mailbox already.
#[derive(Debug, Default)]
pub struct Flushing {
    scheduled: bool,
}

impl Flushing {
    /// Puts a [`Flush`] behind all messages that are in the mailbox by now: it finds what they bring.
    pub fn schedule<A>(&mut self, ctx: &mut Context<A>)
    where
        A: Actor<Context = Context<A>> + Handler<Flush>,
    {
        if !std::mem::replace(&mut self.scheduled, true) {
            ctx.notify(Flush);
        }
    }

    /// Notes that the flush has begun: what comes from now on needs another one.
    pub fn begin(&mut self) {
        self.scheduled = false;
    }
}
