//! What the options mean: parsed, checked against each other, all problems told at once.

mod engines;
pub mod options;
mod problems;
pub mod reference_names;
pub mod show;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use models::Device;
use tracing_subscriber::EnvFilter;

use crate::adapters::otlp::OtlpSettings;
use crate::adapters::s3_models::Place;

pub use engines::{Engines, FolderConfig, ServiceConfig};
use options::{AdminOptions, LimitOptions, LogOptions, ModelOptions, Options};
pub use problems::Problems;

/// Where the admin server of the production service listens unless told otherwise; the port is the one
/// that OpenTelemetry's Prometheus exporter uses.
pub const DEFAULT_ADMIN_ADDRESS: &str = "127.0.0.1:9464";

/// The inferrers that there are; the closed set behind `--workers` and `--device`.
pub const INFERRERS: [&str; 3] = ["features", "palette", "aspect-ratio"];

/// A configuration that cannot be wrong.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the pipeline works on.
    pub engines: Engines,
    /// The models.
    pub models: ModelConfig,
    /// The bounds.
    pub limits: Limits,
    /// What the process tells of itself.
    pub admin: AdminConfig,
    /// The log lines' format.
    pub log_format: LogFormat,
    /// The log filter, as it was checked.
    pub log_level: String,
    /// Where traces go, if anywhere.
    pub traces: Option<OtlpSettings>,
}

/// The models and how they are run.
#[derive(Clone, Debug, Default)]
pub struct ModelConfig {
    /// Where they are.
    pub set: SetLocation,
    devices: BTreeMap<String, Device>,
    workers: BTreeMap<String, usize>,
    /// The largest batch.
    pub batch: usize,
    /// When a worker is taken for hung.
    pub inference_deadline: Duration,
}

/// Where a model set is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SetLocation {
    /// Compiled in.
    #[default]
    Bundled,
    /// In a folder.
    Folder(PathBuf),
    /// In S3.
    Bucket {
        /// The set's folder.
        place: Place,
        /// Where its files are kept for the next start.
        cache: PathBuf,
    },
}

/// What the process tells of itself.
#[derive(Clone, Debug, Default)]
pub struct AdminConfig {
    /// Where the admin server listens, if there is one.
    pub address: Option<SocketAddr>,
    /// How long it outlives the pipeline.
    pub last_scrape: Duration,
}

/// The bounds of the process.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Messages in flight.
    pub in_flight: u32,
    /// Bytes in flight.
    pub bytes_in_flight: u32,
    /// Pixels in flight.
    pub pixels_in_flight: u32,
    /// Bytes of one picture.
    pub picture_bytes: u32,
    /// Pixels of one picture.
    pub picture_pixels: u32,
    /// The drain's deadline.
    pub drain: Duration,
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

impl Config {
    /// What `options` mean.
    ///
    /// # Errors
    /// Every problem.
    pub fn new(options: &Options) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let engines = Engines::new(options, &mut problems);
        let config = Self {
            models: ModelConfig::new(&options.models, &mut problems),
            limits: Limits::new(&options.limits, &mut problems),
            admin: AdminConfig::new(&options.admin, &engines, &mut problems),
            log_format: log_format(&options.logs, &mut problems),
            log_level: log_level(&options.logs, &engines, &mut problems),
            traces: traces(&options.logs, &mut problems),
            engines,
        };
        check_together(&config, options, &mut problems);
        check_drain(&config, options, &mut problems);
        check_idle(&config, options, &mut problems);
        problems.none_or(config)
    }
}

impl ModelConfig {
    /// What `options` mean.
    pub fn new(options: &ModelOptions, problems: &mut Problems) -> Self {
        let workers = options.workers.as_deref().unwrap_or_default();
        let deadline = &options.inference_deadline;
        Self {
            set: set_location(options, problems),
            devices: problems.parse("device", &options.device, devices),
            workers: problems.parse("workers", workers, worker_counts),
            batch: problems.parse("batch", &options.batch, values::count::<u16>).into(),
            inference_deadline: problems.parse("inference-deadline", deadline, values::duration),
        }
    }

    /// The engine of `inferrer`.
    #[must_use]
    pub fn device(&self, inferrer: &str) -> Device {
        self.devices.get(inferrer).or_else(|| self.devices.get("")).copied().unwrap_or_default()
    }

    /// How many workers `inferrer` gets.
    #[must_use]
    pub fn workers(&self, inferrer: &str) -> usize {
        let by_default = || if inferrer == "features" { cores() } else { 1 };
        let given = self.workers.get(inferrer).or_else(|| self.workers.get(""));
        given.copied().unwrap_or_else(by_default)
    }
}

/// The cores that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl Limits {
    fn new(options: &LimitOptions, problems: &mut Problems) -> Self {
        let LimitOptions {
            in_flight,
            bytes_in_flight,
            pixels_in_flight,
            picture_bytes,
            picture_pixels,
            drain,
        } = options;
        Self {
            in_flight: problems.parse("in-flight", in_flight, messages),
            bytes_in_flight: problems.parse("bytes-in-flight", bytes_in_flight, values::size),
            pixels_in_flight: problems.parse("pixels-in-flight", pixels_in_flight, values::count),
            picture_bytes: problems.parse("picture-bytes", picture_bytes, values::size),
            picture_pixels: problems.parse("picture-pixels", picture_pixels, values::count),
            drain: problems.parse("drain", drain, values::duration),
        }
    }
}

/// The most messages that may be in flight: an actor looks at all of its calls whenever one of them
/// moves, which is fine for hundreds and not for thousands.
const MOST_IN_FLIGHT: u32 = 1000;

