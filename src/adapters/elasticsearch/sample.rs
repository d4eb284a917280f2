//! Some documents of the catalogue, for whoever checks whether their pictures can be fetched.

use actors::ports::Catalogue;
use actors::record::{Record, RecordId};
use serde_json::{Value, json};

use super::server_error::refusal;
use super::{Cluster, ElasticsearchCatalogue, ElasticsearchSettings};

/// At most `size` records of the initial index; none if it is empty. Documents that cannot be read as
/// records are left out.
///
/// # Errors
/// A sentence why there are none: the cluster does not answer or refuses, or no document can be read.
pub async fn sample(settings: &ElasticsearchSettings, size: usize) -> Result<Vec<Record>, String> {
    let Cluster { client, initial, .. } = Cluster::of(settings)?;
    // Drawn by chance: what was indexed together tends to be of one host.
    let drawn = json!({"function_score": {"random_score": {}}});
    let question = json!({"size": size, "_source": false, "query": drawn});
    let reply = client.inquire(&[initial.as_str(), "_search"], &question).await;
    let reply = reply.map_err(|error| error.to_string())?;
    if reply.status != 200 {
        return Err(refusal(reply.status, &reply.body));
    }
    let answer: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let hits = answer["hits"]["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let id = |hit: &Value| RecordId::new(hit["_id"].as_str()?).ok();
    let ids: Vec<RecordId> = hits.iter().filter_map(id).collect();
    let catalogue = ElasticsearchCatalogue::new(client, initial);
    let found = catalogue.retrieve(&ids).await.map_err(|down| down.to_string())?;
    let (mut records, mut unread) = (Vec::new(), None);
    for found in found {
        match found {
            Ok(record) => records.push(record),
            Err(error) => unread = Some(error.to_string()),
        }
    }
    match unread {
        Some(reason) if records.is_empty() => Err(reason),
        _ => Ok(records),
    }
}
