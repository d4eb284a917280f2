//! The only way to hand work to another actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{Message, Recipient};
use metrics::Histogram;
use tokio::time::Instant;

use crate::failure::Stage;
use crate::metrics::StageMetrics;

/// A message that carries a delivery, or a share in one: never lost, because dropping it settles the
/// delivery.
pub trait Work: Send + 'static {
    /// Who receives it.
    const STAGE: Stage;
}

/// Work in a mailbox, with the time it was put there.
pub struct Handed<W> {
    work: W,
    at: Instant,
    place: Place,
}

impl<W: Work> Message for Handed<W> {
    type Result = ();
}

/// A place in a mailbox; counts itself.
struct Place {
    mailbox: Mailbox,
    metrics: StageMetrics,
}

/// How much work lies in one actor's mailbox now, and ever did.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<(AtomicUsize, AtomicUsize)>);

impl Mailbox {
    /// What lies in it now.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.0.load(Ordering::Relaxed)
    }

    /// The most that ever lay in it.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }
}

impl Place {
    fn take(mailbox: &Mailbox, metrics: &StageMetrics) -> Self {
        let (length, longest) = &*mailbox.0;
        let now = length.fetch_add(1, Ordering::Relaxed) + 1;
        longest.fetch_max(now, Ordering::Relaxed);
        metrics.queue_length.increment(1.0);
        Self { mailbox: mailbox.clone(), metrics: metrics.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.mailbox.0.0.fetch_sub(1, Ordering::Relaxed);
        self.metrics.queue_length.decrement(1.0);
    }
}

impl<W> Handed<W> {
    /// Takes the work out of the mailbox. Its wait goes on until the stage takes it up.
    #[must_use]
    pub fn take(self) -> Waiting<W> {
        let Self { work, at, place } = self;
        Waiting { work, since: Some((at, place.metrics.wait.clone())) }
    }

    /// Takes the work out of the mailbox and up at once.
    pub fn open(self) -> W {
        self.take().open()
    }
}

/// Work that has left the mailbox and waits for its stage to take it up.
pub struct Waiting<W> {
    work: W,
    /// Since when, and where that is recorded; nothing once it was taken up.
    since: Option<(Instant, Histogram)>,
}

impl<W> Waiting<W> {
    /// What waits.
    #[must_use]
    pub fn work(&self) -> &W {
        &self.work
    }

    /// Notes that the stage takes it up, and records how long it waited, once.
    pub fn take_up(&mut self) {
        if let Some((at, wait)) = self.since.take() {
            wait.record(at.elapsed());
        }
    }

    /// Takes it up.
    pub fn open(mut self) -> W {
        self.take_up();
        self.work
    }

    /// What `into` makes of it waits in its place.
    pub fn map<V>(self, into: impl FnOnce(W) -> V) -> Waiting<V> {
        Waiting { work: into(self.work), since: self.since }
    }
}

/// A long-held way into one mailbox. Not `Clone`: a cloned sender bypasses the mailbox's bound
/// (actix issue 329); share it as `Arc<Outlet<_>>`.
pub struct Outlet<W: Work> {
    into: Recipient<Handed<W>>,
    mailbox: Mailbox,
    metrics: StageMetrics,
}

impl<W: Work> Outlet<W> {
    /// An outlet into the mailbox of `into`.
    #[must_use]
    pub fn new(into: Recipient<Handed<W>>, metrics: StageMetrics) -> Self {
        Self { into, mailbox: Mailbox::default(), metrics }
    }

    /// Hands `work` on without waiting. Work that the mailbox refuses is dropped, which sends its
    /// delivery back to the queue. Credits leave room for all there can be, so a refusal means that
    /// the receiver is gone (and will be replaced) or that the arithmetic is broken (and counted).
    pub fn offer(&self, work: W) {
        let place = Place::take(&self.mailbox, &self.metrics);
        let handed = Handed { work, at: Instant::now(), place };
        #[expect(clippy::disallowed_methods, reason = "this is the one place that hands work on")]
        let refused = self.into.try_send(handed).is_err();
        if refused && self.into.connected() {
            self.metrics.refusals.increment(1);
            tracing::error!(stage = %W::STAGE, "a mailbox was full in spite of its credits");
        }
    }

    /// The mailbox it leads into.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }
}
