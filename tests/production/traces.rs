//! What a collector of OpenTelemetry receives, and what is passed on.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::stage::images::Answer;
use crate::stage::{Stage, serve};

const SENDER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-5cf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const X_RAYED: &str = "Root=1-6cf92f35-77b34da6a3ce929d0e0e4736;Parent=10f067aa0ba902b7;Sampled=1";

/// A collector that keeps what it is sent.
struct Collector {
    url: String,
    received: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    async fn start() -> Self {
        let received = Arc::<Mutex<Vec<ExportTraceServiceRequest>>>::default();
        let kept = Arc::clone(&received);
        let take = move |body: Bytes| async move {
            let request = ExportTraceServiceRequest::decode(body).expect("it is OTLP");
            kept.lock().unwrap().push(request);
        };
        let routes = Router::new().route("/v1/traces", post(take));
        Self { url: format!("http://{}", serve(routes).await), received }
    }

    fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().unwrap();
        let scopes = received.iter().flat_map(|request| &request.resource_spans);
        let spans = scopes.flat_map(|of| &of.scope_spans).flat_map(|scope| &scope.spans);
        spans.cloned().collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn each_message_is_one_trace_below_its_senders_and_sns_carries_it_on() {
    let stage = Stage::with_images(&["traced01", "untraced"]).await;
    stage.images.serve("/secret", Answer::status(404));
    stage.add("missing1", &stage.images.url("/secret?token=hunter2")).await;
    let (topic, listener) = stage.queue.topic_with_listener().await;
    let collector = Collector::start().await;
    let arguments = ["--topic-arn", &topic, "--otlp-endpoint", &collector.url];
    let service = stage.start(&arguments).await;

    stage.queue.send_traced(&stage.names.queue, "traced01", SENDER).await;
    stage.queue.send_traced(&stage.names.queue, "untraced", UNSAMPLED).await;
    stage.send("missing1").await;
    stage.settled(3).await;
    // Elsewhere, because the collector answers on this thread.
    let drained = tokio::task::spawn_blocking(move || service.drain());
    let said = drained.await.unwrap();

    let spans = collector.spans();
    let roots: Vec<&Span> = spans.iter().filter(|span| span.name == "augment").collect();
    assert_eq!(roots.len(), 2, "the one whose sender is not traced is not: {spans:?}\n{said}");
    let of = |id: &str| {
        let mut found = roots.iter().filter(|s| attribute(s, "inference.record.id") == Some(id));
        *found.next().unwrap_or_else(|| panic!("no trace of {id}"))
    };
    let (traced, missing) = (of("traced01"), of("missing1"));
    assert_eq!(hex(&traced.trace_id), &SENDER[3..35]);
    assert_eq!(hex(&traced.parent_span_id), &SENDER[36..52]);
    assert_eq!(attribute(traced, "inference.outcome"), Some("indexed"));
    assert_eq!(attribute(missing, "error.type"), Some("not_found"));
    assert!(missing.parent_span_id.is_empty() && missing.trace_id != traced.trace_id);

    let below = |root: &Span| {
        let mut children: Vec<&Span> =
            spans.iter().filter(|span| span.parent_span_id == root.span_id).collect();
        children.sort_by_key(|span| span.start_time_unix_nano);
        for pair in children.windows(2) {
            assert_eq!(pair[0].end_time_unix_nano, pair[1].start_time_unix_nano);
        }
        assert!(children.iter().all(|span| span.trace_id == root.trace_id));
        children.iter().map(|span| span.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(below(traced), ["retriever", "downloader", "inferrer", "sink", "ledger"]);
    assert_eq!(below(missing), ["retriever", "downloader", "ledger"]);

    let mut heard = stage.queue.traceparents(&listener).await;
    heard.sort();
    let passed_on = format!("00-{}-{}-01", &SENDER[3..35], hex(&traced.span_id));
    assert_eq!(heard[0], ("traced01".to_owned(), Some(passed_on)));
    let (id, unsampled) = &heard[1];
    let unsampled = unsampled.as_deref().unwrap_or_default();
    assert_eq!(id, "untraced");
    assert!(unsampled.starts_with(&UNSAMPLED[..35]) && unsampled.ends_with("-00"), "{unsampled}");
    assert!(!format!("{spans:?}").contains("hunter2"));
    stage.queue.delete_topic(&topic).await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_trace_begins_with_whoever_published_the_notification_or_with_whom_x_ray_saw() {
    let stage = Stage::with_images(&["notified", "x-rayed1"]).await;
    let collector = Collector::start().await;
    let service = stage.start(&["--otlp-endpoint", &collector.url]).await;

    let (topic, _) = stage.queue.topic_with_listener().await;
    stage.queue.subscribe_enveloped(&topic, &stage.names.queue).await;
    stage.queue.publish_traced(&topic, "notified", SENDER).await;
    stage.queue.send_x_rayed(&stage.names.queue, "x-rayed1", X_RAYED).await;
    stage.settled(2).await;
    let drained = tokio::task::spawn_blocking(move || service.drain());
    let said = drained.await.unwrap();

    let spans = collector.spans();
    for (id, trace, parent) in [
        ("notified", &SENDER[3..35], &SENDER[36..52]),
        ("x-rayed1", "6cf92f3577b34da6a3ce929d0e0e4736", "10f067aa0ba902b7"),
    ] {
        let mut of_it = spans.iter().filter(|s| attribute(s, "inference.record.id") == Some(id));
        let root = of_it.next().unwrap_or_else(|| panic!("no trace of {id}: {spans:?}\n{said}"));
        assert_eq!(
            (hex(&root.trace_id).as_str(), hex(&root.parent_span_id).as_str()),
            (trace, parent)
        );
    }
    stage.queue.delete_topic(&topic).await;
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_collector_that_is_not_there_holds_up_nothing() {
    let stage = Stage::with_images(&["untold01"]).await;
    // Discard: nobody listens there.
    let service = stage.start(&["--otlp-endpoint", "http://127.0.0.1:9"]).await;

    stage.send("untold01").await;
    stage.settled(1).await;

    let said = service.drain();
    assert!(said.contains("indexed=1"), "{said}");
}
