//! Probes, fakes of every port and virtual time, for actor-level tests.
//!
//! The fakes whose calls wait (queue, catalogue, fetcher, index, topic) are driven by a
//! [`Conduct`](conduct::Conduct): how long each call takes and whether it answers, fails or panics. A
//! conduct is a script, or drawn from a seed, so that a failing test can be run again exactly. Decoder
//! and inferrer compute, and are told instead which inputs they refuse or panic on; how long a batch
//! takes, and which never returns, is up to the
//! [`SimulatedPlacement`](simulated_placement::SimulatedPlacement). Time is tokio's, paused: hours pass
//! in milliseconds.
//!
//! A test is five lines:
//!
//! ```
//! # use actors_testing::{virtual_time::simulate, world::{World, tune}};
//! simulate(async {
//!     let mut world = World::default();
//!     tune(&mut world.decoder).panics = vec!["b".to_owned()];
//!     world.run(["a", "b"]).await;
//!     assert_eq!(world.index.ids(), ["a"]);
//!     assert_eq!(world.parked(), [("b".to_owned(), "corrupt_image")]);
//! });
//! ```

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
