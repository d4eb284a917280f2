//! A server that answers what a test tells it to, byte for byte where need be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use inference_manager::adapters::elasticsearch::{ElasticsearchSettings, Opened, open};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::documents::specs;

/// What was asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// What is answered.
pub struct Answer {
    wait: Duration,
    then: Option<Box<dyn FnOnce() + Send>>,
    text: Option<Vec<u8>>,
}

impl Answer {
    pub fn reply(status: u16, body: &str) -> Self {
        Self::with_header(status, "content-type: application/json", body)
    }

    pub fn with_header(status: u16, header: &str, body: &str) -> Self {
        let length = body.len();
        Self::raw(&format!(
            "HTTP/1.1 {status} X\r\n{header}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }

    /// These bytes, and the end of the connection.
    pub fn raw(text: &str) -> Self {
        Self { wait: Duration::ZERO, then: None, text: Some(text.as_bytes().to_vec()) }
    }

    /// Nothing, for as long as somebody waits.
    pub fn silence() -> Self {
        Self { wait: Duration::ZERO, then: None, text: None }
    }

    pub fn after(mut self, wait: Duration, then: impl FnOnce() + Send + 'static) -> Self {
        self.wait = wait;
        self.then = Some(Box::new(then));
        self
    }

    /// What a cluster with both indices and nothing in them answers.
    pub fn existing(asked: &Asked) -> Self {
        if asked.path.contains("_mget") {
            return Self::reply(200, &mget(&asked.body, |_| json!({"found": false})));
        }
        if asked.path.contains("flat_settings") {
            return Self::reply(200, r#"{"augmented":{"mappings":{}}}"#);
        }
        if asked.path.contains("_bulk") {
            return Self::bulk(&asked.body, 201);
        }
        Self::reply(200, r#"{"version":{"number":"8.19.21"}}"#)
    }

    /// Every document of a bulk with this status.
    pub fn bulk(body: &[u8], status: u16) -> Self {
        Self::reply(200, &json!({ "items": bulk_items(body, status) }).to_string())
    }
}

/// The items that answer a bulk with this status.
pub fn bulk_items(body: &[u8], status: u16) -> Vec<Value> {
    let lines = String::from_utf8(body.to_vec()).unwrap();
    let actions = lines.lines().step_by(2).map(|line| serde_json::from_str::<Value>(line).unwrap());
    actions
        .map(|action| json!({"index": {"_id": action["index"]["_id"], "status": status}}))
        .collect()
}

/// The answer to an `_mget`, with what `found` says of each id.
pub fn mget(body: &[u8], found: impl Fn(&str) -> Value) -> String {
    let asked: Value = serde_json::from_slice(body).unwrap();
    let docs = asked["ids"].as_array().unwrap().iter().map(|id| {
        let mut doc = found(id.as_str().unwrap());
        doc["_id"] = id.clone();
        doc
    });
    json!({"docs": docs.collect::<Vec<_>>()}).to_string()
}

pub struct FakeServer {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeServer {
    /// Listens until the test ends.
    pub async fn start(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        inference_manager::tls::install();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&asked), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move {
                    let Some((asked, mut stream)) = read(stream).await else { return };
                    log.lock().unwrap().push(asked.clone());
                    answer(script(&asked), &mut stream).await;
                });
            }
        });
        Self { url, asked }
    }

    /// A server that is in order at start, and then answers documents as `script` says.
    pub async fn in_service(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(move |asked| {
            let probing = String::from_utf8_lossy(&asked.body).contains("no-such-document");
            let about_documents = asked.path.contains("_mget") || asked.path.contains("_bulk");
            if about_documents && !probing { script(asked) } else { Answer::existing(asked) }
        })
        .await
    }

    pub fn settings(&self) -> ElasticsearchSettings {
        ElasticsearchSettings {
            timeout: Duration::from_secs(20),
            question_timeout: Duration::from_secs(20),
            ..ElasticsearchSettings::new(self.url.parse().unwrap(), "initial", "augmented")
        }
    }

    pub async fn engines(&self) -> Opened {
        open(&self.settings(), &specs()).await.unwrap()
    }

    /// Everything asked so far whose path contains `part`.
    pub fn asked(&self, part: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.path.contains(part)).cloned().collect()
    }
}

async fn read(stream: TcpStream) -> Option<(Asked, BufReader<TcpStream>)> {
    let mut stream = BufReader::new(stream);
    let mut asked = Asked::default();
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    asked.path = line.split(' ').nth(1)?.to_owned();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        asked.headers.push((name.to_owned(), value.to_owned()));
    }
    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    asked.body = vec![0; length];
    stream.read_exact(&mut asked.body).await.ok()?;
    Some((asked, stream))
}

async fn answer(answer: Answer, stream: &mut BufReader<TcpStream>) {
    let Some(text) = answer.text else {
        // Until the other side has had enough.
        let _ = stream.read_u8().await;
        return;
    };
    tokio::time::sleep(answer.wait).await;
    if let Some(then) = answer.then {
        then();
    }
    let _ = stream.write_all(&text).await;
}
