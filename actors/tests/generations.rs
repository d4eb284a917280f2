//! An actor that dies costs its generation; the next one takes everything up, and not without end.

use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use tokio::sync::{oneshot, watch};

use actors::failure::Stage;
use actors::messages::{Begin, Child, Retrieve, Stop, Terminated};
use actors::ports::Queue;
use actors::source::{Safeguard, Source, SourceOutlets, SourceSettings};
use actors::supervision::guardian::{Ended, Guardian, Vitals};
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_queue::{FakeQueue, LEASE};
use actors_testing::neighbours::Neighbours;
use actors_testing::probe::probe;
use actors_testing::virtual_time::{claim, simulate};
use actors_testing::world::{World, pass, tune};

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("r{n:02}")).collect()
}

/// Whether a pipeline whose actor of `stage` panics once goes on in its second generation, loses
/// nothing, and waits for no lease to run out.
async fn survives_a_panic(stage: Stage, restarts: usize) -> Result<(), String> {
    let mut world = World::default();
    world.guardian.restarts = restarts;
    world.recorder.bombs().plant(stage, 2);
    let running = world.start();
    let vitals = running.0.vitals.clone();
    let started = tokio::time::Instant::now();
    ids(20).iter().for_each(|id| world.queue.send(id));
    world.queue.close();

    let ended = running.end().await;

    claim(world.recorder.bombs().left() == 0, "the bomb did not go off")?;
    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let vitals = vitals.borrow().clone();
    claim(vitals.generation == 2, format!("{vitals:?}"))?;
    claim(vitals.last_fault.is_some(), "no fault is shown")?;
    claim(world.index.ids() == ids(20), format!("{:?}", world.index.ids()))?;
    claim(world.queue.parked().is_empty(), format!("{:?}", world.parked()))?;
    let accounts = world.accounts();
    claim(accounts.balance() && accounts.in_flight == 0, format!("{accounts:?}"))?;
    let took = started.elapsed();
    // What the Source had told a dying Ledger is in no book: that alone waits for its lease.
    let most = if stage == Stage::Ledger { 2 * LEASE } else { LEASE / 2 };
    claim(took < most, format!("it took {took:?}"))
}

#[test]
fn a_panicking_sink_starts_the_next_generation() {
    assert_eq!(simulate(survives_a_panic(Stage::Sink, 5)), Ok(()));
    assert!(simulate(survives_a_panic(Stage::Sink, 0)).is_err());
}

#[test]
fn a_panic_of_any_other_actor_does_too() {
    for stage in [Stage::Source, Stage::Retriever, Stage::Downloader, Stage::Pool, Stage::Ledger] {
        let survived = simulate(survives_a_panic(stage, 5));
        assert_eq!(survived, Ok(()), "{stage}");
    }
}

#[actix::test]
async fn once_a_generation_is_ready_the_next_fault_is_the_first_again() {
    tokio::time::pause();
    let world = World::default();
    let running = world.start();
    for fault in 1..=6 {
        pass(Duration::from_mins(1)).await;
        world.recorder.bombs().plant(Stage::Retriever, 0);
        world.queue.send("a");
        pass(Duration::from_millis(210)).await;
        assert_eq!(running.vitals().generation, fault + 1, "a first wait is a fifth of a second");
    }
}

/// Whether six panics of the Sink within a minute end the process.
async fn gives_up(bombs: usize, restarts: usize) -> bool {
    let mut world = World::default();
    world.guardian.restarts = restarts;
    (0..bombs).for_each(|_| world.recorder.bombs().plant(Stage::Sink, 0));
    matches!(world.run(ids(30)).await, Ended::GaveUp { reason } if reason.contains("restarts"))
}

#[test]
fn the_sixth_fault_within_a_minute_gives_up() {
    assert!(!simulate(gives_up(5, 5)));
    assert!(simulate(gives_up(6, 5)));
    assert!(!simulate(gives_up(6, usize::MAX)));
}

fn guardian(world: &World) -> (actix::Addr<Guardian>, watch::Receiver<Vitals>) {
    let (vitals, shown) = watch::channel(Vitals::default());
    let (ended, _) = oneshot::channel();
    (Guardian::new(world.blueprint(), world.guardian.clone(), vitals, ended).start(), shown)
}

