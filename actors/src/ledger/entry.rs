//! One delivery in the book.

use std::sync::Arc;

use tokio::time::Instant;

use crate::delivery::{Dossier, Tether};
use crate::failure::Stage;
use crate::flow::credits::Reservation;
use crate::metrics::Outcome;
use crate::record::RecordId;

use super::closed::Closed;
use super::disposition::Disposition;
use super::progress::Progress;

/// A delivery in the book.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Option<RecordId>,
    pub(super) attempt: u32,
    pub(super) opened_at: Instant,
    pub(super) sent_at: Option<Instant>,
    pub(super) lease_until: Instant,
    pub(super) extending: bool,
    pub(super) tether: Arc<Tether>,
    pub(super) progress: Progress,
    pub(super) state: State,
}

/// Whether it has ended.
#[derive(Debug)]
pub(super) enum State {
    Open,
    Closing(Closing),
}

/// A settlement that the queue has yet to confirm.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) disposition: Disposition,
    pub(super) dossier: Dossier,
    pub(super) not_before: Instant,
    pub(super) asked: bool,
    pub(super) _credit: Option<Reservation>,
}

impl Closing {
    pub(super) fn give_back(&mut self, now: Instant) {
        self.disposition = Disposition::at_once(None);
        self.not_before = now;
    }
}

impl Entry {
    pub(super) fn is_being_told(&self) -> bool {
        matches!(&self.state, State::Closing(closing) if closing.asked)
    }

    /// Where it stands, and whether it waits for credits there.
    pub(super) fn standing(&self) -> (Stage, bool) {
        match self.state {
            State::Open => self.tether.standing(),
            State::Closing(_) => (Stage::Ledger, false),
        }
    }

    /// Ends a delivery whose actor did not: all that is known of it is its id.
    pub(super) fn close_uncredited(&mut self, disposition: Disposition, now: Instant) {
        self.state = State::Closing(Closing {
            disposition,
            dossier: self.dossier(),
            not_before: now,
            asked: false,
            _credit: None,
        });
    }

    /// What is known of it without its settlement.
    pub(super) fn closed(&self, outcome: Outcome, now: Instant) -> Closed {
        Closed {
            outcome,
            failure: None,
            dossier: self.dossier(),
            stage: self.tether.standing().0,
            open_for: now - self.opened_at,
            age: None,
            attempt: self.attempt,
            traced: self.tether.traced(),
        }
    }

    pub(super) fn dossier(&self) -> Dossier {
        Dossier { id: self.id.clone(), ..Dossier::default() }
    }
}
