//! Probes, fakes of every port and virtual time, for actor-level tests.
//!
//! Every fake is driven by a [`Conduct`](conduct::Conduct): how long each call takes and whether it
//! answers, fails, panics or never returns. A conduct is a script, or drawn from a seed, so that a
//! failing test can be run again exactly. Time is tokio's, paused: hours pass in milliseconds.

pub mod conduct;
pub mod fake_catalogue;
pub mod fake_fetcher;
pub mod fake_index;
pub mod fake_inferrer;
pub mod fake_queue;
pub mod fake_topic;
pub mod lone_pool;
pub mod manual_placement;
pub mod neighbours;
pub mod probe;
pub mod quiet;
pub mod recorder;
pub mod simulated_placement;
pub mod virtual_time;
pub mod world;
