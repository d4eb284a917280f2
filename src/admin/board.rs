//! The board: what the process shows of itself. Written by the main thread, read by the admin server.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actors::flow::credits::Budget;
use actors::flow::outages::Outages;
use actors::inference::{InferrerName, ModelStamp};
use actors::ledger::SharedBook;
use actors::metrics::Dependency;
use actors::pool::last_fault::LastFault;
use actors::supervision::generation::Blueprint;
use actors::supervision::guardian::Vitals;
use metrics::Gauge;
use tokio::sync::watch;
use tokio::time::Instant;

use super::liveness::Liveness;
use super::rates::Rates;
use super::status::Status;
use crate::telemetry::exposition::Exposition;
use crate::telemetry::readings::Readings;

/// Where the process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Models and servers are being opened.
    Starting,
    /// It receives and works.
    Running,
    /// It finishes what is in flight and receives no more.
    Draining,
    /// The pipeline has ended; its last counts can still be scraped.
    Ended,
}

/// What the process shows of itself.
pub struct Board {
    exposition: Exposition,
    readings: Readings,
    ready: Gauge,
    since: Instant,
    shown: Mutex<Shown>,
}

struct Shown {
    phase: Phase,
    liveness: Liveness,
    rates: Rates,
    pipeline: Option<View>,
}

/// What of a running pipeline can be looked at.
#[derive(Clone)]
pub struct View {
    /// What the Guardian shows.
    pub vitals: watch::Receiver<Vitals>,
    /// Which dependencies are down.
    pub outages: Outages,
    /// The accounts.
    pub book: SharedBook,
    /// Credits for messages.
    pub messages: Budget,
    /// Credits for bytes.
    pub bytes: Budget,
    /// Credits for pixels.
    pub pixels: Budget,
    /// The inferrers.
    pub inferrers: Vec<Serving>,
}

/// One inferrer that serves.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Its name.
    pub name: InferrerName,
    /// Its model.
    pub model: ModelStamp,
    /// Its workers.
    pub workers: usize,
    /// The last fault of its pool.
    pub last_fault: LastFault,
}

impl View {
    /// The view of a pipeline that `blueprint` makes and that tells its `vitals`.
    #[must_use]
    pub fn of(blueprint: &Blueprint, vitals: watch::Receiver<Vitals>) -> Self {
        let inferrers = blueprint.inferrers.iter().map(|inferrer| {
            let spec = inferrer.factory.spec();
            let (name, model) = (spec.name.clone(), spec.model.clone());
            let last_fault = inferrer.last_fault.clone();
            Serving { name, model, workers: inferrer.settings.workers, last_fault }
        });
        Self {
            vitals,
            outages: blueprint.outages.clone(),
            book: blueprint.book.clone(),
            messages: blueprint.messages.clone(),
            bytes: blueprint.downloads.bytes.clone(),
            pixels: blueprint.downloads.pixels.clone(),
            inferrers: inferrers.collect(),
        }
    }
}

impl Board {
    /// A board of a process that is starting.
    #[must_use]
    pub fn new(
        exposition: Exposition,
        readings: Readings,
        ready: Gauge,
        inference_deadline: Duration,
    ) -> Self {
        let since = Instant::now();
        let shown = Shown {
            phase: Phase::Starting,
            liveness: Liveness::new(since, inference_deadline),
            rates: Rates::default(),
            pipeline: None,
        };
        Self { exposition, readings, ready, since, shown: Mutex::new(shown) }
    }

    /// What a scrape answers: the metrics, and whether the process works as of now.
    #[must_use]
    pub fn scrape(&self) -> String {
        self.ready.set(f64::from(u8::from(self.unready().is_empty())));
        self.exposition.render()
    }

    /// Notes that the main thread runs.
    pub fn beat(&self) {
        self.shown().liveness.beat(Instant::now());
    }

    /// Notes that the process has come to `phase`.
    pub fn enter(&self, phase: Phase) {
        self.shown().phase = phase;
    }

    /// Shows a pipeline that has been started.
    pub fn show(&self, pipeline: View) {
        let mut shown = self.shown();
        shown.pipeline = Some(pipeline);
        shown.phase = Phase::Running;
    }

    /// Sums up what the histograms recorded. To be called now and then: until then every value is kept.
    pub fn collect(&self) {
        self.readings.collect();
        self.exposition.collect();
    }

    /// Looks at the pipeline: for the rates, and for whether it moves.
    pub fn look(&self) {
        self.collect();
        let now = Instant::now();
        let mut shown = self.shown();
        let Some(view) = &shown.pipeline else { return };
        let (accounts, outage) = (view.book.lock().accounts(), view.outages.any());
        shown.rates.look(accounts, now);
        shown.liveness.look(accounts, outage, now);
    }

    /// Why the process should be replaced, if it should. A process that has ended is not stuck.
    #[must_use]
    pub fn dead(&self) -> Option<String> {
        let shown = self.shown();
        let ended = shown.phase == Phase::Ended;
        shown.liveness.dead(Instant::now()).filter(|_| !ended)
    }

    /// Why the process does not work now; nothing if it does.
    #[must_use]
    pub fn unready(&self) -> Vec<String> {
        let shown = self.shown();
        let mut reasons = Vec::new();
        match shown.phase {
            Phase::Starting => reasons.push("starting: models and servers are being opened".into()),
            Phase::Draining => reasons.push("draining".into()),
            Phase::Ended => reasons.push("ended".into()),
            Phase::Running => {}
        }
        if let (Phase::Running, Some(view)) = (shown.phase, &shown.pipeline) {
            if !view.vitals.borrow().ready {
                reasons.push("models are being loaded and proven on their golden pictures".into());
            }
            let told = |(dependency, cause): (Dependency, String)| {
                format!("the {} does not answer: {cause}", dependency.as_str())
            };
            reasons.extend(view.outages.down().into_iter().map(told));
        }
        reasons
    }

    /// All of it.
    #[must_use]
    pub fn status(&self) -> Status {
        let unready = self.unready();
        let shown = self.shown();
        Status::new(
            shown.phase,
            unready,
            self.since.elapsed(),
            shown.pipeline.as_ref(),
            &shown.rates,
            &self.readings,
        )
    }

    fn shown(&self) -> MutexGuard<'_, Shown> {
        // What a panicking reader leaves is whole: every write is one assignment.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
