//! Credits bound the process: nothing is received, fetched or decoded that nothing has room for.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler};
use proptest::prelude::*;

use actors::delivery::Ending;
use actors::failure::Class;
use actors::flow::credits::Budget;
use actors::flow::outages::Outages;
use actors::flow::outlet::{Handed, Outlet};
use actors::messages::{Begin, Child, Exhausted, Opened, Retrieve, Settled};
use actors::ports::Queue;
use actors::record::RecordId;
use actors::source::{Source, SourceOutlets, SourceSettings};
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct, Odds};
use actors_testing::fake_fetcher::FakeDecoder;
use actors_testing::fake_queue::FakeQueue;
use actors_testing::neighbours::Neighbours;
use actors_testing::probe::{Probe, probe};
use actors_testing::simulated_placement::SimulatedPlacement;
use actors_testing::virtual_time::{claim, simulate};
use actors_testing::world::{World, pass, tune};

/// A Source among probes.
struct Solo {
    source: Addr<Source>,
    queue: Arc<FakeQueue>,
    credits: Budget,
    retrieves: Probe<Handed<Retrieve>>,
    opened: Probe<Opened>,
    exhausted: Probe<Exhausted>,
    neighbours: Neighbours,
}

fn solo(credits: u32, messages: usize) -> Solo {
    let (neighbours, queue) = (Neighbours::default(), Arc::<FakeQueue>::default());
    (0..messages).for_each(|n| queue.send(&format!("r{n}")));
    let (retriever, retrieves) = neighbours.outlet();
    let (opening, opened) = probe();
    let (exhausting, exhausted) = probe();
    let credits = Budget::new(credits);
    let outlets = SourceOutlets {
        retriever: Arc::new(retriever),
        opened: opening,
        settled: Arc::clone(&neighbours.ledger),
        exhausted: exhausting,
    };
    let source = Source::new(
        Arc::clone(&queue) as Arc<dyn Queue>,
        credits.clone(),
        Outages::default(),
        outlets,
        neighbours.metrics.clone(),
        SourceSettings::default(),
        neighbours.watch(Child::Source),
    );
    Solo { source: source.start(), queue, credits, retrieves, opened, exhausted, neighbours }
}

const HOUR: Duration = Duration::from_hours(1);

#[actix::test]
async fn source_polls_only_with_credits_in_hand() {
    tokio::time::pause();
    let mut solo = solo(3, 10);
    let all = solo.credits.reserve(3).await.expect("the budget is 3");

    solo.source.do_send(Begin);
    pass(HOUR).await;
    assert_eq!(solo.queue.receives(), 0, "there is no credit");
    drop(all);
    pass(HOUR).await;

    assert_eq!(solo.queue.receives(), 1, "and none is left for a second receive");
    assert_eq!(solo.retrieves.all().await.len(), 3);
    assert_eq!(solo.opened.all().await.len(), 3);
    assert_eq!(solo.queue.most_hidden(), 3);
}

#[actix::test]
async fn source_waits_to_be_told_to_begin() {
    tokio::time::pause();
    let mut solo = solo(3, 1);

    pass(HOUR).await;
    assert_eq!(solo.queue.receives(), 0);
    solo.source.do_send(Begin);

    solo.retrieves.next().await;
}

#[actix::test]
async fn polling_resumes_when_one_delivery_settles() {
    tokio::time::pause();
    let mut solo = solo(2, 5);
    solo.source.do_send(Begin);
    let mut first = solo.retrieves.all().await;
    pass(HOUR).await;
    assert_eq!((first.len(), solo.queue.receives()), (2, 1));

    first.pop().expect("there are two").open().delivery.settle(Ending::Indexed);
    let settled: Settled = solo.neighbours.settlements.next().await;
    pass(HOUR).await;
    assert_eq!(solo.queue.receives(), 1, "the credit is with the Ledger until the queue confirms");
    drop(settled);

    assert_eq!(solo.retrieves.all().await.len(), 1);
    assert_eq!(solo.queue.receives(), 2);
}

