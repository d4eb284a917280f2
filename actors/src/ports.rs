//! The pipeline's edges: one trait each, free of any engine. Engines live in the root package.
//!
//! Every asynchronous call is made in a task of its own, so that an engine's panic costs the
//! deliveries of that call and nothing else; every engine is shared by all generations of actors.
//!
//! Every call must end, in minutes at most, by a deadline of the engine's own: nobody here gives a call
//! up, and one that does not return keeps its slot and the credits of its deliveries.

pub mod catalogue;
pub mod fetcher;
pub mod index;
pub mod inferrer;
pub mod queue;
pub mod topic;
pub mod tracer;

pub use catalogue::{Catalogue, CatalogueDown, NotRetrieved};
pub use fetcher::{DecodeError, Decoded, Decoder, FetchError, Fetcher};
pub use index::{Augmented, Index, IndexError, Prepared, Verdict};
pub use inferrer::{InferError, Inferrer, InferrerFactory};
pub use queue::{Message, Parked, Queue, QueueError, Receipt, Received, Release};
pub use topic::{Announcement, Topic, TopicDown};
pub use tracer::{NoTracer, Passage, Tracer};
