//! The models: where they are, and how they are run.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use models::Device;

use super::options::ModelOptions;
use super::{Problems, cores, values};
use crate::adapters::s3_models::Place;

/// The inferrers that there are; the closed set behind `--workers` and `--device`.
pub const INFERRERS: [&str; 3] = ["features", "palette", "aspect-ratio"];

/// The largest batch that may be chosen; the histogram of batches counts up to it.
const MOST_IN_BATCH: u16 = 64;

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

impl fmt::Display for SetLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("bundled"),
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Bucket { place, .. } => place.fmt(f),
        }
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
            batch: problems.parse("batch", &options.batch, values::count(1..=MOST_IN_BATCH)).into(),
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
    let count = values::count(1..=usize::from(u8::MAX));
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
