//! Any one document of the catalogue, for whoever checks whether its picture can be fetched.

use actors::ports::Catalogue;
use actors::record::{Record, RecordId};
use serde_json::{Value, json};

use super::server_error::refusal;
use super::{Cluster, ElasticsearchCatalogue, ElasticsearchSettings};

/// A record of the initial index; `None` if it is empty.
///
/// # Errors
/// A sentence why there is none: the cluster does not answer or refuses, or the document cannot be read.
pub async fn any_record(settings: &ElasticsearchSettings) -> Result<Option<Record>, String> {
    let Cluster { client, initial, .. } = Cluster::of(settings)?;
    let question = json!({"size": 1, "_source": false});
    let reply = client.inquire(&[initial.as_str(), "_search"], &question).await;
    let reply = reply.map_err(|error| error.to_string())?;
    if reply.status != 200 {
        return Err(refusal(reply.status, &reply.body));
    }
    let answer: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let Some(id) = answer["hits"]["hits"][0]["_id"].as_str() else { return Ok(None) };
    let id = RecordId::new(id).map_err(|error| error.to_string())?;
    let catalogue = ElasticsearchCatalogue::new(client, initial);
    let found = catalogue.retrieve(&[id]).await.map_err(|down| down.to_string())?;
    found.into_iter().next().transpose().map_err(|error| error.to_string())
}
