//! The servers of the production service.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::Problems;
use super::credentials::{certificates, credentials};
use super::locations::{Locations, web_address};
use super::options::{AccessOptions, LifetimeOptions, Options};
use super::values::{self, given};
use crate::adapters::elasticsearch::Credentials;
use crate::adapters::http::HostPattern;

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

impl ServiceConfig {
    pub(super) fn new(options: &Options, problems: &mut Problems) -> Self {
        let Options { locations, access, lifetime, .. } = options;
        let Locations {
            queue_url,
            dead_letter_queue_url,
            elasticsearch_url,
            initial_index,
            augmented_index,
            topic_arn,
        } = Locations::new(locations, problems);
        Self {
            elasticsearch_url,
            queue_url,
            dead_letter_queue_url,
            initial_index,
            augmented_index,
            topic_arn,
            elasticsearch_credentials: credentials(access, problems),
            elasticsearch_ca: certificates(access, problems),
            elasticsearch_gzip: access.elasticsearch_gzip,
            features_dimensions: given(access.features_dimensions.as_deref()).map(|text| {
                problems.parse("features-dimensions", text, values::count(1..=u16::MAX)).into()
            }),
            long_poll: problems.parse("long-poll", &access.long_poll, long_poll),
            payload_buckets: values::list(access.payload_buckets.as_deref()),
            image_hosts: hosts(access, problems),
            requests_per_host: requests_per_host(access, problems),
            allow_addresses: networks(access, problems),
            exit_when_idle: given(lifetime.exit_when_idle.as_deref())
                .map(|text| problems.parse("exit-when-idle", text, values::duration)),
            ecs_agent: ecs_agent(lifetime, problems),
        }
    }
}

fn ecs_agent(lifetime: &LifetimeOptions, problems: &mut Problems) -> Option<Url> {
    let uri = given(lifetime.ecs_agent_uri.as_deref())?;
    Some(web_address("ecs-agent-uri", uri, problems))
}

/// The longest poll that SQS allows is 20 s, and it counts in seconds.
fn long_poll(text: &str) -> Result<Duration, String> {
    let poll = values::duration(text).ok();
    poll.filter(|poll| poll.subsec_nanos() == 0 && poll.as_secs() <= 20)
        .ok_or_else(|| "write whole seconds from 1s to 20s".to_owned())
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
    problems.parse("requests-per-host", &access.requests_per_host, values::count(1..=u8::MAX))
}

fn hosts(access: &AccessOptions, problems: &mut Problems) -> Vec<HostPattern> {
    let remedy = "write iiif.example.org or *.example.org";
    each("image-hosts", access.image_hosts.as_deref(), remedy, |text| text.parse().ok(), problems)
}