#[actix::test]
async fn terminations_of_past_generations_are_ignored() {
    tokio::time::pause();
    let world = World::default();
    let (guardian, vitals) = guardian(&world);
    let dead = |generation| Terminated { child: Child::Sink, generation, panicked: true };
    let generation_after = async |terminated| {
        guardian.do_send(terminated);
        pass(Duration::from_secs(20)).await;
        vitals.borrow().generation
    };
    pass(Duration::from_secs(1)).await;

    assert_eq!(generation_after(dead(1)).await, 2, "the running generation is replaced");
    assert_eq!(generation_after(dead(1)).await, 2);
    assert_eq!(generation_after(dead(3)).await, 2);
    assert_eq!(generation_after(dead(2)).await, 3);
}

#[actix::test]
async fn a_generation_is_not_ready_until_its_own_models_are() {
    tokio::time::pause();
    let world = World::default();
    let (guardian, vitals) = guardian(&world);
    pass(Duration::from_secs(1)).await;
    assert!(vitals.borrow().ready);

    guardian.do_send(Terminated { child: Child::Sink, generation: 1, panicked: true });
    pass(Duration::from_millis(1)).await;
    assert!(!vitals.borrow().ready);
    pass(Duration::from_secs(20)).await;

    assert!(vitals.borrow().ready);
}

/// A Source with a receive under way; what that brings comes after the Source has stopped.
async fn receive_outlives_the_source(without: Option<Safeguard>) -> Arc<FakeQueue> {
    let (neighbours, queue) = (Neighbours::default(), Arc::<FakeQueue>::default());
    let (retriever, _retrieves) = neighbours.outlet::<Retrieve>();
    let (opened, _opened) = probe();
    let (exhausted, _exhausted) = probe();
    let source = Source::new(
        Arc::clone(&queue) as Arc<dyn Queue>,
        neighbours.credits.clone(),
        Default::default(),
        SourceOutlets {
            retriever: Arc::new(retriever),
            opened,
            settled: Arc::clone(&neighbours.ledger),
            exhausted,
        },
        neighbours.metrics.clone(),
        SourceSettings { without, ..SourceSettings::default() },
        neighbours.watch(Child::Source),
    )
    .start();
    source.do_send(Begin);
    pass(Duration::from_secs(1)).await;
    assert_eq!(queue.receives(), 1);

    source.do_send(Stop);
    queue.send("a");
    pass(Duration::from_secs(30)).await;
    assert_eq!(neighbours.credits.taken(), 0);
    queue
}

#[test]
fn what_a_receive_brings_to_a_dead_source_goes_back_at_once() {
    let released = |without| simulate(receive_outlives_the_source(without)).released();
    assert_eq!(released(None), [("a".to_owned(), Duration::ZERO)]);
    assert_eq!(released(Some(Safeguard::ReleaseOfUnopened)), []);
}

#[actix::test]
async fn what_a_source_that_panics_has_just_received_goes_back_at_once() {
    tokio::time::pause();
    let world = World::default();
    world.recorder.bombs().plant(Stage::Source, 0);
    ids(5).iter().for_each(|id| world.queue.send(id));
    let _running = world.start();

    pass(Duration::from_secs(1)).await;

    let zero = |id: String| (id, Duration::ZERO);
    assert_eq!(world.queue.released(), ids(5).into_iter().map(zero).collect::<Vec<_>>());
}

#[actix::test]
async fn settlements_that_a_dead_ledger_had_begun_are_told_again_by_the_next() {
    tokio::time::pause();
    let mut world = World::default();
    // The receives answer at once, the first acknowledgement takes ten seconds.
    let (at_once, ten) = (Act::Answer(Duration::ZERO), Duration::from_secs(10));
    let conduct = [at_once, at_once, Act::Answer(ten)];
    tune(&mut world.queue).conduct = Conduct::script(conduct);
    world.queue.send("a");
    let (guardian, _vitals) = guardian(&world);
    pass(Duration::from_secs(5)).await;
    assert_eq!(world.queue.calls().len(), 1);

    guardian.do_send(Terminated { child: Child::Ledger, generation: 1, panicked: true });
    pass(ten).await;

    assert_eq!(world.queue.acknowledged(), ["a"]);
    assert_eq!(world.queue.calls().len(), 2);
    assert_eq!((world.accounts().indexed, world.accounts().in_flight), (1, 0));
}
