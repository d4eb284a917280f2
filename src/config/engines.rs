//! Which engines are meant: those over a folder, or the production ones. The locations decide.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::Problems;
use super::options::{AccessOptions, FolderOptions, LifetimeOptions, LocationOptions, Options};
use super::values;
use crate::adapters::elasticsearch::Credentials;
use crate::adapters::http::HostPattern;

/// The folder of pictures unless another is named: the repository's.
const IMAGES: &str = "samples";

/// The folder of results unless another is named.
const OUT: &str = "out";

/// What the pipeline works on.
#[derive(Clone, Debug)]
pub enum Engines {
    /// A folder of pictures: an embedded run.
    Folder(FolderConfig),
    /// Queues, indices and a topic: the production service.
    Service(Box<ServiceConfig>),
}

/// Pictures and results of an embedded run.
#[derive(Clone, Debug)]
pub struct FolderConfig {
    /// The folder of pictures.
    pub images: PathBuf,
    /// The folder of results.
    pub out: PathBuf,
    /// Whether a page is written.
    pub page: bool,
    /// Whether parked pictures change the exit code.
    pub fail_on_parked: bool,
}

/// The servers of the production service.
#[derive(Clone, Debug)]
pub struct ServiceConfig {
    /// The SQS queue of image ids.
    pub queue_url: String,
    /// Where messages are parked.
    pub dead_letter_queue_url: String,
    /// The cluster of both indices.
    pub elasticsearch_url: Url,
    /// How the cluster knows us.
    pub elasticsearch_credentials: Credentials,
    /// Certificates that may have signed the cluster's, beside the system's.
    pub elasticsearch_ca: Option<PathBuf>,
    /// Whether requests to it are compressed.
    pub elasticsearch_gzip: bool,
    /// The index of initial documents.
    pub initial_index: String,
    /// The index of augmented documents.
    pub augmented_index: String,
    /// Where ids are announced, if anywhere.
    pub topic_arn: Option<String>,
    /// The length of feature vectors that is meant, where it is not 4096.
    pub features_dimensions: Option<usize>,
    /// How long a receive waits for messages.
    pub long_poll: Duration,
    /// Buckets from which large bodies may be read.
    pub payload_buckets: Vec<String>,
    /// The only hosts of pictures; empty for all.
    pub image_hosts: Vec<HostPattern>,
    /// Requests to one of them at once.
    pub requests_per_host: u8,
    /// Addresses that are allowed though not public.
    pub allow_addresses: Vec<IpNet>,
    /// After how much idleness the process ends, if it does.
    pub exit_when_idle: Option<Duration>,
    /// The agent of ECS, if there is one.
    pub ecs_agent: Option<Url>,
}

impl Engines {
    /// Which engines `options` mean. Where they are contradictory, something that is never used stands
    /// in: there is a problem then.
    pub(super) fn new(options: &Options, problems: &mut Problems) -> Self {
        if is_service(&options.locations) {
            refuse_folders(&options.folder, problems);
            if options.models.models.is_none() {
                let remedy = "it is missing: a production run must be told its model set; write a \
                              folder, s3://bucket/prefix/ or bundled";
                problems.note("models", "", remedy);
            }
            Self::Service(Box::new(ServiceConfig::new(options, problems)))
        } else {
            Self::Folder(FolderConfig::new(&options.folder, problems))
        }
    }
}

/// A topic alone is no location to work from, but nobody who names one means the samples.
fn is_service(locations: &LocationOptions) -> bool {
    let named = [
        &locations.queue_url,
        &locations.dead_letter_queue_url,
        &locations.elasticsearch_url,
        &locations.initial_index,
        &locations.augmented_index,
        &locations.topic_arn,
    ];
    locations.production || named.into_iter().any(Option::is_some)
}

fn refuse_folders(folder: &FolderOptions, problems: &mut Problems) {
    for (option, folder) in [("images", &folder.images), ("out", &folder.out)] {
        if let Some(folder) = folder {
            let remedy = "a production run has no folders: drop it or the locations";
            problems.note(option, folder, remedy);
        }
    }
}

impl FolderConfig {
    fn new(options: &FolderOptions, problems: &mut Problems) -> Self {
        let images: PathBuf = options.images.as_deref().unwrap_or(IMAGES).into();
        if !images.is_dir() {
            let remedy = "there is no such folder; name the folder of your pictures";
            problems.note("images", &images.to_string_lossy(), remedy);
        }
        Self {
            images,
            out: options.out.as_deref().unwrap_or(OUT).into(),
            page: !options.no_page,
            fail_on_parked: options.fail_on_parked,
        }
    }
}

