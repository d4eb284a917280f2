//! Which cluster, as whom, and how patiently.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

/// Who asks.
#[derive(Clone, Debug, Default)]
pub enum Credentials {
    /// Nobody in particular: a cluster without security.
    #[default]
    None,
    /// `Authorization: ApiKey …`: the base64 of `id:key`, as Elasticsearch hands it out (`encoded`).
    ApiKey(SecretString),
    /// `Authorization: Basic …`.
    Basic {
        /// The user.
        username: String,
        /// The user's password.
        password: SecretString,
    },
}

/// One cluster and its two indices.
#[derive(Clone)]
pub struct ElasticsearchSettings {
    /// `http` or `https`; a path is taken as a prefix of every request's. No credentials, query or
    /// fragment.
    pub url: Url,
    /// Who asks.
    pub credentials: Credentials,
    /// PEM file of a private certificate authority, trusted beside the system's.
    pub authority: Option<PathBuf>,
    /// The index, or alias of one, that initial documents are read from.
    pub initial_index: String,
    /// The index, or alias of one, that augmented documents are written to. Never created by us.
    pub augmented_index: String,
    /// How long connecting may take, TLS included: five seconds. Across a region it takes a tenth of
    /// one, and a node that is gone often answers nothing at all.
    pub connect_timeout: Duration,
    /// How long a request for documents may take in all: a minute. A node under load takes seconds
    /// over 8 MB; whoever is silent for longer has forgotten us.
    pub timeout: Duration,
    /// How long a question about the cluster may take, at start and before writing: four seconds, so
    /// that `check` ends within its ten.
    pub question_timeout: Duration,
    /// Whether bodies are gzipped. Numbers as text shrink to a half for a tenth of a core; base64
    /// does not shrink, and within one network nothing is gained: off.
    pub compress: bool,
    /// The longest answer that is read, in bytes: 16 MiB. A hundred documents of the usual 10 kB are
    /// a megabyte; parsed, each byte of an answer costs five, and two are read at once.
    pub longest_answer: usize,
    /// How long a document may wait for a shard that is not there: ten seconds, much less than
    /// `timeout`, so that its neighbours' verdicts arrive.
    pub wait_for_shards: Duration,
    /// The most requests with documents at once, where the cluster lets us: four, of which the
    /// Sink's two shipments need two. More would only queue up in the cluster's write pool.
    pub most_bulks: usize,
    /// How old the knowledge that the augmented index exists may be when something is written to it:
    /// a second. A request to an index that was deleted would create it anew, without its mapping.
    pub verify_after: Duration,
}

impl ElasticsearchSettings {
    /// The cluster at `url` and its indices, everything else as it is best for most.
    #[must_use]
    pub fn new(url: Url, initial_index: &str, augmented_index: &str) -> Self {
        Self {
            url,
            credentials: Credentials::None,
            authority: None,
            initial_index: initial_index.to_owned(),
            augmented_index: augmented_index.to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            question_timeout: Duration::from_secs(4),
            compress: false,
            longest_answer: 16 << 20,
            wait_for_shards: Duration::from_secs(10),
            most_bulks: 4,
            verify_after: Duration::from_secs(1),
        }
    }
}

/// A URL may hold a password, and then must not be shown before it was refused.
impl fmt::Debug for ElasticsearchSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElasticsearchSettings")
            .field("host", &self.url.host_str())
            .field("credentials", &self.credentials)
            .field("initial_index", &self.initial_index)
            .field("augmented_index", &self.augmented_index)
            .finish_non_exhaustive()
    }
}
