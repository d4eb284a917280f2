//! How pictures are fetched.

use std::time::Duration;

use ipnet::IpNet;

use super::host_pattern::HostPattern;
use super::hosts::HostSettings;
use super::throughput::Throughput;

/// How pictures are fetched.
#[derive(Clone, Debug)]
pub struct HttpFetcherSettings {
    /// The largest picture, in bytes: 64 MiB, more than any picture within the limit of pixels takes
    /// as a JPEG.
    pub limit: u64,
    /// Networks that may be asked although they are not on the public internet: the only door through
    /// the guard. An IPv4 network is written as one, and holds its addresses in IPv6's clothes too.
    pub allow: Vec<IpNet>,
    /// The only hosts that may be asked, redirects included; all of them if it is empty.
    pub hosts: Vec<HostPattern>,
    /// What one fetch may take, tries and the pauses between them included: long enough for a picture
    /// of 64 MiB at 2.5 MB/s. Waiting for credits and a free slot does not count.
    pub deadline: Duration,
    /// What a connection may take to be made, from its name on and with TLS: a resolver turns to its
    /// next server after 5 s, a lost packet is sent again after 1 and 3 s; and a host that answers
    /// nothing leaves time for another try.
    pub connecting: Duration,
    /// Redirects that are followed: from http to https, to another host and to another path, and two
    /// to spare.
    pub redirects: usize,
    /// Tries of one fetch. Three ride out a restart; what takes longer is left to the queue.
    pub tries: u32,
    /// How slow a body may come.
    pub throughput: Throughput,
    /// How hosts are treated.
    pub per_host: HostSettings,
    /// Of the jitter; tests repeat it.
    pub seed: u64,
}

impl Default for HttpFetcherSettings {
    fn default() -> Self {
        Self {
            limit: 64 << 20,
            allow: Vec::new(),
            hosts: Vec::new(),
            deadline: Duration::from_secs(30),
            connecting: Duration::from_secs(10),
            redirects: 5,
            tries: 3,
            throughput: Throughput::default(),
            per_host: HostSettings::default(),
            seed: 0,
        }
    }
}

impl HttpFetcherSettings {
    /// What a person who checks a configuration should know of it, a sentence each: every door in the
    /// guard. Asks nobody.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let door = |net: &IpNet| {
            format!(
                "pictures may be fetched from {net}, which --allow-address opens to every record"
            )
        };
        self.allow.iter().map(door).collect()
    }
}
