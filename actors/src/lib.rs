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
//! **One message's way.** The [`source`] takes one of 64 credits and a message from the queue, and the
//! [`ledger`] enters it in its book. The [`retriever`] looks its id up with the others that wait. The
//! [`downloader`] fetches the picture in one of 16 slots, its bytes reserved from 128 MiB, and decodes it,
//! its pixels reserved from 100 megapixels; the bytes are given back then, and of the pixels all but
//! those that the models look at. Each [`pool`] infers from it in a batch; the last answer gives the rest
//! of the pixels back and sends the document to the [`sink`], which writes and announces it. That settles
//! the delivery: the ledger tells the queue, and when the queue has confirmed, the credit goes home.
//!
//! **Read in this order.** [`messages`] and [`record`] say what is passed around. [`delivery`] is the heart: one message taken from the queue, and the duty to
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
