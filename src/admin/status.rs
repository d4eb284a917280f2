//! What `/status` tells.

use std::collections::BTreeMap;
use std::time::Duration;

use actors::failure::{Class, Stage};
use actors::flow::credits::Budget;
use actors::ledger::book::Accounts;
use actors::metrics::{RestartCause, catalogue};
use serde::Serialize;

use super::board::{Phase, Serving, View};
use super::rates::Rates;
use crate::telemetry::readings::Readings;
use crate::version;

/// Everything, as one object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Version and commit.
    pub version: &'static str,
    /// Where the process is in its life.
    pub phase: Phase,
    /// Whether it works now.
    pub ready: bool,
    /// Why not.
    pub unready: Vec<String>,
    /// Since its start.
    pub uptime_seconds: u64,
    /// The supervision tree; nothing before the pipeline runs.
    pub supervision: Option<Supervision>,
    /// The accounting identity: received is the sum of all the others.
    pub messages: BTreeMap<&'static str, u64>,
    /// Messages a second over the last minute.
    pub per_second: BTreeMap<&'static str, f64>,
    /// What is lent out, and of how much.
    pub credits: BTreeMap<&'static str, Credit>,
    /// Each stage's work.
    pub stages: Vec<StageStatus>,
    /// Failures by class, those that happened.
    pub failures: BTreeMap<&'static str, u64>,
}

/// The supervision tree.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Supervision {
    /// The running generation of actors; 1 after an undisturbed start.
    pub generation: u32,
    /// What ended the last one.
    pub last_fault: Option<String>,
    /// Whether a call waits for a dependency.
    pub outage: bool,
    /// The actors of the generation but the pools.
    pub actors: Vec<ActorStatus>,
    /// The pools and their models.
    pub pools: Vec<PoolStatus>,
}

/// One actor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorStatus {
    /// Which.
    pub actor: &'static str,
    /// How often it was started again: with its generation, never alone.
    pub restarts: u32,
    /// Work in its mailbox now; nothing for those that get no work from others.
    pub in_mailbox: Option<u64>,
}

/// One pool.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PoolStatus {
    /// The inferrer.
    pub inferrer: String,
    /// Its model's name and version.
    pub model: String,
    /// Its digest.
    pub sha256: String,
    /// Its workers.
    pub workers: usize,
    /// Workers replaced or rebuilt, by cause.
    pub restarts: BTreeMap<&'static str, u64>,
    /// Why, the last time.
    pub last_fault: Option<String>,
}

/// One currency of credits.
#[derive(Debug, Serialize)]
pub struct Credit {
    /// Lent out now.
    pub taken: u64,
    /// In all.
    pub total: u64,
}

/// One stage.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StageStatus {
    /// Which.
    pub stage: &'static str,
    /// Deliveries that have reached it and not left it.
    pub in_flight: usize,
    /// Median time in its queue, in seconds.
    pub wait_p50: Option<f64>,
    /// The 95th percentile of it.
    pub wait_p95: Option<f64>,
    /// Median time that it worked on an item or batch, in seconds.
    pub service_p50: Option<f64>,
    /// The 95th percentile of it.
    pub service_p95: Option<f64>,
}

impl Status {
    /// What is to be told of `pipeline`.
    #[must_use]
    pub fn new(
        phase: Phase,
        unready: Vec<String>,
        uptime: Duration,
        pipeline: Option<&View>,
        rates: &Rates,
        readings: &Readings,
    ) -> Self {
        let accounts = pipeline.map(|view| view.book.lock().accounts()).unwrap_or_default();
        Self {
            version: version::SHORT,
            phase,
            ready: unready.is_empty(),
            unready,
            uptime_seconds: uptime.as_secs(),
            supervision: pipeline.map(|view| Supervision::new(view, readings)),
            messages: named(accounts).into(),
            per_second: rates.per_second(),
            credits: pipeline.map(credits).unwrap_or_default(),
            stages: pipeline.map(|view| stages(view, readings)).unwrap_or_default(),
            failures: failures(readings),
        }
    }
}

