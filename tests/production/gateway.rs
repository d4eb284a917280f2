//! A gateway before a server: it counts what it is asked, carries it there, and answers what a test names
//! as a server in trouble would.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri, header};
use tokio::sync::watch;

/// What befalls a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is kept until the test decides otherwise.
    Hold,
    /// The connection breaks within the answer; the server is never asked.
    Cut,
    /// The server is never asked, and this is the answer.
    Status(u16),
    /// The server is asked this late.
    Late(Duration),
}

/// The gateway.
pub struct Gateway {
    /// Where it is.
    pub url: String,
    way: Arc<Way>,
}

struct Way {
    server: String,
    client: reqwest::Client,
    /// Requests with this text meet this trouble.
    trouble: watch::Sender<Option<(String, Trouble)>>,
    asked: Mutex<Vec<String>>,
    answered: Mutex<Vec<String>>,
}

impl Gateway {
    /// An open gateway to the server at `url`.
    pub async fn to(url: &str) -> Self {
        inference_manager::tls::install();
        // A connection each: one that the server has closed meanwhile would be trouble that no test named.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build();
        let way = Arc::new(Way {
            server: url.trim_end_matches('/').to_owned(),
            client: client.expect("nothing is asked of it yet"),
            trouble: watch::Sender::default(),
            asked: Mutex::default(),
            answered: Mutex::default(),
        });
        let routes = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
        let address = super::serve(routes.with_state(Arc::clone(&way))).await;
        Self { url: format!("http://{address}"), way }
    }

    /// From now on, and for those held already, every request with `text` in its path, action or body
    /// meets this trouble, and no other request any.
    pub fn trouble(&self, text: &str, trouble: Trouble) {
        self.way.trouble.send_replace(Some((text.to_owned(), trouble)));
    }

    /// Everything is carried again.
    pub fn mend(&self) {
        self.way.trouble.send_replace(None);
    }

    /// How many requests there were with `text` in their path or action.
    pub fn asked(&self, text: &str) -> usize {
        count(&self.way.asked, text)
    }

    /// How many of them have no answer yet.
    pub fn under_way(&self, text: &str) -> usize {
        let answered = count(&self.way.answered, text);
        self.asked(text) - answered
    }
}

fn count(requests: &Mutex<Vec<String>>, text: &str) -> usize {
    let requests = requests.lock().expect("nothing panics while it holds it");
    requests.iter().filter(|request| request.contains(text)).count()
}

/// A request under way; answered when dropped, for whoever asked may be gone.
struct UnderWay<'a>(&'a Way, String);

impl<'a> UnderWay<'a> {
    fn new(way: &'a Way, name: String) -> Self {
        way.asked.lock().expect("nothing panics while it holds it").push(name.clone());
        Self(way, name)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Ok(mut answered) = self.0.answered.lock() {
            answered.push(std::mem::take(&mut self.1));
        }
    }
}

async fn answer(
    State(way): State<Arc<Way>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    // Of SQS the action stands in a header, of SNS in the body.
    let action = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let name = format!("{uri} {}", action.unwrap_or_default());
    let text = format!("{name} {}", String::from_utf8_lossy(&body));
    let _under_way = UnderWay::new(&way, name);
    match met(&way, &text).await {
        Some(Trouble::Cut) => {
            let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("cut"))];
            Response::new(Body::from_stream(futures_util::stream::iter(pieces)))
        }
        Some(Trouble::Status(status)) => plain(status, "{}"),
        Some(Trouble::Late(by)) => {
            tokio::time::sleep(by).await;
            carry(&way, method, &uri, headers, body).await
        }
        Some(Trouble::Hold) | None => carry(&way, method, &uri, headers, body).await,
    }
}

/// The trouble that a request meets, once it is held no more.
async fn met(way: &Way, text: &str) -> Option<Trouble> {
    let mut troubles = way.trouble.subscribe();
    let of = |trouble: Option<&(String, Trouble)>| {
        trouble.filter(|(part, _)| text.contains(part.as_str())).map(|(_, trouble)| *trouble)
    };
    let decided = troubles.wait_for(|trouble| of(trouble.as_ref()) != Some(Trouble::Hold)).await;
    of(decided.expect("the way keeps the sender").as_ref())
}

async fn carry(
    way: &Way,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    let request = way.client.request(method, format!("{}{uri}", way.server));
    let Ok(answer) = request.headers(headers).body(body).send().await else {
        return plain(502, "the server does not answer");
    };
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    let Ok(body) = answer.bytes().await else {
        return plain(502, "the server breaks off");
    };
    let mut response = Response::new(Body::from(body));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}

fn plain(status: u16, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).expect("the test names a status");
    response
}
