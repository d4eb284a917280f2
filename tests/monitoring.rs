//! Dashboard, alerts, runbook and the page of metrics: each against the catalogue, and against each other.
//!
//! `promtool` tries the alerts on made-up series, and `./test` asks a real Prometheus for what the
//! dashboard shows; here is what needs neither.

#[path = "monitoring/alerts.rs"]
mod alerts;
#[path = "monitoring/dashboard.rs"]
mod dashboard;
#[path = "monitoring/label_values.rs"]
mod label_values;
#[path = "monitoring/metrics_page.rs"]
mod metrics_page;
#[path = "monitoring/references.rs"]
mod references;

use std::fs;
use std::path::PathBuf;

/// Where a file of the repository lies.
fn path_of(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text of a file of the repository.
fn read(name: &str) -> String {
    fs::read_to_string(path_of(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
