//! The actor system of the inference manager: everything between a queue of ids and an index of
//! augmented documents, without a single engine.
//!
//! ```text
//!  Queue ─► Source ─► Retriever ─► Downloader ─► Pool, Pool, Pool ─► Sink ─► Index, Topic
//!    ▲        │ Opened                 │ Infer       │ answers         │
//!    │        ▼                        └─ Gathering ─┴─ Publish ──────►│
//!    └───── Ledger ◄─────────────── Settled, from wherever a delivery ends
//! ```
//!
//! **Read in this order.** [`delivery`] is the heart: one message taken from the queue, and the duty to
//! settle it exactly once. [`flow::credits`] bounds how many there are, and how many bytes and pixels
//! they hold, because mailboxes on actix bound nothing that matters. [`gathering`] is scatter and
//! gather as a value. The agents stand in flow order: [`source`], [`retriever`], [`downloader`],
//! [`pool`], [`sink`], and [`ledger`], which keeps the accounts with the queue:
//!
//! > received = indexed + superseded + parked + released + lost + in flight
//!
//! [`supervision`] starts them as a generation, replaces the generation when one of them dies, drains
//! it and gives up in the end.
//!
//! **What it does not know.** Inputs are opaque ([`input::Input`]), answers are named fields checked
//! against a manifest ([`inference`]), engines are [`ports`]. Failures have one set of classes
//! ([`failure`]); metrics are declared in one place ([`metrics::catalogue`]).
//!
//! **How it is built.** Decisions live in small pure structs (`Book`, `Roster`, `Backlog`, `Backoff`,
//! `RestartLimit`, `Coalescing`), actors only translate messages into calls on them. Work is handed on
//! through [`flow::outlet`], control messages go by `do_send`. Tests drive the real actors over fakes
//! in virtual time; the fakes are the crate `actors-testing`.

pub mod delivery;
pub mod downloader;
pub mod failure;
pub mod flow;
pub mod gathering;
pub mod inference;
pub mod input;
pub mod ledger;
pub mod messages;
pub mod metrics;
pub mod pool;
pub mod ports;
pub mod record;
pub mod retriever;
pub mod sink;
pub mod source;
pub mod supervision;
pub mod trace;
