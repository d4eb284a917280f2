//! Traces as OpenTelemetry has them, exported by OTLP over HTTP.
//!
//! ```text
//!  augment ───────────────────────────────────────────  consumer, below the sender's span
//!    retriever ──┐
//!                downloader ──┐
//!                             inferrer ──┐
//!                                        sink ──┐       what SNS announces stands below `augment`
//!                                               ledger
//! ```
//!
//! Spans are made when a message has been settled, from the times its delivery left on its way: while
//! it is worked on, tracing costs a few clock readings. They are exported by a thread of their own, in
//! batches; what does not fit its queue is dropped. Attributes follow the semantic conventions for
//! messaging, whose status is still Development (1.37).

use std::time::Duration;

use actors::failure::Stage;
use actors::ports::{Passage, Tracer};
use actors::trace::{Trace, TraceContext};
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use url::Url;

use crate::version;

/// Where traces go, and of which messages.
#[derive(Clone, Debug)]
pub struct OtlpSettings {
    /// The collector; `/v1/traces` is appended.
    pub endpoint: Url,
    /// How many of the messages whose sender has not decided are traced, 0 to 1.
    pub ratio: f64,
}

/// How long one export may take: as long as OpenTelemetry's default.
const EXPORT: Duration = Duration::from_secs(10);

/// How long the last export may take when the process ends.
const LAST_EXPORT: Duration = Duration::from_secs(3);

/// Records traces.
#[derive(Debug)]
pub struct OtlpTracer {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    ratio: f64,
}

impl OtlpTracer {
    /// Starts the thread that exports. Not to be called where blocking is forbidden: its client has a
    /// runtime of its own.
    ///
    /// # Errors
    /// A sentence where no exporter can be built. Whether a collector answers is not asked.
    pub fn start(settings: &OtlpSettings) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("no traces can be exported: {error}");
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(EXPORT).build();
        let client = client.map_err(|error| failed(&error))?;
        let base = settings.endpoint.as_str().trim_end_matches('/');
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{base}/v1/traces"))
            .build()
            .map_err(|error: ExporterBuildError| failed(&error))?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        processor.set_resource(&resource());
        let scope = InstrumentationScope::builder("inference-manager");
        let scope = scope.with_version(version::VERSION).build();
        Ok(Self { processor, scope, ratio: settings.ratio })
    }

    fn span(&self, at: TraceContext, name: &'static str, kind: SpanKind) -> SpanData {
        SpanData {
            span_context: span_context(at),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: kind,
            name: name.into(),
            start_time: std::time::SystemTime::UNIX_EPOCH,
            end_time: std::time::SystemTime::UNIX_EPOCH,
            attributes: Vec::new(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        }
    }

    fn message(&self, passage: &Passage<'_>) -> SpanData {
        let Passage { trace, began, took, id, attempt, outcome, class, .. } = passage;
        let mut attributes = vec![
            KeyValue::new("messaging.system", "aws_sqs"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("inference.attempt", i64::from(*attempt)),
            KeyValue::new("inference.outcome", outcome.as_str()),
        ];
        attributes.extend(id.map(|id| KeyValue::new("inference.record.id", id.to_string())));
        attributes.extend(class.map(|class| KeyValue::new("error.type", class.as_str())));
        SpanData {
            parent_span_id: trace.sender.map_or(SpanId::INVALID, |sender| sender.span_id.into()),
            parent_span_is_remote: trace.sender.is_some(),
            start_time: *began,
            end_time: *began + *took,
            attributes,
            status: class.map_or(Status::Unset, |class| Status::error(class.as_str())),
            ..self.span(trace.own, "augment", SpanKind::Consumer)
        }
    }

    /// A stage's span, from when it was reached to when the next one was.
    fn stage(&self, passage: &Passage<'_>, stage: Stage, from: Duration, to: Duration) -> SpanData {
        let own = TraceContext { span_id: nonzero(rand::random), ..passage.trace.own };
        SpanData {
            parent_span_id: passage.trace.own.span_id.into(),
            start_time: passage.began + from,
            end_time: passage.began + to.max(from),
            ..self.span(own, stage.as_str(), SpanKind::Internal)
        }
    }
}

impl Tracer for OtlpTracer {
    fn begin(&self, sender: Option<TraceContext>) -> Option<Trace> {
        let trace_id = sender.map_or_else(|| nonzero(rand::random), |sender| sender.trace_id);
        let sampled =
            sender.map_or_else(|| is_chosen(trace_id, self.ratio), |sender| sender.sampled);
        let span_id = nonzero(rand::random);
        Some(Trace { own: TraceContext { trace_id, span_id, sampled }, sender })
    }

    fn end(&self, passage: &Passage<'_>) {
        if !passage.trace.own.sampled {
            return;
        }
        let ends = passage.stops.iter().skip(1).map(|(_, at)| *at).chain([passage.took]);
        for ((stage, from), to) in passage.stops.iter().zip(ends) {
            self.processor.on_end(self.stage(passage, *stage, *from, to));
        }
        self.processor.on_end(self.message(passage));
    }

    fn finish(&self) {
        if let Err(error) = self.processor.shutdown_with_timeout(LAST_EXPORT) {
            tracing::warn!(%error, "the last traces may be lost");
        }
    }
}

/// Who exports: what the environment says (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`), under our
/// name where it says none.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", version::VERSION);
    let told = Resource::builder().with_attribute(version.clone()).build();
    let name = told.get(&"service.name".into());
    if name.is_some_and(|name| !name.as_str().starts_with("unknown_service")) {
        return told;
    }
    Resource::builder().with_attribute(version).with_service_name("inference-manager").build()
}

fn span_context(at: TraceContext) -> SpanContext {
    let flags = if at.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span) = (TraceId::from(at.trace_id), SpanId::from(at.span_id));
    SpanContext::new(trace, span, flags, false, TraceState::default())
}

/// By the last 56 bits, as the standard has it, so that every service chooses the same traces.
fn is_chosen(trace_id: u128, ratio: f64) -> bool {
    const RANGE: u64 = 1 << 56;
    let place = (trace_id & u128::from(RANGE - 1)) as f64;
    place < ratio * RANGE as f64
}

/// A random number that is not 0, which no id may be.
fn nonzero<T: Default + PartialEq>(random: impl Fn() -> T) -> T {
    loop {
        let number = random();
        if number != T::default() {
            return number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_chooses_that_part_of_all_traces() {
        let chosen = |ratio| (0..10_000).filter(|_| is_chosen(rand::random(), ratio)).count();
        assert_eq!((chosen(0.0), chosen(1.0)), (0, 10_000));
        // Six standard deviations of a binomial distribution to either side.
        assert!((2_240..=2_760).contains(&chosen(0.25)));
    }

    #[test]
    fn senders_decide_for_their_traces() {
        let endpoint = "http://127.0.0.1:1".parse().unwrap();
        crate::tls::install();
        let tracer = OtlpTracer::start(&OtlpSettings { endpoint, ratio: 0.0 }).unwrap();
        let sender = |sampled| Some(TraceContext { trace_id: 7, span_id: 8, sampled });

        for sampled in [true, false] {
            let Trace { own, sender: told } = tracer.begin(sender(sampled)).unwrap();
            assert_eq!((own.trace_id, own.sampled, told), (7, sampled, sender(sampled)));
            assert_ne!(own.span_id, 8);
        }
        assert!(!tracer.begin(None).unwrap().own.sampled);
    }
}
