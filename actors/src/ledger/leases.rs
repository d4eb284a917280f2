//! Leases: looked at, extended while work moves, given back or forgotten.

use std::sync::Arc;
use std::time::Duration;

use actix::{AsyncContext, Context, WrapFuture};
use tokio::time::Instant;

use crate::flow::contained::contained;
use crate::metrics::QueueCall;
use crate::ports::{QueueError, Receipt};

use super::progress::Stuck;
use super::settlements::{one_each, refusal};
use super::{Ledger, LedgerSettings};

impl Ledger {
    pub(super) fn look_at_leases(&mut self, ctx: &mut Context<Self>) {
        let now = Instant::now();
        let expired = self.book.lock().expire(now);
        for closed in &expired {
            self.accounting.report(closed);
        }
        self.show_in_flight();
        // What was refused may have been lost since, and then nobody asks again.
        if !self.book.lock().is_settling() {
            self.refused = Default::default();
        }
        let LedgerSettings { stuck_after, give_up_after, extend_leases, .. } = self.settings;
        let found = self.book.lock().look(self.outages.any(), stuck_after, now);
        for Stuck { id, stage } in found {
            let (id, stage) = (id.map(tracing::field::display), stage.as_str());
            tracing::warn!(id, stage, "a delivery is stuck: its lease is extended no longer");
        }
        let count = self.book.lock().give_up(give_up_after, now);
        if count > 0 {
            tracing::warn!(count, ?give_up_after, "gave deliveries back that were open for long");
            self.schedule_flush(ctx);
        }
        if extend_leases {
            self.extend_leases(ctx, now);
        }
    }

    fn extend_leases(&self, ctx: &mut Context<Self>, now: Instant) {
        let (lease, give_up_after) = (self.queue.lease(), self.settings.give_up_after);
        let due = self.book.lock().due_extensions(now, lease / 2, give_up_after);
        for batch in due.chunks(self.queue.batch_limit()) {
            self.extend(ctx, batch.to_vec(), lease);
        }
    }

    fn extend(&self, ctx: &mut Context<Self>, receipts: Vec<Receipt>, lease: Duration) {
        let queue = Arc::clone(&self.queue);
        let asked = receipts.clone();
        let asked_at = Instant::now();
        let extended = contained(async move { queue.extend(&asked, lease).await });
        ctx.spawn(actix::ActorFutureExt::map(
            extended.into_actor(self),
            move |answers, this: &mut Self, _| {
                // Counted from when it was asked for: the queue's own clock began no earlier.
                this.extended(&receipts, one_each(&receipts, answers), asked_at + lease);
            },
        ));
    }

    fn extended(
        &self,
        receipts: &[Receipt],
        answers: Vec<Result<(), QueueError>>,
        lease_until: Instant,
    ) {
        let metrics = &self.accounting.metrics;
        if let Some(cause) = refusal(&answers) {
            metrics.queue_errors(QueueCall::Extend).increment(1);
            tracing::warn!(cause, "the queue did not extend leases; it is asked again");
        }
        for (receipt, answer) in receipts.iter().zip(answers) {
            metrics.lease_extensions.increment(u64::from(answer.is_ok()));
            let answer = answer.map(|()| lease_until);
            let closed = self.book.lock().extended(receipt, &answer, Instant::now());
            if let Some(closed) = closed {
                self.accounting.report(&closed);
            }
        }
        self.show_in_flight();
    }
}
