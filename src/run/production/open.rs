//! Opens the servers of the production service and proves that they fit the models.

use std::sync::Arc;

use actors::inference::{FieldKind, InferrerSpec};
use actors::ports::Topic;
use actors::supervision::generation::Blueprint;
use aws_config::SdkConfig;

use super::settings as settings_of;
use crate::adapters::aws;
use crate::adapters::elasticsearch::{self, OpenError};
use crate::adapters::http::HttpFetcher;
use crate::adapters::no_topic::NoTopic;
use crate::adapters::picture_decoder::PictureDecoder;
use crate::adapters::sns::SnsTopic;
use crate::adapters::sqs::SqsQueue;
use crate::config::{Config, ServiceConfig};
use crate::exit::Stopped;
use crate::run::assembly::{self, Ports, assemble};
use crate::run::instruments::Instruments;
use crate::run::models::Models;
use crate::run::picture_limits;

/// The length of feature vectors that readers of the augmented index expect.
const FEATURES: usize = 4096;

/// The pipeline over `servers`. Models and servers are opened side by side.
///
/// # Errors
/// [`Stopped`]: unavailable for servers that do not answer or refuse, usage for what does not fit.
pub async fn open(
    config: &Config,
    servers: &ServiceConfig,
    instruments: &Instruments,
) -> Result<Blueprint, Stopped> {
    let aws = aws::load().await.map_err(Stopped::usage)?;
    let model_config = config.models.clone();
    let models = tokio::task::spawn_blocking(move || Models::open(&model_config));
    let (models, queue, topic) = tokio::join!(models, queue(&aws, servers), topic(&aws, servers));
    let models = models.map_err(Stopped::unexpected)??;
    let specs = models.specs();
    if let Some(unmeant) = unmeant_dimensions(&specs, servers.features_dimensions) {
        return Err(Stopped::usage(unmeant));
    }
    let cluster = elasticsearch::open(&settings_of::elasticsearch(servers), &specs).await;
    let cluster = cluster.map_err(|error| match error {
        OpenError::Settings(_) => Stopped::usage(error),
        OpenError::NotReady(_) => Stopped::unavailable(error),
    })?;
    tracing::info!(server = %cluster.server, "the cluster is ready");
    let fetcher = HttpFetcher::open(settings_of::fetcher(config, servers));
    let limits = picture_limits(config);
    let ports = Ports {
        queue: Arc::new(queue?.traced_by(Arc::clone(&instruments.tracer))),
        catalogue: Arc::new(cluster.catalogue),
        fetcher: Arc::new(fetcher.map_err(Stopped::unavailable)?),
        decoder: Arc::new(PictureDecoder::new(limits, models.set.views())),
        index: Arc::new(cluster.index),
        topic: topic?,
    };
    let mut settings = assembly::settings();
    // The fetcher bounds what each host gets; a bound on all of them would let one that hangs hold up
    // the others.
    settings.downloader.fetches = config.limits.in_flight as usize;
    Ok(assemble(ports, &models, config, instruments, settings))
}

async fn queue(aws: &SdkConfig, servers: &ServiceConfig) -> Result<SqsQueue, Stopped> {
    let opened = SqsQueue::open(aws, settings_of::queue(servers)).await;
    opened.map_err(|error| Stopped::refused(error.is_usage(), error))
}

async fn topic(aws: &SdkConfig, servers: &ServiceConfig) -> Result<Arc<dyn Topic>, Stopped> {
    let Some(arn) = &servers.topic_arn else { return Ok(Arc::new(NoTopic)) };
    let opened = SnsTopic::open(aws, arn.clone()).await;
    let opened = opened.map_err(|error| Stopped::refused(error.is_usage(), error))?;
    Ok(Arc::new(opened))
}

/// Why the feature vectors of these models have a length that nobody meant, if they have.
#[must_use]
pub fn unmeant_dimensions(specs: &[Arc<InferrerSpec>], meant: Option<usize>) -> Option<String> {
    let fields = specs.iter().flat_map(|spec| &spec.fields);
    let lengths = fields.filter_map(|field| match field.kind {
        FieldKind::Vector { dimensions, .. } if &*field.name == "features" => Some(dimensions),
        _ => None,
    });
    let expected = meant.unwrap_or(FEATURES);
    let found = lengths.into_iter().find(|found| *found != expected)?;
    Some(format!(
        "the model's feature vectors have {found} dimensions, not {expected}: readers of the augmented \
         index expect {FEATURES}; if {found} is meant, say --features-dimensions {found}"
    ))
}

#[cfg(test)]
mod tests {
    use actors::inference::{FieldSpec, InferrerName, ModelStamp};

    use super::*;

    fn spec(dimensions: usize) -> Vec<Arc<InferrerSpec>> {
        let kind = FieldKind::Vector { dimensions, unit: true };
        let model = ModelStamp { name: "a".into(), version: "1".into(), sha256: String::new() };
        let name = InferrerName::new("features");
        let fields = vec![FieldSpec { name: "features".into(), kind }];
        vec![Arc::new(InferrerSpec { name, model, fields, engine: String::new() })]
    }

    #[test]
    fn vectors_of_another_length_than_readers_expect_must_be_meant() {
        assert_eq!(unmeant_dimensions(&spec(4096), None), None);
        assert_eq!(unmeant_dimensions(&spec(1280), Some(1280)), None);
        assert!(unmeant_dimensions(&spec(4096), Some(1280)).is_some());
        let told = unmeant_dimensions(&spec(1280), None).expect("nobody meant it");
        assert!(told.contains("--features-dimensions 1280"), "{told}");
    }
}
