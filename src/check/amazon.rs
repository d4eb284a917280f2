//! Credentials, the queues and the topic.

use std::time::Duration;

use aws_config::SdkConfig;

use super::Finding;
use super::Verdict::{Failure, Fine, Warning};
use super::patience::{Patience, Silence};
use crate::adapters::aws::fault::Fault;
use crate::adapters::aws::{self, AwsError};
use crate::adapters::sns::SnsTopic;
use crate::adapters::sqs::{self, QueueAttributes};
use crate::config::ServiceConfig;
use crate::run::production::settings;

/// Credentials, then all that needs them, each question by itself.
pub async fn findings(servers: &ServiceConfig, patience: Patience) -> Vec<Finding> {
    let config = match patience.first(credentials()).await {
        Ok(Ok(config)) => config,
        Ok(Err(error)) => return vec![Finding::new("credentials", Failure, error)],
        Err(silence) => return vec![Finding::new("credentials", Failure, silence)],
    };
    let mut findings = vec![Finding::new("credentials", Fine, "there are AWS credentials")];
    let (queues, topic) =
        tokio::join!(queues(&config, servers, patience), topic(&config, servers, patience));
    findings.extend(queues);
    findings.push(topic);
    findings
}

async fn credentials() -> Result<SdkConfig, AwsError> {
    let config = aws::load().await?;
    aws::credentials(&config).await?;
    Ok(config)
}

async fn queues(config: &SdkConfig, servers: &ServiceConfig, patience: Patience) -> Vec<Finding> {
    let settings = settings::queue(servers);
    if let Err(error) = settings.validate() {
        return vec![Finding::new("queue", Failure, error)];
    }
    let (queue, dead_letters, permissions) = tokio::join!(
        attributes(config, &settings.queue_url, patience),
        attributes(config, &settings.dead_letter_queue_url, patience),
        patience.last(sqs::permissions(config, &settings.queue_url))
    );
    let mut findings = vec![answer("queue", &queue), answer("dead letters", &dead_letters)];
    if let Ok(queue) = &queue {
        findings.extend(permitted(permissions));
        findings.extend(terms(queue, settings.lease));
        let warnings = dead_letters.iter().flat_map(|dead| sqs::warnings(queue, dead));
        findings.extend(warnings.map(|text| Finding::new("queue", Warning, text)));
    }
    findings
}

async fn attributes(
    config: &SdkConfig,
    url: &str,
    patience: Patience,
) -> Result<QueueAttributes, String> {
    match patience.last(sqs::attributes_of(config, url)).await {
        Ok(answer) => answer.map_err(|fault| fault.to_string()),
        Err(silence) => Err(silence.to_string()),
    }
}

fn answer(subject: &'static str, found: &Result<QueueAttributes, String>) -> Finding {
    match found {
        Ok(queue) => {
            let visible = queue.visible.unwrap_or_default();
            Finding::new(subject, Fine, format!("it answers; about {visible} messages wait"))
        }
        Err(reason) => Finding::new(subject, Failure, reason),
    }
}

/// Permissions at the queue, by their names in policies, and what speaks against them.
type Tried = [(&'static str, Result<(), Fault>); 2];

/// What could be tried without changing anything. Receiving, sending and publishing cannot.
fn permitted(tried: Result<Tried, Silence>) -> Vec<Finding> {
    let finding = |(permission, tried): (&str, Result<(), Fault>)| match tried {
        Ok(()) => Finding::new("queue", Fine, format!("{permission} is permitted")),
        Err(fault) => Finding::new("queue", Failure, format!("{permission}: {fault}")),
    };
    match tried {
        Ok(tried) => tried.into_iter().map(finding).collect(),
        Err(silence) => vec![Finding::new("queue", Failure, format!("permissions: {silence}"))],
    }
}

/// How often a message is received, and for how long it is hidden.
fn terms(queue: &QueueAttributes, lease: Duration) -> Vec<Finding> {
    let limit = queue.receive_limit();
    let mut findings =
        vec![Finding::new("queue", Fine, format!("a message is received {limit} times"))];
    findings.extend(queue.leases(lease).map(|text| Finding::new("queue", Fine, text)));
    findings
}

async fn topic(config: &SdkConfig, servers: &ServiceConfig, patience: Patience) -> Finding {
    let Some(arn) = &servers.topic_arn else {
        return Finding::new("topic", Fine, "none is given: nothing is announced");
    };
    match patience.last(SnsTopic::open(config, arn.clone())).await {
        Ok(Ok(_)) => Finding::new("topic", Fine, "it answers"),
        Ok(Err(error)) => Finding::new("topic", Failure, error),
        Err(silence) => Finding::new("topic", Failure, silence),
    }
}