#[actix::test]
async fn a_busy_source_waits_for_a_full_receive_instead_of_asking_for_one_at_a_time() {
    tokio::time::pause();
    let mut solo = solo(40, 100);
    solo.source.do_send(Begin);
    let mut flying = solo.retrieves.all().await;
    pass(HOUR).await;
    assert_eq!((flying.len(), solo.queue.receives()), (40, 4));

    for settled in 1..=20 {
        let retrieve = flying.pop().expect("there are forty");
        retrieve.open().delivery.settle(Ending::Indexed);
        drop(solo.neighbours.settlements.next().await);
        pass(HOUR).await;
        assert_eq!(solo.queue.receives(), 4 + settled / 10, "after {settled} settlements");
    }
}

#[actix::test]
async fn a_body_without_an_id_reaches_nobody_but_the_ledger() {
    tokio::time::pause();
    let mut solo = solo(5, 0);
    solo.queue.send("{}");
    solo.queue.send("r1");

    solo.source.do_send(Begin);

    assert_eq!(solo.retrieves.all().await.len(), 1);
    let settled = solo.neighbours.settlements.next().await;
    assert!(matches!(settled.ending, Ending::Failed(f) if f.class == Class::BodyMalformed));
}

#[actix::test]
async fn a_source_at_the_end_of_its_queue_says_so_and_asks_no_more() {
    tokio::time::pause();
    let mut solo = solo(5, 0);
    solo.queue.close();

    solo.source.do_send(Begin);

    assert_eq!(solo.exhausted.next().await.generation, 1);
    pass(HOUR).await;
    assert_eq!(solo.queue.receives(), 1);
    assert_eq!(solo.credits.taken(), 0);
}

/// An actor whose mailbox holds next to nothing.
struct Narrow;

impl Actor for Narrow {
    type Context = Context<Self>;
}

impl Handler<Handed<Retrieve>> for Narrow {
    type Result = ();

    fn handle(&mut self, work: Handed<Retrieve>, _: &mut Context<Self>) {
        work.open().delivery.settle(Ending::Indexed);
    }
}

#[actix::test]
async fn work_that_a_mailbox_refuses_is_settled_and_counted() {
    tokio::time::pause();
    let mut neighbours = Neighbours::default();
    let narrow = Narrow::create(|ctx| {
        ctx.set_mailbox_capacity(1);
        Narrow
    });
    let metrics = neighbours.metrics.stage(actors::failure::Stage::Retriever).clone();
    let outlet = Outlet::new(narrow.recipient(), metrics);

    for n in 0..10 {
        let id = RecordId::new("a").expect("valid");
        outlet.offer(Retrieve { delivery: neighbours.delivery(&format!("{n}")), id });
    }
    let endings = neighbours.settled().await;

    let refused = endings
        .iter()
        .filter(|(_, ending)| matches!(ending, Ending::Failed(f) if f.class == Class::Abandoned));
    let refused = refused.count() as u64;
    assert_eq!(endings.len(), 10, "each was settled, once");
    assert!((1..10).contains(&refused), "{refused} were refused");
    let counted = neighbours.recorder.reader().counter("inference_mailbox_refusals_total", "");
    assert_eq!(counted, refused);
    assert_eq!((outlet.mailbox().length(), neighbours.credits.taken()), (0, 0));
}

/// The loads that the bounds must stand.
#[derive(Clone, Debug)]
struct Load {
    seed: u64,
    records: usize,
    slowest: Duration,
    workers: usize,
    batch: usize,
    fails: u32,
}

fn loads() -> impl Strategy<Value = Load> {
    (any::<u64>(), 1..150_usize, 0..90_u64, 1..4_usize, 1..9_usize, 0..100_u32).prop_map(
        |(seed, records, seconds, workers, batch, fails)| {
            let slowest = Duration::from_secs(seconds);
            Load { seed, records, slowest, workers, batch, fails }
        },
    )
}

/// What the process may hold at once, as the tests state it and the budgets enforce it.
#[derive(Clone, Copy)]
struct Limits {
    messages: u32,
    bytes: u32,
    pixels: u32,
}

const LIMITS: Limits = Limits { messages: 8, bytes: 100, pixels: 70 };
const BYTES_EACH: u64 = 25;
const PIXELS_EACH: u64 = 20;

