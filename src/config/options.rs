//! What was typed: every option, once, with its manual. What it means stands in [`Config`].
//!
//! All values are text here, so that [`Config`] can name every problem at once instead of the first.
//!
//! [`Config`]: super::Config

use clap::{Args, FromArgMatches};
use secrecy::SecretString;

/// The options of `run`, `check` and `config`.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Pictures and results of an embedded run.
    #[command(flatten)]
    pub folder: FolderOptions,
    /// The models and how they are run.
    #[command(flatten)]
    pub models: ModelOptions,
    /// The bounds of the process.
    #[command(flatten)]
    pub limits: LimitOptions,
    /// Logs and traces.
    #[command(flatten)]
    pub logs: LogOptions,
    /// What the process tells of itself.
    #[command(flatten)]
    pub admin: AdminOptions,
    /// The locations of the production service.
    #[command(flatten)]
    pub locations: LocationOptions,
    /// How it talks to its servers.
    #[command(flatten)]
    pub access: AccessOptions,
    /// When it ends by itself.
    #[command(flatten)]
    pub lifetime: LifetimeOptions,
}

impl Options {
    /// The options when nothing is typed, whatever the environment says.
    #[must_use]
    pub fn defaults() -> Self {
        let command = Self::augment_args(clap::Command::new("defaults").no_binary_name(true))
            .mut_args(|option| option.env(None::<&str>));
        let matches = command.get_matches_from(std::iter::empty::<&str>());
        Self::from_arg_matches(&matches).expect("every option has a default or is optional")
    }
}

/// Pictures and results of an embedded run.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Pictures and results")]
pub struct FolderOptions {
    /// The folder of pictures
    ///
    /// Every entry at any depth named *.jpg, jpeg, png, webp, gif, tif, tiff, bmp, jp2 or j2k is a
    /// picture to augment, whatever it is; what cannot be augmented is parked with the reason. Other
    /// names, and names that begin with a dot, are ignored and counted. Symbolic links to files are
    /// followed, those to folders are not. [default: samples]
    #[arg(long, env, value_name = "DIR")]
    pub images: Option<String>,

    /// Where the results go
    ///
    /// augmented.ndjson (one document a line), parked.ndjson (one record for each picture that
    /// failed) and index.html (a page to look at, with its thumbnails/). The folder describes exactly
    /// the pictures of the last run: run again, and only what is new, changed, parked before or made by
    /// another model is done. [default: out]
    #[arg(long, env, value_name = "DIR")]
    pub out: Option<String>,

    /// Write no index.html and no thumbnails
    #[arg(long, env)]
    pub no_page: bool,

    /// End with exit code 3 if any picture was parked
    #[arg(long, env)]
    pub fail_on_parked: bool,
}

/// The models and how they are run.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Models")]
pub struct ModelOptions {
    /// The model set: a folder, `s3://bucket/prefix/`, or `bundled` for the one that is compiled in
    ///
    /// A set holds a folder for each inferrer (features, palette, aspect-ratio) with its
    /// manifest.json and weights; `import-weights` writes one. An inferrer without weights that the
    /// set lacks comes from the bundled set. A production run must be told its set. [default, for an
    /// embedded run: bundled]
    #[arg(long, env, value_name = "SET")]
    pub models: Option<String>,

    /// Where weights from S3 are kept, by digest, for the next start
    ///
    /// Nothing is ever deleted there; sets and weights that no longer serve may be.
    /// [default: inference-manager/models in the user's cache folder]
    #[arg(long, env, value_name = "DIR")]
    pub models_cache: Option<String>,

    /// The engine that networks compute on: simd, simd-avx2, flex or ndarray
    ///
    /// For single inferrers: features=flex. simd is kernels of our own for x86-64 with AVX2 or
    /// AVX-512, several times as fast as the others, which are burn's; on other CPUs it is flex. The
    /// vectors are the same to within 1e-5. --version tells what simd is here. simd-avx2 leaves AVX-512 alone,
    /// so that vectors are the same to the bit on both kinds of CPU.
    #[arg(long, env, value_name = "DEVICE", default_value = "simd")]
    pub device: String,

