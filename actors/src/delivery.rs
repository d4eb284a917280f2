//! One message taken from the queue, and the duty to settle it exactly once.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix::Recipient;
use tokio::time::Instant;

use crate::failure::{Class, Failure, Stage};
use crate::flow::credits::Reservation;
use crate::messages::Settled;
use crate::ports::Receipt;
use crate::record::RecordId;
use crate::trace::{Journey, Trace};

/// How a delivery ended, as far as the pipeline is concerned. The Ledger decides what the queue is
/// told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its document was written.
    Indexed,
    /// A newer document was there.
    Superseded,
    /// It failed.
    Failed(Failure),
    /// It was not begun: given back without delay.
    NotBegun,
}

/// What is known of a delivery's input, for the parked record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dossier {
    /// The record's id, once the body was read.
    pub id: Option<RecordId>,
    /// The path or URL, once one was chosen.
    pub location: Option<String>,
    /// The input's size in bytes, once it is known.
    pub bytes: Option<u64>,
    /// Hex digest of the input, once it was read.
    pub sha256: Option<String>,
}

/// What the Ledger and the delivery know of each other while the delivery is under way.
#[derive(Debug)]
pub struct Tether {
    /// When it was where.
    pub journey: Journey,
    /// The trace that it belongs to, if any.
    pub trace: Option<Trace>,
    stage: AtomicU8,
    cancelled: AtomicBool,
    waits: AtomicBool,
    /// That of the delivery whose end this one shares.
    leader: OnceLock<Arc<Self>>,
}

/// A delivery's wait for credits or a slot, over when dropped: that it does not move meanwhile is right.
#[derive(Debug)]
pub struct Wait(Arc<Tether>);

impl Default for Tether {
    fn default() -> Self {
        Self::new(None)
    }
}

impl Tether {
    /// The tether of a delivery that belongs to `trace`.
    #[must_use]
    pub fn new(trace: Option<Trace>) -> Self {
        Self {
            journey: Journey::default(),
            trace,
            stage: AtomicU8::new(Stage::Source as u8),
            cancelled: AtomicBool::new(false),
            waits: AtomicBool::new(false),
            leader: OnceLock::new(),
        }
    }

    /// Notes that the delivery has reached `stage`.
    pub fn reach(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        self.journey.reach(stage);
    }

    /// Notes that the delivery waits for credits or a slot until the answer is dropped.
    #[must_use]
    pub fn wait(self: &Arc<Self>) -> Wait {
        self.waits.store(true, Ordering::Relaxed);
        Wait(Arc::clone(self))
    }

    /// Notes that the delivery shares the end of `leader`'s. It joins once, and stays.
    pub fn follow(&self, leader: &Arc<Self>) {
        let _ = self.leader.set(Arc::clone(leader));
    }

    /// Where its work stands, and whether that waits for credits: the leader's, where it is a duplicate.
    #[must_use]
    pub fn standing(&self) -> (Stage, bool) {
        let of = self.leader.get().map_or(self, |leader| &**leader);
        (of.stage(), of.waits.load(Ordering::Relaxed))
    }

    /// The stage the delivery has reached.
    #[must_use]
    pub fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::Relaxed))]
    }

    /// The trace that it belongs to, if any, and when it reached which stage.
    #[must_use]
    pub fn traced(&self) -> Option<(Trace, Vec<(Stage, Duration)>)> {
        self.trace.map(|trace| (trace, self.journey.stops()))
    }

    /// Tells the delivery that its work is in vain: its lease is lost.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work is in vain.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.waits.store(false, Ordering::Relaxed);
    }
}

/// One message taken from the queue. It travels by value inside every work message; wherever it
/// ends, it is settled: by a verdict, or by being dropped.
pub struct Delivery {
    /// How often the message was received, this time included.
    pub attempt: u32,
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
        attempt: u32,
        trace: Option<Trace>,
        credit: Reservation,
        ledger: Arc<Recipient<Settled>>,
    ) -> Self {
        Self {
            attempt,
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
        // A company has one leader, the first.
        let _ = companions.leader.set(Arc::clone(&self.tether));
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

/// The duplicates of a delivery in flight: they wait for its end and share it.
#[derive(Default)]
pub struct Companions {
    /// `None` once the leader has ended.
    members: Mutex<Option<Vec<Delivery>>>,
    leader: OnceLock<Arc<Tether>>,
}

impl Companions {
    /// An open, empty company.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { members: Mutex::new(Some(Vec::new())), leader: OnceLock::new() })
    }

    /// Joins `delivery` to the company, or gives it back if the leader has just ended.
    ///
    /// # Errors
    /// The delivery itself.
    pub fn join(&self, delivery: Delivery) -> Result<(), Box<Delivery>> {
        match &mut *self.members.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(members) => {
                if let Some(leader) = self.leader.get() {
                    delivery.tether.follow(leader);
                }
                members.push(delivery);
                Ok(())
            }
            None => Err(Box::new(delivery)),
        }
    }

    fn close(&self) -> Vec<Delivery> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }

    fn all_cancelled(&self) -> bool {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.iter().flatten().all(|member| member.tether.is_cancelled())
    }
}
