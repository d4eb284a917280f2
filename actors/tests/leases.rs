//! A lease is kept as long as its work takes; a lost one ends the work.

use std::sync::Arc;
use std::time::Duration;

use actix::Actor;

use actors::delivery::Tether;
use actors::flow::outages::Outages;
use actors::ledger::book::Book;
use actors::ledger::disposition::Policy;
use actors::ledger::{Ledger, LedgerSettings, SharedBook};
use actors::messages::{Child, Opened};
use actors::ports::{Queue, Received};
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_inferrer::Behaviour;
use actors_testing::fake_queue::{FakeQueue, LEASE};
use actors_testing::neighbours::Neighbours;
use actors_testing::virtual_time::{claim, simulate, within};
use actors_testing::world::{World, pass, tune};

const HOUR: Duration = Duration::from_hours(1);

/// Whether a record whose fetch takes many leases is fetched once and indexed.
async fn slow_work_keeps_its_lease(extend_leases: bool) -> Result<(), String> {
    let mut world = World::default();
    world.settings.ledger.extend_leases = extend_leases;
    let slow = std::iter::repeat_n(Act::Answer(10 * LEASE), 100);
    tune(&mut world.fetcher).conduct = Conduct::script(slow);

    let ended = within(HOUR, world.run(["a"])).await?;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let accounts = world.accounts();
    claim(accounts.lost == 0 && accounts.indexed == 1, format!("{accounts:?}"))?;
    claim(world.counter("inference_lease_extensions_total", "") >= 10, "too few extensions")
}

#[test]
fn a_lease_is_extended_before_it_ends() {
    assert_eq!(simulate(slow_work_keeps_its_lease(true)), Ok(()));
    assert!(simulate(slow_work_keeps_its_lease(false)).is_err());
}

/// A Ledger with 25 open deliveries of `queue`, and what connects it with them.
async fn ledger_over(
    queue: &Arc<FakeQueue>,
    settings: LedgerSettings,
) -> (SharedBook, Vec<Arc<Tether>>) {
    let neighbours = Neighbours::default();
    (0..25).for_each(|n| queue.send(&format!("r{n:02}")));
    let Ok(Received::Messages(messages)) = queue.receive(25).await else {
        panic!("the fake queue answers")
    };
    let book = SharedBook::new(Book::new(Policy::new(5, 1)));
    let ledger = Ledger::new(
        Arc::clone(queue) as Arc<dyn Queue>,
        book.clone(),
        Arc::new([]),
        Outages::default(),
        neighbours.metrics.clone(),
        settings,
        neighbours.watch(Child::Ledger),
    )
    .start();
    let lease_until = tokio::time::Instant::now() + LEASE;
    let open = |message: actors::ports::Message| {
        let tether = Arc::<Tether>::default();
        ledger.do_send(Opened {
            receipt: message.receipt,
            id: message.id.ok(),
            attempt: message.attempt,
            lease_until,
            age: None,
            tether: Arc::clone(&tether),
        });
        tether
    };
    let tethers = messages.into_iter().map(open).collect();
    // It lives as long as the test does.
    std::mem::forget((ledger, neighbours));
    (book, tethers)
}

#[actix::test]
async fn leases_are_extended_in_tens_when_half_of_them_is_over() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    ledger_over(&queue, LedgerSettings::default()).await;

    pass(LEASE / 2 - Duration::from_secs(1)).await;
    assert!(queue.calls().is_empty());
    pass(Duration::from_secs(3)).await;
    assert_eq!(queue.calls(), [10, 10, 5]);

    pass(HOUR).await;
    assert_eq!(queue.hidden(), 25, "nobody else has seen them");
}

#[actix::test]
async fn an_extension_that_fails_is_tried_again_before_the_lease_ends() {
    tokio::time::pause();
    let mut queue = FakeQueue::default();
    actors_testing::quiet::expected_panics();
    let failing = std::iter::repeat_n([Act::Fail(Duration::from_millis(100)), Act::Panic], 10);
    let acts = std::iter::once(Act::Answer(Duration::ZERO)).chain(failing.flatten());
    queue.conduct = Conduct::script(acts);
    let queue = Arc::new(queue);

    let (book, tethers) = ledger_over(&queue, LedgerSettings::default()).await;
    pass(2 * LEASE).await;

    assert_eq!((queue.hidden(), book.lock().accounts().lost), (25, 0));
    assert!(tethers.iter().all(|tether| !tether.is_cancelled()));
}

#[actix::test]
async fn a_refused_extension_cancels_the_work_and_counts_it_as_lost() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let (book, tethers) = ledger_over(&queue, LedgerSettings::default()).await;

    queue.end_leases();
    pass(LEASE).await;

    assert!(tethers.iter().all(|tether| tether.is_cancelled()));
    let accounts = book.lock().accounts();
    assert!(accounts.balance() && accounts.lost == 25, "{accounts:?}");
}

#[actix::test]
async fn past_the_longest_lease_of_the_queue_a_delivery_is_let_go() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let settings = LedgerSettings { give_up_after: HOUR, ..LedgerSettings::default() };
    let (book, _) = ledger_over(&queue, settings).await;

    pass(HOUR).await;
    assert_eq!(book.lock().accounts().in_flight, 25);
    pass(2 * LEASE).await;

    assert_eq!((book.lock().accounts().lost, queue.hidden()), (25, 0));
}

#[actix::test]
async fn a_lost_lease_cancels_the_work() {
    tokio::time::pause();
    let mut world = World::default();
    world.only("features", Behaviour::default());
    (world.pool.workers, world.pool.batch) = (1, 1);
    world.pool.inference_deadline = HOUR;
    // The first inference takes five minutes, while the others wait for the worker.
    let slow = Conduct::script([Act::Answer(Duration::from_mins(5))]);
    tune(&mut world.placement).conduct = Arc::new(slow);
    (0..8).for_each(|n| world.queue.send(&format!("r{n}")));
    let _running = world.start();
    pass(Duration::from_secs(1)).await;

    // Another process gets them all, and does the work.
    world.queue.end_leases();
    let Ok(Received::Messages(stolen)) = world.queue.receive(8).await else { panic!("it answers") };
    let receipts: Vec<_> = stolen.into_iter().map(|message| message.receipt).collect();
    assert!(world.queue.acknowledge(&receipts).await.iter().all(Result::is_ok));
    pass(Duration::from_mins(10)).await;

    let begun = world.factories[0].batches();
    assert_eq!(begun.len(), 1, "what had not begun was not begun: {begun:?}");
    assert!(world.index.ids().is_empty(), "and what had was thrown away");
    let accounts = world.accounts();
    assert!(accounts.balance() && accounts.lost == 8, "{accounts:?}");
    assert_eq!(world.counter("inference_lease_lost_total", "inferrer"), 8);
    // All home but what the Source holds for its next receive.
    assert_eq!((world.bytes.taken(), world.pixels.taken()), (0, 0));
}

#[actix::test]
async fn a_record_shown_again_while_it_is_worked_on_joins_that_work() {
    tokio::time::pause();
    let mut world = World::default();
    tune(&mut world.fetcher).conduct = Conduct::script([Act::Answer(2 * LEASE)]);
    world.queue.send("a");
    world.queue.close();
    let running = world.start();
    pass(Duration::from_secs(1)).await;

    world.queue.end_leases();

    assert_eq!(running.end().await, Ended::Exhausted);
    let accounts = world.accounts();
    assert_eq!((accounts.received, accounts.lost, accounts.indexed), (2, 1, 1));
    assert_eq!(world.fetcher.fetched(), ["a"]);
}
