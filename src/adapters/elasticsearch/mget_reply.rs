//! The answer to an `_mget`, read into records.

use std::sync::Arc;

use actors::ports::NotRetrieved;
use actors::record::{Record, RecordId};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::server_error::ServerError;

/// Why an answer as a whole brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// Some document in it is JSON that cannot be held; each alone will tell which.
    Document(String),
    /// It answers something else than what was asked.
    Reply(String),
}

/// Reads the answer to a request for `ids`: one result each, in order.
///
/// A document's error (a shard that is down, an index that is gone) is the whole request's: the same
/// request may succeed later, and nothing was changed by it.
///
/// # Errors
/// [`Unread`].
pub fn read(body: &[u8], ids: &[RecordId]) -> Result<Vec<Result<Record, NotRetrieved>>, Unread> {
    let reply: Reply = serde_json::from_slice(body).map_err(|error| unread(body, &error))?;
    let matching = |(found, id): (&Found, &RecordId)| found.id == id.as_str();
    if reply.docs.len() != ids.len() || !reply.docs.iter().zip(ids).all(matching) {
        return Err(Unread::Reply("the cluster answered other ids than were asked for".to_owned()));
    }
    if let Some(error) = reply.docs.iter().find_map(|found| found.error.as_ref()) {
        return Err(Unread::Reply(error.to_string()));
    }
    Ok(reply.docs.into_iter().zip(ids).map(|(found, id)| found.record(id)).collect())
}

/// What is JSON by its syntax and still cannot be held (a number beyond f64, nesting beyond 128, half of
/// a surrogate pair) is one document's own; everything else comes from something that is no
/// Elasticsearch, or was cut off.
fn unread(body: &[u8], error: &serde_json::Error) -> Unread {
    let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    if error.is_syntax() && is_json() {
        return Unread::Document(error.to_string());
    }
    Unread::Reply("the cluster's answer is not what an _mget answers".to_owned())
}

#[derive(Deserialize)]
struct Reply {
    docs: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    found: bool,
    #[serde(rename = "_source")]
    source: Option<Value>,
    error: Option<ServerError>,
}

impl Found {
    fn record(self, id: &RecordId) -> Result<Record, NotRetrieved> {
        if !self.found {
            return Err(NotRetrieved::Unknown(id.clone()));
        }
        let undecodable = |reason: String| NotRetrieved::Undecodable { id: id.clone(), reason };
        let document =
            self.source.ok_or_else(|| undecodable("the index keeps no _source".to_owned()))?;
        let version = version(&document).map_err(undecodable)?;
        Ok(Record { id: id.clone(), version, document: Arc::new(document) })
    }
}

