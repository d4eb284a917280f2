//! A fetcher and a decoder whose answers depend on the id alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use actors::failure::Class;
use actors::flow::credits::Budget;
use actors::input::{Input, Raw};
use actors::ports::{DecodeError, Decoded, Decoder, FetchError, Fetcher};
use actors::record::Record;

use crate::conduct::Conduct;

/// Fetches the id itself, padded to a size, as the bytes.
#[derive(Default)]
pub struct FakeFetcher {
    /// How its calls behave; a failing one is `http_unavailable`.
    pub conduct: Conduct,
    /// Ids that bring a failure of this class.
    pub refused: HashMap<String, Class>,
    /// How many bytes each input takes, 1 if zero.
    pub bytes: u64,
    fetched: Mutex<Vec<String>>,
    held: Arc<Held>,
}

/// Bytes that were fetched and are still in memory, whoever accounts for them.
#[derive(Default)]
struct Held {
    now: AtomicU64,
    most: AtomicU64,
}

/// The bytes of one input; counts itself while it lives.
struct Counted {
    text: Vec<u8>,
    size: u64,
    held: Arc<Held>,
}

impl Counted {
    fn new(id: String, size: u64, held: &Arc<Held>) -> Self {
        let now = held.now.fetch_add(size, Ordering::Relaxed) + size;
        held.most.fetch_max(now, Ordering::Relaxed);
        Self { text: id.into_bytes(), size, held: Arc::clone(held) }
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.held.now.fetch_sub(self.size, Ordering::Relaxed);
    }
}

impl FakeFetcher {
    /// The most bytes that were in memory at once, counted here and not by the credits.
    #[must_use]
    pub fn most_held(&self) -> u64 {
        self.held.most.load(Ordering::Relaxed)
    }

    /// The ids that were asked for, in order.
    #[must_use]
    pub fn fetched(&self) -> Vec<String> {
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Fetcher for FakeFetcher {
    async fn fetch(&self, record: &Record, bytes: &Budget) -> Result<Raw, FetchError> {
        let id = record.id.as_str().to_owned();
        let location = format!("fake://{id}");
        self.fetched.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        let refuse = |class, cause| FetchError {
            class,
            location: Some(location.clone()),
            bytes: None,
            cause,
        };
        let reservation = bytes
            .reserve(self.bytes.max(1))
            .await
            .map_err(|over| refuse(Class::TooManyBytes, over.to_string()))?;
        self.conduct.act().await.map_err(|cause| refuse(Class::HttpUnavailable, cause))?;
        if let Some(class) = self.refused.get(&id) {
            return Err(refuse(*class, "as the test has it".to_owned()));
        }
        let bytes = Bytes::from_owner(Counted::new(id, self.bytes.max(1), &self.held));
        Ok(Raw { id: record.id.clone(), version: record.version, bytes, location, reservation })
    }
}

/// Decodes bytes to the text in them.
#[derive(Default)]
pub struct FakeDecoder {
    /// Ids that are refused, with the class.
    pub refused: HashMap<String, Class>,
    /// Ids on which the decoder panics.
    pub panics: Vec<String>,
    /// How many pixels each input takes, 1 if zero.
    pub pixels: u64,
    /// How many of them each decoded input keeps, 1 if zero.
    pub kept: u64,
}

impl Decoder for FakeDecoder {
    fn pixels(&self, _: &Raw) -> Result<u64, DecodeError> {
        Ok(self.pixels.max(1))
    }

    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError> {
        let id = String::from_utf8_lossy(&raw.bytes).into_owned();
        assert!(!self.panics.contains(&id), "the decoder panics on {id}");
        if let Some(class) = self.refused.get(&id) {
            return Err(DecodeError { class: *class, cause: "as the test has it".to_owned() });
        }
        Ok(Decoded { input: Input::new(id), pixels_kept: self.kept.max(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_catalogue::record;

    #[tokio::test]
    async fn bytes_are_reserved_while_they_are_held() {
        let (fetcher, bytes) = (FakeFetcher { bytes: 3, ..Default::default() }, Budget::new(5));

        let raw = fetcher.fetch(&record("a"), &bytes).await.expect("nothing is refused");

        assert_eq!((bytes.taken(), fetcher.fetched()), (3, vec!["a".to_owned()]));
        drop(raw);
        assert_eq!(bytes.taken(), 0);
        drop(fetcher.fetch(&record("b"), &bytes).await);
        assert_eq!(fetcher.most_held(), 3, "the first was gone before the second came");
    }

    #[tokio::test]
    async fn refusals_carry_their_class() {
        let fetcher = FakeFetcher {
            refused: [("a".to_owned(), Class::NotFound)].into(),
            ..Default::default()
        };
        let refused = fetcher.fetch(&record("a"), &Budget::new(5)).await;
        assert_eq!(refused.err().map(|error| error.class), Some(Class::NotFound));
    }
}
