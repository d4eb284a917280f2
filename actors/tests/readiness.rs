//! Nothing is received before every model is loaded and proven.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actors::pool::PoolSettings;
use actors::supervision::guardian::Pipeline;
use actors_testing::fake_inferrer::{Behaviour, FakeFactory};
use actors_testing::lone_pool::LonePool;
use actors_testing::manual_placement::ManualPlacement;
use actors_testing::world::{Running, World, pass};

const MINUTE: Duration = Duration::from_mins(1);

#[actix::test]
async fn nothing_is_received_before_every_worker_has_said_that_it_is_ready() {
    tokio::time::pause();
    let world = World::default();
    world.queue.send("a");
    let (placement, mut blueprint) = (ManualPlacement::shared(), world.blueprint());
    blueprint.placement = placement.clone();
    let running = Running(Pipeline::start(blueprint, world.guardian.clone()));
    let workers = placement.hired().await;
    assert_eq!(workers.len(), 4, "two pools of two");

    for worker in &workers {
        pass(Duration::from_secs(10)).await;
        assert_eq!((world.queue.receives(), running.vitals().ready), (0, false));
        worker.ready();
    }
    pass(Duration::from_secs(1)).await;

    assert!(world.queue.receives() > 0);
    assert!(running.vitals().ready);
}

#[actix::test]
async fn a_worker_that_is_ready_again_after_a_batch_counts_once() {
    tokio::time::pause();
    let mut pool = LonePool::start(PoolSettings { workers: 2, ..PoolSettings::default() });
    let mut workers = pool.placement.hired().await;
    workers[0].ready();
    pool.offer_all(&["a"]);
    let batch = workers[0].batches.next().await;
    workers[0].answer(&batch);

    assert!(pool.ready.all().await.is_empty());
    workers[1].ready();

    assert_eq!(pool.ready.all().await.len(), 1);
}

#[actix::test]
async fn a_worker_that_is_replaced_before_the_others_are_ready_counts_once() {
    tokio::time::pause();
    let mut pool = LonePool::start(PoolSettings { workers: 2, ..PoolSettings::default() });
    let mut workers = pool.placement.hired().await;
    let (slow, first) = (workers.pop().expect("two"), workers.pop().expect("two"));
    first.ready();

    drop(first);
    let again = pool.hired_one().await;
    again.ready();
    assert!(pool.ready.all().await.is_empty(), "the other still loads");
    slow.ready();

    assert_eq!(pool.ready.all().await.len(), 1);
}

#[actix::test]
async fn a_model_that_loads_only_at_the_second_try_delays_the_first_receive() {
    tokio::time::pause();
    let mut factory = FakeFactory::new("features", Behaviour::default());
    factory.failing_builds = HashSet::from([0, 1]);
    let mut world = World { factories: vec![Arc::new(factory)], ..World::default() };
    world.pool.workers = 1;
    world.queue.send("a");
    let running = world.start();

    pass(Duration::from_millis(5)).await;
    assert_eq!((world.queue.receives(), running.vitals().ready), (0, false));
    pass(MINUTE).await;

    assert_eq!(world.index.ids(), ["a"]);
    assert!(running.vitals().ready);
    assert_eq!(world.factories[0].builds(), 3);
}
