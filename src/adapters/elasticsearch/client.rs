//! One HTTP client for the cluster: connections kept, everything bounded, nothing followed.

use std::io::Write;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use data_encoding::BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, Method, redirect};
use secrecy::ExposeSecret;
use url::Url;

use super::settings::{Credentials, ElasticsearchSettings};
use crate::causes::root_cause;

/// How long an idle connection is kept: less than the minute after which load balancers drop one
/// without a word.
const IDLE: Duration = Duration::from_secs(50);

/// Talks to one cluster.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    authorisation: Option<HeaderValue>,
    compress: bool,
    longest_answer: usize,
    timeout: Duration,
    question_timeout: Duration,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, whole.
    pub body: Bytes,
}

/// Why there is no answer. Never holds credentials or a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// The body would not have ended within the bound.
    #[error("the cluster's answer is longer than {0} bytes")]
    TooLong(usize),
    /// Connected, and then silence.
    #[error("the cluster did not answer within {0:?}")]
    Overdue(Duration),
    /// No connection came about.
    #[error("no connection to the cluster: {0}")]
    Unconnected(String),
    /// A connection ended before the answer did.
    #[error("the connection to the cluster broke: {0}")]
    Broken(String),
}

impl Client {
    /// A client by `settings`; nothing is asked yet.
    ///
    /// # Errors
    /// A sentence about the setting that cannot be used.
    pub fn new(settings: &ElasticsearchSettings) -> Result<Self, String> {
        Ok(Self {
            http: http(settings)?,
            base: base(&settings.url)?,
            authorisation: authorisation(&settings.credentials)?,
            compress: settings.compress,
            longest_answer: settings.longest_answer,
            timeout: settings.timeout,
            question_timeout: settings.question_timeout,
        })
    }

    /// Asks something about the cluster. `path` is a list of segments, each escaped.
    ///
    /// # Errors
    /// [`NoReply`].
    pub async fn ask(&self, path: &[&str], query: &str) -> Result<Reply, NoReply> {
        let request = self.http.request(Method::GET, self.url(path, query));
        self.send(request, self.question_timeout).await
    }

    /// Asks something about the cluster, of a body.
    ///
    /// # Errors
    /// [`NoReply`].
    pub async fn inquire(&self, path: &[&str], body: &serde_json::Value) -> Result<Reply, NoReply> {
        let request = self.http.request(Method::POST, self.url(path, ""));
        let request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        self.send(request, self.question_timeout).await
    }

    /// Sends or asks for documents. `media_type` is plain JSON or NDJSON: the vendor's own types are
    /// refused by OpenSearch.
    ///
    /// # Errors
    /// [`NoReply`].
    pub async fn exchange(
        &self,
        path: &[&str],
        query: &str,
        media_type: &'static str,
        body: Bytes,
    ) -> Result<Reply, NoReply> {
        let request = self.http.request(Method::POST, self.url(path, query));
        let request = request.header(CONTENT_TYPE, media_type);
        let request = if self.compress {
            request.header(CONTENT_ENCODING, "gzip").body(gzipped(body).await?)
        } else {
            request.body(body)
        };
        self.send(request, self.timeout).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        timeout: Duration,
    ) -> Result<Reply, NoReply> {
        let request = match &self.authorisation {
            Some(authorisation) => request.header(AUTHORIZATION, authorisation),
            None => request,
        };
        let broken = |error| no_reply(error, timeout);
        let mut response = request.timeout(timeout).send().await.map_err(broken)?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > self.longest_answer {
                return Err(NoReply::TooLong(self.longest_answer));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status: response.status().as_u16(), body: body.freeze() })
    }

    fn url(&self, path: &[&str], query: &str) -> Url {
        let mut url = self.base.clone();
        // A base of http or https always has segments; `base` refused every other.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        url
    }
}

fn http(settings: &ElasticsearchSettings) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("inference-manager/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none()) // credentials must not travel to where an answer says
        .no_proxy() // nor through what the environment says
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE)
        .tcp_keepalive(IDLE / 2);
    let builder = if settings.url.scheme() == "http" {
        builder.tls_certs_only([]) // the system's certificates take a while to read
    } else if let Some(file) = &settings.authority {
        let unusable = |error: &dyn std::fmt::Display| {
            format!("{} is no PEM file of certificates: {error}", file.display())
        };
        let pem = std::fs::read(file).map_err(|error| unusable(&error))?;
        let trusted = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(&error))?;
        if trusted.is_empty() {
            return Err(unusable(&"it holds none"));
        }
        builder.tls_certs_merge(trusted)
    } else {
        builder
    };
    builder.build().map_err(|error| format!("no HTTPS client can be built: {}", root_cause(&error)))
}