impl Supervision {
    fn new(view: &View, readings: &Readings) -> Self {
        let vitals = view.vitals.borrow().clone();
        let pool = |Serving { name, model, workers, last_fault }: &Serving| {
            let restarts = RestartCause::ALL.map(|cause| {
                let labels = [name.as_str(), cause.as_str()];
                (cause.as_str(), readings.count(&catalogue::WORKER_RESTARTS, &labels))
            });
            PoolStatus {
                inferrer: name.to_string(),
                model: format!("{} {}", model.name, model.version),
                sha256: model.sha256.clone(),
                workers: *workers,
                restarts: restarts.into(),
                last_fault: last_fault.get(),
            }
        };
        Self {
            generation: vitals.generation,
            last_fault: vitals.last_fault,
            outage: view.outages.any(),
            actors: actor_statuses(vitals.generation, readings),
            pools: view.inferrers.iter().map(pool).collect(),
        }
    }
}

/// The actors in flow order, in the generation of this number.
fn actor_statuses(generation: u32, readings: &Readings) -> Vec<ActorStatus> {
    let restarts = generation.saturating_sub(1);
    let mailbox = |stage: Stage| {
        let length = readings.gauge(&catalogue::STAGE_QUEUE_LENGTH, stage.as_str());
        u64::try_from(length as i64).ok()
    };
    let actors = [
        ("Source", None),
        ("Retriever", mailbox(Stage::Retriever)),
        ("Downloader", mailbox(Stage::Downloader)),
        ("Sink", mailbox(Stage::Sink)),
        ("Ledger", None),
    ];
    actors.map(|(actor, in_mailbox)| ActorStatus { actor, restarts, in_mailbox }).into()
}

pub(super) fn named(accounts: Accounts) -> [(&'static str, u64); 7] {
    let Accounts { received, indexed, superseded, parked, released, lost, in_flight } = accounts;
    [
        ("received", received),
        ("indexed", indexed),
        ("superseded", superseded),
        ("parked", parked),
        ("released", released),
        ("lost", lost),
        ("inFlight", in_flight),
    ]
}

fn credits(view: &View) -> BTreeMap<&'static str, Credit> {
    let credit = |budget: &Budget| Credit { taken: budget.taken(), total: budget.total() };
    [
        ("messages", credit(&view.messages)),
        ("bytes", credit(&view.bytes)),
        ("pixels", credit(&view.pixels)),
    ]
    .into()
}

fn stages(view: &View, readings: &Readings) -> Vec<StageStatus> {
    let at = view.book.lock().at_stages();
    let status = |stage: &Stage| {
        let quantiles = |metric| {
            let found = readings.quantiles(metric, stage.as_str(), [0.5, 0.95]);
            found.map_or([None, None], |both| both.map(Some))
        };
        let [wait_p50, wait_p95] = quantiles(&catalogue::STAGE_WAIT);
        let [service_p50, service_p95] = quantiles(&catalogue::STAGE_SERVICE);
        let in_flight = at.get(stage).copied().unwrap_or_default();
        StageStatus {
            stage: stage.as_str(),
            in_flight,
            wait_p50,
            wait_p95,
            service_p50,
            service_p95,
        }
    };
    Stage::ALL.iter().map(status).collect()
}

fn failures(readings: &Readings) -> BTreeMap<&'static str, u64> {
    let count =
        |class: &Class| (class.as_str(), readings.counter(&catalogue::FAILURES, class.as_str()));
    Class::ALL.iter().map(count).filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_is_told_with_the_work_in_its_mailbox_and_its_generations_restarts() {
        let readings = Readings::default();
        let metrics = actors::metrics::Metrics::new(&readings);
        metrics.stage(Stage::Downloader).queue_length.increment(3.0);

        let told = actor_statuses(3, &readings);

        let told: Vec<_> = told.iter().map(|a| (a.actor, a.restarts, a.in_mailbox)).collect();
        let expected = [
            ("Source", 2, None),
            ("Retriever", 2, Some(0)),
            ("Downloader", 2, Some(3)),
            ("Sink", 2, Some(0)),
            ("Ledger", 2, None),
        ];
        assert_eq!(told, expected);
    }
}
