//! How a delivery ended, and what was known of its input by then.

use crate::failure::Failure;
use crate::record::RecordId;

/// How a delivery ended, as far as the pipeline is concerned. The Ledger decides what the queue is
/// told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its document was written.
    Indexed,
    /// A newer document was there.
    Superseded,
    /// It failed.
    Failed(Failure),
    /// It was not begun: given back without delay.
    NotBegun,
}

/// What is known of a delivery's input, for the parked record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dossier {
    /// The record's id, once the body was read.
    pub id: Option<RecordId>,
    /// The path or URL, once one was chosen.
    pub location: Option<String>,
    /// The input's size in bytes, once it is known.
    pub bytes: Option<u64>,
    /// Hex digest of the input, once it was read.
    pub sha256: Option<String>,
}
