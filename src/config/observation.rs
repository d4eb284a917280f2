//! What the process tells of itself: the admin server, logs and traces.

use std::net::SocketAddr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;

use super::options::{AdminOptions, LogOptions};
use super::values::given;
use super::{Engines, Problems, locations, values};
use crate::adapters::otlp::OtlpSettings;

/// Where the admin server of the production service listens unless told otherwise; the port is the one
/// that OpenTelemetry's Prometheus exporter uses.
pub const DEFAULT_ADMIN_ADDRESS: &str = "127.0.0.1:9464";

/// What the process tells of itself.
#[derive(Clone, Debug, Default)]
pub struct AdminConfig {
    /// Where the admin server listens, if there is one.
    pub address: Option<SocketAddr>,
    /// How long it outlives the pipeline.
    pub last_scrape: Duration,
}

/// The log lines' format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For machines, one object a line.
    Json,
}

impl AdminConfig {
    pub(super) fn new(options: &AdminOptions, engines: &Engines, problems: &mut Problems) -> Self {
        let service = matches!(engines, Engines::Service(_));
        let address = options.admin_address.as_deref();
        let address = address.or(service.then_some(DEFAULT_ADMIN_ADDRESS));
        let address = address.and_then(|text| {
            let address = text.parse();
            if address.is_err() {
                let remedy = "write an address and a port, for instance 127.0.0.1:9464";
                problems.note("admin-address", text, remedy);
            }
            address.ok()
        });
        let by_default = if service { "15s" } else { "0s" };
        let last_scrape = options.last_scrape.as_deref().unwrap_or(by_default);
        let last_scrape = problems.parse("last-scrape", last_scrape, values::duration_or_zero);
        Self { address, last_scrape }
    }
}

pub(super) fn log_format(options: &LogOptions, problems: &mut Problems) -> LogFormat {
    problems.parse("log-format", &options.log_format, |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("write text or json"),
    })
}

pub(super) fn log_level(
    options: &LogOptions,
    engines: &Engines,
    problems: &mut Problems,
) -> String {
    let by_default = if matches!(engines, Engines::Service(_)) { "info" } else { "warn" };
    let level = options.log_level.as_deref().unwrap_or(by_default);
    if EnvFilter::try_new(level).is_err() {
        let remedy = "write error, warn, info, debug or trace, or a list like warn,actors=debug";
        problems.note("log-level", level, remedy);
    }
    level.to_owned()
}

/// Only the service has traces. A host may have a collector's address for others of its programs, which
/// is none of a folder's business.
pub(super) fn traces(
    options: &LogOptions,
    engines: &Engines,
    problems: &mut Problems,
) -> Option<OtlpSettings> {
    let ratio = problems.parse("trace-ratio", &options.trace_ratio, |text| {
        let ratio = text.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.ok_or("write a number from 0 to 1")
    });
    if matches!(engines, Engines::Folder(_)) {
        return None;
    }
    let endpoint =
        locations::web_address("otlp-endpoint", given(options.otlp_endpoint.as_deref())?, problems);
    Some(OtlpSettings { endpoint, ratio })
}
