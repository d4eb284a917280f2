//! Settlements: the queue is told, and told again while it does not take them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix::{AsyncContext, Context, WrapFuture};
use tokio::time::Instant;

use crate::flow::contained::{Panicked, contained};
use crate::inference::ModelStamp;
use crate::metrics::{Dependency, QueueCall};
use crate::ports::{Parked, QueueError, Receipt, Release};

use super::Ledger;
use super::closed::Due;
use super::disposition::Disposition;

/// How soon a settlement is tried again when the time for it is nearly over.
const LAST_TRIES: Duration = Duration::from_millis(200);

impl Ledger {
    pub(super) fn tell(&self, ctx: &mut Context<Self>, call: QueueCall, batch: Vec<Due>) {
        let queue = Arc::clone(&self.queue);
        let receipts: Vec<Receipt> = batch.iter().map(|due| due.receipt.clone()).collect();
        let models = Arc::clone(&self.models);
        let told = contained(async move {
            match call {
                QueueCall::Acknowledge => {
                    let receipts: Vec<Receipt> = batch.into_iter().map(|d| d.receipt).collect();
                    queue.acknowledge(&receipts).await
                }
                QueueCall::Release => {
                    let releases: Vec<Release> = batch.into_iter().filter_map(release).collect();
                    queue.release(&releases).await
                }
                _ => {
                    let parked: Vec<Parked> =
                        batch.into_iter().filter_map(|due| parked(due, &models)).collect();
                    queue.park(&parked).await
                }
            }
        });
        ctx.spawn(actix::ActorFutureExt::map(
            told.into_actor(self),
            move |told, this: &mut Self, ctx| {
                let answers = one_each(&receipts, told);
                this.told(ctx, call, &receipts, answers);
            },
        ));
    }

    fn told(
        &mut self,
        ctx: &mut Context<Self>,
        call: QueueCall,
        receipts: &[Receipt],
        answers: Vec<Result<(), QueueError>>,
    ) {
        let again_in = if let Some(cause) = refusal(&answers) {
            self.refuse(call, cause)
        } else {
            self.refused[call as usize] = None;
            self.backoff.reset();
            Duration::ZERO
        };
        let now = Instant::now();
        for (receipt, answer) in receipts.iter().zip(answers) {
            if let Err(error) = &answer {
                tracing::debug!(?receipt, call = call.as_str(), %error, "the queue did not settle");
            }
            let closed = self.book.lock().confirmed(receipt, &answer, now + again_in, now);
            if let Some(closed) = closed {
                self.accounting.report(&closed);
            }
        }
        self.show_in_flight();
        if !again_in.is_zero() {
            ctx.run_later(again_in, Self::schedule_flush);
        }
    }

    /// Notes that the queue does not take a call, and answers when to try again. While it does not,
    /// nothing is received: what would become of it could not be told.
    fn refuse(&mut self, call: QueueCall, cause: &str) -> Duration {
        self.accounting.metrics.queue_errors(call).increment(1);
        let outage = &mut self.refused[call as usize];
        if outage.is_none() {
            tracing::warn!(call = call.as_str(), cause, "the queue does not take what is settled");
            *outage = Some(self.outages.begin(Dependency::Queue, cause));
        }
        let wait = self.backoff.next_wait();
        // At the end of a drain there are seconds left to give back what cannot be settled.
        if self.book.lock().is_giving_back() { wait.min(LAST_TRIES) } else { wait }
    }
}

/// Why the queue did not do all that one call asked for, if it may do so later. A lease that is lost is
/// no fault of the queue.
pub(super) fn refusal(answers: &[Result<(), QueueError>]) -> Option<&str> {
    answers.iter().find_map(|answer| match answer {
        Err(QueueError::Unavailable(cause)) => Some(cause.as_str()),
        _ => None,
    })
}

fn release(due: Due) -> Option<Release> {
    let Disposition::Release { after, .. } = due.disposition else { return None };
    Some(Release { receipt: due.receipt, after })
}

fn parked(due: Due, models: &Arc<[ModelStamp]>) -> Option<Parked> {
    let Disposition::Park(failure) = due.disposition else { return None };
    Some(Parked {
        receipt: due.receipt,
        id: due.dossier.id,
        location: due.dossier.location,
        bytes: due.dossier.bytes,
        sha256: due.dossier.sha256,
        failure,
        models: Arc::clone(models),
        at: SystemTime::now(),
    })
}

/// One answer for each receipt: after a panic, or where the engine owes one, that the queue is
/// unavailable, so that it is asked again.
pub(super) fn one_each(
    receipts: &[Receipt],
    answers: Result<Vec<Result<(), QueueError>>, Panicked>,
) -> Vec<Result<(), QueueError>> {
    let owed = match &answers {
        Ok(_) => "no answer for this receipt".to_owned(),
        Err(panicked) => panicked.to_string(),
    };
    let mut answers = answers.unwrap_or_default();
    answers.resize(receipts.len(), Err(QueueError::Unavailable(owed)));
    answers
}