fn messages(text: &str) -> Result<u32, String> {
    values::count(text)
        .ok()
        .filter(|count| *count <= MOST_IN_FLIGHT)
        .ok_or_else(|| format!("write a whole number from 1 to {MOST_IN_FLIGHT}"))
}

/// Checks the values that must fit each other, once each of them is right by itself.
fn check_together(config: &Config, options: &Options, problems: &mut Problems) {
    let Limits { bytes_in_flight, pixels_in_flight, picture_bytes, picture_pixels, .. } =
        config.limits;
    if picture_bytes > bytes_in_flight && bytes_in_flight > 0 {
        let remedy =
            "a picture may not be larger than all that may be in flight (--bytes-in-flight)";
        problems.note("picture-bytes", &options.limits.picture_bytes, remedy);
    }
    if picture_pixels > pixels_in_flight && pixels_in_flight > 0 {
        let remedy =
            "a picture may not be larger than all that may be in flight (--pixels-in-flight)";
        problems.note("picture-pixels", &options.limits.picture_pixels, remedy);
    }
}

/// A stop waits for the receive under way, or what that brings stays hidden.
fn check_drain(config: &Config, options: &Options, problems: &mut Problems) {
    let Engines::Service(servers) = &config.engines else { return };
    if config.limits.drain < servers.long_poll && !config.limits.drain.is_zero() {
        let remedy = "a drain may not be shorter than a receive may wait (--long-poll)";
        problems.note("drain", &options.limits.drain, remedy);
    }
}

/// Before a receive has come back nobody knows whether there is anything.
fn check_idle(config: &Config, options: &Options, problems: &mut Problems) {
    let Engines::Service(servers) = &config.engines else { return };
    let Some(text) = &options.lifetime.exit_when_idle else { return };
    let limit = servers.exit_when_idle.filter(|limit| !limit.is_zero());
    if limit.is_some_and(|limit| limit <= servers.long_poll) {
        let remedy = "it must be longer than a receive may wait (--long-poll)";
        problems.note("exit-when-idle", text, remedy);
    }
}

fn set_location(options: &ModelOptions, problems: &mut Problems) -> SetLocation {
    let text = options.models.as_deref().unwrap_or("bundled");
    if text == "bundled" {
        return SetLocation::Bundled;
    }
    if let Some(place) = text.strip_prefix("s3://") {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            problems.note("models", text, "write s3://bucket/prefix/");
        }
        let slash = if prefix.is_empty() || prefix.ends_with('/') { "" } else { "/" };
        return SetLocation::Bucket {
            place: Place { bucket: bucket.to_owned(), prefix: format!("{prefix}{slash}") },
            cache: options.models_cache.as_ref().map_or_else(default_cache, PathBuf::from),
        };
    }
    if !std::path::Path::new(text).is_dir() {
        let remedy = "there is no such folder; write a folder, s3://bucket/prefix/ or `bundled`";
        problems.note("models", text, remedy);
    }
    SetLocation::Folder(text.into())
}

/// The user's cache folder, after the XDG base directory specification; without a home, the folder of
/// temporary files.
fn default_cache() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    cache.unwrap_or_else(std::env::temp_dir).join("inference-manager").join("models")
}

impl AdminConfig {
    fn new(options: &AdminOptions, engines: &Engines, problems: &mut Problems) -> Self {
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

/// `simd`, or `features=flex,…`; the device for all stands under the empty name.
fn devices(text: &str) -> Result<BTreeMap<String, Device>, String> {
    let parse = |text: &str| Device::from_str(text).map_err(|unknown| unknown.to_string());
    if text.contains('=') {
        return known_inferrers(values::by_name(text, parse)?);
    }
    Ok([(String::new(), parse(text)?)].into())
}

/// `2`, or `features=2,…`; the count for all stands under the empty name.
fn worker_counts(text: &str) -> Result<BTreeMap<String, usize>, String> {
    let count = |text: &str| values::count::<u8>(text).map(usize::from);
    if !text.is_empty() && !text.contains('=') {
        return Ok([(String::new(), count(text)?)].into());
    }
    known_inferrers(values::by_name(text, count)?)
}

fn known_inferrers<T>(by_name: BTreeMap<String, T>) -> Result<BTreeMap<String, T>, String> {
    match by_name.keys().find(|name| !INFERRERS.contains(&name.as_str())) {
        Some(stranger) => {
            Err(format!("there is no inferrer {stranger:?}: there are {}", INFERRERS.join(", ")))
        }
        None => Ok(by_name),
    }
}

fn log_format(options: &LogOptions, problems: &mut Problems) -> LogFormat {
    problems.parse("log-format", &options.log_format, |text| match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("write text or json"),
    })
}

fn log_level(options: &LogOptions, engines: &Engines, problems: &mut Problems) -> String {
    let by_default = if matches!(engines, Engines::Service(_)) { "info" } else { "warn" };
    let level = options.log_level.as_deref().unwrap_or(by_default);
    if EnvFilter::try_new(level).is_err() {
        let remedy = "write error, warn, info, debug or trace, or a list like warn,actors=debug";
        problems.note("log-level", level, remedy);
    }
    level.to_owned()
}

fn traces(options: &LogOptions, problems: &mut Problems) -> Option<OtlpSettings> {
    let ratio = problems.parse("trace-ratio", &options.trace_ratio, |text| {
        let ratio = text.parse::<f64>().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        ratio.ok_or("write a number from 0 to 1")
    });
    let endpoint = options.otlp_endpoint.as_deref().filter(|text| !text.is_empty())?;
    let endpoint = engines::web_address("otlp-endpoint", endpoint, problems);
    Some(OtlpSettings { endpoint, ratio })
}

#[cfg(test)]
#[path = "config/config_tests.rs"]
mod tests;