    /// Workers of each inferrer, each with a thread of its own: features=2,palette=1
    ///
    /// Inferrers that are not named get one worker, features one for each core. A number alone is
    /// for every inferrer.
    #[arg(long, env, value_name = "LIST")]
    pub workers: Option<String>,

    /// The most pictures in one batch
    ///
    /// A worker that comes free takes what waits, up to this many, and never waits for more. On a
    /// CPU larger batches are not faster; they only make a failing batch more work to bisect. At
    /// most 64.
    #[arg(long, env, value_name = "N", default_value = "4")]
    pub batch: String,

    /// A worker that takes longer for one batch is taken for hung and replaced
    #[arg(long, env, value_name = "TIME", default_value = "30s")]
    pub inference_deadline: String,
}

/// The bounds of the process.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// The most pictures in flight, from receive to confirmed settlement
    #[arg(long, env, value_name = "N", default_value = "64")]
    pub in_flight: String,

    /// The most bytes of fetched pictures in memory
    #[arg(long, env, value_name = "SIZE", default_value = "128MiB")]
    pub bytes_in_flight: String,

    /// The most pixels being decoded at once; at least 1000000
    #[arg(long, env, value_name = "N", default_value = "100000000")]
    pub pixels_in_flight: String,

    /// The largest picture file; larger ones are parked as `too_many_bytes`
    #[arg(long, env, value_name = "SIZE", default_value = "64MiB")]
    pub picture_bytes: String,

    /// The most pixels of a picture; more are parked as `too_many_pixels`, before anything is decoded
    #[arg(long, env, value_name = "N", default_value = "100000000")]
    pub picture_pixels: String,

    /// How long SIGTERM or SIGINT lets the pictures in flight be finished
    ///
    /// What is still open then is given back. A second signal ends the process at once. In production no
    /// shorter than --long-poll.
    #[arg(long, env, value_name = "TIME", default_value = "25s")]
    pub drain: String,
}

/// Logs and traces.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Logs and traces")]
pub struct LogOptions {
    /// text or json, to stderr
    #[arg(long, env, value_name = "FORMAT", default_value = "text")]
    pub log_format: String,

    /// What is logged: error, warn, info, debug or trace, also by module: warn,actors=debug
    ///
    /// At info there is one line for each message or picture, when it is settled.
    /// [default: info in production, warn in an embedded run]
    #[arg(long, env, value_name = "FILTER")]
    pub log_level: Option<String>,

    /// Where the production service exports traces: an OpenTelemetry collector, by OTLP over HTTP
    ///
    /// One trace for each message, below its sender's where that says who it is: by the attribute
    /// traceparent, in the notification of SNS that the body holds, or by X-Ray's header. What is
    /// announced on SNS carries it on. OpenTelemetry's own variables for the service's name, its
    /// resource, headers and batches are heeded. [default: nowhere]
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,

    /// How many of the messages are traced whose sender has not decided: 0.01 for one in a hundred
    #[arg(long, env, value_name = "RATIO", default_value = "1")]
    pub trace_ratio: String,
}

/// The locations of the production service. They decide which engines `run` uses.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Production: locations")]
pub struct LocationOptions {
    /// Insist on the production service: a missing location is an error, never a run over samples
    #[arg(long, env)]
    pub production: bool,

    /// The SQS queue of image ids
    #[arg(long, env, value_name = "URL")]
    pub queue_url: Option<String>,

    /// The SQS queue where messages that cannot be worked off are parked, each with its reason
    #[arg(long, env, value_name = "URL")]
    pub dead_letter_queue_url: Option<String>,

    /// The Elasticsearch (8 or later) or OpenSearch cluster of both indices
    #[arg(long, env, value_name = "URL")]
    pub elasticsearch_url: Option<String>,

    /// The index of initial documents, which is read
    #[arg(long, env, value_name = "NAME")]
    pub initial_index: Option<String>,

    /// The index of augmented documents, which is written. It must exist: nothing creates it
    #[arg(long, env, value_name = "NAME")]
    pub augmented_index: Option<String>,

    /// The SNS topic on which the id of each indexed image is announced; none if not given
    #[arg(long, env, value_name = "ARN")]
    pub topic_arn: Option<String>,
}

