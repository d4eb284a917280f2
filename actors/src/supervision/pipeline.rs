//! A running pipeline, as its process holds it.

use actix::{Actor, Recipient};
use tokio::sync::{oneshot, watch};

use crate::messages::Drain;
use crate::supervision::blueprint::Blueprint;
use crate::supervision::guardian::{Guardian, GuardianSettings};

/// How the pipeline ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The queue is worked off and every delivery settled.
    Exhausted,
    /// It was asked to drain, and did: all settled, or given back at the deadline.
    Drained,
    /// Supervision gave up.
    GaveUp {
        /// Why.
        reason: String,
    },
}

/// What the Guardian shows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// The running generation.
    pub generation: u32,
    /// Whether every model is loaded and proven, and nothing is draining.
    pub ready: bool,
    /// The last fault that ended a generation.
    pub last_fault: Option<String>,
}

/// A running pipeline, as its process holds it.
pub struct Pipeline {
    /// Asks the Guardian to drain.
    pub drain: Recipient<Drain>,
    /// What the Guardian shows of itself.
    pub vitals: watch::Receiver<Vitals>,
    /// How it all ended.
    pub ended: oneshot::Receiver<Ended>,
}

impl Pipeline {
    /// Starts the Guardian, and with it the first generation, in the running actix `System`.
    #[must_use]
    pub fn start(blueprint: Blueprint, settings: GuardianSettings) -> Self {
        let (vitals, shown) = watch::channel(Vitals::default());
        let (ended, end) = oneshot::channel();
        let guardian = Guardian::new(blueprint, settings, vitals, ended).start();
        Self { drain: guardian.recipient(), vitals: shown, ended: end }
    }
}
