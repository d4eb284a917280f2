//! What is open, whose lease is due, what the queue must be told. Pure: time is an argument.
//!
//! The book outlives the Ledger that keeps it. When a generation dies, the next one's Ledger adopts
//! the entries, so that nothing waits for its lease to run out and the accounts stay whole.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::delivery::Ending;
use crate::failure::{Class, Failure, Stage};
use crate::messages::{Opened, Settled};
use crate::metrics::Outcome;
use crate::ports::{QueueError, Receipt};

pub use super::accounts::Accounts;
use super::closed::{Closed, Due};
use super::disposition::{Disposition, Policy};
use super::entry::{Closing, Entry, State};
use super::progress::{Progress, Stuck, WorkingTime};

/// The book of open deliveries.
#[derive(Debug)]
pub struct Book {
    /// Ordered, so that a seeded simulation tells the queue the same things in the same order.
    entries: BTreeMap<Receipt, Entry>,
    policy: Policy,
    draining: bool,
    /// Whether time is up: what the queue does not confirm is given back instead.
    giving_back: bool,
    accounts: Accounts,
    back_by: Option<Instant>,
    working: WorkingTime,
}

impl Book {
    /// An empty book that settles by `policy`.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self {
            entries: BTreeMap::new(),
            policy,
            draining: false,
            giving_back: false,
            accounts: Accounts::default(),
            back_by: None,
            working: WorkingTime::default(),
        }
    }

    /// Enters a delivery.
    pub fn open(&mut self, opened: Opened, now: Instant) {
        self.accounts.received += 1;
        let entry = Entry {
            id: opened.id,
            attempt: opened.attempt,
            opened_at: now,
            sent_at: opened.age.and_then(|age| now.checked_sub(age)),
            lease_until: opened.lease_until,
            extending: false,
            tether: opened.tether,
            progress: Progress::begun(self.working.counted()),
            state: State::Open,
        };
        self.entries.insert(opened.receipt, entry);
    }

    /// Takes the news that a delivery ended. News of a delivery that is no longer in the book, or
    /// already closing, changes nothing: each is settled once.
    pub fn settle(&mut self, settled: Settled, now: Instant) {
        let Some(entry) = self.entries.get_mut(&settled.receipt) else { return };
        if matches!(entry.state, State::Closing(_)) {
            return;
        }
        entry.tether.journey.reach(Stage::Ledger);
        let disposition = self.policy.decide(settled.ending, entry.attempt, self.draining);
        entry.state = State::Closing(Closing {
            disposition,
            dossier: settled.dossier,
            not_before: now,
            asked: false,
            _credit: Some(settled.credit),
        });
    }

    /// Takes over what an earlier generation left: what was open is abandoned, what was being
    /// settled is settled again.
    pub fn adopt(&mut self, now: Instant) {
        for entry in self.entries.values_mut() {
            entry.extending = false;
            match &mut entry.state {
                State::Open => {
                    entry.tether.cancel();
                    let cause = "the generation of actors that worked on it ended";
                    let failure = Failure::new(Class::Abandoned, entry.tether.standing().0, cause);
                    let ending = Ending::Failed(failure);
                    let disposition = self.policy.decide(ending, entry.attempt, self.draining);
                    entry.close_uncredited(disposition, now);
                }
                State::Closing(closing) => closing.asked = false,
            }
        }
    }

    /// From now on, what is given back is given back without delay.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Gives every open delivery back without delay; its work is in vain from now on. So are those
    /// given back whose settlement the queue has refused to take so far: parking may need a queue that
    /// is not there.
    pub fn release_open(&mut self, now: Instant) -> usize {
        self.drain();
        self.giving_back = true;
        let mut count = 0;
        for entry in self.entries.values_mut() {
            match &mut entry.state {
                State::Open => {
                    entry.tether.cancel();
                    entry.close_uncredited(Disposition::at_once(None), now);
                }
                State::Closing(closing) if !closing.asked && closing.not_before > now => {
                    closing.give_back(now);
                }
                State::Closing(_) => continue,
            }
            count += 1;
        }
        count
    }

    /// Whether there are settlements that the queue has not confirmed.
    #[must_use]
    pub fn is_settling(&self) -> bool {
        self.entries.values().any(|entry| matches!(entry.state, State::Closing(_)))
    }

    /// Whether time is up: see [`release_open`](Self::release_open).
    #[must_use]
    pub fn is_giving_back(&self) -> bool {
        self.giving_back
    }

    /// Looks which deliveries have moved, and names those that are found not to have for `stuck_after`.
    /// Time in an `outage` of a dependency does not count, nor that in which they wait for credits.
    pub fn look(&mut self, outage: bool, stuck_after: Duration, now: Instant) -> Vec<Stuck> {
        self.working.look(outage, now);
        let worked = self.working.counted();
        let found = self.entries.values_mut().filter_map(|entry| {
            let (stage, waits) = entry.standing();
            let stuck = entry.progress.look((stage, waits), worked, stuck_after);
            stuck.then(|| Stuck { id: entry.id.clone(), stage })
        });
        found.collect()
    }

    /// Gives the open deliveries back that were received `after` ago, because the queue extends no lease
    /// beyond that; their work is in vain from now on. Answers how many.
    pub fn give_up(&mut self, after: Duration, now: Instant) -> usize {
        let mut count = 0;
        for entry in self.entries.values_mut() {
            if matches!(entry.state, State::Open) && now - entry.opened_at >= after {
                entry.tether.cancel();
                entry.close_uncredited(Disposition::at_once(None), now);
                count += 1;
            }
        }
        count
    }

    /// Names the leases of work in progress that end within `margin`, and marks them as being
    /// extended. Those that are stuck are not extended, so that the queue shows them to somebody else,
    /// nor those older than `give_up_after`.
    pub fn due_extensions(
        &mut self,
        now: Instant,
        margin: Duration,
        give_up_after: Duration,
    ) -> Vec<Receipt> {
        self.entries
            .iter_mut()
            .filter(|(_, e)| !e.extending && e.lease_until < now + margin)
            .filter(|(_, e)| !e.progress.is_stuck() && now - e.opened_at < give_up_after)
            .map(|(receipt, entry)| {
                entry.extending = true;
                receipt.clone()
            })
            .collect()
    }

    /// Takes the answer to one extension. A refused one means that the lease is lost: the work is
    /// cancelled and forgotten. Unless the queue is being told of the settlement: then it may have
    /// removed the message already, and the answer to that decides.
    pub fn extended(
        &mut self,
        receipt: &Receipt,
        answer: &Result<Instant, QueueError>,
        now: Instant,
    ) -> Option<Closed> {
        let entry = self.entries.get_mut(receipt)?;
        entry.extending = false;
        match answer {
            Ok(lease_until) => entry.lease_until = *lease_until,
            Err(QueueError::Unavailable(_)) => {}
            Err(QueueError::LeaseLost(_)) if entry.is_being_told() => {}
            Err(QueueError::LeaseLost(_)) => return self.lose(receipt, now),
        }
        None
    }

    /// Forgets the deliveries whose lease has ended unextended: somebody else has them by now.
    pub fn expire(&mut self, now: Instant) -> Vec<Closed> {
        let ended: Vec<Receipt> = self
            .entries
            .iter()
            .filter(|(_, e)| e.lease_until <= now && !e.extending)
            .map(|(receipt, _)| receipt.clone())
            .collect();
        ended.iter().filter_map(|receipt| self.lose(receipt, now)).collect()
    }

    /// Names the settlements that the queue must be told now, and marks them as told.
    pub fn due_settlements(&mut self, now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        for (receipt, entry) in &mut self.entries {
            if let State::Closing(closing) = &mut entry.state
                && !closing.asked
                && closing.not_before <= now
            {
                closing.asked = true;
                due.push(Due {
                    receipt: receipt.clone(),
                    disposition: closing.disposition.clone(),
                    dossier: closing.dossier.clone(),
                });
            }
        }
        due
    }

    /// Takes the queue's answer to one settlement. After an outage it is told again from
    /// `again_at` on.
    pub fn confirmed(
        &mut self,
        receipt: &Receipt,
        answer: &Result<(), QueueError>,
        again_at: Instant,
        now: Instant,
    ) -> Option<Closed> {
        match answer {
            Ok(()) => self.close(receipt, now),
            Err(QueueError::LeaseLost(_)) => self.lose(receipt, now),
            Err(QueueError::Unavailable(_)) => {
                if let Some(Entry { state: State::Closing(closing), .. }) =
                    self.entries.get_mut(receipt)
                {
                    closing.asked = false;
                    closing.not_before = again_at;
                    if self.giving_back {
                        closing.give_back(now);
                    }
                }
                None
            }
        }
    }

    /// The identity in numbers.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts { in_flight: self.entries.len() as u64, ..self.accounts }
    }

    /// When the queue shows the last of what was given back to it, if anything was.
    #[must_use]
    pub fn back_by(&self) -> Option<Instant> {
        self.back_by
    }

    /// How many deliveries are at each stage: a duplicate where the one is that it has joined, and those
    /// being settled at the Ledger.
    #[must_use]
    pub fn at_stages(&self) -> HashMap<Stage, usize> {
        let mut stages = HashMap::new();
        for entry in self.entries.values() {
            *stages.entry(entry.standing().0).or_default() += 1;
        }
        stages
    }

    fn close(&mut self, receipt: &Receipt, now: Instant) -> Option<Closed> {
        let mut entry = self.entries.remove(receipt)?;
        let (outcome, dossier, failure) = match std::mem::replace(&mut entry.state, State::Open) {
            State::Closing(closing) => {
                if let Disposition::Release { after, .. } = closing.disposition {
                    self.back_by = self.back_by.max(Some(now + after));
                }
                let (outcome, failure) = closing.disposition.counted();
                (outcome, closing.dossier, failure)
            }
            State::Open => (Outcome::Lost, entry.dossier(), None),
        };
        self.accounts.count(outcome);
        let age = entry.sent_at.map(|sent| now - sent);
        Some(Closed { failure, dossier, age, ..entry.closed(outcome, now) })
    }

    fn lose(&mut self, receipt: &Receipt, now: Instant) -> Option<Closed> {
        let entry = self.entries.remove(receipt)?;
        entry.tether.cancel();
        self.accounts.count(Outcome::Lost);
        Some(entry.closed(Outcome::Lost, now))
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
