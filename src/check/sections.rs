//! What is looked at, each by itself and all at once.

use std::pin::Pin;
use std::sync::Arc;

use actors::failure::Class;
use actors::flow::credits::Budget;
use actors::inference::InferrerSpec;
use actors::ports::Fetcher;
use aws_config::SdkConfig;

use super::{Finding, Verdict};
use crate::adapters::aws::{self, object};
use crate::adapters::elasticsearch::{self, Finding as ClusterFinding};
use crate::adapters::http::HttpFetcher;
use crate::adapters::model_inferrers;
use crate::adapters::sns::SnsTopic;
use crate::adapters::{s3_models, sqs};
use crate::config::{Config, ServiceConfig, SetLocation};
use crate::exit::Stopped;
use crate::run::Models;
use crate::run::production::open::unmeant_dimensions;
use crate::run::production::settings;
use Verdict::{Failure, Fine, Warning};

type Section<'a> = Pin<Box<dyn Future<Output = Vec<Finding>> + 'a>>;

/// Every section with its name.
pub fn all<'a>(config: &'a Config, servers: &'a ServiceConfig) -> Vec<(&'static str, Section<'a>)> {
    vec![
        ("aws", Box::pin(amazon(servers))),
        ("models", Box::pin(models_and_cluster(config, servers))),
        ("images", Box::pin(images(config, servers))),
    ]
}

/// Credentials, then all that needs them.
async fn amazon(servers: &ServiceConfig) -> Vec<Finding> {
    let config = match aws::load().await {
        Ok(config) => config,
        Err(error) => return vec![Finding::new("credentials", Failure, error)],
    };
    if let Err(error) = aws::credentials(&config).await {
        return vec![Finding::new("credentials", Failure, error)];
    }
    let mut findings = vec![Finding::new("credentials", Fine, "there are AWS credentials")];
    let (queues, topic) = tokio::join!(queues(&config, servers), topic(&config, servers));
    findings.extend(queues);
    findings.extend(topic);
    findings
}

async fn queues(config: &SdkConfig, servers: &ServiceConfig) -> Vec<Finding> {
    if let Err(error) = settings::queue(servers).validate() {
        return vec![Finding::new("queue", Failure, error)];
    }
    let (queue, dead_letters) = tokio::join!(
        sqs::attributes_of(config, &servers.queue_url),
        sqs::attributes_of(config, &servers.dead_letter_queue_url)
    );
    let mut findings = Vec::new();
    for (subject, found) in [("queue", &queue), ("dead letters", &dead_letters)] {
        findings.push(match found {
            Ok(queue) => {
                let visible = queue.visible.unwrap_or_default();
                Finding::new(subject, Fine, format!("it answers; about {visible} messages wait"))
            }
            Err(fault) => Finding::new(subject, Failure, fault),
        });
    }
    if let (Ok(queue), Ok(dead_letters)) = (&queue, &dead_letters) {
        findings.extend(permissions(config, &servers.queue_url).await);
        let limit = queue.receive_limit();
        findings.push(Finding::new("queue", Fine, format!("a message is received {limit} times")));
        let warnings = sqs::warnings(queue, dead_letters);
        findings.extend(warnings.into_iter().map(|text| Finding::new("queue", Warning, text)));
    }
    findings
}

/// What can be tried without changing anything. Receiving, sending and publishing cannot.
async fn permissions(config: &SdkConfig, queue_url: &str) -> [Finding; 2] {
    sqs::permissions(config, queue_url).await.map(|(permission, tried)| match tried {
        Ok(()) => Finding::new("queue", Fine, format!("{permission} is permitted")),
        Err(fault) => Finding::new("queue", Failure, format!("{permission}: {fault}")),
    })
}

async fn topic(config: &SdkConfig, servers: &ServiceConfig) -> Vec<Finding> {
    let Some(arn) = &servers.topic_arn else {
        return vec![Finding::new("topic", Fine, "none is given: nothing is announced")];
    };
    vec![match SnsTopic::open(config, arn.clone()).await {
        Ok(_) => Finding::new("topic", Fine, "it answers"),
        Err(error) => Finding::new("topic", Failure, error),
    }]
}

