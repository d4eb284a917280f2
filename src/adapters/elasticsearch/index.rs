//! The index of augmented documents as the pipeline's.

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::ports::{Augmented, Index, IndexError, Prepared, Verdict};
use async_trait::async_trait;
use jiff::Timestamp;

use super::bulk_reply;
use super::bulk_request;
use super::client::{Client, NoReply, Reply};
use super::gate::Gate;
use super::index_name::IndexName;
use super::mapping_watch::MappingWatch;
use super::server_error::refusal;
use super::settings::ElasticsearchSettings;
use crate::wire::augmented_document::AugmentedDocument;

/// The longest request, in bytes, that Elasticsearch takes where nobody told it otherwise: 100 MiB.
const USUAL_LONGEST_REQUEST: usize = 100 << 20;

/// Above this size, in bytes, a connection that breaks may mean that the request was too large: whoever
/// finds it so may hang up before it is read, and the 413 is lost with the connection. A mebibyte is
/// the smallest limit that any server or proxy has by itself.
const SUSPECT: usize = 1 << 20;

/// Writes documents by id and external version.
#[derive(Debug)]
pub struct ElasticsearchIndex {
    client: Arc<Client>,
    target: Target,
    query: String,
    watch: MappingWatch,
    gate: Gate,
}

/// Where documents are written to, as it was found at start.
#[derive(Debug)]
pub(super) struct Target {
    pub name: IndexName,
    /// Then the cluster itself refuses to create an index under that name.
    pub is_alias: bool,
    /// The fields whose vectors are written as base64.
    pub packed: BTreeSet<Arc<str>>,
    /// The longest request that is taken, in bytes, where that is told.
    pub longest_request: Option<usize>,
}

/// What one request means for its documents.
#[derive(Debug, PartialEq)]
enum Answer {
    Judged(Vec<Verdict>),
    /// The request as a whole was not understood (400): some document in it is to blame.
    Malformed(String),
    /// It may have been too large; smaller ones will tell.
    Suspect(String),
    Failed(IndexError),
}

/// What one request says about how much the cluster bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    Borne,
    TooMuch,
    Untold,
}

impl ElasticsearchIndex {
    pub(super) fn new(
        client: Arc<Client>,
        target: Target,
        watch: MappingWatch,
        settings: &ElasticsearchSettings,
    ) -> Self {
        let wait = settings.wait_for_shards.as_millis();
        let require_alias = if target.is_alias { "&require_alias=true" } else { "" };
        let query = format!("timeout={wait}ms&{}{require_alias}", bulk_reply::WANTED);
        Self { client, target, query, watch, gate: Gate::new(settings.most_bulks) }
    }

    /// The fields whose vectors are written as base64.
    #[must_use]
    pub const fn packed(&self) -> &BTreeSet<Arc<str>> {
        &self.target.packed
    }

    async fn write(&self, documents: &[Prepared]) -> Answer {
        let body = match bulk_request::body(documents) {
            Ok(body) => body,
            Err(error) => return Answer::Malformed(error.to_string()),
        };
        let bytes = body.len();
        if bytes > self.target.longest_request.unwrap_or(USUAL_LONGEST_REQUEST) {
            return Answer::Failed(IndexError::TooLarge(bytes));
        }
        let path = [self.target.name.as_str(), "_bulk"];
        let permit = self.gate.enter().await;
        let reply = self.client.exchange(&path, &self.query, "application/x-ndjson", body).await;
        let (answer, load) = judge(reply, documents, bytes);
        match load {
            Load::Borne => permit.succeeded(),
            Load::TooMuch => permit.overloaded(),
            Load::Untold => drop(permit),
        }
        answer
    }
}

/// Reads the reply to a request of `bytes` with `documents`.
fn judge(reply: Result<Reply, NoReply>, documents: &[Prepared], bytes: usize) -> (Answer, Load) {
    let unavailable = |cause| Answer::Failed(IndexError::Unavailable(cause));
    let reply = match reply {
        Ok(reply) => reply,
        Err(late @ NoReply::Overdue(_)) => return (unavailable(late.to_string()), Load::TooMuch),
        Err(broken @ NoReply::Broken(_)) if documents.len() > 1 && bytes > SUSPECT => {
            return (Answer::Suspect(broken.to_string()), Load::Untold);
        }
        Err(error) => return (unavailable(error.to_string()), Load::Untold),
    };
    let refusal = || refusal(reply.status, &reply.body);
    match reply.status {
        200 => match bulk_reply::read(&reply.body, documents) {
            Ok(judgement) => {
                let load = if judgement.overloaded { Load::TooMuch } else { Load::Borne };
                (Answer::Judged(judgement.verdicts), load)
            }
            Err(cause) => (unavailable(cause), Load::Untold),
        },
        400 => (Answer::Malformed(refusal()), Load::Untold),
        413 => (Answer::Failed(IndexError::TooLarge(bytes)), Load::Untold),
        429 | 503 => (unavailable(refusal()), Load::TooMuch),
        _ => (unavailable(refusal()), Load::Untold),
    }
}

