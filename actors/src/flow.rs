//! How work flows: credits bound it, outlets hand it on, contained calls keep panics to themselves.

pub mod backoff;
pub mod contained;
pub mod credits;
pub mod flush;
pub mod outages;
pub mod outlet;