fn base(url: &Url) -> Result<Url, String> {
    let complaint = if !matches!(url.scheme(), "http" | "https") {
        "begins with neither http nor https"
    } else if !url.username().is_empty() || url.password().is_some() {
        "holds credentials, which have settings of their own"
    } else if url.query().is_some() || url.fragment().is_some() {
        "has a query or a fragment"
    } else {
        return Ok(url.clone());
    };
    Err(format!("the URL of Elasticsearch {complaint}"))
}

fn authorisation(credentials: &Credentials) -> Result<Option<HeaderValue>, String> {
    let text = match credentials {
        Credentials::None => return Ok(None),
        Credentials::ApiKey(key) => format!("ApiKey {}", key.expose_secret().trim()),
        Credentials::Basic { username, password } => {
            let pair = format!("{username}:{}", password.expose_secret());
            format!("Basic {}", BASE64.encode(pair.as_bytes()))
        }
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| "the API key of Elasticsearch holds what no header may".to_owned())?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// Compressing 8 MB takes a tenth of a second, which the actors' thread does not have.
async fn gzipped(body: Bytes) -> Result<Vec<u8>, NoReply> {
    let compress = move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
        encoder.write_all(&body).and_then(|()| encoder.finish())
    };
    match tokio::task::spawn_blocking(compress).await {
        Ok(Ok(compressed)) => Ok(compressed),
        Ok(Err(error)) => Err(NoReply::Unconnected(format!("nothing was compressed: {error}"))),
        Err(error) => Err(NoReply::Unconnected(format!("nothing was compressed: {error}"))),
    }
}

fn no_reply(error: reqwest::Error, timeout: Duration) -> NoReply {
    if error.is_connect() {
        NoReply::Unconnected(root_cause(&error))
    } else if error.is_timeout() {
        NoReply::Overdue(timeout)
    } else {
        NoReply::Broken(root_cause(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> ElasticsearchSettings {
        ElasticsearchSettings::new(url.parse().unwrap(), "initial", "augmented")
    }

    fn client(url: &str) -> Result<Client, String> {
        crate::tls::install();
        Client::new(&settings(url))
    }

    #[test]
    fn a_path_prefix_is_kept_and_every_segment_is_escaped() {
        let cases = [
            ("http://es:9200", "http://es:9200/a%2Fb/_doc?x=1"),
            ("http://es:9200/", "http://es:9200/a%2Fb/_doc?x=1"),
            ("https://host/search/", "https://host/search/a%2Fb/_doc?x=1"),
            ("https://host/search", "https://host/search/a%2Fb/_doc?x=1"),
        ];
        for (base, expected) in cases {
            let url = client(base).unwrap().url(&["a/b", "_doc"], "x=1");
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn a_url_that_would_show_credentials_or_means_something_else_is_refused() {
        for bad in
            ["ftp://es", "http://user:hunter2@es", "http://user@es", "http://es?a", "http://es#a"]
        {
            let complaint = client(bad).unwrap_err();
            assert!(!complaint.contains("hunter2"), "{complaint}");
        }
    }

    #[test]
    fn credentials_go_into_the_header_and_nowhere_else() {
        let mut settings = settings("http://user-of-url:hunter3@es");
        settings.credentials = Credentials::ApiKey(" aHVudGVyMg==\n".to_owned().into());
        let header = authorisation(&settings.credentials).unwrap().unwrap();
        assert_eq!(header.to_str().unwrap(), "ApiKey aHVudGVyMg==");

        let basic =
            Credentials::Basic { username: "u".into(), password: "hunter2".to_owned().into() };
        let basic = authorisation(&basic).unwrap().unwrap();
        assert_eq!(basic.to_str().unwrap(), "Basic dTpodW50ZXIy");

        let shown = format!("{settings:?} {header:?} {basic:?}");
        for secret in ["aHVudGVyMg", "hunter", "dTpodW50ZXIy"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn an_authority_that_is_no_certificate_is_refused() {
        crate::tls::install();
        let mut settings = settings("https://es");
        settings.authority = Some("Cargo.toml".into());
        assert!(Client::new(&settings).unwrap_err().contains("Cargo.toml"));

        settings.authority = Some("no/such/file".into());
        assert!(Client::new(&settings).unwrap_err().contains("no/such/file"));
    }
}