#[async_trait]
impl Index for ElasticsearchIndex {
    fn prepare(&self, augmented: &Augmented) -> Result<Prepared, String> {
        let document = AugmentedDocument::new(augmented, Timestamp::now())
            .map_err(|error| error.to_string())?;
        let document = document.with_packed_vectors(&self.target.packed);
        let body = document.to_json().map_err(|error| error.to_string())?;
        Ok(Prepared { id: augmented.record.id.clone(), version: augmented.record.version, body })
    }

    /// One request, unless it is not understood as a whole, or the connection broke over it: then one
    /// for each half, until the document that spoils it stands alone. Where a part fails all are sent
    /// again, which changes nothing.
    async fn index(&self, documents: &[Prepared]) -> Result<Vec<Verdict>, IndexError> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        self.watch.verify().await.map_err(IndexError::Unavailable)?;
        let mut verdicts = Vec::with_capacity(documents.len());
        let mut to_write = vec![documents];
        while let Some(part) = to_write.pop() {
            match self.write(part).await {
                Answer::Judged(judged) => verdicts.extend(judged),
                Answer::Malformed(reason) if part.len() == 1 => {
                    verdicts.push(Verdict::Rejected(reason));
                }
                Answer::Malformed(_) | Answer::Suspect(_) => {
                    let (left, right) = part.split_at(part.len() / 2);
                    to_write.extend([right, left]);
                }
                Answer::Failed(error) => return Err(error),
            }
        }
        Ok(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actors::record::RecordId;
    use bytes::Bytes;

    use super::*;

    fn document() -> Prepared {
        Prepared { id: RecordId::new("a").unwrap(), version: 1, body: Bytes::new() }
    }

    fn judged(reply: Result<Reply, NoReply>) -> (Answer, Load) {
        judge(reply, &[document()], 77)
    }

    #[test]
    fn a_connection_that_breaks_over_one_large_request_of_several_documents_is_suspect() {
        let broken = || Err(NoReply::Broken("broken pipe".into()));
        let two = [document(), document()];
        let is_suspect =
            |(answer, load)| matches!(answer, Answer::Suspect(_)) && load == Load::Untold;

        assert!(is_suspect(judge(broken(), &two, SUSPECT + 1)));
        assert!(!is_suspect(judge(broken(), &two, SUSPECT)));
        assert!(!is_suspect(judge(broken(), &two[..1], SUSPECT + 1)));
        assert!(!is_suspect(judge(Err(NoReply::Unconnected("refused".into())), &two, SUSPECT + 1)));
    }

    #[test]
    fn what_a_whole_request_brings_and_what_it_says_of_the_load() {
        let reply = |status, body: &'static str| Ok(Reply { status, body: body.into() });
        let item =
            |status: u16| format!(r#"{{"items":[{{"index":{{"_id":"a","status":{status}}}}}]}}"#);
        let items = |status| Ok(Reply { status: 200, body: item(status).into() });
        let unavailable = |cause: &str| Answer::Failed(IndexError::Unavailable(cause.to_owned()));
        let cases = [
            (items(201), Answer::Judged(vec![Verdict::Indexed]), Load::Borne),
            (
                items(429),
                Answer::Judged(vec![Verdict::Again("429 without a reason".into())]),
                Load::TooMuch,
            ),
            (items(404), unavailable("404 without a reason"), Load::Untold),
            (
                reply(200, "<html>"),
                unavailable("the cluster's answer is not what a _bulk answers"),
                Load::Untold,
            ),
            (reply(400, ""), Answer::Malformed("the cluster answered 400".into()), Load::Untold),
            (reply(413, ""), Answer::Failed(IndexError::TooLarge(77)), Load::Untold),
            (reply(429, ""), unavailable("the cluster answered 429"), Load::TooMuch),
            (reply(503, ""), unavailable("the cluster answered 503"), Load::TooMuch),
            (reply(502, ""), unavailable("the cluster answered 502"), Load::Untold),
            (reply(404, ""), unavailable("the cluster answered 404"), Load::Untold),
            (reply(403, ""), unavailable("the cluster answered 403"), Load::Untold),
            (
                reply(301, ""),
                unavailable("the cluster redirects (301), which is not followed"),
                Load::Untold,
            ),
            (
                Err(NoReply::Overdue(Duration::from_secs(60))),
                unavailable("the cluster did not answer within 60s"),
                Load::TooMuch,
            ),
            (
                Err(NoReply::Unconnected("refused".into())),
                unavailable("no connection to the cluster: refused"),
                Load::Untold,
            ),
        ];
        for (reply, answer, load) in cases {
            let shown = format!("{reply:?}");
            assert_eq!(judged(reply), (answer, load), "{shown}");
        }
    }
}
