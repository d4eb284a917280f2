//! From names to addresses that may be connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address_guard::{AddressGuard, Forbidden};

/// How a host's name becomes addresses. The system's resolver, but for tests that answer in its place.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// Every address of `host`, as often as it is asked; none is an answer too.
    ///
    /// # Errors
    /// What the system says.
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's: `getaddrinfo` on a blocking thread. It gives up by itself after some seconds, so few
/// threads are left to lookups that nobody waits for any more.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let answers = tokio::net::lookup_host((host, 0)).await?;
        Ok(answers.map(|answer| answer.ip()).collect())
    }
}

/// Stands between a lookup and the connection. The client connects to the very addresses that passed
/// here, so a name that answers differently the next time gains nothing.
pub(super) struct GuardedResolver {
    pub(super) guard: Arc<AddressGuard>,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, lookup) = (Arc::clone(&self.guard), Arc::clone(&self.lookup));
        Box::pin(async move {
            let answers = lookup.lookup(name.as_str()).await?;
            let passed = permitted(&guard, name.as_str(), answers)?;
            // The client puts the URL's port in place of 0.
            let addresses = passed.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Those of `answers` that may be connected to. Judged one by one: a name with a public and a private
/// address may be asked at the public one.
fn permitted(
    guard: &AddressGuard,
    host: &str,
    answers: Vec<IpAddr>,
) -> Result<Vec<IpAddr>, Forbidden> {
    let mut refusal = None;
    let judged = |address: &IpAddr| match guard.judge(host, *address) {
        Ok(()) => true,
        Err(forbidden) => {
            refusal = Some(forbidden);
            false
        }
    };
    let passed: Vec<_> = answers.into_iter().filter(judged).collect();
    match refusal {
        Some(forbidden) if passed.is_empty() => Err(forbidden),
        _ => Ok(passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permitted_of(answers: &[&str]) -> Result<Vec<String>, Forbidden> {
        let answers = answers.iter().map(|address| address.parse().unwrap()).collect();
        let passed = permitted(&AddressGuard::default(), "a.example", answers)?;
        Ok(passed.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn of_mixed_answers_the_forbidden_ones_are_left_out_and_alone_they_are_a_refusal() {
        let both = permitted_of(&["127.0.0.1", "1.1.1.1", "::1", "2606:4700::1"]);
        assert_eq!(both, Ok(vec!["1.1.1.1".into(), "2606:4700::1".into()]));
        assert!(permitted_of(&["10.0.0.1", "::ffff:10.0.0.1"]).is_err());
        assert_eq!(permitted_of(&[]), Ok(vec![]), "nothing was forbidden: it has no address");
    }
}
