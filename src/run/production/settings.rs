//! What the configuration means for each engine.

use crate::adapters::elasticsearch::ElasticsearchSettings;
use crate::adapters::http::{HostSettings, HttpFetcherSettings};
use crate::adapters::sqs::SqsSettings;
use crate::config::{Config, ServiceConfig};
use crate::run::assembly;

/// The queues.
#[must_use]
pub fn queue(servers: &ServiceConfig) -> SqsSettings {
    let (queue, dead_letters) = (&servers.queue_url, &servers.dead_letter_queue_url);
    SqsSettings {
        wait: servers.long_poll,
        payload_buckets: servers.payload_buckets.clone(),
        ..SqsSettings::new(queue.clone(), dead_letters.clone())
    }
}

/// The cluster.
#[must_use]
pub fn elasticsearch(servers: &ServiceConfig) -> ElasticsearchSettings {
    let url = servers.elasticsearch_url.clone();
    ElasticsearchSettings {
        credentials: servers.elasticsearch_credentials.clone(),
        authority: servers.elasticsearch_ca.clone(),
        compress: servers.elasticsearch_gzip,
        ..ElasticsearchSettings::new(url, &servers.initial_index, &servers.augmented_index)
    }
}

/// The hosts of pictures.
#[must_use]
pub fn fetcher(config: &Config, servers: &ServiceConfig) -> HttpFetcherSettings {
    HttpFetcherSettings {
        limit: config.limits.picture_bytes.into(),
        allow: servers.allow_addresses.clone(),
        hosts: servers.image_hosts.clone(),
        per_host: HostSettings {
            at_once: servers.requests_per_host.into(),
            ..HostSettings::default()
        },
        seed: assembly::seed(),
        ..HttpFetcherSettings::default()
    }
}