/// How the production service talks to its servers.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Production: access")]
pub struct AccessOptions {
    /// The API key of Elasticsearch, encoded as Elasticsearch gives it (base64 of id:key)
    #[arg(long, env, value_name = "KEY", hide_env_values = true)]
    pub elasticsearch_api_key: Option<SecretString>,

    /// The user of Elasticsearch, where there is no API key
    #[arg(long, env, value_name = "NAME")]
    pub elasticsearch_username: Option<String>,

    /// The password of that user
    #[arg(long, env, value_name = "PASSWORD", hide_env_values = true)]
    pub elasticsearch_password: Option<SecretString>,

    /// A file of PEM certificates that may have signed Elasticsearch's, beside the system's
    #[arg(long, env, value_name = "FILE")]
    pub elasticsearch_ca: Option<String>,

    /// Compress requests to Elasticsearch. Costs more than half a millisecond of CPU a document, so it
    /// is for slow networks only
    #[arg(long, env)]
    pub elasticsearch_gzip: bool,

    /// The length of the feature vectors, where it is meant not to be 4096
    ///
    /// Readers of the augmented index expect 4096. A model set with another length is refused unless
    /// the same length is given here.
    #[arg(long, env, value_name = "N")]
    pub features_dimensions: Option<String>,

    /// How long a receive waits for messages, 20s at most
    ///
    /// A stop waits for the receive under way, because what that brings would else stay hidden: a
    /// shorter poll ends sooner and costs more requests while there is nothing to do.
    #[arg(long, env, value_name = "TIME", default_value = "20s")]
    pub long_poll: String,

    /// Buckets from which bodies may be read that are too large for the queue (the extended client's)
    #[arg(long, env, value_name = "NAME,…")]
    pub payload_buckets: Option<String>,

    /// The only hosts from which pictures are fetched: iiif.example.org,*.example.com [default: all]
    #[arg(long, env, value_name = "HOST,…")]
    pub image_hosts: Option<String>,

    /// Requests to one host of pictures at once, from each process
    ///
    /// A process works through pictures as fast as a host hands them out, which may be faster than its
    /// owners like. Fewer spare the host; what waits for it keeps nothing from pictures of others.
    #[arg(long, env, value_name = "N", default_value = "10")]
    pub requests_per_host: String,

    /// Address ranges that pictures may be fetched from although they are not public: 10.1.0.0/16
    ///
    /// Without it no connection is made to loopback, private, link-local or otherwise special
    /// addresses, whatever a name resolves to or a redirect names: a document must not be able to
    /// reach the metadata service or a neighbour.
    #[arg(long, env, value_name = "CIDR,…")]
    pub allow_address: Option<String>,
}

/// When the production service ends by itself, or is ended.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Production: lifetime")]
pub struct LifetimeOptions {
    /// End with exit code 0 once nothing has come and nothing was in flight for this long
    ///
    /// For one-off tasks that work a backlog off; longer than --long-poll. Time in which a dependency
    /// does not answer is not counted, nor that in which a message waits to be tried again.
    /// [default: never]
    #[arg(long, env, value_name = "TIME")]
    pub exit_when_idle: Option<String>,

    /// The agent of Amazon ECS, which sets this variable in each container
    ///
    /// It is asked to protect the task from scale-in while there is work in flight, for at most a
    /// quarter of an hour at a stretch, since deployments wait for protected tasks. [default: none]
    #[arg(long, env, value_name = "URL")]
    pub ecs_agent_uri: Option<String>,
}

/// What the process tells of itself.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Administration")]
pub struct AdminOptions {
    /// Where /metrics, /livez, /readyz and /status are served
    ///
    /// [default: 127.0.0.1:9464 in production, nowhere in an embedded run]
    #[arg(long, env, value_name = "ADDRESS:PORT")]
    pub admin_address: Option<String>,

    /// How long /metrics outlives the drain, so that the last counts are scraped
    ///
    /// [default: 15s in production, 0s in an embedded run]
    #[arg(long, env, value_name = "TIME")]
    pub last_scrape: Option<String>,
}
