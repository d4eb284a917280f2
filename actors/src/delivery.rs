//! One message taken from the queue, and the duty to settle it exactly once.

mod companions;
mod ending;
mod tether;

use std::sync::Arc;

use actix::Recipient;
use tokio::time::Instant;

use crate::failure::{Class, Failure, Stage};
use crate::flow::credits::Reservation;
use crate::messages::Settled;
use crate::ports::Receipt;
use crate::trace::Trace;

pub use companions::Companions;
pub use ending::{Dossier, Ending};
pub use tether::{Tether, Wait};

/// One message taken from the queue. It travels by value inside every work message; wherever it
/// ends, it is settled: by a verdict, or by being dropped.
pub struct Delivery {
    /// When it was received.
    pub opened_at: Instant,
    /// What is known of its input.
    pub dossier: Dossier,
    receipt: Receipt,
    tether: Arc<Tether>,
    companions: Option<Arc<Companions>>,
    open: Option<Duty>,
    settles_on_drop: bool,
}

/// The credit that admitted a delivery, and whom to tell of its end.
struct Duty {
    credit: Reservation,
    ledger: Arc<Recipient<Settled>>,
}

impl Delivery {
    /// Opens a delivery for a received message.
    #[must_use]
    pub fn open(
        receipt: Receipt,
        trace: Option<Trace>,
        credit: Reservation,
        ledger: Arc<Recipient<Settled>>,
    ) -> Self {
        Self {
            opened_at: Instant::now(),
            dossier: Dossier::default(),
            receipt,
            tether: Arc::new(Tether::new(trace)),
            companions: None,
            open: Some(Duty { credit, ledger }),
            settles_on_drop: true,
        }
    }

    /// Switches the settlement on drop off, to show in a test what it is good for.
    #[doc(hidden)]
    #[must_use]
    pub fn without_settlement_on_drop(mut self) -> Self {
        self.settles_on_drop = false;
        self
    }

    /// Names the message at the queue.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// What connects it with the Ledger's book.
    #[must_use]
    pub fn tether(&self) -> &Arc<Tether> {
        &self.tether
    }

    /// Notes that the delivery has reached `stage`.
    pub fn reached(&self, stage: Stage) {
        self.tether.reach(stage);
    }

    /// Whether nobody waits for this delivery any more: its own lease is lost and no duplicate has
    /// joined it.
    #[must_use]
    pub fn is_doomed(&self) -> bool {
        self.tether.is_cancelled() && self.companions.as_ref().is_none_or(|c| c.all_cancelled())
    }

    /// Lets duplicates join this delivery through `companions`.
    pub fn lead(&mut self, companions: Arc<Companions>) {
        companions.follow(&self.tether);
        self.companions = Some(companions);
    }

    /// Ends it, and every duplicate that joined it, in the same way.
    pub fn settle(mut self, ending: Ending) {
        self.end(ending);
    }

    /// Ends it with a failure.
    pub fn fail(self, failure: Failure) {
        self.settle(Ending::Failed(failure));
    }

    fn end(&mut self, ending: Ending) {
        let Some(Duty { credit, ledger }) = self.open.take() else { return };
        for mut companion in self.companions.take().into_iter().flat_map(|c| c.close()) {
            companion.dossier = self.dossier.clone();
            companion.settle(ending.clone());
        }
        ledger.do_send(Settled {
            receipt: self.receipt.clone(),
            ending,
            dossier: std::mem::take(&mut self.dossier),
            credit,
        });
    }
}

/// A delivery nobody settled: an actor died under it, or refused it.
impl Drop for Delivery {
    fn drop(&mut self) {
        if self.settles_on_drop {
            let cause = "an actor died under it or its mailbox was closed";
            self.end(Ending::Failed(Failure::new(Class::Abandoned, self.tether.stage(), cause)));
        }
    }
}
