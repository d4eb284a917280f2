//! What leaves the book: settlements to be told, and deliveries that are closed.

use std::time::Duration;

use crate::delivery::Dossier;
use crate::failure::{Failure, Stage};
use crate::metrics::Outcome;
use crate::ports::Receipt;
use crate::trace::Trace;

use super::disposition::Disposition;

/// A settlement for the queue to confirm.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    /// Which message.
    pub receipt: Receipt,
    /// What to tell.
    pub disposition: Disposition,
    /// What is known of the input.
    pub dossier: Dossier,
}

/// A settlement that the queue has confirmed, or a lease that is lost.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// What is counted.
    pub outcome: Outcome,
    /// The failure behind it, if any.
    pub failure: Option<Failure>,
    /// Which input.
    pub dossier: Dossier,
    /// The stage that its work had reached.
    pub stage: Stage,
    /// How long it was in flight.
    pub open_for: Duration,
    /// How long ago the message was sent, if known.
    pub age: Option<Duration>,
    /// How often it had been received.
    pub attempt: u32,
    /// The trace that it belongs to, if any, and when it reached which stage.
    pub traced: Option<(Trace, Vec<(Stage, Duration)>)>,
}
