//! The port's engine: finds a record's URL and runs an errand for it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actors::flow::credits::Budget;
use actors::input::Raw;
use actors::ports::{FetchError, Fetcher};
use actors::record::Record;
use async_trait::async_trait;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, redirect, retry};

use super::address_guard::AddressGuard;
use super::errand::Errand;
use super::hosts::Hosts;
use super::location::{picture_url, shown};
use super::resolver::{GuardedResolver, Lookup, SystemLookup};
use super::settings::HttpFetcherSettings;
use crate::causes::root_cause;

/// Who asks, so that a host's operator knows whom to talk to.
const USER_AGENT: &str = concat!("inference-manager/", env!("CARGO_PKG_VERSION"));

/// How long an unused connection is kept: less than hosts keep theirs (60 s behind AWS' load balancer,
/// 75 s at nginx), so that a request seldom meets a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(30);

/// Fetches pictures over HTTP and HTTPS, from public addresses and those that were allowed.
///
/// Proxies of the environment are not used: they would connect in the guard's place. Nothing is sent
/// that tells more than the URL: no cookies, no referrer, no credentials.
pub struct HttpFetcher {
    engine: Engine,
    errands: AtomicU64,
}

/// What all fetches share.
pub(super) struct Engine {
    pub(super) client: Client,
    pub(super) guard: Arc<AddressGuard>,
    pub(super) hosts: Hosts,
    pub(super) settings: HttpFetcherSettings,
}

/// Why there is no fetcher.
#[derive(Debug, thiserror::Error)]
pub enum HttpFetcherError {
    /// TLS cannot be set up, most likely for want of the system's root certificates.
    #[error("no HTTPS client can be built: {cause}; install the system's root certificates")]
    Client {
        /// What the client says.
        cause: String,
    },
}

impl HttpFetcher {
    /// A fetcher over the system's resolver. Asks nobody.
    ///
    /// # Errors
    /// [`HttpFetcherError`], for want of root certificates.
    pub fn open(settings: HttpFetcherSettings) -> Result<Self, HttpFetcherError> {
        Self::with_lookup(settings, Arc::new(SystemLookup::default()))
    }

    /// A fetcher over a resolver of the caller's. Its answers are judged as the system's are.
    ///
    /// # Errors
    /// [`HttpFetcherError`], for want of root certificates.
    pub fn with_lookup(
        settings: HttpFetcherSettings,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, HttpFetcherError> {
        let guard = Arc::new(AddressGuard::new(settings.allow.clone(), settings.hosts.clone()));
        let resolver = GuardedResolver { guard: Arc::clone(&guard), lookup };
        let client = client(&settings, resolver)?;
        let hosts = Hosts::new(settings.per_host.clone(), settings.seed);
        let engine = Engine { client, guard, hosts, settings };
        Ok(Self { engine, errands: AtomicU64::new(0) })
    }
}

fn client(
    settings: &HttpFetcherSettings,
    resolver: GuardedResolver,
) -> Result<Client, HttpFetcherError> {
    crate::tls::install();
    let mut headers = HeaderMap::new();
    // What is packed would be parked: nothing here unpacks, and so no bomb goes off.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .user_agent(USER_AGENT)
        .default_headers(headers)
        .dns_resolver(resolver)
        .no_proxy()
        .referer(false)
        .redirect(redirect::Policy::none()) // an Errand follows them, with its own judgement
        .retry(retry::never()) // so are tries
        .connect_timeout(settings.connecting)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(settings.per_host.at_once)
        .build()
        .map_err(|error| HttpFetcherError::Client { cause: root_cause(&error) })
}

#[async_trait]
impl Fetcher for HttpFetcher {
    async fn fetch(&self, record: &Record, bytes: &Budget) -> Result<Raw, FetchError> {
        let url = picture_url(&record.document)?;
        // Logs and parked records show it; the record's document has it whole.
        let location = shown(&url);
        let number = self.errands.fetch_add(1, Ordering::Relaxed);
        let rng = SmallRng::seed_from_u64(self.engine.settings.seed.wrapping_add(number));
        let mut errand = Errand::new(&self.engine, bytes, rng);
        match errand.run(&url).await {
            Ok((bytes, reservation)) => {
                let (id, version) = (record.id.clone(), record.version);
                Ok(Raw { id, version, bytes: bytes.into(), location, reservation })
            }
            Err((class, cause)) => {
                Err(FetchError { class, location: Some(location), bytes: errand.size, cause })
            }
        }
    }
}

impl fmt::Debug for HttpFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFetcher").field("settings", &self.engine.settings).finish()
    }
}
