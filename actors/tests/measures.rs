//! What is measured is what happened: credits as they are lent, workers as they work.

use actors::flow::credits::Budget;
use actors::pool::PoolSettings;
use actors_testing::lone_pool::LonePool;
use actors_testing::recorder::TestRecorder;

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
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;

    assert_eq!(pool.neighbours.recorder.now("inference_pool_workers", "features"), 1.0);
    let counted = pool.neighbours.recorder.reader().counters();
    let microseconds = |name: &str| counted[&(name.to_owned(), "features".to_owned())];
    assert_eq!(microseconds("inference_worker_busy_seconds_total"), 2000);
    assert_eq!(microseconds("inference_cpu_seconds_total"), 1000);
}
