//! A model that does not return costs its thread; the worker is replaced, and its items run alone.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actors::delivery::Ending;
use actors::failure::Class;
use actors::messages::Stop;
use actors::pool::PoolSettings;
use actors::pool::abandoned_threads::ThreadCount;
use actors::supervision::guardian::Ended;
use actors_testing::lone_pool::LonePool;
use actors_testing::manual_placement::texts;
use actors_testing::virtual_time::{claim, simulate, within};
use actors_testing::world::{World, pass, tune};

const HOUR: Duration = Duration::from_hours(1);

/// Past the deadline of inference and the next look at the workers.
const OVERDUE: Duration = Duration::from_secs(31);

#[actix::test]
async fn the_items_of_a_hung_worker_run_one_by_one_on_another() {
    tokio::time::pause();
    let mut pool = LonePool::start(PoolSettings::default());
    let mut hung = pool.hired_one().await;
    pool.offer_all(&["a", "b"]);
    hung.ready();
    let late = hung.batches.next().await;
    assert_eq!(texts(&late), ["a", "b"]);

    pass(OVERDUE).await;
    let mut second = pool.hired_one().await;
    second.ready();
    let first = second.batches.next().await;
    assert_eq!(texts(&first), ["a"]);
    second.answer(&first);
    assert_eq!(texts(&second.batches.next().await), ["b"]);
    pass(OVERDUE).await;

    assert_eq!(pool.published().await, ["a"]);
    let settled = pool.neighbours.settlements.next().await;
    assert!(matches!(settled.ending, Ending::Failed(f) if f.class == Class::InferenceTimedOut));
    assert_eq!(pool.abandoned.count(), 2);
    assert!(pool.last_fault.get().is_some_and(|fault| fault.contains("hung")));
    assert!(pool.gave_up.all().await.is_empty());
}

#[actix::test]
async fn the_late_answer_of_a_hung_worker_changes_nothing_but_it_may_go() {
    tokio::time::pause();
    let mut pool = LonePool::start(PoolSettings::default());
    let mut hung = pool.hired_one().await;
    pool.offer_all(&["a", "b"]);
    hung.ready();
    let late = hung.batches.next().await;
    pass(OVERDUE).await;
    let _second = pool.hired_one().await;
    assert_eq!((pool.abandoned.count(), hung.stops.all().await.len()), (1, 0));

    hung.answer(&late);
    assert_eq!(hung.stops.all().await.len(), 1, "asked to go, now that it can");
    drop(hung);

    assert_eq!(pool.abandoned.count(), 0);
    assert!(pool.published().await.is_empty(), "its work was given to another");
}

#[actix::test]
async fn a_thread_that_comes_back_after_its_pool_is_gone_is_no_longer_counted() {
    tokio::time::pause();
    let mut pool = LonePool::start(PoolSettings::default());
    let mut hung = pool.hired_one().await;
    pool.offer_all(&["a"]);
    hung.ready();
    hung.batches.next().await;
    pass(OVERDUE).await;

    pool.pool.do_send(Stop);
    pool.neighbours.deaths.next().await;
    assert_eq!(pool.abandoned.count(), 1, "it still runs");
    assert_eq!(hung.stops.all().await.len(), 1);
    drop(hung);

    assert_eq!(pool.abandoned.count(), 0);
}

#[actix::test]
async fn a_worker_that_does_not_finish_loading_is_replaced_too() {
    tokio::time::pause();
    let pool = LonePool::start(PoolSettings::default());
    let _loading = pool.hired_one().await;

    pass(Duration::from_mins(2)).await;

    pool.hired_one().await;
    assert_eq!(pool.abandoned.count(), 1);
}

fn hanging(ids: &[&str]) -> World {
    let mut world = World::default();
    let ids: HashSet<String> = ids.iter().map(ToString::to_string).collect();
    tune(&mut world.placement).hangs = Arc::new(ids);
    world.only("features", actors_testing::fake_inferrer::Behaviour::default());
    world
}

/// Whether one picture that hangs the model costs nothing but itself.
async fn the_one_that_hangs_is_parked(replace_hung: bool) -> Result<(), String> {
    let mut world = hanging(&["r13"]);
    world.pool.replace_hung = replace_hung;
    let ids: Vec<String> = (0..40).map(|n| format!("r{n:02}")).collect();

    let ended = within(HOUR, world.run(&ids)).await?;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let parked = world.parked();
    claim(parked == [("r13".to_owned(), "inference_timed_out")], format!("{parked:?}"))?;
    claim(world.index.ids().len() == 39, format!("{} indexed", world.index.ids().len()))?;
    let home = (world.messages.taken(), world.bytes.taken(), world.pixels.taken());
    claim(home == (0, 0, 0), format!("a hung thread keeps credits: {home:?}"))
}

#[test]
fn the_one_that_hangs_alone_is_parked_and_its_neighbours_are_indexed() {
    assert_eq!(simulate(the_one_that_hangs_is_parked(true)), Ok(()));
    assert!(simulate(the_one_that_hangs_is_parked(false)).is_err());
}

/// Whether supervision gives up, as only a new process helps.
async fn gives_up(hanging_ids: &[&str], abandoned_threads: usize) -> Result<(), String> {
    let mut world = hanging(hanging_ids);
    world.pool.abandoned_threads = abandoned_threads;
    let others = (0..20).map(|n| format!("r{n:02}"));
    let ids: Vec<String> = others.chain(hanging_ids.iter().map(ToString::to_string)).collect();

    let ended = within(HOUR, world.run(&ids)).await?;

    match ended {
        Ended::GaveUp { reason } => claim(reason.contains("threads hang"), reason),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn four_threads_that_hang_at_once_escalate() {
    let four = ["hang1", "hang2", "hang3", "hang4"];
    assert_eq!(simulate(gives_up(&four, 3)), Ok(()));
    assert!(simulate(gives_up(&four[..1], 3)).is_err(), "one picture hangs at most two threads");
    assert!(simulate(gives_up(&four, usize::MAX)).is_err());
}

#[actix::test]
async fn threads_that_hang_elsewhere_escalate_too() {
    tokio::time::pause();
    let mut pool = LonePool::start(PoolSettings::default());
    let hang = || ThreadCount::new(pool.abandoned.clone(), metrics::Gauge::noop());
    let threads: Vec<_> = (0..4).map(|_| hang()).collect();

    threads[1..].iter().for_each(|thread| thread.abandon());
    pass(Duration::from_secs(1)).await;
    assert!(pool.gave_up.all().await.is_empty());
    threads[0].abandon();
    pass(Duration::from_secs(1)).await;

    assert!(pool.gave_up.all().await.iter().any(|news| news.fatal));
}

#[actix::test]
async fn hanging_threads_are_counted_across_pools_and_generations() {
    tokio::time::pause();
    actors_testing::quiet::expected_panics();
    let world = hanging(&["hang1", "hang2", "hang3", "hang4"]);
    let running = world.start();
    ["hang1", "hang2"].iter().for_each(|id| world.queue.send(id));
    pass(Duration::from_mins(5)).await;
    let before = world.abandoned.count();
    assert!((2..=3).contains(&before), "{before}");

    world.recorder.bombs().plant(actors::failure::Stage::Downloader, 0);
    world.queue.send("r1");
    pass(Duration::from_mins(1)).await;
    assert_eq!(running.vitals().generation, 2);
    assert_eq!(world.abandoned.count(), before, "they still hang");
    ["hang3", "hang4"].iter().for_each(|id| world.queue.send(id));

    assert!(matches!(running.end().await, Ended::GaveUp { .. }));
}
