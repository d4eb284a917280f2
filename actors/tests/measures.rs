//! What is measured is what happened: credits as they are lent, workers as they work.

use std::sync::Arc;
use std::time::Duration;

use actors::failure::Stage;
use actors::flow::credits::Budget;
use actors::pool::PoolSettings;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_inferrer::Behaviour;
use actors_testing::lone_pool::LonePool;
use actors_testing::recorder::TestRecorder;
use actors_testing::virtual_time::simulate;
use actors_testing::world::{World, tune};

/// A pipeline that does one thing at a time, and two of them in ten seconds each at `stage`.
fn slow_at(stage: Stage) -> World {
    let mut world = World::default();
    world.only("features", Behaviour::default());
    (world.pool.workers, world.pool.batch) = (1, 1);
    (world.settings.retriever.batch, world.settings.retriever.lookups) = (1, 1);
    world.settings.downloader.fetches = 1;
    (world.settings.sink.documents, world.settings.sink.shipments) = (1, 1);
    let slow = Conduct::script([Act::Answer(Duration::from_secs(10)); 2]);
    match stage {
        Stage::Retriever => tune(&mut world.catalogue).conduct = slow,
        Stage::Downloader => tune(&mut world.fetcher).conduct = slow,
        Stage::Pool => tune(&mut world.placement).conduct = Arc::new(slow),
        _ => tune(&mut world.index).conduct = slow,
    }
    world
}

#[test]
fn the_wait_before_a_stage_lasts_until_the_stage_takes_the_work_up() {
    for stage in [Stage::Retriever, Stage::Downloader, Stage::Pool, Stage::Sink] {
        let mut waits = simulate(async move {
            let world = slow_at(stage);
            world.run(["a", "b"]).await;
            world.recorder.values("inference_stage_wait_seconds", stage.as_str())
        });
        waits.sort_by(f64::total_cmp);

        // The second waits while the first is worked on.
        let [first, second] = waits[..] else { panic!("{stage}: {waits:?}") };
        assert!(first < 0.1 && (9.9..10.1).contains(&second), "{stage}: {waits:?}");
    }
}

const IN_USE: &str = "inference_credit_bytes_in_use";

#[actix::test]
async fn credits_are_shown_as_they_are_lent_and_given_back() {
    let recorder = TestRecorder::default();
    let budget = Budget::new(10).shown(&recorder.metrics().credit_bytes);
    assert_eq!(recorder.now("inference_credit_bytes_capacity", ""), 10.0);

    let mut first = budget.reserve(6).await.expect("there are ten");
    let second = budget.try_reserve(3).expect("four are left");
    assert_eq!(recorder.now(IN_USE, ""), 9.0);
    first.shrink_to(2);
    assert_eq!(recorder.now(IN_USE, ""), 5.0);
    drop(second);
    assert_eq!(recorder.now(IN_USE, ""), 2.0);
    drop(first);

    assert_eq!(recorder.now(IN_USE, ""), 0.0);
}

#[actix::test]
async fn a_batch_counts_the_time_and_the_cpu_time_that_it_took() {
    tokio::time::pause();
    let settings = PoolSettings { workers: 1, batch: 2, ..PoolSettings::default() };
    let pool = LonePool::start(settings);
    let mut worker = pool.hired_one().await;
    pool.offer_all(&["a", "b", "c"]);
    worker.ready();

    for _ in 0..2 {
        let batch = worker.batches.next().await;
        worker.answer(&batch);
    }
    tokio::time::sleep(Duration::from_millis(1)).await;

    assert_eq!(pool.neighbours.recorder.now("inference_pool_workers", "features"), 1.0);
    let counted = pool.neighbours.recorder.reader().counters();
    let microseconds = |name: &str| counted[&(name.to_owned(), "features".to_owned())];
    assert_eq!(microseconds("inference_worker_busy_seconds_total"), 2000);
    assert_eq!(microseconds("inference_cpu_seconds_total"), 1000);
}
