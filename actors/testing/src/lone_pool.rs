//! A Pool whose workers, sink, Guardian and ledger the test plays itself.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};

use actors::delivery::Ending;
use actors::flow::outlet::{Handed, Outlet};
use actors::gathering::Gathering;
use actors::input::Input;
use actors::messages::{Child, Infer, PoolGaveUp, PoolReady, Publish};
use actors::metrics::InferrerMetrics;
use actors::pool::last_fault::LastFault;
use actors::pool::{AbandonedThreads, InferrerBlueprint, Pool, PoolNews, PoolSettings};
use actors::ports::InferrerFactory;

use crate::fake_catalogue::record;
use crate::fake_inferrer::{Behaviour, FakeFactory};
use crate::manual_placement::{ManualPlacement, Seated};
use crate::neighbours::Neighbours;
use crate::probe::{Probe, probe};

/// A Pool of the inferrer `features` among probes.
pub struct LonePool {
    /// The pool.
    pub pool: Addr<Pool>,
    /// Its workers' seats.
    pub placement: Arc<ManualPlacement>,
    /// Threads given up as hung.
    pub abandoned: AbandonedThreads,
    /// Its last fault.
    pub last_fault: LastFault,
    /// What it tells the Guardian.
    pub ready: Probe<PoolReady>,
    /// What it tells the Guardian in the end.
    pub gave_up: Probe<PoolGaveUp>,
    /// What is complete.
    pub published: Probe<Handed<Publish>>,
    /// Its other neighbours.
    pub neighbours: Neighbours,
    mailbox: Outlet<Infer>,
    sink: Arc<Outlet<Publish>>,
}

impl LonePool {
    /// Starts a pool.
    #[must_use]
    pub fn start(settings: PoolSettings) -> Self {
        let neighbours = Neighbours::default();
        let factory = FakeFactory::new("features", Behaviour::default());
        let (ready_news, ready) = probe();
        let (gave_up_news, gave_up) = probe();
        let (sink, published) = neighbours.outlet();
        let (placement, abandoned) = (ManualPlacement::shared(), AbandonedThreads::default());
        let (name, last_fault) = (factory.spec().name.clone(), LastFault::default());
        let inferrer = InferrerBlueprint {
            metrics: InferrerMetrics::new(&neighbours.recorder, &name),
            last_fault: last_fault.clone(),
            factory: Arc::new(factory),
            settings,
        };
        let news = PoolNews { ready: ready_news, gave_up: gave_up_news };
        let watch = neighbours.watch(Child::Pool(name));
        let metrics = neighbours.metrics.clone();
        let pool =
            Pool::new(0, inferrer, placement.clone(), metrics, abandoned.clone(), news, watch)
                .start();
        let stage = neighbours.metrics.stage(actors::failure::Stage::Pool).clone();
        Self {
            mailbox: Outlet::new(pool.clone().recipient(), stage),
            pool,
            placement,
            abandoned,
            last_fault,
            ready,
            gave_up,
            published,
            neighbours,
            sink: Arc::new(sink),
        }
    }

    /// Offers the pool one input for a record `id`, and answers its gathering.
    ///
    /// # Panics
    /// When a thousand deliveries are open.
    #[must_use]
    pub fn offer(&self, id: &str) -> Arc<Gathering> {
        let pixels = self.neighbours.credits.try_reserve(1).expect("there are a thousand");
        let delivery = self.neighbours.delivery(id);
        let gathering = Gathering::new(delivery, record(id), pixels, 1, Arc::clone(&self.sink));
        let input = Input::new(id.to_owned());
        self.mailbox.offer(Infer { gathering: Arc::clone(&gathering), input });
        gathering
    }

    /// Offers the pool one input for each of the records `ids`, held by nobody else.
    pub fn offer_all(&self, ids: &[&str]) {
        ids.iter().for_each(|id| drop(self.offer(id)));
    }

    /// The next worker hired, alone: a pool waits some seconds at most before it replaces one.
    ///
    /// # Panics
    /// When none is hired within a minute, or more than one at once.
    pub async fn hired_one(&self) -> Seated {
        for _ in 0..600 {
            let mut hired = self.placement.hired().await;
            assert!(hired.len() <= 1, "{} workers hired", hired.len());
            match hired.pop() {
                Some(worker) => return worker,
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        panic!("nobody was hired")
    }

    /// The ids of the records that are complete, sorted; settled as indexed.
    pub async fn published(&mut self) -> Vec<String> {
        let settle = |publish: Publish| {
            publish.delivery.settle(Ending::Indexed);
            publish.augmented.record.id.to_string()
        };
        let published = self.published.all().await;
        let mut ids: Vec<String> =
            published.into_iter().map(|handed| settle(handed.open())).collect();
        ids.sort();
        ids
    }
}