/// The version of an initial document: its `modifiedTime` in milliseconds since 1970, as the
/// reference has it. Also refuses here, before anything is downloaded, what can never be augmented.
fn version(document: &Value) -> Result<i64, String> {
    if !document.get("state").is_some_and(Value::is_object) {
        return Err("it has no object called state".to_owned());
    }
    let text = document.get("modifiedTime").and_then(Value::as_str);
    let text = text.ok_or_else(|| "it has no text called modifiedTime".to_owned())?;
    let shown = || text.chars().take(40).collect::<String>();
    let time: Timestamp =
        text.parse().map_err(|_| format!("its modifiedTime {:?} is no time", shown()))?;
    match time.as_millisecond() {
        ..=0 => Err(format!("its modifiedTime {:?} is not after 1970 began", shown())),
        version => Ok(version),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(text: &str) -> RecordId {
        RecordId::new(text).unwrap()
    }

    fn document(time: &str) -> Value {
        json!({"version": 3, "modifiedTime": time, "state": {"canonicalId": "a"}, "z": 1, "a": null})
    }

    fn read_one(found: &Value) -> Result<Record, NotRetrieved> {
        let body = json!({"docs": [found]}).to_string();
        read(body.as_bytes(), &[id("a")]).unwrap().remove(0)
    }

    #[test]
    fn each_id_gets_its_own_document_whole_or_is_unknown() {
        let whole = document("2025-04-01T10:00:00.123456Z");
        let body = json!({"docs": [
            {"_index": "i", "_id": "a/b", "_version": 7, "found": true, "_source": whole},
            {"_index": "i", "_id": "c", "found": false},
        ]});

        let read = read(body.to_string().as_bytes(), &[id("a/b"), id("c")]).unwrap();

        let record = read[0].as_ref().unwrap();
        assert_eq!((record.id.as_str(), record.version), ("a/b", 1_743_501_600_123));
        assert_eq!(record.document.to_string(), whole.to_string());
        assert_eq!(read[1].as_ref().unwrap_err(), &NotRetrieved::Unknown(id("c")));
    }

    #[test]
    fn a_document_that_can_never_be_augmented_is_that_ids_failure() {
        let cases = [
            (json!({"_id": "a", "found": true}), "_source"),
            (
                json!({"_id": "a", "found": true, "_source": {"modifiedTime": "2025-04-01T10:00:00Z"}}),
                "state",
            ),
            (json!({"_id": "a", "found": true, "_source": {"state": {}}}), "modifiedTime"),
            (json!({"_id": "a", "found": true, "_source": document("yesterday")}), "is no time"),
            (
                json!({"_id": "a", "found": true, "_source": document("1970-01-01T00:00:00Z")}),
                "1970",
            ),
            (
                json!({"_id": "a", "found": true, "_source": document("-009999-01-03T00:00:00Z")}),
                "1970",
            ),
        ];
        for (found, part) in cases {
            match read_one(&found) {
                Err(NotRetrieved::Undecodable { reason, .. }) => {
                    assert!(reason.contains(part), "{reason}");
                }
                other => panic!("{found} became {other:?}"),
            }
        }
    }

    #[test]
    fn times_of_both_writers_of_the_catalogue_are_read() {
        for (text, millis) in [
            ("2025-04-01T10:00:00Z", 1_743_501_600_000),
            ("2025-04-01T10:00:00.5+00:00", 1_743_501_600_500),
            ("2025-04-01T12:00:00.123999999+02:00", 1_743_501_600_123),
            ("1970-01-01T00:00:00.001Z", 1),
        ] {
            let found = json!({"_id": "a", "found": true, "_source": document(text)});
            assert_eq!(read_one(&found).map(|record| record.version), Ok(millis));
        }
    }

    #[test]
    fn an_answer_to_another_question_brings_nothing() {
        let asked = [id("a"), id("b")];
        let found = |name: &str| json!({"_id": name, "found": false});
        for docs in [json!([found("b"), found("a")]), json!([found("a")]), json!([])] {
            let body = json!({ "docs": docs }).to_string();
            assert!(matches!(read(body.as_bytes(), &asked), Err(Unread::Reply(_))), "{body}");
        }
        for body in ["<html>", "", "{}", r#"{"docs":[{"#] {
            assert!(matches!(read(body.as_bytes(), &asked), Err(Unread::Reply(_))), "{body}");
        }
    }

    #[test]
    fn a_documents_error_is_the_requests() {
        let body = json!({"docs": [
            {"_index": "i", "_id": "a", "error": {"type": "index_not_found_exception", "reason": "no such index [i]"}},
        ]});

        let read = read(body.to_string().as_bytes(), &[id("a")]);

        assert_eq!(
            read.unwrap_err(),
            Unread::Reply("index_not_found_exception: no such index [i]".into())
        );
    }

    #[test]
    fn a_document_that_cannot_be_held_is_told_from_garbage() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for value in ["1e999", deep.as_str(), r#""half of a pair: \ud83e""#] {
            let body =
                format!(r#"{{"docs":[{{"_id":"a","found":true,"_source":{{"n":{value}}}}}]}}"#);
            assert!(
                matches!(read(body.as_bytes(), &[id("a")]), Err(Unread::Document(_))),
                "{body}"
            );
        }
    }
}
