//! Supervision in the sense of Akka: death watch, restart limits, generations, escalation.
//!
//! All-for-one above, one-for-one below. A panicked actor loses its mailbox and address on actix, so
//! its neighbours would all have to be re-wired: the Guardian starts the whole set anew as the next
//! *generation*, and the queue shows again what was in flight. Workers are addressed only by their
//! pool, which replaces them singly.

pub mod blueprint;
mod builder;
pub mod death_watch;
pub mod generation;
pub mod guardian;
pub mod pipeline;
pub mod restart_limit;
