//! Which addresses a fetch may connect to: whoever writes a record's URL must not reach through us what
//! only this machine can reach, such as its credentials at 169.254.169.254.

mod ranges;

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::host_pattern::HostPattern;

/// Judges addresses, at connect time, and the hosts of URLs.
///
/// An address passes when it is on the public internet or in `allow`, which is the only door. Names
/// are judged by what they resolve to; a list of hosts narrows further and opens nothing.
#[derive(Clone, Debug, Default)]
pub struct AddressGuard {
    allow: Vec<IpNet>,
    hosts: Vec<HostPattern>,
}

/// Why an address or a host is not asked.
///
/// The network is named and the address is not: what a private name resolves to is nobody's business
/// who reads a parked record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Its address is in a network that is not the public internet's.
    #[error("{host} leads to {network}, and --allow-address does not allow it")]
    Address {
        /// The host as the URL has it.
        host: String,
        /// The network, in words.
        network: &'static str,
    },
    /// It is not on the list of hosts.
    #[error("{host} is not among the hosts that may be asked")]
    Host {
        /// The host as the URL has it.
        host: String,
    },
}

impl AddressGuard {
    /// Lets the public internet and `allow` pass; if `hosts` is not empty, only those of them.
    #[must_use]
    pub const fn new(allow: Vec<IpNet>, hosts: Vec<HostPattern>) -> Self {
        Self { allow, hosts }
    }

    /// Judges an address that `host` leads to. An IPv4 address in IPv6's clothes is judged as what it
    /// is.
    ///
    /// # Errors
    /// [`Forbidden::Address`], for the caller to refuse the connection.
    pub fn judge(&self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        let address = address.to_canonical();
        match ranges::forbidden_network(address) {
            Some(network) if !self.allow.iter().any(|net| net.contains(&address)) => {
                Err(Forbidden::Address { host: host.to_owned(), network })
            }
            _ => Ok(()),
        }
    }

    /// Judges what can be told of a URL before its host is resolved: the list of hosts, and an address
    /// in its place, which no resolver will see. The `url` crate has normalised it by then, from
    /// octal, hexadecimal or one number.
    ///
    /// # Errors
    /// [`Forbidden`], for the caller to refuse the request.
    pub fn judge_url(&self, url: &Url) -> Result<(), Forbidden> {
        let host = url.host_str().unwrap_or_default();
        if !self.hosts.is_empty() && !self.hosts.iter().any(|pattern| pattern.matches(host)) {
            return Err(Forbidden::Host { host: host.to_owned() });
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.judge(host, address.into()),
            Some(Host::Ipv6(address)) => self.judge(host, address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "address_guard_tests.rs"]
mod tests;
