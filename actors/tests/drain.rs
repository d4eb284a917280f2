//! A drain receives nothing more, finishes what is in flight, and gives back what it cannot finish.

use std::time::Duration;

use tokio::time::Instant;

use actors::failure::Stage;
use actors::ledger::SharedBook;
use actors::ledger::book::Book;
use actors::ledger::disposition::Policy;
use actors::source::Safeguard;
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::virtual_time::{claim, simulate, within};
use actors_testing::world::{Running, World, pass, tune};

const HOUR: Duration = Duration::from_hours(1);

/// What the container is given.
const DEADLINE: Duration = Duration::from_secs(25);

/// Eight credits, twenty records, and fetches that take `fetch` each; then asked to drain.
async fn draining(fetch: Duration, deadline: Duration) -> (World, Running) {
    let mut world = World::default();
    let fetches = std::iter::repeat_n(Act::Answer(fetch), 100);
    tune(&mut world.fetcher).conduct = Conduct::script(fetches);
    (0..20).for_each(|n| world.queue.send(&format!("r{n:02}")));
    let running = world.start();
    pass(Duration::from_millis(10)).await;
    running.drain(deadline);
    (world, running)
}

#[actix::test]
async fn drain_ends_with_the_last_credit() {
    tokio::time::pause();
    let fetch = Duration::from_secs(10);
    let (world, running) = draining(fetch, DEADLINE).await;
    let asked = Instant::now();

    assert_eq!(running.end().await, Ended::Drained);

    let took = asked.elapsed();
    assert!(took > fetch / 2 && took < fetch + Duration::from_secs(1), "{took:?}");
    let accounts = world.accounts();
    assert_eq!((accounts.received, accounts.indexed, accounts.in_flight), (8, 8, 0));
    assert_eq!((world.queue.len(), world.queue.hidden()), (12, 0), "the rest was left alone");
}

/// Whether everything that is open at the deadline is given back at once.
async fn gives_back_at_the_deadline(deadline: Duration) -> Result<(), String> {
    let (world, running) = draining(HOUR, deadline).await;
    let asked = Instant::now();

    let ended = within(2 * HOUR, running.end()).await?;

    claim(ended == Ended::Drained, format!("{ended:?}"))?;
    let took = asked.elapsed();
    claim(took < DEADLINE + Duration::from_secs(5), format!("it took {took:?}"))?;
    let released = world.queue.released();
    let at_once = released.len() == 8 && released.iter().all(|(_, after)| after.is_zero());
    claim(at_once, format!("released {released:?}"))?;
    let accounts = world.accounts();
    claim(accounts.released == 8 && accounts.in_flight == 0, format!("{accounts:?}"))?;
    claim(world.queue.hidden() == 0, "something waits for its lease to run out")
}

#[test]
fn at_the_deadline_open_deliveries_go_back_without_delay() {
    assert_eq!(simulate(gives_back_at_the_deadline(DEADLINE)), Ok(()));
    assert!(simulate(gives_back_at_the_deadline(3 * HOUR)).is_err());
}

#[actix::test]
async fn the_deadline_parks_nothing_not_even_on_the_last_permitted_receive() {
    tokio::time::pause();
    let mut world =
        World { book: SharedBook::new(Book::new(Policy::new(1, 0))), ..World::default() };
    tune(&mut world.fetcher).conduct = Conduct::script([Act::Answer(HOUR)]);
    world.queue.send("a");
    let running = world.start();
    pass(Duration::from_millis(10)).await;

    running.drain(DEADLINE);

    assert_eq!(running.end().await, Ended::Drained);
    assert_eq!(world.parked(), []);
    assert_eq!(world.queue.released(), [("a".to_owned(), Duration::ZERO)]);
}

