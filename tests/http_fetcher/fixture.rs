//! Fetchers, records, and a fetch that proves that its credits came home.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::failure::Class;
use actors::flow::credits::Budget;
use actors::input::Raw;
use actors::ports::{FetchError, Fetcher};
use actors::record::{Record, RecordId};
use async_trait::async_trait;
use inference_manager::adapters::http::{HttpFetcher, HttpFetcherSettings, Lookup};
use serde_json::json;

/// So long that only what would never end is cut off by it.
const NEVER: Duration = Duration::from_secs(120);

/// As in production, but that 127.0.0.1 is allowed and a picture has a mebibyte at most.
pub fn settings() -> HttpFetcherSettings {
    HttpFetcherSettings {
        limit: 1 << 20,
        allow: vec!["127.0.0.1/32".parse().unwrap()],
        ..HttpFetcherSettings::default()
    }
}

pub fn fetcher() -> HttpFetcher {
    HttpFetcher::open(settings()).unwrap()
}

pub fn record(url: &str) -> Record {
    let document = json!({"locations": [{"url": url, "locationType": {"id": "iiif-image"}}]});
    Record { id: RecordId::new("abc").unwrap(), version: 7, document: Arc::new(document) }
}

/// Fetches with credits for four pictures.
pub async fn fetch(fetcher: &HttpFetcher, url: &str) -> Result<Raw, FetchError> {
    fetch_on(fetcher, url, &Budget::new(4 << 20)).await
}

/// Fetches with `budget`, which nobody else uses meanwhile: afterwards just the picture's bytes are
/// lent out.
pub async fn fetch_on(
    fetcher: &HttpFetcher,
    url: &str,
    budget: &Budget,
) -> Result<Raw, FetchError> {
    let fetched = unchecked(fetcher, url, budget).await;
    let kept = fetched.as_ref().map_or(0, |raw| raw.bytes.len() as u64);
    assert_eq!(budget.taken(), kept, "credits after {url}");
    fetched
}

/// Fetches with `budget`, which others use too.
pub async fn unchecked(
    fetcher: &HttpFetcher,
    url: &str,
    budget: &Budget,
) -> Result<Raw, FetchError> {
    let record = record(url);
    let fetched = tokio::time::timeout(NEVER, fetcher.fetch(&record, budget)).await;
    fetched.unwrap_or_else(|_| panic!("{url} was never fetched"))
}

pub async fn bytes_of(fetcher: &HttpFetcher, url: &str) -> Vec<u8> {
    fetch(fetcher, url).await.unwrap_or_else(|error| panic!("{url}: {error:?}")).bytes.to_vec()
}

pub async fn class_of(fetcher: &HttpFetcher, url: &str) -> Class {
    match fetch(fetcher, url).await {
        Err(error) => error.class,
        Ok(raw) => panic!("{url} brought {} bytes", raw.bytes.len()),
    }
}

/// Answers in the resolver's place: each time the next answer, the last for ever.
pub struct Answers(Mutex<VecDeque<Vec<IpAddr>>>);

impl Answers {
    pub fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |addresses: &&[&str]| addresses.iter().map(|a| a.parse().unwrap()).collect();
        Arc::new(Self(Mutex::new(answers.iter().map(parse).collect())))
    }
}

#[async_trait]
impl Lookup for Answers {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock().unwrap();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        next.ok_or_else(|| io::Error::other("no such name"))
    }
}
