//! A fetcher and a decoder whose answers depend on the id alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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
}

impl FakeFetcher {
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
        Ok(Raw { bytes: Bytes::from(id), location, reservation })
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
        Ok(Decoded { input: Input::new(id), pixels_kept: 1 })
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
