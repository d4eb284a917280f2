//! The models, and whether the cluster's indices fit them.

use super::Finding;
use super::Verdict::{Failure, Fine, Warning};
use super::models;
use super::patience::Patience;
use crate::adapters::elasticsearch::{self, Finding as ClusterFinding};
use crate::config::{Config, ServiceConfig};
use crate::run::production::open::unmeant_dimensions;
use crate::run::production::settings;

/// Looks at both at once: where the models cannot be known, the cluster is told of all the same.
pub async fn with_models(
    config: &Config,
    servers: &ServiceConfig,
    patience: Patience,
) -> Vec<Finding> {
    let settings = settings::elasticsearch(servers);
    let ((mut findings, specs), inspected) = tokio::join!(
        models::findings(&config.models, patience),
        patience.last(elasticsearch::inspect(&settings))
    );
    if let Some(unmeant) = unmeant_dimensions(&specs, servers.features_dimensions) {
        findings.push(Finding::new("models", Failure, unmeant));
    }
    match inspected {
        Ok(Ok(cluster)) => findings.extend(cluster.findings(&specs).into_iter().map(finding)),
        Ok(Err(reason)) => findings.push(Finding::new("elasticsearch", Failure, reason)),
        Err(silence) => findings.push(Finding::new("elasticsearch", Failure, silence)),
    }
    findings
}

fn finding(found: ClusterFinding) -> Finding {
    let verdict = match found {
        ClusterFinding::Holds(_) => Fine,
        ClusterFinding::Untold(_) => Warning,
        ClusterFinding::Fails(_) => Failure,
    };
    Finding::new("elasticsearch", verdict, found)
}
