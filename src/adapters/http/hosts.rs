//! What is known of each host: how many ask it now, and whether it works.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use url::Url;

use super::breaker::{Breaker, BreakerSettings, Leave, LeftAlone, Turn};
use super::refusal::Blame;

/// How a host is treated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// Requests to one host at once. Ten, as the replaced system downloaded: with more it brought its
    /// image server down. Fewer than the Downloader's fetches, so that a host that hangs leaves
    /// some of those to others.
    pub at_once: usize,
    /// When a host is left alone.
    pub breaker: BreakerSettings,
    /// Hosts that are remembered. A catalogue has a handful; the bound is for documents that name a new
    /// one each. It is a few hundred bytes a host.
    pub remembered: usize,
}

impl Default for HostSettings {
    fn default() -> Self {
        Self { at_once: 10, breaker: BreakerSettings::default(), remembered: 1_024 }
    }
}

/// Every host that was asked lately, by name and port.
#[derive(Debug)]
pub(super) struct Hosts {
    settings: HostSettings,
    seed: u64,
    known: Mutex<HashMap<String, Arc<Host>>>,
}

#[derive(Debug)]
struct Host {
    name: String,
    slots: Arc<Semaphore>,
    condition: Mutex<Condition>,
}

#[derive(Debug)]
struct Condition {
    breaker: Breaker,
    asked: Instant,
}

/// One request's stay at a host: a slot until it is dropped, and the duty to say what came of it.
#[derive(Debug)]
pub(super) struct Visit {
    host: Arc<Host>,
    leave: Leave,
    told: bool,
    _slot: OwnedSemaphorePermit,
}

impl Hosts {
    pub(super) fn new(settings: HostSettings, seed: u64) -> Self {
        Self { settings, seed, known: Mutex::default() }
    }

    /// Waits for a slot at the host of `url`.
    ///
    /// # Errors
    /// [`LeftAlone`], at once or after the wait, when its breaker is open. It is not waited for:
    /// that would keep the fetch from the pictures of hosts that work.
    pub(super) async fn enter(&self, url: &Url) -> Result<Visit, LeftAlone> {
        let host = self.host(url);
        if host.condition().breaker.refuses(Instant::now()) {
            return Err(LeftAlone);
        }
        let slot = Arc::clone(&host.slots)
            .acquire_owned()
            .await
            .expect("nothing ever closes this semaphore");
        let leave = {
            let mut condition = host.condition();
            condition.asked = Instant::now();
            let now = condition.asked;
            condition.breaker.admit(now)?
        };
        Ok(Visit { host, leave, told: false, _slot: slot })
    }

    fn host(&self, url: &Url) -> Arc<Host> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let port = url.port_or_known_default().unwrap_or_default();
        let name = format!("{}:{port}", url.host_str().unwrap_or_default());
        if let Some(host) = known.get(&name) {
            return Arc::clone(host);
        }
        if known.len() >= self.settings.remembered {
            forget_one(&mut known);
        }
        let seed = self.seed.wrapping_add(known.len() as u64);
        let host = Arc::new(Host::new(name.clone(), &self.settings, seed));
        known.insert(name, Arc::clone(&host));
        host
    }
}

/// Forgets a host that nobody asks now: one that works if there is one, the longest unasked first.
/// More are asked at once than are remembered only if that was set so; then none is forgotten.
fn forget_one(known: &mut HashMap<String, Arc<Host>>) {
    let idle = known.iter().filter(|(_, host)| Arc::strong_count(host) == 1);
    let least = idle.min_by_key(|(_, host)| {
        let condition = host.condition();
        (!condition.breaker.is_blank(), condition.asked)
    });
    if let Some(name) = least.map(|(name, _)| name.clone()) {
        known.remove(&name);
    }
}

impl Host {
    fn new(name: String, settings: &HostSettings, seed: u64) -> Self {
        let breaker = Breaker::new(settings.breaker.clone(), seed);
        Self {
            name,
            slots: Arc::new(Semaphore::new(settings.at_once)),
            condition: Mutex::new(Condition { breaker, asked: Instant::now() }),
        }
    }

    fn condition(&self) -> MutexGuard<'_, Condition> {
        self.condition.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Ends the visit, with what is to be said against the host.
    pub(super) fn end(mut self, blame: Blame) {
        self.told = true;
        let turn = self.host.condition().breaker.told(self.leave, blame, Instant::now());
        let host = &self.host.name;
        match turn {
            Some(Turn::Opened) => tracing::warn!(host, "it fails again and again; left alone"),
            Some(Turn::Closed) => tracing::info!(host, "it works again"),
            None => {}
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if !self.told {
            self.host.condition().breaker.abandoned(self.leave, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn url(host: &str) -> Url {
        format!("http://{host}/").parse().unwrap()
    }

    fn hosts(at_once: usize, failures: u32, remembered: usize) -> Hosts {
        let breaker = BreakerSettings { failures, ..BreakerSettings::default() };
        Hosts::new(HostSettings { at_once, breaker, remembered }, 1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_is_asked_so_often_at_once_and_its_neighbour_is_not_kept_waiting() {
        let hosts = hosts(2, 3, 8);
        let first = hosts.enter(&url("a")).await.unwrap();
        let _second = hosts.enter(&url("a")).await.unwrap();
        let wait = Duration::from_hours(1);

        assert!(tokio::time::timeout(wait, hosts.enter(&url("a"))).await.is_err());
        assert!(hosts.enter(&url("b")).await.is_ok());
        assert!(hosts.enter(&url("a:81")).await.is_ok(), "another port is another server");

        first.end(Blame::None);
        assert!(hosts.enter(&url("a")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_failed_is_left_alone_even_by_those_who_waited_for_a_slot() {
        let hosts = Arc::new(hosts(1, 1, 8));
        let visit = hosts.enter(&url("a")).await.unwrap();
        let waiting = tokio::spawn({
            let hosts = Arc::clone(&hosts);
            async move { hosts.enter(&url("a")).await.map(drop) }
        });
        tokio::task::yield_now().await;

        visit.end(Blame::Failed);

        assert_eq!(waiting.await.unwrap(), Err(LeftAlone));
        assert!(hosts.enter(&url("a")).await.is_err());
        assert!(hosts.enter(&url("b")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_dropped_is_made_again() {
        let hosts = hosts(1, 1, 8);
        hosts.enter(&url("a")).await.unwrap().end(Blame::Failed);
        tokio::time::advance(Duration::from_secs(5)).await;

        drop(hosts.enter(&url("a")).await.unwrap());

        assert!(hosts.enter(&url("a")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_hosts_are_remembered_and_broken_ones_the_longest() {
        let hosts = hosts(1, 1, 3);
        hosts.enter(&url("broken")).await.unwrap().end(Blame::Failed);
        let _visited = hosts.enter(&url("visited")).await.unwrap();
        for number in 0..100 {
            tokio::time::advance(Duration::from_millis(1)).await;
            hosts.enter(&url(&format!("host-{number}"))).await.unwrap().end(Blame::None);
        }
        let known = hosts.known.lock().unwrap();
        let mut names: Vec<_> = known.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["broken:80", "host-99:80", "visited:80"]);
    }
}
