//! A lease is kept as long as its work takes; a lost one ends the work.

use std::sync::Arc;
use std::time::Duration;

use actix::Actor;

use actors::delivery::Tether;
use actors::failure::Stage;
use actors::flow::outages::Outages;
use actors::ledger::book::Book;
use actors::ledger::disposition::Policy;
use actors::ledger::{Ledger, LedgerSettings, SharedBook};
use actors::messages::{Child, Opened};
use actors::metrics::Dependency;
use actors::ports::{Queue, Received};
use actors::source::Safeguard;
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

/// What connects a Ledger with its surroundings.
struct Kept {
    book: SharedBook,
    tethers: Vec<Arc<Tether>>,
    outages: Outages,
    neighbours: Neighbours,
}

impl Kept {
    /// What the gauge of messages in flight shows.
    fn shown_in_flight(&self) -> f64 {
        self.neighbours.recorder.now("inference_inflight_messages", "")
    }

    /// How many calls that extend leases are counted as failed.
    fn failed_extensions(&self) -> u64 {
        self.neighbours.recorder.reader().counter("inference_queue_errors_total", "extend")
    }
}

/// A Ledger with 25 open deliveries of `queue`.
async fn ledger_over(queue: &Arc<FakeQueue>, settings: LedgerSettings) -> Kept {
    let neighbours = Neighbours::default();
    (0..25).for_each(|n| queue.send(&format!("r{n:02}")));
    let Ok(Received::Messages(messages)) = queue.receive(25).await else {
        panic!("the fake queue answers")
    };
    let book = SharedBook::new(Book::new(Policy::new(5, 1)));
    let outages = Outages::default();
    let ledger = Ledger::new(
        Arc::clone(queue) as Arc<dyn Queue>,
        book.clone(),
        Arc::new([]),
        outages.clone(),
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
    std::mem::forget(ledger);
    Kept { book, tethers, outages, neighbours }
}

#[actix::test]
async fn leases_are_extended_in_tens_when_half_of_them_is_over() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let settings = LedgerSettings { stuck_after: 2 * HOUR, ..LedgerSettings::default() };
    ledger_over(&queue, settings).await;

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

    let kept = ledger_over(&queue, LedgerSettings::default()).await;
    pass(2 * LEASE).await;

    assert_eq!((queue.hidden(), kept.book.lock().accounts().lost), (25, 0));
    assert!(kept.tethers.iter().all(|tether| !tether.is_cancelled()));
    assert_eq!(kept.failed_extensions(), 20, "one for each call, however many leases it names");
}

#[actix::test]
async fn a_refused_extension_cancels_the_work_and_counts_it_as_lost() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let kept = ledger_over(&queue, LedgerSettings::default()).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(kept.shown_in_flight(), 25.0);

    queue.end_leases();
    pass(LEASE).await;

    assert!(kept.tethers.iter().all(|tether| tether.is_cancelled()));
    let accounts = kept.book.lock().accounts();
    assert!(accounts.balance() && accounts.lost == 25, "{accounts:?}");
    assert_eq!(kept.shown_in_flight(), 0.0);
    assert_eq!(kept.failed_extensions(), 0, "the queue did answer");
}

#[actix::test]
async fn a_lease_that_runs_out_unextended_is_shown_in_flight_no_longer() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let settings = LedgerSettings { extend_leases: false, ..LedgerSettings::default() };
    let kept = ledger_over(&queue, settings).await;

    pass(2 * LEASE).await;

    assert_eq!(kept.book.lock().accounts().lost, 25);
    assert_eq!(kept.shown_in_flight(), 0.0);
}

#[actix::test]
async fn past_the_longest_lease_of_the_queue_a_delivery_is_given_back_at_once() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let (give_up_after, stuck_after) = (HOUR, 2 * HOUR);
    let settings = LedgerSettings { give_up_after, stuck_after, ..LedgerSettings::default() };
    let Kept { book, tethers, .. } = ledger_over(&queue, settings).await;

    pass(HOUR - Duration::from_secs(2)).await;
    assert_eq!((book.lock().accounts().in_flight, queue.hidden()), (25, 25));
    pass(Duration::from_secs(4)).await;

    let accounts = book.lock().accounts();
    assert!(accounts.balance() && accounts.released == 25, "{accounts:?}");
    assert_eq!((queue.released().len(), queue.hidden()), (25, 0));
    assert!(queue.released().iter().all(|(_, after)| after.is_zero()));
    assert!(tethers.iter().all(|tether| tether.is_cancelled()), "the work is in vain");
}

