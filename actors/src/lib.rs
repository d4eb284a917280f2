//! actors
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
