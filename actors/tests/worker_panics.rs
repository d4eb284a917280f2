//! A worker that dies outside inference is replaced singly, and not without end.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actors::pool::PoolSettings;
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_inferrer::{Behaviour, FakeFactory};
use actors_testing::lone_pool::LonePool;
use actors_testing::manual_placement::texts;
use actors_testing::virtual_time::{claim, simulate, within};
use actors_testing::world::{World, pass, tune};

const HOUR: Duration = Duration::from_hours(1);

#[actix::test]
async fn only_the_batch_of_the_worker_that_died_is_given_to_another() {
    tokio::time::pause();
    let mut pool =
        LonePool::start(PoolSettings { workers: 2, batch: 2, ..PoolSettings::default() });
    let mut workers = pool.placement.hired().await;
    let mut second = workers.pop().expect("two were hired");
    let mut first = workers.pop().expect("two were hired");
    first.ready();
    second.ready();
    pool.offer_all(&["a", "b"]);
    let (lost, kept) = (first.batches.next().await, second.batches.next().await);
    assert_eq!((texts(&lost), texts(&kept)), (vec!["a"], vec!["b"]));

    drop(first);
    let mut third = pool.hired_one().await;
    third.ready();

    assert_eq!(texts(&third.batches.next().await), ["a"]);
    second.answer(&kept);
    assert_eq!(pool.published().await, ["b"], "the other's work goes on");
    assert!(pool.neighbours.settled().await.iter().all(|(receipt, _)| receipt == "b"));
}

#[actix::test]
async fn once_every_worker_is_ready_the_next_death_is_the_first_again() {
    tokio::time::pause();
    let pool = deaths(4, 5).await;
    pool.hired_one().await.ready();
    pass(Duration::from_mins(2)).await;
    let worker = pool.hired_one().await;

    drop(worker);
    pass(Duration::from_millis(101)).await;

    assert_eq!(pool.placement.hired().await.len(), 1, "a first wait is a tenth of a second");
}

/// Lets `deaths` workers of one pool die, one after the other, as soon as each is hired.
async fn deaths(deaths: usize, restarts: usize) -> LonePool {
    let pool = LonePool::start(PoolSettings { restarts, ..PoolSettings::default() });
    for _ in 0..deaths {
        drop(pool.hired_one().await);
    }
    pool
}

#[test]
fn the_sixth_panic_outside_inference_in_a_minute_escalates() {
    let escalates = |count, restarts| {
        simulate(async move {
            let mut pool = deaths(count, restarts).await;
            let gave_up = pool.gave_up.all().await;
            gave_up.first().map(|gave_up| gave_up.fatal)
        })
    };

    assert_eq!(escalates(5, 5), None);
    assert_eq!(escalates(6, 5), Some(false), "the generation is replaced, not the process");
    assert_eq!(escalates(6, usize::MAX), None, "without the limit it goes on");
}

#[test]
fn a_model_that_fails_its_golden_vector_counts_to_the_limit() {
    let escalates = |restarts| {
        simulate(async move {
            let mut pool = LonePool::start(PoolSettings { restarts, ..PoolSettings::default() });
            for _ in 0..6 {
                pool.hired_one().await.cannot_load();
            }
            !pool.gave_up.all().await.is_empty()
        })
    };

    assert!(escalates(5));
    assert!(!escalates(usize::MAX));
}

/// Whether supervision gives up over a model that cannot be rebuilt after it panicked.
async fn gives_up_over_a_broken_model(failing: HashSet<usize>, restarts: usize) -> Ended {
    let mut behaviour = Behaviour::default();
    behaviour.panics = ["r0", "r1"].map(str::to_owned).into();
    let mut factory = FakeFactory::new("features", behaviour);
    factory.failing_builds = failing;
    let mut world = World { factories: vec![Arc::new(factory)], ..World::default() };
    (world.pool.workers, world.pool.restarts) = (1, restarts);
    within(HOUR, world.run(["r0", "r1"])).await.unwrap_or(Ended::Drained)
}

#[test]
fn a_rebuilt_worker_that_fails_its_golden_vector_escalates_in_the_end() {
    // The first build works; after the panic none does any more.
    let broken: HashSet<usize> = (1..100_000).collect();
    let once: HashSet<usize> = [1].into();

    let ended = simulate(gives_up_over_a_broken_model(broken.clone(), 5));
    assert!(matches!(ended, Ended::GaveUp { .. }), "{ended:?}");
    assert_eq!(simulate(gives_up_over_a_broken_model(once, 5)), Ended::Exhausted);
    let unlimited = simulate(gives_up_over_a_broken_model(broken, usize::MAX));
    assert_eq!(unlimited, Ended::Drained, "it never ended within the hour");
}

/// Whether work survives seven deaths of workers, and in which generation.
async fn survives_seven_deaths(restarts: usize) -> Result<(), String> {
    let mut world = World::default();
    let deaths = std::iter::repeat_n(Act::Panic, 7);
    tune(&mut world.placement).conduct = Arc::new(Conduct::script(deaths));
    world.only("features", Behaviour::default());
    (world.pool.workers, world.pool.restarts) = (1, restarts);
    let running = world.start();
    let vitals = running.0.vitals.clone();
    let ids: Vec<String> = (0..20).map(|n| format!("r{n:02}")).collect();
    ids.iter().for_each(|id| world.queue.send(id));
    world.queue.close();

    let ended = within(HOUR, running.end()).await?;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    claim(world.index.ids() == ids, format!("{:?}", world.index.ids()))?;
    let generation = vitals.borrow().generation;
    claim(generation == 2, format!("generation {generation}"))
}

#[test]
fn workers_that_keep_dying_cost_a_generation_and_no_record() {
    assert_eq!(simulate(survives_seven_deaths(5)), Ok(()));
    let unlimited = simulate(survives_seven_deaths(usize::MAX));
    assert_eq!(unlimited, Err("generation 1".to_owned()));
}
