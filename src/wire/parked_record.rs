//! The record of a parked message: what its finder needs to know, as one line of JSON.
//!
//! `{"id", "path" or "url", "class", "stage", "cause", "bytes", "sha256", "models", "at"}`; a key
//! whose value is not known is left out. In a queue `droppedAttributes` names what the record took the
//! place of, if anything.

use actors::ports::Parked;
use bytes::Bytes;
use serde::Serialize;

use crate::wire::model_stamp::Stamp;
use crate::wire::timestamp;

/// Where the input was to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A file, named by its path.
    Path(&'a str),
    /// A resource, named by its URL.
    Url(&'a str),
    /// It did not come so far.
    Unknown,
}

#[derive(Serialize)]
struct ParkedRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    class: &'static str,
    stage: &'static str,
    cause: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
    models: Vec<Stamp<'a>>,
    at: String,
    #[serde(rename = "droppedAttributes", skip_serializing_if = "<[_]>::is_empty")]
    dropped_attributes: &'a [String],
}

/// Renders the record of `parked`, whose input was at `place`.
///
/// # Errors
/// None in practice: all keys are texts and memory is the only thing written to.
pub fn render(parked: &Parked, place: Place<'_>) -> serde_json::Result<Bytes> {
    render_instead_of(parked, place, &[])
}

/// The same for a message that had to lose `dropped_attributes`, named so, to carry the record.
///
/// # Errors
/// As [`render`].
pub fn render_instead_of(
    parked: &Parked,
    place: Place<'_>,
    dropped_attributes: &[String],
) -> serde_json::Result<Bytes> {
    let (path, url) = match place {
        Place::Path(path) => (Some(path), None),
        Place::Url(url) => (None, Some(url)),
        Place::Unknown => (None, None),
    };
    let record = ParkedRecord {
        id: parked.id.as_ref().map(actors::record::RecordId::as_str),
        path,
        url,
        class: parked.failure.class.as_str(),
        stage: parked.failure.stage.as_str(),
        cause: &parked.failure.cause,
        bytes: parked.bytes,
        sha256: parked.sha256.as_deref(),
        models: parked.models.iter().map(Stamp::from).collect(),
        at: timestamp::milliseconds(timestamp::from_system(parked.at)),
        dropped_attributes,
    };
    serde_json::to_vec(&record).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use actors::failure::{Class, Failure, Stage};
    use actors::inference::ModelStamp;
    use actors::ports::Receipt;
    use actors::record::RecordId;

    use super::*;

    fn parked() -> Parked {
        Parked {
            receipt: Receipt::new("0/1"),
            id: Some(RecordId::new("swms7qdx").unwrap()),
            location: None,
            bytes: Some(12),
            sha256: Some("cd".repeat(32)),
            failure: Failure::new(Class::CorruptImage, Stage::Downloader, "it ends\nearly"),
            models: [ModelStamp { name: "m".into(), version: "1".into(), sha256: "0".into() }]
                .into(),
            at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_743_501_600_250),
        }
    }

    #[test]
    fn a_record_names_id_place_class_stage_cause_bytes_hash_models_and_time() {
        let line = render(&parked(), Place::Path("a \"b\".jpg")).unwrap();

        let expected = [
            r#"{"id":"swms7qdx","path":"a \"b\".jpg","class":"corrupt_image","#,
            r#""stage":"downloader","cause":"it ends\nearly","bytes":12,"#,
            &format!(r#""sha256":"{}","#, "cd".repeat(32)),
            r#""models":[{"name":"m","version":"1","sha256":"0"}],"at":"2025-04-01T10:00:00.250Z"}"#,
        ];
        assert_eq!(std::str::from_utf8(&line).unwrap(), expected.concat());
    }

    #[test]
    fn what_is_not_known_is_left_out_and_nothing_is_null() {
        let unknown = Parked { id: None, bytes: None, sha256: None, ..parked() };

        let line = render(&unknown, Place::Url("https://example.org/a")).unwrap();

        let record: serde_json::Map<_, _> = serde_json::from_slice(&line).unwrap();
        let keys: Vec<_> = record.keys().map(String::as_str).collect();
        assert_eq!(keys, ["url", "class", "stage", "cause", "models", "at"]);
        assert!(!render(&unknown, Place::Unknown).unwrap().windows(4).any(|w| w == b"null"));
    }
}
