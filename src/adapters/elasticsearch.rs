//! Elasticsearch, or OpenSearch, as catalogue and index of the pipeline.
//!
//! ```text
//!  settings ─► open ─► client ── survey: version, both indices, mapping ── findings ─► Opened or why not
//!                        │
//!      retrieve ◄─ catalogue ── _mget ── mget_reply            ids travel in the body
//!      prepare  ◄─ index                                       once, with base64 where it is taken
//!      index    ◄───┴─ mapping_watch ── gate ── bulk_request ── _bulk ── bulk_reply
//!                      still there?     adaptive_limit          a verdict for each document
//! ```
//!
//! | what the cluster does | what becomes of it |
//! | --- | --- |
//! | a document: 200, 201 | indexed |
//! | 409: a newer version is there | superseded, as good as indexed |
//! | 400 | rejected with its reason; a request that is refused as a whole is halved to find who it is |
//! | 429, 5xx, 408, 401, 403 (also a full disk or a block), a closed index | that document again, later |
//! | the request: 413, or longer than the nodes say they take | the sink halves it |
//! | the connection breaks over a large request | halved here, in case the 413 was lost with it |
//! | 404, 401, 403, 429, 5xx, a redirect, silence, garbage, answers of other documents | unavailable: again, later |
//! | 429 of any kind, 503, silence | and fewer requests at once |
//! | the augmented index is gone or has another mapping | nothing is written until it is back |
//! | a catalogue's document too long or too deep for us | found by halving; that id is undecodable |
//!
//! **Privileges.** `read` of the initial index and `index` of the augmented one are needed. With
//! `view_index_metadata` of the latter its existence and mapping are verified, at start and before
//! writing, and with the cluster's `monitor` the version and the longest request are known; without
//! them vectors go as numbers, and 100 MiB is taken for the longest request.
//!
//! Verdicts go by status: the types of errors differ between servers and their versions. What also
//! differs: Elasticsearch takes base64 for a `dense_vector` from 9.3 on, and OpenSearch refuses the
//! vendor's media types, so plain JSON is spoken to all.

mod adaptive_limit;
mod bulk_reply;
mod bulk_request;
mod catalogue;
mod client;
mod declaration;
mod findings;
mod gate;
mod index;
mod index_name;
mod mapping;
mod mapping_watch;
mod mget_reply;
mod privileges;
mod sample;
mod server_error;
mod settings;
mod survey;
mod version;

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::inference::InferrerSpec;

pub use catalogue::ElasticsearchCatalogue;
pub use findings::Finding;
pub use index::ElasticsearchIndex;
pub use index_name::IndexName;
pub use sample::sample;
pub use settings::{Credentials, ElasticsearchSettings};
pub use version::Server;

use client::Client;
use index::Target;
use mapping_watch::MappingWatch;
use survey::{Privileges, Survey};

/// A cluster that was opened: both of its engines, which share its connections.
#[derive(Debug)]
pub struct Opened {
    /// Reads initial documents.
    pub catalogue: ElasticsearchCatalogue,
    /// Writes augmented ones.
    pub index: ElasticsearchIndex,
    /// What answers there.
    pub server: Server,
}

/// Why the engines cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A setting is wrong, whatever the cluster says.
    #[error("{0}")]
    Settings(String),
    /// The cluster does not answer, refuses, lacks an index or disagrees with the models; each of
    /// these on its own line.
    #[error("{}", .0.join("\n"))]
    NotReady(Vec<String>),
}