impl ServiceConfig {
    fn new(options: &Options, problems: &mut Problems) -> Self {
        let Options { locations, access, lifetime, .. } = options;
        let mut location = |option: &'static str, value: &Option<String>| {
            if value.as_deref().is_none_or(str::is_empty) {
                let remedy = "it is missing: a production run needs all five locations";
                problems.note(option, "", remedy);
            }
            value.clone().unwrap_or_default()
        };
        let queue_url = location("queue-url", &locations.queue_url);
        let dead_letter_queue_url =
            location("dead-letter-queue-url", &locations.dead_letter_queue_url);
        let elasticsearch_url = location("elasticsearch-url", &locations.elasticsearch_url);
        let initial_index = location("initial-index", &locations.initial_index);
        let augmented_index = location("augmented-index", &locations.augmented_index);
        check_apart(
            [&queue_url, &dead_letter_queue_url],
            [&initial_index, &augmented_index],
            problems,
        );
        for (option, text) in
            [("queue-url", &queue_url), ("dead-letter-queue-url", &dead_letter_queue_url)]
        {
            if !text.is_empty() {
                web_address(option, text, problems);
            }
        }
        Self {
            elasticsearch_url: web_address("elasticsearch-url", &elasticsearch_url, problems),
            queue_url,
            dead_letter_queue_url,
            initial_index,
            augmented_index,
            topic_arn: locations.topic_arn.clone(),
            elasticsearch_credentials: credentials(access, problems),
            elasticsearch_ca: certificates(access, problems),
            elasticsearch_gzip: access.elasticsearch_gzip,
            features_dimensions: access.features_dimensions.as_deref().map(|text| {
                problems.parse("features-dimensions", text, values::count::<u16>).into()
            }),
            long_poll: problems.parse("long-poll", &access.long_poll, long_poll),
            payload_buckets: values::list(access.payload_buckets.as_deref()),
            image_hosts: hosts(access, problems),
            requests_per_host: requests_per_host(access, problems),
            allow_addresses: networks(access, problems),
            exit_when_idle: lifetime
                .exit_when_idle
                .as_deref()
                .map(|text| problems.parse("exit-when-idle", text, values::duration)),
            ecs_agent: ecs_agent(lifetime, problems),
        }
    }
}

fn check_apart(queues: [&str; 2], indices: [&str; 2], problems: &mut Problems) {
    let [queue, dead_letters] = queues;
    if queue == dead_letters && !queue.is_empty() {
        let remedy = "it is the queue itself: what is parked there would be received again";
        problems.note("dead-letter-queue-url", queue, remedy);
    }
    let [initial, augmented] = indices;
    if initial == augmented && !initial.is_empty() {
        let remedy = "it is the initial index: augmented documents would replace what is read";
        problems.note("augmented-index", augmented, remedy);
    }
}

fn credentials(access: &AccessOptions, problems: &mut Problems) -> Credentials {
    let AccessOptions {
        elasticsearch_api_key, elasticsearch_username, elasticsearch_password, ..
    } = access;
    match (elasticsearch_api_key, elasticsearch_username, elasticsearch_password) {
        (Some(key), None, None) => return Credentials::ApiKey(key.clone()),
        (None, Some(username), Some(password)) => {
            return Credentials::Basic { username: username.clone(), password: password.clone() };
        }
        (None, None, None) => {}
        (Some(_), ..) => {
            let remedy = "there is an API key, too: give that, or a name and a password";
            problems.note("elasticsearch-username", "", remedy);
        }
        (None, Some(_), None) => {
            problems.note("elasticsearch-password", "", "it is missing: there is a user's name");
        }
        (None, None, Some(_)) => {
            problems.note("elasticsearch-username", "", "it is missing: there is a password");
        }
    }
    Credentials::None
}

fn ecs_agent(lifetime: &LifetimeOptions, problems: &mut Problems) -> Option<Url> {
    let uri = lifetime.ecs_agent_uri.as_deref().filter(|text| !text.is_empty())?;
    Some(web_address("ecs-agent-uri", uri, problems))
}

/// The longest poll that SQS allows is 20 s, and it counts in seconds.
fn long_poll(text: &str) -> Result<Duration, String> {
    let poll = values::duration(text).ok();
    poll.filter(|poll| poll.subsec_nanos() == 0 && poll.as_secs() <= 20)
        .ok_or_else(|| "write whole seconds from 1s to 20s".to_owned())
}

/// An address over HTTP; one that stands in where there is a problem. An empty text was told before.
pub(super) fn web_address(option: &'static str, text: &str, problems: &mut Problems) -> Url {
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if parsed.as_ref().is_some_and(|url| !url.username().is_empty() || url.password().is_some()) {
        let remedy = "it holds a name or password: give those by options of their own";
        problems.note(option, "", remedy);
    }
    if parsed.as_ref().is_some_and(|url| url.query().is_some() || url.fragment().is_some()) {
        problems.note(option, "", "it holds a query or fragment (? or #): drop it");
    }
    parsed.unwrap_or_else(|| {
        if !text.is_empty() {
            // What may hold a secret is not shown.
            let shown = if text.contains(['@', '?', '#']) { "" } else { text };
            problems.note(option, shown, "write an address that begins with https:// or http://");
        }
        Url::parse("http://localhost").expect("this text is an address")
    })
}

fn certificates(access: &AccessOptions, problems: &mut Problems) -> Option<PathBuf> {
    let file = access.elasticsearch_ca.as_deref()?;
    if !std::path::Path::new(file).is_file() {
        problems.note("elasticsearch-ca", file, "there is no such file");
    }
    Some(file.into())
}

/// What each text of a list means; whatever `parse` takes for nothing is told with `remedy`.
fn each<T>(
    option: &'static str,
    list: Option<&str>,
    remedy: &str,
    parse: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Vec<T> {
    let mut parsed = Vec::new();
    for text in values::list(list) {
        match parse(&text) {
            Some(value) => parsed.push(value),
            None => problems.note(option, &text, remedy),
        }
    }
    parsed
}

fn networks(access: &AccessOptions, problems: &mut Problems) -> Vec<IpNet> {
    let parse = |text: &str| {
        let one = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse().ok().or_else(one)
    };
    let remedy = "write ranges such as 10.1.0.0/16";
    each("allow-address", access.allow_address.as_deref(), remedy, parse, problems)
}

fn requests_per_host(access: &AccessOptions, problems: &mut Problems) -> u8 {
    problems.parse("requests-per-host", &access.requests_per_host, values::count)
}

fn hosts(access: &AccessOptions, problems: &mut Problems) -> Vec<HostPattern> {
    let remedy = "write iiif.example.org or *.example.org";
    each("image-hosts", access.image_hosts.as_deref(), remedy, |text| text.parse().ok(), problems)
}
