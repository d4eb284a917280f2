//! The Source takes messages from the queue: never more than it has credits for.

mod catch;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, SpawnHandle,
    WrapFuture,
};
use std::time::SystemTime;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::delivery::{Delivery, Ending};
use crate::failure::Stage;
use crate::flow::backoff::Backoff;
use crate::flow::credits::{Budget, Reservation};
use crate::flow::outages::{Outage, Outages};
use crate::messages::{Begin, Exhausted, Opened, Retrieve, Stop, StopReceiving};
use crate::metrics::{Dependency, Metrics, QueueCall};
use crate::ports::{Message as QueueMessage, Queue, QueueError};
use crate::supervision::death_watch::DeathWatch;
use catch::Catch;

pub use settings::{Safeguard, SourceOutlets, SourceSettings};

/// The agent that takes messages from the queue.
pub struct Source {
    queue: Arc<dyn Queue>,
    credits: Budget,
    outages: Outages,
    outlets: SourceOutlets,
    metrics: Metrics,
    settings: SourceSettings,
    backoff: Backoff,
    outage: Option<Outage>,
    waiting: Option<SpawnHandle>,
    /// The receive under way, where it is not awaited.
    abandonable: Option<AbortHandle>,
    stopping: bool,
    watch: DeathWatch,
}

/// Source → itself: credits are in hand, receive.
#[derive(Message)]
#[rtype(result = "()")]
struct Receive(Vec<Reservation>);

/// A receive → Source: this is what it brought.
#[derive(Message)]
#[rtype(result = "()")]
struct Brought {
    credits: Vec<Reservation>,
    /// Messages, or nothing at the end of the queue.
    answer: Result<Option<Catch>, QueueError>,
    asked_at: Instant,
}

/// How many credits make a receive worth its request: a full one if that leaves the pipeline three
/// quarters of its work, so that a busy pipeline does not ask for one message at a time.
fn enough(total: u64, at_most: u32) -> u64 {
    u64::from(at_most).min(total / 4).max(1)
}

