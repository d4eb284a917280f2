//! A host of pictures in this process, which answers each path as it is told and notes what was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// What a path answers.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    bytes: Vec<u8>,
    before: Vec<u16>,
    delay: Duration,
}

impl Answer {
    /// 200 with these bytes.
    pub fn ok(bytes: Vec<u8>) -> Self {
        Self { status: 200, bytes, before: Vec::new(), delay: Duration::ZERO }
    }

    /// This status with a text for people.
    pub fn status(status: u16) -> Self {
        let bytes = if status == 204 { Vec::new() } else { b"for people".to_vec() };
        Self { status, bytes, before: Vec::new(), delay: Duration::ZERO }
    }

    /// The same, this late.
    pub fn late(mut self, by: Duration) -> Self {
        self.delay = by;
        self
    }

    /// The same, after the first requests were answered with these.
    pub fn after(mut self, statuses: &[u16]) -> Self {
        self.before = statuses.to_vec();
        self
    }
}

#[derive(Default)]
struct Site {
    answers: HashMap<String, Answer>,
    asked: Vec<String>,
}

/// The host.
pub struct Images {
    address: String,
    site: Arc<Mutex<Site>>,
}

impl Images {
    /// On a port of its own.
    pub async fn start() -> Self {
        let site = Arc::<Mutex<Site>>::default();
        let routes = Router::new().fallback(answer).with_state(Arc::clone(&site));
        Self { address: super::serve(routes).await, site }
    }

    /// Answers `path` so from now on.
    pub fn serve(&self, path: &str, answer: Answer) {
        self.site.lock().expect("no test panics in it").answers.insert(path.to_owned(), answer);
    }

    /// The address of `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every path that was asked, in order.
    pub fn asked(&self) -> Vec<String> {
        self.site.lock().expect("no test panics in it").asked.clone()
    }
}

async fn answer(State(site): State<Arc<Mutex<Site>>>, uri: Uri) -> Response {
    let (status, bytes, delay) = {
        let mut site = site.lock().expect("no test panics in it");
        site.asked.push(uri.path().to_owned());
        match site.answers.get_mut(uri.path()) {
            None => (404, Vec::new(), Duration::ZERO),
            Some(answer) if answer.before.is_empty() => {
                (answer.status, answer.bytes.clone(), answer.delay)
            }
            Some(answer) => (answer.before.remove(0), Vec::new(), Duration::ZERO),
        }
    };
    tokio::time::sleep(delay).await;
    (StatusCode::from_u16(status).expect("the test names a status"), bytes).into_response()
}
