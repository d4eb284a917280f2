//! The Sink writes documents, announces them, and settles each with its own verdict.

pub mod shipment;

use std::sync::Arc;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::time::Instant;

use crate::delivery::Delivery;
use crate::failure::{Class, Failure, Stage};
use crate::flow::contained::{contained, panic_message};
use crate::flow::flush::{Flush, Flushing};
use crate::flow::outages::Outages;
use crate::flow::outlet::{Handed, Waiting};
use crate::messages::{Publish, Stop};
use crate::metrics::Metrics;
use crate::ports::{Index, Prepared, Topic};
use crate::supervision::death_watch::DeathWatch;
use shipment::Shipment;

/// How the Sink batches.
#[derive(Clone, Debug)]
pub struct SinkSettings {
    /// The most documents in one request.
    pub documents: usize,
    /// The most bytes in one request. Throughput is flat from 5 to 15 MB, and memory is not.
    pub bytes: usize,
    /// Requests at once: one is under way while the next one fills.
    pub shipments: usize,
    /// Makes jitter repeatable.
    pub seed: u64,
}

impl Default for SinkSettings {
    fn default() -> Self {
        Self { documents: 100, bytes: 8 << 20, shipments: 2, seed: 0 }
    }
}

/// The engines of the Sink, shared by its shipments.
#[derive(Clone)]
pub struct SinkPorts {
    /// Where documents go.
    pub index: Arc<dyn Index>,
    /// Where ids are announced.
    pub topic: Arc<dyn Topic>,
    /// Whom an outage is told.
    pub outages: Outages,
}

/// The agent that writes and announces.
pub struct Sink {
    ports: SinkPorts,
    metrics: Metrics,
    settings: SinkSettings,
    waiting: Vec<Waiting<(Delivery, Prepared)>>,
    shipments: usize,
    shipped: u64,
    flushing: Flushing,
    _watch: DeathWatch,
}

impl Sink {
    /// A Sink over `ports`.
    #[must_use]
    pub fn new(
        ports: SinkPorts,
        metrics: Metrics,
        settings: SinkSettings,
        watch: DeathWatch,
    ) -> Self {
        Self {
            ports,
            metrics,
            settings,
            waiting: Vec::new(),
            shipments: 0,
            shipped: 0,
            flushing: Flushing::default(),
            _watch: watch,
        }
    }

    /// Flushes behind what is in the mailbox already: documents that arrived together are shipped
    /// together, and while all shipments are under way more come together by themselves. A single
    /// document never waits, so there is no linger timer.
    fn schedule_flush(&mut self, ctx: &mut Context<Self>) {
        self.flushing.schedule(ctx);
    }

    /// Renders the document; its refusal, or a panic over it, is this record's failure alone.
    fn prepare(&mut self, publish: Waiting<Publish>) {
        let index = &self.ports.index;
        let prepared = catch_unwind(AssertUnwindSafe(|| index.prepare(&publish.work().augmented)));
        let cause = match prepared {
            Ok(Ok(prepared)) => {
                let document = publish.map(|publish| (publish.delivery, prepared));
                return self.waiting.push(document);
            }
            Ok(Err(cause)) => cause,
            Err(payload) => format!("rendering panicked: {}", panic_message(payload.as_ref())),
        };
        let refused = Failure::new(Class::DocumentRejected, Stage::Sink, cause);
        publish.open().delivery.fail(refused);
    }

    fn flush(&mut self, ctx: &mut Context<Self>) {
        self.flushing.begin();
        self.waiting.retain(|document| !document.work().0.is_doomed());
        while self.shipments < self.settings.shipments && !self.waiting.is_empty() {
            let size = self.next_size();
            let documents = self.waiting.drain(..size).map(Waiting::open).collect();
            self.ship(ctx, documents);
        }
    }

    /// How many of the waiting documents fit in one request: at least one.
    fn next_size(&self) -> usize {
        let mut bytes = 0;
        let fits = |document: &&Waiting<(Delivery, Prepared)>| {
            bytes += document.work().1.body.len();
            bytes <= self.settings.bytes
        };
        let fitting = self.waiting.iter().take(self.settings.documents).take_while(fits).count();
        fitting.max(1)
    }

    fn ship(&mut self, ctx: &mut Context<Self>, documents: Vec<(Delivery, Prepared)>) {
        self.shipments += 1;
        self.shipped += 1;
        let seed = self.settings.seed.wrapping_add(self.shipped);
        let shipment = Shipment::new(self.ports.clone(), documents, self.metrics.clone(), seed);
        let began = Instant::now();
        let done =
            contained(shipment.run()).into_actor(self).map(move |done, this: &mut Self, ctx| {
                this.shipments -= 1;
                this.metrics.stage(Stage::Sink).service.record(began.elapsed());
                if let Err(panicked) = done {
                    // The deliveries were dropped with the call, and so given back.
                    tracing::error!(%panicked, "a shipment failed");
                }
                this.schedule_flush(ctx);
            });
        ctx.spawn(done);
    }
}

impl Actor for Sink {
    type Context = Context<Self>;
}

impl Handler<Handed<Publish>> for Sink {
    type Result = ();

    fn handle(&mut self, publish: Handed<Publish>, ctx: &mut Context<Self>) {
        let publish = publish.take();
        if publish.work().delivery.is_doomed() {
            return;
        }
        publish.work().delivery.reached(Stage::Sink);
        self.prepare(publish);
        self.schedule_flush(ctx);
    }
}

impl Handler<Flush> for Sink {
    type Result = ();

    fn handle(&mut self, _: Flush, ctx: &mut Context<Self>) {
        self.flush(ctx);
    }
}

impl Handler<Stop> for Sink {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
