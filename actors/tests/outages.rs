//! While a dependency is down nothing is received and nothing parked; when it is back, work goes on.

use std::time::Duration;

use actors::flow::outages::Outages;
use actors::supervision::guardian::{Ended, Pipeline};
use actors_testing::conduct::{Act, Conduct};
use actors_testing::virtual_time::{claim, simulate, within};
use actors_testing::world::{Running, World, pass, tune};

const HOUR: Duration = Duration::from_hours(1);

/// A dependency that a delivery needs.
#[derive(Clone, Copy, Debug)]
enum Dependency {
    Catalogue,
    Index,
    Topic,
}

/// Whether an outage of `dependency`, of a hundred failed calls, stops receiving, parks nothing,
/// burns no receive counts and ends unaided. `told` is whether the Source hears of it.
async fn stands_an_outage(dependency: Dependency, told: bool) -> Result<(), String> {
    let mut world = World::default();
    // The first call answers, so that the pipeline is at work; then it is down for a while.
    let down = std::iter::repeat_n(Act::Fail(Duration::ZERO), 100);
    let conduct = Conduct::script(std::iter::once(Act::Answer(Duration::ZERO)).chain(down));
    match dependency {
        Dependency::Catalogue => tune(&mut world.catalogue).conduct = conduct,
        Dependency::Index => tune(&mut world.index).conduct = conduct,
        Dependency::Topic => tune(&mut world.topic).conduct = conduct,
    }
    // More credits than one receive takes: nothing but the outage keeps the Source from asking.
    world.messages = actors::flow::credits::Budget::new(30);
    let mut blueprint = world.blueprint();
    if !told {
        blueprint.outages = Outages::default();
        blueprint.sink.outages = world.outages.clone();
    }
    let running = Running(Pipeline::start(blueprint, world.guardian.clone()));
    world.queue.send("first");
    pass(Duration::from_secs(1)).await;

    // The long poll that was under way when it began brings the next one, and is the last.
    world.queue.send("second");
    pass(Duration::from_mins(1)).await;
    let receives = world.queue.receives();
    (0..10).for_each(|n| world.queue.send(&format!("r{n}")));
    pass(Duration::from_mins(10)).await;
    let received = world.queue.receives() - receives;
    claim(received <= 1, format!("received {received} times during the outage"))?;

    world.queue.close();
    let ended = within(HOUR, running.end()).await?;
    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let accounts = world.accounts();
    let unharmed = accounts.indexed == 12 && accounts.received == 12;
    claim(unharmed, format!("{dependency:?}: {accounts:?}"))?;
    claim(!world.outages.any(), "the outage never ended")
}

#[test]
fn an_outage_of_a_dependency_stops_receiving_parks_nothing_and_ends_unaided() {
    for dependency in [Dependency::Catalogue, Dependency::Index, Dependency::Topic] {
        assert_eq!(simulate(stands_an_outage(dependency, true)), Ok(()), "{dependency:?}");
    }
    let untold = simulate(stands_an_outage(Dependency::Index, false));
    assert!(untold.is_err_and(|broken| broken.starts_with("received")));
}

#[actix::test]
async fn an_outage_of_the_queue_lasts_until_a_receive_answers() {
    tokio::time::pause();
    let mut world = World::default();
    let down = std::iter::repeat_n(Act::Fail(Duration::from_secs(5)), 10);
    tune(&mut world.queue).conduct = Conduct::script(down);
    world.queue.send("a");
    let _running = world.start();
    pass(Duration::from_secs(6)).await;

    // Also while a receive is under way that may be the one that answers.
    while world.queue.receives() <= 10 {
        assert!(world.outages.any(), "it was over after {} receives", world.queue.receives());
        pass(Duration::from_millis(100)).await;
    }
    pass(Duration::from_secs(6)).await;

    assert_eq!(world.index.ids(), ["a"]);
    assert!(!world.outages.any());
    assert_eq!(world.queue.released(), []);
    assert_eq!(world.counter("inference_queue_errors_total", "receive"), 10);
}

#[actix::test]
async fn a_receive_that_panics_is_an_outage_like_any_other() {
    tokio::time::pause();
    let mut world = World::default();
    tune(&mut world.queue).conduct = Conduct::script([Act::Panic, Act::Panic]);

    assert_eq!(world.run(["a"]).await, Ended::Exhausted);

    assert_eq!((world.index.ids().len(), world.queue.receives() >= 3), (1, true));
}

#[actix::test]
async fn work_in_flight_is_finished_while_the_queue_is_down() {
    tokio::time::pause();
    let mut world = World::default();
    // Two receives answer; everything after that fails for some minutes.
    let at_once = std::iter::repeat_n(Act::Answer(Duration::ZERO), 2);
    let down = std::iter::repeat_n(Act::Fail(Duration::ZERO), 40);
    tune(&mut world.queue).conduct = Conduct::script(at_once.chain(down));

    let ended = world.run(["a", "b"]).await;

    assert_eq!(ended, Ended::Exhausted);
    assert_eq!(world.index.ids(), ["a", "b"]);
    let settled = world.queue.acknowledged().len() as u64 + world.accounts().lost;
    assert!(world.accounts().balance() && settled >= 2, "{:?}", world.accounts());
    assert!(world.queue.parked().is_empty());
}

#[actix::test]
async fn no_failure_of_a_dependency_costs_a_generation() {
    tokio::time::pause();
    let mut world = World::default();
    let down = || Conduct::script(std::iter::repeat_n(Act::Fail(Duration::ZERO), 20));
    tune(&mut world.catalogue).conduct = down();
    tune(&mut world.index).conduct = down();
    tune(&mut world.topic).conduct = down();
    let running = world.start();
    let vitals = running.0.vitals.clone();
    world.queue.send("a");
    world.queue.close();

    assert_eq!(running.end().await, Ended::Exhausted);

    assert_eq!(vitals.borrow().generation, 1);
}