/// Opens the cluster of `settings` for documents with the fields of `specs`, having made sure that
/// both indices are there and that the augmented one agrees with what will be written.
///
/// # Errors
/// [`OpenError`].
pub async fn open(
    settings: &ElasticsearchSettings,
    specs: &[Arc<InferrerSpec>],
) -> Result<Opened, OpenError> {
    let cluster = Cluster::of(settings).map_err(OpenError::Settings)?;
    let survey = Survey::of(&cluster.client, &cluster.initial, &cluster.augmented).await;
    let survey = survey.map_err(|error| OpenError::NotReady(vec![error.to_string()]))?;
    let mut failures = Vec::new();
    for finding in findings::of_survey(&survey, &cluster.initial, &cluster.augmented, specs) {
        match finding {
            Finding::Holds(_) => {}
            Finding::Untold(text) => tracing::warn!("{text}"),
            Finding::Fails(text) => failures.push(text),
        }
    }
    match survey.server {
        Ok(server) if failures.is_empty() => Ok(cluster.opened(server, &survey, specs, settings)),
        _ => Err(OpenError::NotReady(failures)),
    }
}

/// What [`inspect`] finds out, or why nothing, as findings about documents with the fields of `specs`.
pub async fn findings(
    settings: &ElasticsearchSettings,
    specs: &[Arc<InferrerSpec>],
) -> Vec<Finding> {
    match inspect(settings).await {
        Ok(inspection) => inspection.findings(specs),
        Err(reason) => vec![Finding::Fails(reason)],
    }
}

/// A cluster that was looked at, for a person.
pub struct Inspection {
    cluster: Cluster,
    survey: Survey,
    privileges: Privileges,
}

/// Asks all that [`open`] would ask, and what the credentials may do; changes nothing. Takes twice
/// `question_timeout` at most.
///
/// # Errors
/// A sentence where a setting cannot be used or the cluster does not answer.
pub async fn inspect(settings: &ElasticsearchSettings) -> Result<Inspection, String> {
    let cluster = Cluster::of(settings)?;
    let Cluster { client, initial, augmented } = &cluster;
    let (survey, privileges) = tokio::join!(
        Survey::of(client, initial, augmented),
        survey::held_privileges(client, initial, augmented)
    );
    let survey = survey.map_err(|error| error.to_string())?;
    Ok(Inspection { cluster, survey, privileges })
}

impl Inspection {
    /// What it means for documents with the fields of `specs`; for none if it is not known which. At
    /// least one failure where [`open`] would fail.
    #[must_use]
    pub fn findings(&self, specs: &[Arc<InferrerSpec>]) -> Vec<Finding> {
        let Cluster { initial, augmented, .. } = &self.cluster;
        let mut findings = findings::of_survey(&self.survey, initial, augmented, specs);
        findings.push(findings::of_privileges(&self.privileges));
        findings
    }
}

/// A cluster by its settings, not yet asked anything.
struct Cluster {
    client: Arc<Client>,
    initial: IndexName,
    augmented: IndexName,
}

impl Cluster {
    fn of(settings: &ElasticsearchSettings) -> Result<Self, String> {
        let initial = IndexName::new(&settings.initial_index)?;
        let augmented = IndexName::new(&settings.augmented_index)?;
        if initial == augmented {
            return Err(format!(
                "the initial and the augmented index are both {initial}: documents would be overwritten"
            ));
        }
        Ok(Self { client: Arc::new(Client::new(settings)?), initial, augmented })
    }

    fn opened(
        self,
        server: Server,
        survey: &Survey,
        specs: &[Arc<InferrerSpec>],
        settings: &ElasticsearchSettings,
    ) -> Opened {
        let Self { client, initial, augmented } = self;
        let mapping = survey.augmented.as_ref().ok().and_then(Option::as_ref);
        let packed = mapping.filter(|_| server.takes_base64_vectors());
        let packed = packed.map_or_else(BTreeSet::new, |mapping| mapping.dense_vectors(specs));
        let watch = MappingWatch::new(
            Arc::clone(&client),
            augmented.clone(),
            specs.to_vec(),
            packed.clone(),
            mapping.cloned(),
            settings.verify_after,
        );
        let target = Target {
            is_alias: mapping.is_some_and(|mapping| mapping.index() != augmented.as_str()),
            name: augmented,
            packed,
            longest_request: survey.longest_request,
        };
        Opened {
            catalogue: ElasticsearchCatalogue::new(Arc::clone(&client), initial),
            index: ElasticsearchIndex::new(client, target, watch, settings),
            server,
        }
    }
}
