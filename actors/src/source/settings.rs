//! How the Source polls, and whom it tells.

use std::sync::Arc;

use actix::Recipient;

use crate::flow::outlet::Outlet;
use crate::messages::{Exhausted, Opened, Retrieve, Settled};

/// How the Source polls.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// The most messages one receive asks for: ten is the most SQS gives.
    pub receive_at_most: u32,
    /// Makes jitter repeatable.
    pub seed: u64,
    /// What the Source does without, only to show in a test what it is good for.
    pub without: Option<Safeguard>,
}

/// What keeps messages from being lost or worked on in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safeguard {
    /// Deliveries that nobody settled settle when they are dropped.
    SettlementOnDrop,
    /// A receive under way is awaited when the Source is to receive no more.
    AwaitedReceive,
    /// What a receive brings and nobody opens is given back.
    ReleaseOfUnopened,
    /// Work whose lease is lost is cancelled.
    CancellationOfLost,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self { receive_at_most: 10, seed: 0, without: None }
    }
}

/// Whom the Source tells.
pub struct SourceOutlets {
    /// Deliveries go here.
    pub retriever: Arc<Outlet<Retrieve>>,
    /// Opened deliveries are entered here.
    pub opened: Recipient<Opened>,
    /// Settled deliveries go here.
    pub settled: Arc<Recipient<Settled>>,
    /// The end of the queue is told here.
    pub exhausted: Recipient<Exhausted>,
}
