//! What the pipeline carries: a record of the catalogue, known by its id and otherwise opaque.

use std::fmt;
use std::sync::Arc;

/// The canonical id of a record: 1 to 512 bytes without whitespace, control characters, quotes, braces,
/// U+FFFE or U+FFFF. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(Arc<str>);

/// Says why a text is no record id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no record id: {reason}")]
pub struct InvalidRecordId {
    /// The first 80 characters of the text, for the log.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The longest id, in bytes: the longest `_id` that Elasticsearch takes.
const LONGEST: usize = 512;

impl RecordId {
    /// Takes `text` as an id.
    ///
    /// # Errors
    /// [`InvalidRecordId`] where the text is empty, longer than 512 bytes, or holds whitespace, a
    /// control character, a quote or a brace, which mark a body that was JSON, not an id, or U+FFFE or
    /// U+FFFF.
    pub fn new(text: &str) -> Result<Self, InvalidRecordId> {
        // No XML 1.0 can hold the last two, so no SQS or SNS takes them: their refusal would look like
        // an outage of the topic for as long as this one id is announced.
        let unwritable = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
        let forbidden =
            |c: char| c.is_whitespace() || unwritable(c) || matches!(c, '"' | '\'' | '{' | '}');
        let reason = if text.is_empty() {
            "it is empty"
        } else if text.len() > LONGEST {
            "it is longer than 512 bytes"
        } else if text.contains(forbidden) {
            "it holds whitespace, a control character, a quote, a brace or what is no character"
        } else {
            return Ok(Self(text.into()));
        };
        Err(InvalidRecordId { text: text.chars().take(80).collect(), reason })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordId({})", self.0)
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A record as the catalogue holds it: its id, its version and its document. The document is JSON
/// that only the adapters read; to the actors it is freight.
#[derive(Debug, Clone)]
pub struct Record {
    /// The canonical id.
    pub id: RecordId,
    /// `modifiedTime` in milliseconds since 1970: a newer version is never overwritten by an older.
    pub version: i64,
    /// The initial document, whole.
    pub document: Arc<serde_json::Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_to_512_bytes_without_whitespace_quotes_or_braces() {
        for good in ["swms7qdx", "a/b", "ü", "\u{fffd}", "\u{1fffe}", &"x".repeat(512)] {
            assert_eq!(RecordId::new(good).map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "a b", "a\n", "{\"a\":1}", "it's", "\u{7}", &"x".repeat(513)] {
            assert!(RecordId::new(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn what_no_topic_takes_is_no_id() {
        for bad in ["a\u{0}", "a\u{85}", "a\u{9f}b", "a\u{fffe}", "\u{ffff}"] {
            assert!(RecordId::new(bad).is_err(), "{bad:?} was taken");
        }
    }
}
