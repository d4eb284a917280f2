//! From names to addresses that may be connected to.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

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

/// The most lookups that the system is at work on. Each has a blocking thread, of which there are few:
/// decoders and files must find theirs however slow a resolver is.
pub(crate) const LOOKUPS: usize = 4;

/// The system's: `getaddrinfo` on a blocking thread, which nothing can stop. It gives up by itself after
/// some seconds; until then a lookup that nobody waits for any more counts like any other.
#[derive(Clone, Debug)]
pub(super) struct SystemLookup {
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
    free: Arc<Semaphore>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self { ask: system, free: Arc::new(Semaphore::new(LOOKUPS)) }
    }
}

/// What the system answers, which may take long.
fn system(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|answer| answer.ip()).collect())
}

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let free = Arc::clone(&self.free);
        let permit = free.acquire_owned().await.map_err(io::Error::other)?;
        let (ask, host) = (self.ask, host.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            // Given back by the thread, since whoever asked may have given up.
            let _permit = permit;
            ask(&host)
        });
        asked.await.map_err(io::Error::other)?
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_util::future::join_all;

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

    #[tokio::test]
    async fn a_system_that_does_not_answer_holds_a_few_threads_and_no_more() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let slow = |_: &str| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            let (_kept, never) = mpsc::sync_channel::<()>(0);
            _ = never.recv_timeout(Duration::from_millis(400));
            Ok(vec![])
        };
        let lookup = SystemLookup { ask: slow, ..SystemLookup::default() };
        let given_up = || tokio::time::timeout(Duration::from_millis(50), lookup.lookup("a"));

        let first = join_all((0..2 * LOOKUPS).map(|_| given_up())).await;
        let later = join_all((0..LOOKUPS).map(|_| given_up())).await;

        assert!(first.iter().chain(&later).all(Result::is_err), "nobody had an answer");
        assert_eq!(ASKED.load(Ordering::Relaxed), LOOKUPS, "those given up still count");
        assert!(lookup.lookup("a").await.is_ok(), "threads that have ended serve the next");
    }
}
