//! The whole pipeline over fakes: what most actor-level tests start from.

use std::sync::Arc;
use std::time::Duration;

use actors::downloader::DownloaderPorts;
use actors::flow::credits::Budget;
use actors::flow::outages::Outages;
use actors::ledger::SharedBook;
use actors::ledger::book::{Accounts, Book};
use actors::ledger::disposition::Policy;
use actors::messages::Drain;
use actors::metrics::InferrerMetrics;
use actors::pool::last_fault::LastFault;
use actors::pool::{AbandonedThreads, InferrerBlueprint, PoolSettings};
use actors::ports::{NoTracer, Queue};
use actors::sink::SinkPorts;
use actors::supervision::generation::{Blueprint, Settings};
use actors::supervision::guardian::{Ended, GuardianSettings, Pipeline, Vitals};

use crate::fake_catalogue::FakeCatalogue;
use crate::fake_fetcher::{FakeDecoder, FakeFetcher};
use crate::fake_index::FakeIndex;
use crate::fake_inferrer::{Behaviour, FakeFactory};
use crate::fake_queue::FakeQueue;
use crate::fake_topic::FakeTopic;
use crate::recorder::TestRecorder;
use crate::simulated_placement::SimulatedPlacement;

/// Fakes of everything, wired as the product wires its engines.
pub struct World {
    /// The queue.
    pub queue: Arc<FakeQueue>,
    /// The catalogue.
    pub catalogue: Arc<FakeCatalogue>,
    /// The fetcher.
    pub fetcher: Arc<FakeFetcher>,
    /// The decoder.
    pub decoder: Arc<FakeDecoder>,
    /// The inferrers' factories.
    pub factories: Vec<Arc<FakeFactory>>,
    /// The index.
    pub index: Arc<FakeIndex>,
    /// The topic.
    pub topic: Arc<FakeTopic>,
    /// Where workers run.
    pub placement: Arc<SimulatedPlacement>,
    /// The metrics.
    pub recorder: TestRecorder,
    /// Credits for messages.
    pub messages: Budget,
    /// Credits for bytes.
    pub bytes: Budget,
    /// Credits for pixels.
    pub pixels: Budget,
    /// The accounts.
    pub book: SharedBook,
    /// Outages of dependencies.
    pub outages: Outages,
    /// Threads given up as hung.
    pub abandoned: AbandonedThreads,
    /// Settings of the actors.
    pub settings: Settings,
    /// Settings of every pool.
    pub pool: PoolSettings,
    /// Settings of the Guardian.
    pub guardian: GuardianSettings,
}

impl Default for World {
    fn default() -> Self {
        crate::quiet::expected_panics();
        let factories = ["features", "palette"]
            .map(|name| Arc::new(FakeFactory::new(name, Behaviour::default())));
        Self {
            queue: Arc::default(),
            catalogue: Arc::default(),
            fetcher: Arc::default(),
            decoder: Arc::default(),
            factories: factories.into(),
            index: Arc::default(),
            topic: Arc::default(),
            placement: Arc::default(),
            recorder: TestRecorder::default(),
            messages: Budget::new(8),
            bytes: Budget::new(1000),
            pixels: Budget::new(1000),
            book: SharedBook::new(Book::new(Policy::new(5, 0))),
            outages: Outages::default(),
            abandoned: AbandonedThreads::default(),
            settings: Settings::default(),
            pool: PoolSettings { workers: 2, batch: 4, ..PoolSettings::default() },
            guardian: GuardianSettings::default(),
        }
    }
}

impl World {
    /// The blueprint of the pipeline over these fakes.
    #[must_use]
    pub fn blueprint(&self) -> Blueprint {
        let inferrer = |factory: &Arc<FakeFactory>| {
            use actors::ports::InferrerFactory;
            InferrerBlueprint {
                metrics: InferrerMetrics::new(&self.recorder, &factory.spec().name),
                last_fault: LastFault::default(),
                factory: factory.clone(),
                settings: self.pool.clone(),
            }
        };
        Blueprint {
            queue: self.queue.clone(),
            catalogue: self.catalogue.clone(),
            downloads: DownloaderPorts {
                fetcher: self.fetcher.clone(),
                decoder: self.decoder.clone(),
                bytes: self.bytes.clone(),
                pixels: self.pixels.clone(),
            },
            inferrers: self.factories.iter().map(inferrer).collect(),
            sink: SinkPorts {
                index: self.index.clone(),
                topic: self.topic.clone(),
                outages: self.outages.clone(),
            },
            placement: self.placement.clone(),
            messages: self.messages.clone(),
            book: self.book.clone(),
            outages: self.outages.clone(),
            abandoned: self.abandoned.clone(),
            metrics: self.recorder.metrics(),
            tracer: Arc::new(NoTracer),
            settings: self.settings.clone(),
        }
    }

    /// A factory of models named `name` that behave so, in place of the default inferrers.
    pub fn only(&mut self, name: &str, behaviour: Behaviour) {
        self.factories = vec![Arc::new(FakeFactory::new(name, behaviour))];
    }

    /// The sum of a counter over the label sets that contain `label`.
    #[must_use]
    pub fn counter(&self, name: &str, label: &str) -> u64 {
        self.recorder.reader().counter(name, label)
    }

    /// Starts the pipeline.
    #[must_use]
    pub fn start(&self) -> Running {
        Running(Pipeline::start(self.blueprint(), self.guardian.clone()))
    }

    /// The accounts now.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        self.book.lock().accounts()
    }

    /// Sends ids, closes the queue, and runs until everything is settled.
    pub async fn run(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Ended {
        ids.into_iter().for_each(|id| self.queue.send(id.as_ref()));
        self.queue.close();
        self.start().end().await
    }

    /// The class and id of everything parked, sorted by id.
    #[must_use]
    pub fn parked(&self) -> Vec<(String, &'static str)> {
        let mut parked: Vec<_> = self
            .queue
            .parked()
            .iter()
            .map(|p| {
                (
                    p.id.as_ref().map(ToString::to_string).unwrap_or_default(),
                    p.failure.class.as_str(),
                )
            })
            .collect();
        parked.sort();
        parked
    }

    /// The lease of the queue.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.queue.lease()
    }
}

/// The fake behind `shared`, to change before the world starts.
///
/// # Panics
/// When something else shares it already.
pub fn tune<T>(shared: &mut Arc<T>) -> &mut T {
    Arc::get_mut(shared).expect("fakes are changed before the world starts")
}

/// A pipeline that was started.
pub struct Running(pub Pipeline);

impl Running {
    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end within ten days of the test's time.
    pub async fn end(self) -> Ended {
        tokio::time::timeout(Duration::from_hours(240), self.0.ended)
            .await
            .expect("the pipeline ends within ten days")
            .expect("the Guardian says how it ended")
    }

    /// Asks it to drain.
    pub fn drain(&self, within: Duration) {
        self.0.drain.do_send(Drain { within });
    }

    /// What the Guardian shows.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        self.0.vitals.borrow().clone()
    }
}

/// Lets everything run that can run within `time`.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
