//! The body of a `_bulk` request.
//!
//! ```text
//! {"index":{"_id":"swms7qdx","version":1743501600000,"version_type":"external_gte"}}
//! {"version":3,"state":{…},…}
//! ```

use actors::ports::Prepared;
use bytes::Bytes;
use serde::Serialize;

/// `external_gte`: an equal version overwrites, so that inference with a newer model takes effect; a
/// lower one is refused with 409.
const VERSION_TYPE: &str = "external_gte";

#[derive(Serialize)]
struct Action<'a> {
    index: Target<'a>,
}

#[derive(Serialize)]
struct Target<'a> {
    #[serde(rename = "_id")]
    id: &'a str,
    version: i64,
    version_type: &'static str,
}

/// Writes `documents`, each whole and each on one line. The index stands in the URL.
///
/// # Errors
/// None in practice: all keys are texts and memory is the only thing written to.
pub fn body(documents: &[Prepared]) -> serde_json::Result<Bytes> {
    const ACTION: usize = 128;
    let length =
        documents.iter().map(|document| ACTION + document.id.as_str().len() + document.body.len());
    let mut text = Vec::with_capacity(length.sum());
    for document in documents {
        let id = document.id.as_str();
        let index = Target { id, version: document.version, version_type: VERSION_TYPE };
        serde_json::to_writer(&mut text, &Action { index })?;
        text.push(b'\n');
        text.extend_from_slice(&document.body);
        text.push(b'\n');
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use actors::record::RecordId;

    use super::*;

    #[test]
    fn every_document_is_one_line_behind_its_action_and_ids_are_escaped() {
        let prepared = |id: &str, version| Prepared {
            id: RecordId::new(id).unwrap(),
            version,
            body: Bytes::from_static(b"{\"a\":1}"),
        };

        let body = body(&[prepared("a/b\\c", 7), prepared("ü", i64::MAX)]).unwrap();

        let expected = concat!(
            r#"{"index":{"_id":"a/b\\c","version":7,"version_type":"external_gte"}}"#,
            "\n{\"a\":1}\n",
            r#"{"index":{"_id":"ü","version":9223372036854775807,"version_type":"external_gte"}}"#,
            "\n{\"a\":1}\n",
        );
        assert_eq!(body, expected.as_bytes());
    }
}
