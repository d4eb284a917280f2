//! The answer to a `_bulk`, read into verdicts.

use actors::ports::{Prepared, Verdict};
use serde::Deserialize;

use super::server_error::ServerError;

/// What a `_bulk` is asked to answer: without it, a line of metadata for each document.
pub const WANTED: &str = "filter_path=items.*._id,items.*.status,items.*.error.type,\
                          items.*.error.reason,items.*.error.caused_by.reason";

/// A read answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// One for each document, in order.
    pub verdicts: Vec<Verdict>,
    /// Whether the cluster had more to do than it could: some document came back with 429.
    pub overloaded: bool,
}

/// Reads the answer to a request with `documents`.
///
/// # Errors
/// A sentence why nobody is judged: the answer is of other documents, or the index is gone.
pub fn read(body: &[u8], documents: &[Prepared]) -> Result<Judgement, String> {
    let reply: Reply = serde_json::from_slice(body)
        .map_err(|_| "the cluster's answer is not what a _bulk answers".to_owned())?;
    let items: Vec<Item> = reply.items.into_iter().map(|line| line.index).collect();
    let matching = |(item, document): (&Item, &Prepared)| item.id == document.id.as_str();
    if items.len() != documents.len() || !items.iter().zip(documents).all(matching) {
        return Err("the cluster answered of other documents than were sent".to_owned());
    }
    if let Some(gone) = items.iter().find(|item| item.status == 404) {
        return Err(gone.reason());
    }
    let overloaded = items.iter().any(|item| item.status == 429);
    Ok(Judgement { verdicts: items.iter().map(Item::verdict).collect(), overloaded })
}

#[derive(Deserialize)]
struct Reply {
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    index: Item,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "_id")]
    id: String,
    status: u16,
    error: Option<ServerError>,
}

impl Item {
    /// By status, because error types differ between servers and versions. The exception is an index
    /// that somebody closed: the documents are not to blame for that 400.
    fn verdict(&self) -> Verdict {
        let closed = || self.error.as_ref().is_some_and(|e| e.kind == "index_closed_exception");
        match self.status {
            200 | 201 => Verdict::Indexed,
            409 => Verdict::Superseded,
            // 403 is an index that may not be written just now: a full disk, a block, a key.
            401 | 403 | 408 | 429 | 500..=599 => Verdict::Again(self.reason()),
            400 if closed() => Verdict::Again(self.reason()),
            _ => Verdict::Rejected(self.reason()),
        }
    }

    fn reason(&self) -> String {
        match &self.error {
            Some(error) => format!("{}: {error}", self.status),
            None => format!("{} without a reason", self.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use actors::record::RecordId;
    use serde_json::{Value, json};

    use super::*;

    fn documents(ids: &[&str]) -> Vec<Prepared> {
        let prepared = |id: &&str| Prepared {
            id: RecordId::new(id).unwrap(),
            version: 1,
            body: bytes::Bytes::new(),
        };
        ids.iter().map(prepared).collect()
    }

    fn item(id: &str, status: u16, kind: &str) -> Value {
        let error = json!({"type": kind, "reason": "why"});
        let error = if status < 300 { Value::Null } else { error };
        json!({"index": {"_id": id, "status": status, "error": error}})
    }

    fn judge(items: &[Value], ids: &[&str]) -> Result<Judgement, String> {
        read(json!({ "items": items }).to_string().as_bytes(), &documents(ids))
    }

    #[test]
    fn every_status_has_its_verdict_and_no_neighbour_changes_it() {
        let again = |reason: &str| Verdict::Again(reason.to_owned());
        let rejected = |reason: &str| Verdict::Rejected(reason.to_owned());
        let cases = [
            (201, "", Verdict::Indexed),
            (200, "", Verdict::Indexed),
            (409, "version_conflict_engine_exception", Verdict::Superseded),
            (400, "document_parsing_exception", rejected("400: document_parsing_exception: why")),
            (400, "index_closed_exception", again("400: index_closed_exception: why")),
            (405, "x", rejected("405: x: why")),
            (403, "cluster_block_exception", again("403: cluster_block_exception: why")),
            (401, "x", again("401: x: why")),
            (408, "x", again("408: x: why")),
            (500, "x", again("500: x: why")),
            (503, "unavailable_shards_exception", again("503: unavailable_shards_exception: why")),
        ];
        let ids: Vec<String> = (0..cases.len()).map(|n| format!("i{n}")).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let items: Vec<Value> =
            cases.iter().zip(&ids).map(|((status, kind, _), id)| item(id, *status, kind)).collect();

        let judgement = judge(&items, &ids).unwrap();

        let expected: Vec<Verdict> = cases.into_iter().map(|(_, _, verdict)| verdict).collect();
        assert_eq!(judgement, Judgement { verdicts: expected, overloaded: false });
    }

    #[test]
    fn a_document_put_off_says_that_the_cluster_is_overloaded() {
        let judgement = judge(&[item("a", 201, ""), item("b", 429, "full")], &["a", "b"]).unwrap();

        assert!(judgement.overloaded);
        assert_eq!(judgement.verdicts[0], Verdict::Indexed);
        assert!(matches!(judgement.verdicts[1], Verdict::Again(_)));
    }

    #[test]
    fn an_index_that_is_gone_judges_nobody() {
        let items = [item("a", 404, "index_not_found_exception"), item("b", 201, "")];

        assert!(judge(&items, &["a", "b"]).unwrap_err().contains("index_not_found"));
    }

    #[test]
    fn an_answer_of_other_documents_judges_nobody() {
        let (a, b) = (item("a", 201, ""), item("b", 201, ""));
        for items in [vec![b.clone(), a.clone()], vec![a.clone()], vec![], vec![a.clone(), b, a]] {
            assert!(judge(&items, &["a", "b"]).is_err(), "{items:?}");
        }
        for body in ["", "<html>", "{}", r#"{"items":[{"delete":{"_id":"a","status":200}}]}"#] {
            assert!(read(body.as_bytes(), &documents(&["a"])).is_err(), "{body}");
        }
    }
}
