//! An endpoint that answers what a test tells it to, and keeps what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use inference_manager::adapters::aws;
use serde_json::{Value, json};

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `ReceiveMessage`, `PublishBatch`, …; an object's path where it is S3 that was asked.
    pub action: String,
    /// The request: JSON as SQS speaks it, or a form's fields, which SNS speaks.
    pub body: Value,
}

impl Asked {
    /// The entries of a batch of SQS.
    pub fn entries(&self) -> Vec<Value> {
        self.body["Entries"].as_array().cloned().unwrap_or_default()
    }
}

/// One answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Done; the answer.
    Ok(Value),
    /// Done; the answer as text.
    Text(String),
    /// An error: its status and code.
    Fault(u16, &'static str),
    /// A whole answer that is none.
    Garbage,
    /// The connection ends within the answer.
    Cut,
    /// Nothing, ever.
    Silence,
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The endpoint; it ends with the test's runtime.
pub struct Endpoint {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Endpoint {
    /// Answers by `script`.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, script): (_, Arc<Script>) = (Arc::clone(&asked), Arc::new(script));
        let answer = move |uri: axum::http::Uri, headers: HeaderMap, body: Bytes| {
            let (kept, script) = (Arc::clone(&kept), Arc::clone(&script));
            async move {
                let asked = asked_in(uri.path(), &headers, &body);
                kept.lock().unwrap().push(asked.clone());
                response(script(&asked)).await
            }
        };
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    /// The production configuration, pointed here, with credentials that nobody checks. Without the
    /// SDK's own retries: a test counts what is asked.
    pub async fn config(&self) -> SdkConfig {
        self.loader().retry_config(RetryConfig::disabled()).load().await
    }

    /// The same with retries.
    pub async fn config_with_retries(&self) -> SdkConfig {
        self.loader().load().await
    }

    /// The same without retries, with less patience.
    pub async fn impatient_config(&self, attempt: Duration) -> SdkConfig {
        let loader = self.loader().retry_config(RetryConfig::disabled());
        loader.timeout_config(aws::timeouts(attempt)).load().await
    }

    fn loader(&self) -> aws_config::ConfigLoader {
        inference_manager::tls::install();
        aws::loader()
            .endpoint_url(&self.url)
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
    }

    /// What was asked so far, of one action.
    pub fn asked(&self, action: &str) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.action == action).cloned().collect()
    }

    /// How many requests there were, but for the look at the queues that opens them.
    pub fn requests(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|asked| asked.action != "GetQueueAttributes").count()
    }
}

fn asked_in(path: &str, headers: &HeaderMap, body: &[u8]) -> Asked {
    if let Some(target) = headers.get("x-amz-target") {
        let target = target.to_str().unwrap();
        let action = target.rsplit('.').next().unwrap().to_owned();
        return Asked { action, body: serde_json::from_slice(body).unwrap() };
    }
    let fields: serde_json::Map<String, Value> = url::form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let action = fields.get("Action").and_then(Value::as_str).unwrap_or(path).to_owned();
    Asked { action, body: Value::Object(fields) }
}

async fn response(reply: Reply) -> Response<Body> {
    let answer = |status: u16, body: Body| Response::builder().status(status).body(body).unwrap();
    match reply {
        Reply::Ok(value) => answer(200, value.to_string().into()),
        Reply::Text(text) => answer(200, text.into()),
        Reply::Fault(status, code) => {
            let error =
                json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": "as told"});
            answer(status, error.to_string().into())
        }
        Reply::Garbage => answer(200, "<html>a proxy's greeting</html>".into()),
        Reply::Cut => {
            let pieces = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("cut"))];
            answer(200, Body::from_stream(futures_util::stream::iter(pieces)))
        }
        Reply::Silence => std::future::pending().await,
    }
}

/// A batch's answer: done, or refused with a code and whose fault it was; `None` is not named at all.
pub fn batch(entries: &[Value], answers: &[Option<Result<(), (&str, bool)>>]) -> Reply {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    // Backwards: nobody promises an order.
    for (entry, answer) in entries.iter().zip(answers).rev() {
        match answer {
            Some(Ok(())) => {
                let id = &entry["Id"];
                done.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": ""}));
            }
            Some(Err((code, sender))) => {
                failed.push(json!({"Id": entry["Id"], "Code": code, "SenderFault": sender}));
            }
            None => {}
        }
    }
    Reply::Ok(json!({"Successful": done, "Failed": failed}))
}

/// A batch of which everything was done.
pub fn all_done(asked: &Asked) -> Reply {
    let entries = asked.entries();
    batch(&entries, &vec![Some(Ok(())); entries.len()])
}

/// Every whole-call fault that a service may answer with; none of them says anything of a message.
pub const OUTAGES: [Reply; 15] = [
    Reply::Fault(400, "ThrottlingException"),
    Reply::Fault(403, "RequestThrottled"),
    Reply::Fault(429, "TooManyRequests"),
    Reply::Fault(400, "OverLimit"),
    Reply::Fault(500, "InternalFailure"),
    Reply::Fault(503, "ServiceUnavailable"),
    Reply::Fault(403, "ExpiredToken"),
    Reply::Fault(400, "InvalidClientTokenId"),
    Reply::Fault(403, "AccessDeniedException"),
    Reply::Fault(400, "QueueDoesNotExist"),
    Reply::Fault(400, "KmsDisabled"),
    Reply::Fault(400, "InvalidAddress"),
    Reply::Fault(400, "ReceiptHandleIsInvalid"),
    Reply::Garbage,
    Reply::Cut,
];