/// The models, and whether the indices fit them.
async fn models_and_cluster(config: &Config, servers: &ServiceConfig) -> Vec<Finding> {
    let (mut findings, specs) = match specs(config).await {
        Ok(specs) => {
            let told = specs.iter().map(|spec| {
                let model = &spec.model;
                let text = format!("{}: {} {}", spec.name, model.name, model.version);
                Finding::new("models", Fine, text)
            });
            (told.collect(), specs)
        }
        Err(Stopped { message, .. }) => {
            (vec![Finding::new("models", Failure, message)], Vec::new())
        }
    };
    if let Some(unmeant) = unmeant_dimensions(&specs, servers.features_dimensions) {
        findings.push(Finding::new("models", Failure, unmeant));
    }
    let cluster = elasticsearch::findings(&settings::elasticsearch(servers), &specs).await;
    findings.extend(cluster.into_iter().map(|finding| {
        let verdict = match finding {
            ClusterFinding::Holds(_) => Fine,
            ClusterFinding::Untold(_) => Warning,
            ClusterFinding::Fails(_) => Failure,
        };
        Finding::new("elasticsearch", verdict, finding)
    }));
    findings
}

/// What the models promise. Those in S3 are not fetched: their manifests tell, and the lengths of their
/// weights; digests are proven at the start of the service.
async fn specs(config: &Config) -> Result<Vec<Arc<InferrerSpec>>, Stopped> {
    if let SetLocation::Bucket { place, .. } = &config.models.set {
        let aws = aws::load().await.map_err(Stopped::usage)?;
        let looked = s3_models::look(&object::client(&aws), place).await;
        let manifests = looked.map_err(Stopped::unavailable)?;
        let spec = |manifest: &::models::set::Manifest| {
            let weights = manifest.weights.as_ref();
            let sha256 = weights.map(|weights| weights.sha256.as_str()).unwrap_or_default();
            Arc::new(model_inferrers::spec(manifest, sha256))
        };
        return Ok(manifests.iter().map(spec).collect());
    }
    let models = config.models.clone();
    let opened = tokio::task::spawn_blocking(move || Models::open(&models)).await;
    Ok(opened.map_err(Stopped::unexpected)??.specs())
}

/// The doors in the guard, and whether one picture of the catalogue can be fetched.
async fn images(config: &Config, servers: &ServiceConfig) -> Vec<Finding> {
    let fetching = settings::fetcher(config, servers);
    let warnings = fetching.warnings().into_iter();
    let mut findings: Vec<_> = warnings.map(|text| Finding::new("images", Warning, text)).collect();
    let fetcher = match HttpFetcher::open(fetching) {
        Ok(fetcher) => fetcher,
        Err(error) => {
            findings.push(Finding::new("images", Failure, error));
            return findings;
        }
    };
    let sample = elasticsearch::any_record(&settings::elasticsearch(servers)).await;
    findings.push(match sample {
        Ok(Some(record)) => {
            let budget = Budget::new(config.limits.bytes_in_flight);
            match fetcher.fetch(&record, &budget).await {
                Ok(raw) => {
                    let text = format!("{}: {} bytes", raw.location, raw.bytes.len());
                    Finding::new("images", Fine, text)
                }
                Err(error) => {
                    let text = format!("the picture of {}: {}: {error}", record.id, error.class);
                    Finding::new("images", of_one_picture(error.class), text)
                }
            }
        }
        Ok(None) => Finding::new("images", Warning, "the initial index is empty: none was tried"),
        Err(cause) => Finding::new("images", Warning, format!("none was tried: {cause}")),
    });
    findings
}

/// Of one picture of many: what is wrong with it alone says nothing of its host.
const fn of_one_picture(class: Class) -> Verdict {
    match class {
        Class::HttpUnavailable | Class::ForbiddenAddress | Class::Denied => Failure,
        _ => Warning,
    }
}
