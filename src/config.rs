//! What the options mean: parsed, checked against each other, all problems told at once.

pub mod options;
mod problems;
pub mod show;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use models::Device;
use tracing_subscriber::EnvFilter;

use options::{LimitOptions, LocationOptions, LogOptions, ModelOptions, Options};
pub use problems::Problems;

/// The folder of pictures unless another is named: the repository's.
const IMAGES: &str = "samples";

/// The folder of results unless another is named.
const OUT: &str = "out";

/// The inferrers that there are; the closed set behind `--workers` and `--device`.
pub const INFERRERS: [&str; 3] = ["features", "palette", "aspect-ratio"];

/// A configuration that cannot be wrong.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of pictures.
    pub images: PathBuf,
    /// The folder of results.
    pub out: PathBuf,
    /// Whether a page is written.
    pub page: bool,
    /// Whether parked pictures change the exit code.
    pub fail_on_parked: bool,
    /// The models.
    pub models: ModelConfig,
    /// The bounds.
    pub limits: Limits,
    /// The log lines' format.
    pub log_format: LogFormat,
    /// The log filter, as it was checked.
    pub log_level: String,
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
        check_mode(options, &mut problems);
        let config = Self {
            images: options.folder.images.as_deref().unwrap_or(IMAGES).into(),
            out: options.folder.out.as_deref().unwrap_or(OUT).into(),
            page: !options.folder.no_page,
            fail_on_parked: options.folder.fail_on_parked,
            models: ModelConfig::new(&options.models, &mut problems),
            limits: Limits::new(&options.limits, &mut problems),
            log_format: log_format(&options.logs, &mut problems),
            log_level: log_level(&options.logs, &mut problems),
        };
        check_images(&config, &mut problems);
        check_together(&config, options, &mut problems);
        problems.none_or(config)
    }
}

impl ModelConfig {
    /// What `options` mean.
    pub fn new(options: &ModelOptions, problems: &mut Problems) -> Self {
        let workers = options.workers.as_deref().unwrap_or_default();
        let deadline = &options.inference_deadline;
        Self {
            set: set_location(&options.models, problems),
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

/// Decides by the locations which engines are meant.
fn check_mode(options: &Options, problems: &mut Problems) {
    let LocationOptions {
        production,
        queue_url,
        dead_letter_queue_url,
        elasticsearch_url,
        initial_index,
        augmented_index,
    } = &options.locations;
    let all = [
        ("queue-url", queue_url),
        ("dead-letter-queue-url", dead_letter_queue_url),
        ("elasticsearch-url", elasticsearch_url),
        ("initial-index", initial_index),
        ("augmented-index", augmented_index),
    ];
    let given = all.iter().filter(|(_, location)| location.is_some()).count();
    if given == 0 && !production {
        return;
    }
    for (option, folder) in [("images", &options.folder.images), ("out", &options.folder.out)] {
        if let Some(folder) = folder {
            problems.note(
                option,
                folder,
                "a production run has no folders: drop it or the locations",
            );
        }
    }
    for (option, _) in all.iter().filter(|(_, location)| location.is_none()) {
        problems.note(option, "", "it is missing: a production run needs all five locations");
    }
    if given == all.len() {
        let remedy =
            "this version has no production engines yet: it runs over a folder of pictures";
        problems.note("queue-url", queue_url.as_deref().unwrap_or_default(), remedy);
    }
}

fn check_images(config: &Config, problems: &mut Problems) {
    if !config.images.is_dir() {
        let images = config.images.to_string_lossy();
        problems.note(
            "images",
            &images,
            "there is no such folder; name the folder of your pictures",
        );
    }
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

fn set_location(text: &str, problems: &mut Problems) -> SetLocation {
    if text == "bundled" {
        return SetLocation::Bundled;
    }
    if text.starts_with("s3://") {
        problems.note(
            "models",
            text,
            "this version reads no sets from S3 yet: copy it to a folder",
        );
    } else if !std::path::Path::new(text).is_dir() {
        problems.note("models", text, "there is no such folder; write a folder or `bundled`");
    }
    SetLocation::Folder(text.into())
}

/// `flex`, or `features=flex,…`; the device for all stands under the empty name.
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

fn log_level(options: &LogOptions, problems: &mut Problems) -> String {
    if EnvFilter::try_new(&options.log_level).is_err() {
        let remedy = "write error, warn, info, debug or trace, or a list like warn,actors=debug";
        problems.note("log-level", &options.log_level, remedy);
    }
    options.log_level.clone()
}

#[cfg(test)]
#[path = "config/config_tests.rs"]
mod tests;
