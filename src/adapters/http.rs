//! Pictures over HTTP, from hosts that nobody here runs and at URLs that nobody here wrote.
//!
//! ```text
//! record ─ location ─► URL ─► Errand: tries, within one deadline and on byte credits
//!                               │ each hop of a Route (redirects)
//!                               ▼
//!             AddressGuard ─► Hosts ─► reqwest ─► GuardedResolver ─► the host
//!             literals, list   slots,              names: every answer is judged, and only
//!             of hosts         breaker             judged addresses are connected to
//!                                                    │
//!             body::read ◄───────────────────────────┘ credits before bytes, Pace, the cap
//! ```
//!
//! A name could answer the guard with one address and the connection with another; so nothing is
//! judged before the connection but the very addresses that it will use.

mod address_guard;
mod allowance;
mod body;
mod breaker;
mod errand;
mod exchange;
mod fetcher;
mod host_pattern;
mod hosts;
mod location;
mod refusal;
mod resolver;
mod retry_after;
mod route;
mod settings;
mod throughput;
mod verdict;

pub use address_guard::{AddressGuard, Forbidden};
pub use breaker::BreakerSettings;
pub use fetcher::{HttpFetcher, HttpFetcherError};
pub use host_pattern::{HostPattern, InvalidHostPattern};
pub use hosts::HostSettings;
pub use location::picture_host;
pub(crate) use resolver::LOOKUPS;
pub use resolver::Lookup;
pub use settings::HttpFetcherSettings;
pub use throughput::Throughput;
