//! The doors in the guard, and whether each host hands out a picture of the catalogue.

use std::collections::BTreeMap;

use actors::failure::Class;
use actors::flow::credits::Budget;
use actors::ports::{FetchError, Fetcher};
use actors::record::Record;
use futures_util::future::join_all;

use super::Verdict::{Failure, Warning};
use super::patience::Patience;
use super::{Finding, Verdict};
use crate::adapters::elasticsearch;
use crate::adapters::http::{HttpFetcher, picture_host};
use crate::config::{Config, ServiceConfig};
use crate::run::production::settings;

/// How many documents are looked at: a host with one picture in twenty is found nine times in ten, and
/// as many documents are one answer of half a megabyte.
const SAMPLE: usize = 50;

/// One line a door, and one a host among the documents looked at.
pub async fn findings(
    config: &Config,
    servers: &ServiceConfig,
    patience: Patience,
) -> Vec<Finding> {
    let fetching = settings::fetcher(config, servers);
    let warnings = fetching.warnings().into_iter();
    let mut findings: Vec<_> = warnings.map(|text| Finding::new("images", Warning, text)).collect();
    let fetcher = match HttpFetcher::open(fetching) {
        Ok(fetcher) => fetcher,
        Err(error) => {
            findings.push(Finding::new("images", Failure, error));
            return findings;
        }
    };
    let settings = settings::elasticsearch(servers);
    let untried = |why: &dyn std::fmt::Display| {
        Finding::new("images", Warning, format!("none was tried: {why}"))
    };
    match patience.first(elasticsearch::sample(&settings, SAMPLE)).await {
        Ok(Ok(records)) if records.is_empty() => {
            findings.push(Finding::new(
                "images",
                Warning,
                "the initial index is empty: none was tried",
            ));
        }
        Ok(Ok(records)) => {
            let budget = Budget::new(config.limits.bytes_in_flight);
            findings.extend(hosts(&fetcher, records, &budget, patience).await);
        }
        Ok(Err(cause)) => findings.push(untried(&cause)),
        Err(silence) => findings.push(untried(&silence)),
    }
    findings
}

/// Asks each host among `records` for one picture, all hosts at once.
async fn hosts(
    fetcher: &HttpFetcher,
    records: Vec<Record>,
    budget: &Budget,
    patience: Patience,
) -> Vec<Finding> {
    let count = records.len();
    let (by_host, hostless) = by_host(records);
    let asked = by_host.iter().map(|(host, record)| one(fetcher, host, record, budget, patience));
    let mut findings = join_all(asked).await;
    if let Some((record, error)) = hostless.first() {
        let (none, id) = (hostless.len(), &record.id);
        let text = format!(
            "{none} of {count} documents looked at have no picture to fetch: {id}: {error}"
        );
        findings.push(Finding::new("images", Warning, text));
    }
    findings
}

/// One record a host, and those whose pictures are at none.
fn by_host(records: Vec<Record>) -> (BTreeMap<String, Record>, Vec<(Record, FetchError)>) {
    let (mut by_host, mut hostless) = (BTreeMap::new(), Vec::new());
    for record in records {
        match picture_host(&record.document) {
            Ok(host) => {
                by_host.entry(host).or_insert(record);
            }
            Err(error) => hostless.push((record, error)),
        }
    }
    (by_host, hostless)
}

async fn one(
    fetcher: &HttpFetcher,
    host: &str,
    record: &Record,
    budget: &Budget,
    patience: Patience,
) -> Finding {
    let id = &record.id;
    let (verdict, text) = match patience.last(fetcher.fetch(record, budget)).await {
        Ok(Ok(raw)) => {
            (Verdict::Fine, format!("{host}: {}: {} bytes", raw.location, raw.bytes.len()))
        }
        Ok(Err(error)) => {
            let text = format!("{host}: the picture of {id}: {}: {error}", error.class);
            (of_one_picture(error.class), text)
        }
        Err(silence) => (Failure, format!("{host}: the picture of {id}: {silence}")),
    };
    Finding::new("images", verdict, text)
}

/// Of one picture of many: what is wrong with it alone says nothing of its host.
const fn of_one_picture(class: Class) -> Verdict {
    match class {
        Class::HttpUnavailable | Class::ForbiddenAddress | Class::Denied => Failure,
        _ => Warning,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actors::record::RecordId;
    use serde_json::json;

    use super::*;

    fn record(id: &str, url: &str) -> Record {
        let location = json!({"url": url, "locationType": {"id": "iiif-image"}});
        let document = Arc::new(json!({ "locations": [location] }));
        Record { id: RecordId::new(id).unwrap(), version: 1, document }
    }

    #[test]
    fn each_host_is_asked_for_one_picture() {
        let records = [
            ("a", "https://one.example/1/info.json"),
            ("b", "https://one.example/2/info.json"),
            ("c", "http://one.example:8080/3.jpg"),
            ("d", "ftp://one.example/4.jpg"),
            ("e", "https://two.example/5.jpg"),
        ];

        let (by_host, hostless) = by_host(records.map(|(id, url)| record(id, url)).into());

        let asked: Vec<_> =
            by_host.iter().map(|(host, r)| (host.as_str(), r.id.as_str())).collect();
        assert_eq!(asked, [("one.example", "a"), ("one.example:8080", "c"), ("two.example", "e")]);
        assert_eq!(hostless.len(), 1);
    }
}
