//! What the server says went wrong, as one short sentence.

use std::fmt;

use serde::Deserialize;

/// The longest sentence that is kept of an error, in characters. Elasticsearch quotes what it refuses,
/// and that may be a vector.
const LONGEST: usize = 300;

/// An error as Elasticsearch and OpenSearch write it. Its type differs between them and between their
/// versions, its status does not: verdicts go by status.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ServerError {
    /// For instance `index_not_found_exception`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A sentence.
    pub reason: Option<String>,
    /// What lies behind it.
    pub caused_by: Option<Box<Self>>,
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.kind.clone();
        let mut link = Some(self);
        while let Some(error) = link.filter(|_| text.len() < LONGEST) {
            if let Some(reason) = &error.reason {
                text.push_str(if text.is_empty() { "" } else { ": " });
                text.push_str(reason);
            }
            link = error.caused_by.as_deref();
        }
        text.chars().take(LONGEST).try_for_each(|c| write!(f, "{c}"))
    }
}

/// Why a request as a whole was refused: its status, and the server's reason where it gives one.
///
/// Of 401 only the status is told: the answer may quote what was sent to authenticate.
#[must_use]
pub fn refusal(status: u16, body: &[u8]) -> String {
    let said = || {
        let refused: Refused = serde_json::from_slice(body).ok()?;
        Some(match refused.error {
            Said::Structured(error) => error.to_string(),
            Said::Plain(text) => text.chars().take(LONGEST).collect(),
        })
    };
    match status {
        401 => "the cluster does not accept the credentials (401)".to_owned(),
        300..=399 => format!("the cluster redirects ({status}), which is not followed"),
        _ => match said() {
            Some(said) => format!("the cluster answered {status}: {said}"),
            None => format!("the cluster answered {status}"),
        },
    }
}

#[derive(Deserialize)]
struct Refused {
    error: Said,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Plain(String),
    Structured(ServerError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_sentence_of_status_and_reason() {
        let structured = br#"{"error":{"type":"a","reason":"b","caused_by":{"type":"c","reason":"d"}},"status":500}"#;
        let cases: [(u16, &[u8], &str); 5] = [
            (500, structured, "the cluster answered 500: a: b: d"),
            (
                405,
                br#"{"error":"no such method","status":405}"#,
                "the cluster answered 405: no such method",
            ),
            (502, b"<html>secret</html>", "the cluster answered 502"),
            (413, b"", "the cluster answered 413"),
            (302, b"", "the cluster redirects (302), which is not followed"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(refusal(status, body), expected);
        }
    }

    #[test]
    fn what_was_sent_to_authenticate_is_never_quoted() {
        let body =
            br#"{"error":{"type":"security_exception","reason":"api key hunter2 is unknown"}}"#;

        assert!(!refusal(401, body).contains("hunter2"));
    }

    #[test]
    fn a_quoted_vector_is_cut_short() {
        let error = ServerError { reason: Some("0.5,".repeat(4096)), ..ServerError::default() };

        assert_eq!(error.to_string().chars().count(), LONGEST);
    }
}