/// Whether what a receive under way at the drain brings goes back at once, and nothing more is received.
async fn gives_back_what_a_receive_under_way_brings(
    without: Option<Safeguard>,
) -> Result<(), String> {
    let mut world = World::default();
    world.settings.source.without = without;
    let running = world.start();
    pass(Duration::from_secs(1)).await;
    claim(world.queue.receives() == 1, "no long poll is under way")?;

    running.drain(DEADLINE);
    pass(Duration::from_secs(5)).await;
    world.queue.send("a");
    let ended = within(HOUR, running.end()).await?;
    pass(Duration::from_secs(1)).await;

    claim(ended == Ended::Drained, format!("{ended:?}"))?;
    let released = world.queue.released();
    claim(released == [("a".to_owned(), Duration::ZERO)], format!("released {released:?}"))?;
    let (receives, fetched) = (world.queue.receives(), world.fetcher.fetched());
    claim(
        (receives, fetched.len()) == (1, 0),
        format!("{receives} receives, {fetched:?} fetched"),
    )?;
    let accounts = world.accounts();
    claim(accounts.balance() && accounts.released == 1, format!("{accounts:?}"))
}

#[test]
fn a_receive_in_flight_is_awaited_and_what_it_brings_is_released() {
    let gives_back = |without| simulate(gives_back_what_a_receive_under_way_brings(without));
    assert_eq!(gives_back(None), Ok(()));
    assert!(gives_back(Some(Safeguard::AwaitedReceive)).is_err());
}

#[actix::test]
async fn an_idle_pipeline_drains_when_its_long_poll_ends() {
    tokio::time::pause();
    let world = World::default();
    let running = world.start();
    pass(Duration::from_secs(1)).await;
    let asked = Instant::now();

    running.drain(DEADLINE);

    assert_eq!(running.end().await, Ended::Drained);
    assert!(asked.elapsed() <= Duration::from_secs(20), "{:?}", asked.elapsed());
}

#[actix::test]
async fn a_draining_pipeline_is_not_ready_and_a_second_request_changes_nothing() {
    tokio::time::pause();
    let (world, running) = draining(Duration::from_secs(10), DEADLINE).await;
    pass(Duration::from_millis(1)).await;
    assert!(!running.vitals().ready);

    running.drain(Duration::ZERO);

    assert_eq!(running.end().await, Ended::Drained);
    assert_eq!((world.accounts().indexed, world.accounts().released), (8, 0));
}

#[actix::test]
async fn what_may_pass_is_given_back_without_delay_while_draining() {
    tokio::time::pause();
    let mut world = World::default();
    let act = Act::Fail(Duration::from_secs(5));
    tune(&mut world.fetcher).conduct = Conduct::script([act]);
    world.queue.send("a");
    let running = world.start();
    pass(Duration::from_millis(10)).await;

    running.drain(DEADLINE);

    assert_eq!(running.end().await, Ended::Drained);
    // Twice, if the long poll that is still under way takes it up again.
    let released = world.queue.released();
    assert!(!released.is_empty() && released.iter().all(|(_, after)| after.is_zero()));
    assert_eq!(world.accounts().received, world.accounts().released);
}

#[actix::test]
async fn a_drain_whose_deadline_finds_no_generation_gives_back_all_the_same() {
    tokio::time::pause();
    let mut world = World::default();
    // One record is through after ten seconds and kills the Sink; the others take an hour. The drain
    // ends before the next generation is there.
    let ten = Duration::from_secs(10);
    let slow = std::iter::repeat_n(Act::Answer(HOUR), 7);
    let fetches = std::iter::once(Act::Answer(ten)).chain(slow);
    tune(&mut world.fetcher).conduct = Conduct::script(fetches);
    world.recorder.bombs().plant(Stage::Sink, 0);
    (0..8).for_each(|n| world.queue.send(&format!("r{n}")));
    let running = world.start();
    pass(Duration::from_millis(1)).await;
    assert_eq!(world.accounts().received, 8);

    running.drain(ten + Duration::from_millis(5));

    assert_eq!(running.end().await, Ended::Drained);
    assert_eq!((world.accounts().in_flight, world.queue.hidden()), (0, 0));
    assert_eq!(world.queue.released().len(), 8);
}

#[actix::test]
async fn a_drain_before_the_models_are_ready_ends_at_once() {
    tokio::time::pause();
    let world = World::default();
    world.queue.send("a");
    let running = world.start();

    running.drain(DEADLINE);

    assert_eq!(running.end().await, Ended::Drained);
    assert_eq!(world.queue.receives(), 0);
}
