//! What there is at the other end, asked without changing anything.

use serde_json::json;

use super::client::{Client, NoReply, Reply};
use super::index_name::IndexName;
use super::mapping::Mapping;
use super::privileges;
use super::server_error::{ServerError, refusal};
use super::version::Server;

/// The answers to all questions about one cluster. Each `Err` is a sentence.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Which server.
    pub server: Result<Server, String>,
    /// Whether the initial index can be read.
    pub initial: Result<(), String>,
    /// The mapping of the augmented index; `None` where the credentials may not see it.
    pub augmented: Result<Option<Mapping>, String>,
    /// The longest request that every node takes, in bytes; `None` where it is not told.
    pub longest_request: Option<usize>,
}

/// The answer about privileges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// These are missing; mostly none.
    Missing(Vec<String>),
    /// A cluster without security, or one that asks no API key for its privileges.
    Untold(String),
}

impl Survey {
    /// Asks everything.
    ///
    /// # Errors
    /// [`NoReply`] where the cluster answers nothing at all: the other questions are not asked then.
    pub async fn of(
        client: &Client,
        initial: &IndexName,
        augmented: &IndexName,
    ) -> Result<Self, NoReply> {
        let server = server(&client.ask(&[], "").await?);
        let (initial, augmented, longest_request) = tokio::join!(
            readable(client, initial),
            mapping(client, augmented),
            longest_request(client)
        );
        Ok(Self { server, initial, augmented, longest_request })
    }
}

fn server(reply: &Reply) -> Result<Server, String> {
    match reply.status {
        200 => Server::read(&reply.body),
        403 => Ok(Server::Untold),
        status => Err(refusal(status, &reply.body)),
    }
}

/// Asks by reading, since reading is all that is needed of the initial index.
async fn readable(client: &Client, index: &IndexName) -> Result<(), String> {
    #[derive(serde::Deserialize)]
    struct Answer {
        docs: Vec<Doc>,
    }
    #[derive(serde::Deserialize)]
    struct Doc {
        error: Option<ServerError>,
    }
    let question = json!({"ids": ["no-such-document"]});
    let reply = client.inquire(&[index.as_str(), "_mget"], &question).await;
    let reply = reply.map_err(|error| error.to_string())?;
    if reply.status != 200 {
        return Err(refusal(reply.status, &reply.body));
    }
    let answer: Answer = serde_json::from_slice(&reply.body)
        .map_err(|_| "the cluster's answer is not what an _mget answers".to_owned())?;
    answer.docs.into_iter().find_map(|doc| doc.error).map_or(Ok(()), |error| Err(error.to_string()))
}

/// The mapping of `index`; `None` where the credentials may not see it.
///
/// # Errors
/// A sentence why it cannot be told: the index does not exist, the cluster does not answer.
pub async fn mapping(client: &Client, index: &IndexName) -> Result<Option<Mapping>, String> {
    let reply = client.ask(&[index.as_str()], "flat_settings=true").await;
    let reply = reply.map_err(|error| error.to_string())?;
    match reply.status {
        200 => Mapping::read(&reply.body).map(Some),
        403 => Ok(None),
        404 => Err("it does not exist".to_owned()),
        status => Err(refusal(status, &reply.body)),
    }
}

/// `http.max_content_length` of the node that takes least.
async fn longest_request(client: &Client) -> Option<usize> {
    let query = "filter_path=nodes.*.http.max_content_length_in_bytes";
    let reply = client.ask(&["_nodes", "http"], query).await.ok()?;
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
    let nodes = answer.get("nodes")?.as_object()?.values();
    let limits =
        nodes.filter_map(|node| node.pointer("/http/max_content_length_in_bytes")?.as_u64());
    limits.min().and_then(|limit| usize::try_from(limit).ok())
}

/// What the credentials may do.
pub async fn held_privileges(
    client: &Client,
    initial: &IndexName,
    augmented: &IndexName,
) -> Privileges {
    let question = privileges::question(initial, augmented);
    let path = ["_security", "user", "_has_privileges"];
    match client.inquire(&path, &question).await {
        Ok(reply) if reply.status == 200 => match privileges::missing(&reply.body) {
            Ok(missing) => Privileges::Missing(missing),
            Err(reason) => Privileges::Untold(reason),
        },
        Ok(reply) => Privileges::Untold(refusal(reply.status, &reply.body)),
        Err(error) => Privileges::Untold(error.to_string()),
    }
}
