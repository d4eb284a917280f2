//! The index of initial documents as the pipeline's catalogue.

use std::sync::Arc;

use actors::ports::{Catalogue, CatalogueDown, NotRetrieved};
use actors::record::{Record, RecordId};
use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::client::{Client, NoReply};
use super::index_name::IndexName;
use super::mget_reply::{self, Unread};
use super::server_error::refusal;

/// Looks documents up by id, whatever characters the ids are made of: they travel in the body.
#[derive(Debug)]
pub struct ElasticsearchCatalogue {
    client: Arc<Client>,
    index: IndexName,
}

/// What one request brought.
enum Answer {
    Read(Vec<Result<Record, NotRetrieved>>),
    /// Too much for one answer, or something in it that cannot be held.
    Unreadable(String),
}

impl ElasticsearchCatalogue {
    pub(super) const fn new(client: Arc<Client>, index: IndexName) -> Self {
        Self { client, index }
    }

    async fn ask(&self, ids: &[RecordId]) -> Result<Answer, CatalogueDown> {
        let ids_as_text: Vec<&str> = ids.iter().map(RecordId::as_str).collect();
        let body = Bytes::from(json!({ "ids": ids_as_text }).to_string());
        let path = [self.index.as_str(), "_mget"];
        let reply = match self.client.exchange(&path, "", "application/json", body).await {
            Ok(reply) => reply,
            Err(long @ NoReply::TooLong(_)) => return Ok(Answer::Unreadable(long.to_string())),
            Err(error) => return Err(CatalogueDown(error.to_string())),
        };
        if reply.status != 200 {
            return Err(CatalogueDown(refusal(reply.status, &reply.body)));
        }
        match mget_reply::read(&reply.body, ids) {
            Ok(records) => Ok(Answer::Read(records)),
            Err(Unread::Document(reason)) => Ok(Answer::Unreadable(reason)),
            Err(Unread::Reply(cause)) => Err(CatalogueDown(cause)),
        }
    }
}

#[async_trait]
impl Catalogue for ElasticsearchCatalogue {
    /// One request, unless its answer cannot be read as a whole: then one for each half, until the
    /// document that spoils it stands alone.
    async fn retrieve(
        &self,
        ids: &[RecordId],
    ) -> Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown> {
        let mut results = Vec::with_capacity(ids.len());
        let mut to_ask = vec![ids];
        while let Some(part) = to_ask.pop() {
            let Some(first) = part.first() else { continue };
            match self.ask(part).await? {
                Answer::Read(records) => results.extend(records),
                Answer::Unreadable(reason) if part.len() == 1 => {
                    results.push(Err(NotRetrieved::Undecodable { id: first.clone(), reason }));
                }
                Answer::Unreadable(_) => {
                    let (left, right) = part.split_at(part.len() / 2);
                    to_ask.extend([right, left]);
                }
            }
        }
        Ok(results)
    }
}
