//! The service: command line, configuration, engines for the ports, and the composition root that
//! plugs them into the actor system of the crate `actors` and the models of the crate `models`.
//!
//! It is a library so that tests can drive it in process; `main.rs` only maps its results to exit
//! codes.

pub mod adapters;
pub mod bench;
pub mod cli;
pub mod config;
pub mod exit;
pub mod import_weights;
pub mod page;
pub mod progress;
pub mod run;
pub mod shutdown;
pub mod summary;
pub mod telemetry;
pub mod version;
pub mod wire;