impl Source {
    /// A Source that waits for [`Begin`].
    #[must_use]
    pub fn new(
        queue: Arc<dyn Queue>,
        credits: Budget,
        outages: Outages,
        outlets: SourceOutlets,
        metrics: Metrics,
        settings: SourceSettings,
        watch: DeathWatch,
    ) -> Self {
        // Half a second first: most refusals of a queue are throttling. Half a minute at most, so
        // that work goes on soon after an outage.
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(30));
        let backoff = Backoff::new(first, longest, settings.seed);
        Self {
            queue,
            credits,
            outages,
            outlets,
            metrics,
            settings,
            backoff,
            outage: None,
            waiting: None,
            abandonable: None,
            stopping: false,
            watch,
        }
    }

    /// Waits until every dependency answers and enough credits are free, then asks for as many messages
    /// as there are credits, at most one receive's worth.
    fn wait_for_credits(&mut self, ctx: &mut Context<Self>) {
        if self.stopping {
            return;
        }
        let (credits, outages) = (self.credits.clone(), self.outages.clone());
        // While the queue itself is down, the next receive is the probe.
        let own = usize::from(self.outage.is_some());
        let backpressure = self.metrics.stage(Stage::Source).backpressure.clone();
        let at_most = self.settings.receive_at_most;
        let enough = enough(credits.total(), at_most);
        let waiting = async move {
            let since = Instant::now();
            outages.over_but(own).await;
            // Given back at once and taken one by one: nobody else takes any.
            drop(credits.reserve(enough).await);
            let first = credits.reserve(1).await.expect("a budget of messages holds at least one");
            backpressure.add(since.elapsed());
            let more = (1..at_most).map_while(|_| credits.try_reserve(1));
            std::iter::once(first).chain(more).collect()
        };
        let waiting = waiting.into_actor(self).map(|credits, this: &mut Self, ctx| {
            this.waiting = None;
            ctx.notify(Receive(credits));
        });
        self.waiting = Some(ctx.spawn(waiting));
    }

    /// Receives in a task that nobody ends: a message that a dropped receive would bring stays
    /// hidden.
    fn receive(&mut self, ctx: &mut Context<Self>, credits: Vec<Reservation>) {
        let (queue, source) = (Arc::clone(&self.queue), ctx.address());
        let released_on_drop = self.has(Safeguard::ReleaseOfUnopened);
        let receiving = actix_rt::spawn(async move {
            let asked_at = Instant::now();
            // In a task of its own, so that a panic of the engine is an answer, too.
            let asked = Arc::clone(&queue);
            let at_most = credits.len();
            let receive = actix_rt::spawn(async move { asked.receive(at_most).await });
            let answer = receive
                .await
                .unwrap_or_else(|panic| Err(QueueError::Unavailable(panic.to_string())));
            let answer = answer.map(|received| Catch::of(queue, received, released_on_drop));
            source.do_send(Brought { credits, answer, asked_at });
        });
        if !self.has(Safeguard::AwaitedReceive) {
            self.abandonable = Some(receiving.abort_handle());
        }
    }

    fn has(&self, safeguard: Safeguard) -> bool {
        self.settings.without != Some(safeguard)
    }

    fn open(&self, message: QueueMessage, credit: Reservation, asked_at: Instant) {
        let delivery = Delivery::open(
            message.receipt,
            message.trace,
            credit,
            Arc::clone(&self.outlets.settled),
        );
        let mut delivery = if self.has(Safeguard::SettlementOnDrop) {
            delivery
        } else {
            delivery.without_settlement_on_drop()
        };
        let cancels = self.has(Safeguard::CancellationOfLost);
        self.outlets.opened.do_send(Opened {
            receipt: delivery.receipt().clone(),
            id: message.id.as_ref().ok().cloned(),
            attempt: message.attempt,
            // From before the receive: the queue's own clock began no earlier.
            lease_until: asked_at + self.queue.lease(),
            age: message.sent_at.and_then(|sent| SystemTime::now().duration_since(sent).ok()),
            tether: if cancels { Arc::clone(delivery.tether()) } else { Arc::default() },
        });
        match message.id {
            _ if self.stopping => delivery.settle(Ending::NotBegun),
            Ok(id) => {
                delivery.dossier.id = Some(id.clone());
                delivery.reached(Stage::Retriever);
                self.outlets.retriever.offer(Retrieve { delivery, id });
            }
            Err(failure) => delivery.fail(failure),
        }
    }

    fn pause(&mut self, ctx: &mut Context<Self>, error: &QueueError) {
        self.metrics.queue_errors(QueueCall::Receive).increment(1);
        let wait = self.backoff.next_wait();
        tracing::warn!(%error, ?wait, "the queue did not answer; nothing is received until it does");
        let begin = || self.outages.begin(Dependency::Queue, &error.to_string());
        self.outage.get_or_insert_with(begin);
        ctx.run_later(wait, Self::wait_for_credits);
    }
}

impl Actor for Source {
    type Context = Context<Self>;
}

impl Handler<Begin> for Source {
    type Result = ();

    fn handle(&mut self, _: Begin, ctx: &mut Context<Self>) {
        self.wait_for_credits(ctx);
    }
}

impl Handler<Receive> for Source {
    type Result = ();

    fn handle(&mut self, Receive(credits): Receive, ctx: &mut Context<Self>) {
        if !self.stopping {
            self.receive(ctx, credits);
        }
    }
}

impl Handler<Brought> for Source {
    type Result = ();

    fn handle(&mut self, brought: Brought, ctx: &mut Context<Self>) {
        self.metrics.stage(Stage::Source).service.record(brought.asked_at.elapsed());
        if brought.answer.is_ok() {
            self.backoff.reset();
            self.outage = None;
        }
        match brought.answer {
            Ok(Some(mut catch)) => {
                for (credit, message) in brought.credits.into_iter().zip(catch.messages.by_ref()) {
                    self.open(message, credit, brought.asked_at);
                }
                self.wait_for_credits(ctx);
            }
            Ok(None) => {
                let generation = self.watch.generation();
                self.outlets.exhausted.do_send(Exhausted { generation });
            }
            Err(error) => self.pause(ctx, &error),
        }
    }
}

impl Handler<StopReceiving> for Source {
    type Result = ();

    fn handle(&mut self, _: StopReceiving, ctx: &mut Context<Self>) {
        self.stopping = true;
        if let Some(waiting) = self.waiting.take() {
            ctx.cancel_future(waiting);
        }
        if let Some(receiving) = self.abandonable.take() {
            receiving.abort();
        }
    }
}

impl Handler<Stop> for Source {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receive_is_full_where_that_leaves_enough_to_do() {
        for (total, expected) in [(64, 10), (40, 10), (12, 3), (4, 1), (1, 1)] {
            assert_eq!(enough(total, 10), expected, "of {total}");
        }
    }
}
