//! The service: command line, configuration, engines for the ports, and the composition root that
//! plugs them into the actor system of the crate [`actors`] and the models of the crate [`models`].
//!
//! ```text
//!  main ── cli::Cli ──┬─ run ────────────┐   import-weights ─ import_weights ─► models::import
//!                     ├─ bench ──────────┤   config ───────── config, printed
//!                     ├─ check ──────────┤   redrive ──────── parked messages back into the queue
//!                     ▼                  ▼   health ───────── asks a running process
//!            config::Options ─► config::Config     every problem at once, or a value that is right
//!                                        │ config::Engines: a folder, or servers
//!                                        ▼
//!             run::embedded │ run::production         the composition root
//!      adapters ────────────────►  run::assembly ◄──────────────── models::ModelSet
//!      a folder, or SQS, Elasticsearch,  │                          manifests, digests,
//!      HTTP, SNS, S3                     ▼ Blueprint                golden pictures
//!                       actors::supervision::guardian::Pipeline
//!                                        │
//!          progress, summary ◄─ accounts ┤ ended: exhausted, drained, gave up
//!                       telemetry ◄──────┤ metrics, logs ──► admin: /metrics, /readyz, /status
//!          page     ◄── documents ◄──────┘
//!                                        ▼
//!                                   exit::Exit
//! ```
//!
//! **Read in this order.** [`run`] composes and shows the whole at a glance; [`config`] is what can be
//! chosen; [`adapters`] has one engine for each port of `actors::ports`; [`wire`] the formats that
//! others read: documents, message bodies, parked records, times. [`admin`] shows a running service,
//! [`page`] makes what a person looks at after an embedded run.
//!
//! **Rules.** What a user can rely on stands where it is made: each option's manual is its doc comment
//! in [`config`], each exit code in [`exit`]. Nothing here computes on pictures or decides what becomes
//! of a message: the first is `models`', the second `actors`'.
//!
//! It is a library so that tests can drive it in process; `main.rs` only maps its results to exit
//! codes.

// They panic where nobody reads; `console` does not.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod adapters;
pub mod admin;
pub mod bench;
pub mod causes;
pub mod check;
pub mod cli;
pub mod config;
pub mod console;
mod draft;
pub mod exit;
pub mod health;
mod html;
pub mod import_weights;
pub mod page;
pub mod progress;
pub mod redrive;
pub mod run;
pub mod runtime;
pub mod shutdown;
pub mod summary;
pub mod telemetry;
pub mod tls;
pub mod version;
pub mod wire;
