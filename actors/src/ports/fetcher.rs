//! How a record's input is brought in and decoded.

use async_trait::async_trait;

use crate::failure::{Class, Failure, Stage};
use crate::flow::credits::Budget;
use crate::input::{Input, Raw};
use crate::record::Record;

/// Brings the bytes of a record's input, retries of its own included.
#[async_trait]
pub trait Fetcher: Send + Sync {
    /// Finds the record's location and reads it, holding byte credits from `bytes` for what it
    /// keeps in memory **before** it keeps it.
    ///
    /// # Errors
    /// [`FetchError`] with the class that decides what follows.
    async fn fetch(&self, record: &Record, bytes: &Budget) -> Result<Raw, FetchError>;
}

/// Turns bytes into what the inferrers look at. Synchronous: it computes, on a blocking thread,
/// where a panic is caught and counts as a corrupt input.
pub trait Decoder: Send + Sync {
    /// What decoding will take, in pixels, from the header alone: nothing is allocated for it.
    ///
    /// # Errors
    /// [`DecodeError`] for what is no picture, or one over the limit.
    fn pixels(&self, raw: &Raw) -> Result<u64, DecodeError>;

    /// Decodes. Called only while the pixels that [`Decoder::pixels`] named are reserved.
    ///
    /// # Errors
    /// [`DecodeError`] for broken input.
    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError>;
}

/// A decoded input and what it goes on to cost.
#[derive(Debug)]
pub struct Decoded {
    /// What the inferrers look at.
    pub input: Input,
    /// The pixels it keeps in memory, at most what [`Decoder::pixels`] named; the rest of the
    /// reservation is given back.
    pub pixels_kept: u64,
}

/// Why nothing was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct FetchError {
    /// Decides what follows.
    pub class: Class,
    /// The path or URL, once it was known.
    pub location: Option<String>,
    /// The size, where it was known.
    pub bytes: Option<u64>,
    /// One sentence.
    pub cause: String,
}

/// Why nothing was decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct DecodeError {
    /// Decides what follows.
    pub class: Class,
    /// One sentence.
    pub cause: String,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::new(error.class, Stage::Downloader, error.cause)
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::new(error.class, Stage::Downloader, error.cause)
    }
}
