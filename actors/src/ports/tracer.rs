//! Where the traces of settled messages go.

use std::time::{Duration, SystemTime};

use crate::failure::{Class, Stage};
use crate::metrics::Outcome;
use crate::record::RecordId;
use crate::trace::{Trace, TraceContext};

/// Records traces, one span for each message with one for each stage below it: OpenTelemetry, or
/// nobody. Never waits: what cannot be taken is dropped.
pub trait Tracer: Send + Sync {
    /// Where the span of a message stands that was sent from `sender`. `None` where there is nothing to
    /// record and nothing to pass on.
    fn begin(&self, sender: Option<TraceContext>) -> Option<Trace>;

    /// Takes the story of a message that has been settled.
    fn end(&self, passage: &Passage<'_>);

    /// Hands on what it still has, before the process ends. May block for seconds.
    fn finish(&self);
}

/// The story of one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage<'a> {
    /// Where it stands in its trace.
    pub trace: Trace,
    /// When it was received.
    pub began: SystemTime,
    /// From then to the queue's confirmation.
    pub took: Duration,
    /// The stages it reached, and how long after it was received.
    pub stops: &'a [(Stage, Duration)],
    /// The record's id, if its body could be read.
    pub id: Option<&'a RecordId>,
    /// How often it had been received.
    pub attempt: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, if that was a failure.
    pub class: Option<Class>,
}

/// Records nothing, and passes on what senders say.
#[derive(Clone, Copy, Debug)]
pub struct NoTracer;

impl Tracer for NoTracer {
    fn begin(&self, sender: Option<TraceContext>) -> Option<Trace> {
        sender.map(|own| Trace { own, sender })
    }

    fn end(&self, _: &Passage<'_>) {}

    fn finish(&self) {}
}