fn world(load: &Load, budgets: Limits) -> World {
    let odds = |fail| Odds { fail, panic: 0, slowest: load.slowest };
    let conduct = |salt, fail| Conduct::drawn(load.seed.wrapping_add(salt), odds(fail));
    let mut world = World {
        decoder: Arc::new(FakeDecoder {
            pixels: PIXELS_EACH,
            kept: PIXELS_EACH - 1,
            ..FakeDecoder::default()
        }),
        placement: Arc::new(SimulatedPlacement {
            conduct: Arc::new(conduct(2, 0)),
            ..SimulatedPlacement::default()
        }),
        messages: Budget::new(budgets.messages),
        bytes: Budget::new(budgets.bytes),
        pixels: Budget::new(budgets.pixels),
        ..World::default()
    };
    let fetcher = tune(&mut world.fetcher);
    (fetcher.conduct, fetcher.bytes) = (conduct(1, load.fails), BYTES_EACH);
    world.pool.workers = load.workers;
    world.pool.batch = load.batch;
    // A slow model is not a hung one.
    world.pool.inference_deadline = Duration::from_mins(10);
    world
}

/// Whether the process stays within [`LIMITS`] under `load`, whatever its budgets are.
async fn stays_within_limits(load: &Load, budgets: Limits) -> Result<(), String> {
    let world = world(load, budgets);
    let ended = world.run((0..load.records).map(|n| format!("r{n:03}"))).await;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let (messages, pools) = (f64::from(LIMITS.messages), world.factories.len() as f64);
    for (stage, most) in [
        ("retriever", messages),
        ("downloader", messages),
        ("inferrer", messages * pools),
        ("sink", messages),
    ] {
        let longest = world.recorder.highest("inference_stage_queue_length", stage);
        claim(longest <= most, format!("{longest} lay in the mailbox of the {stage}"))?;
    }
    let hidden = world.queue.most_hidden();
    claim(hidden <= LIMITS.messages as usize, format!("{hidden} messages were in flight"))?;
    let held = world.fetcher.most_held();
    claim(held <= u64::from(LIMITS.bytes), format!("{held} bytes were in memory"))?;
    let pixels = world.pixels.most_taken();
    claim(pixels <= u64::from(LIMITS.pixels), format!("{pixels} pixels were in memory"))?;
    let refusals = world.counter("inference_mailbox_refusals_total", "");
    claim(refusals == 0, format!("{refusals} refusals"))?;
    let home = (world.messages.taken(), world.bytes.taken(), world.pixels.taken());
    claim(home == (0, 0, 0), format!("credits out: {home:?}"))?;
    claim(world.accounts().balance(), format!("{:?}", world.accounts()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mailboxes_and_credits_stay_bounded_whatever_the_load(load in loads()) {
        prop_assert_eq!(simulate(stays_within_limits(&load, LIMITS)), Ok(()));
    }
}

const HEAVY: Load = Load {
    seed: 1,
    records: 100,
    slowest: Duration::from_secs(30),
    workers: 1,
    batch: 2,
    fails: 0,
};

#[test]
fn without_credits_for_each_currency_the_bounds_do_not_hold() {
    assert_eq!(simulate(stays_within_limits(&HEAVY, LIMITS)), Ok(()));

    for (budgets, complaint) in [
        (Limits { messages: 10_000, ..LIMITS }, "messages were in flight"),
        (Limits { bytes: 10_000, ..LIMITS }, "bytes were in memory"),
        (Limits { pixels: 10_000, ..LIMITS }, "pixels were in memory"),
    ] {
        let broken = simulate(stays_within_limits(&HEAVY, budgets)).expect_err("unbounded");
        assert!(broken.contains(complaint) || broken.contains("lay in the mailbox"), "{broken}");
    }
}

#[actix::test]
async fn an_input_over_the_whole_budget_is_refused_and_does_not_wait_for_ever() {
    tokio::time::pause();
    let world = World {
        decoder: Arc::new(FakeDecoder { pixels: 2000, ..FakeDecoder::default() }),
        ..World::default()
    };

    assert_eq!(world.run(["a"]).await, Ended::Exhausted);

    assert_eq!(world.parked(), [("a".to_owned(), "too_many_pixels")]);
}

#[actix::test]
async fn a_slow_fetch_holds_up_nobody_who_has_a_credit() {
    tokio::time::pause();
    let mut world = World::default();
    let slow = Conduct::script([Act::Answer(Duration::from_mins(30))]);
    tune(&mut world.fetcher).conduct = slow;
    (0..20).for_each(|n| world.queue.send(&format!("r{n:02}")));
    let _running = world.start();

    pass(Duration::from_mins(1)).await;

    assert_eq!(world.index.ids().len(), 19);
}