/// Whether, of 25 deliveries, after four hours only the one that moves, its duplicate and the one that
/// waits for credits still have their lease.
async fn stuck_work_loses_its_lease(stuck_after: Duration) -> Result<(), String> {
    let queue = Arc::<FakeQueue>::default();
    let settings = LedgerSettings { stuck_after, ..LedgerSettings::default() };
    let Kept { book, tethers, .. } = ledger_over(&queue, settings).await;
    let [moves, waits, follows, ..] = &tethers[..] else { return Err("25 are open".into()) };
    follows.follow(moves);
    let _waiting = waits.wait();

    for stage in &Stage::ALL[1..5] {
        moves.reach(*stage);
        pass(HOUR).await;
    }

    let accounts = book.lock().accounts();
    claim(accounts.balance() && accounts.lost == 22, format!("{accounts:?}"))?;
    claim(queue.hidden() == 3, "somebody else may have those that move")?;
    let cancelled = tethers.iter().filter(|tether| tether.is_cancelled()).count();
    claim(cancelled == 22, format!("{cancelled} were cancelled"))
}

#[test]
fn the_lease_of_a_delivery_that_does_not_move_is_extended_no_longer() {
    let stuck_after = HOUR + 10 * LEASE;
    assert_eq!(simulate(stuck_work_loses_its_lease(stuck_after)), Ok(()));
    let never = simulate(stuck_work_loses_its_lease(Duration::MAX));
    assert!(never.is_err_and(|kept| kept.contains("lost: 0")));
}

#[actix::test]
async fn nothing_is_stuck_while_a_dependency_does_not_answer() {
    tokio::time::pause();
    let queue = Arc::<FakeQueue>::default();
    let settings = LedgerSettings { stuck_after: HOUR, ..LedgerSettings::default() };
    let Kept { book, outages, .. } = ledger_over(&queue, settings).await;

    pass(HOUR / 2).await;
    let outage = outages.begin(Dependency::Index, "503");
    pass(5 * HOUR).await;
    drop(outage);
    pass(HOUR / 3).await;
    assert_eq!(book.lock().accounts().in_flight, 25);
    pass(HOUR / 3).await;

    assert_eq!((book.lock().accounts().lost, queue.hidden()), (25, 0));
}

/// Whether work whose lease is lost is not begun, and thrown away where it was.
async fn is_cancelled_with_its_lease(without: Option<Safeguard>) -> Result<(), String> {
    let mut world = World::default();
    world.settings.source.without = without;
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
    let acknowledged = world.queue.acknowledge(&receipts).await;
    claim(acknowledged.iter().all(Result::is_ok), "the other process has lost them, too")?;
    pass(Duration::from_mins(10)).await;

    let begun = world.factories[0].batches();
    claim(begun.len() == 1, format!("what had not begun was begun: {begun:?}"))?;
    let indexed = world.index.ids();
    claim(indexed.is_empty(), format!("what had begun was not thrown away: {indexed:?}"))?;
    let accounts = world.accounts();
    claim(accounts.balance() && accounts.lost == 8, format!("{accounts:?}"))?;
    let counted = world.counter("inference_lease_lost_total", "inferrer");
    claim(counted == 8, format!("{counted} are counted"))?;
    // All home but what the Source holds for its next receive.
    claim((world.bytes.taken(), world.pixels.taken()) == (0, 0), "credits are kept")
}

#[test]
fn a_lost_lease_cancels_the_work() {
    assert_eq!(simulate(is_cancelled_with_its_lease(None)), Ok(()));
    let uncancelled = simulate(is_cancelled_with_its_lease(Some(Safeguard::CancellationOfLost)));
    assert!(uncancelled.is_err());
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
