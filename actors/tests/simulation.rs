//! The whole topology in virtual time: thousands of messages, every port and actor failing by a
//! schedule drawn from a seed, and the accounts must balance in the end.
//!
//! A failing seed is printed; `SIMULATION_SEED=17 cargo test --release --workspace --test simulation`
//! runs it alone.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use actors::failure::{Class, Stage};
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Conduct, Odds};
use actors_testing::fake_inferrer::{Behaviour, FakeFactory};
use actors_testing::quiet::expected_panics;
use actors_testing::simulated_placement::SimulatedPlacement;
use actors_testing::virtual_time::simulate;
use actors_testing::world::{World, pass, tune};
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// How many seeds CI runs.
const SEEDS: u64 = 200;

/// Ids of one seed; each is sent once or more often.
const IDS: usize = 1000;

/// What is wrong with an id, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Good,
    Unknown,
    Refused(Class),
    DecoderPanics,
    DecoderRefuses,
    ModelErrs,
    ModelPanics,
    ModelLies,
    ModelHangs,
    IndexRefuses,
    RenderingPanics,
}

impl Fate {
    /// The class that it must be parked with, unless an accident parks it before.
    fn class(self) -> Option<Class> {
        Some(match self {
            Self::Good => return None,
            Self::Unknown => Class::UnknownImage,
            Self::Refused(class) => class,
            Self::DecoderPanics => Class::CorruptImage,
            Self::DecoderRefuses => Class::UnsupportedFormat,
            Self::ModelErrs => Class::InferenceFailed,
            Self::ModelPanics => Class::InferencePanicked,
            Self::ModelLies => Class::InvalidOutput,
            Self::ModelHangs => Class::InferenceTimedOut,
            Self::IndexRefuses | Self::RenderingPanics => Class::DocumentRejected,
        })
    }
}

/// One drawn world with what is expected of it.
struct Simulation {
    world: World,
    fates: BTreeMap<String, Fate>,
    sent: usize,
    malformed: usize,
    bombs: usize,
}

impl Simulation {
    fn draw(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let hangs_left = rng.random_range(0..=2_u32);
        let mut hangs = 0;
        let fates: BTreeMap<String, Fate> = (0..IDS)
            .map(|number| {
                let mut fate = draw_fate(&mut rng);
                if fate == Fate::ModelHangs {
                    hangs += 1;
                    if hangs > hangs_left {
                        fate = Fate::Good;
                    }
                }
                (format!("r{number:04}"), fate)
            })
            .collect();
        let world = draw_world(&mut rng, &fates);
        let (sent, malformed) = send(&mut rng, &world, &fates);
        let bombs = rng.random_range(0..4);
        let recorder = world.recorder.bombs();
        for _ in 0..bombs {
            let stage = Stage::ALL[rng.random_range(0..Stage::ALL.len())];
            recorder.plant(stage, rng.random_range(0..800));
        }
        Self { world, fates, sent, malformed, bombs }
    }

    /// Runs to the end, with an operator who once ends every lease by mistake.
    async fn run(&self, seed: u64) -> Ended {
        let running = self.world.start();
        if seed.is_multiple_of(3) {
            pass(Duration::from_secs(seed % 40)).await;
            self.world.queue.end_leases();
        }
        running.end().await
    }

    /// Everything that must hold in the end.
    fn check(&self) {
        let world = &self.world;
        let accounts = world.accounts();
        assert!(accounts.balance() && accounts.in_flight == 0, "{accounts:?}");
        assert!(accounts.received as usize >= self.sent, "{accounts:?} of {} sent", self.sent);
        assert!(world.queue.is_empty());
        self.check_nothing_is_lost();
        self.check_nothing_good_is_parked_for_itself();
        self.check_bounds();
    }

    /// Across crashes: ids sent = ids indexed ∪ parked.
    fn check_nothing_is_lost(&self) {
        let indexed: BTreeSet<String> = self.world.index.ids().into_iter().collect();
        let parked: BTreeSet<String> = self.world.parked().into_iter().map(|(id, _)| id).collect();
        for (id, fate) in &self.fates {
            assert!(indexed.contains(id) || parked.contains(id), "{id} ({fate:?}) is lost");
            assert!(*fate == Fate::Good || !indexed.contains(id), "{id} ({fate:?}) is indexed");
        }
        let malformed = self.world.queue.parked().into_iter().filter(|p| p.id.is_none());
        // A malformed message that an accident hits is parked as abandoned, without an id, too.
        assert_eq!(malformed.count(), self.malformed);
    }

    /// A neighbour's fault, an outage or an accident never parks a good record for what it is.
    fn check_nothing_good_is_parked_for_itself(&self) {
        for (id, class) in self.world.parked().iter().filter(|(id, _)| !id.is_empty()) {
            let own = self.fates[id].class().map(Class::as_str);
            let accident = [Class::Abandoned.as_str(), Class::HttpUnavailable.as_str()];
            assert!(
                own == Some(class) || accident.contains(class),
                "{id} ({:?}) is parked as {class}",
                self.fates[id]
            );
        }
    }

    fn check_bounds(&self) {
        let world = &self.world;
        for budget in [&world.messages, &world.bytes, &world.pixels] {
            assert!(budget.most_taken() <= budget.total());
        }
        assert_eq!(world.messages.taken(), 0, "a message credit did not come home");
        assert_eq!(world.bytes.taken(), 0, "byte credits did not come home");
        assert!(world.queue.most_hidden() <= world.messages.total() as usize + self.slack());
        let refusals = world.recorder.reader().counter("inference_mailbox_refusals_total", "");
        assert_eq!(refusals, 0, "a mailbox was full in spite of its credits");
    }

    /// A generation that dies forgets the messages that a receive brings to it at that moment; they
    /// stay hidden until their lease ends, beside those that the next one takes.
    fn slack(&self) -> usize {
        let one_receive = 10;
        let whole_book = self.world.messages.total() as usize;
        (self.bombs + 1) * (one_receive + whole_book)
    }
}

fn draw_fate(rng: &mut SmallRng) -> Fate {
    match rng.random_range(0..100) {
        0 => Fate::Unknown,
        1 => Fate::Refused(Class::NotFound),
        2 => Fate::Refused(Class::Denied),
        3 => Fate::DecoderPanics,
        4 => Fate::DecoderRefuses,
        5 => Fate::ModelErrs,
        6 => Fate::ModelPanics,
        7 => Fate::ModelLies,
        8 => Fate::ModelHangs,
        9 => Fate::IndexRefuses,
        10 => Fate::RenderingPanics,
        _ => Fate::Good,
    }
}

fn draw_world(rng: &mut SmallRng, fates: &BTreeMap<String, Fate>) -> World {
    let with = |wanted: Fate| -> HashSet<String> {
        fates.iter().filter(|(_, fate)| **fate == wanted).map(|(id, _)| id.clone()).collect()
    };
    let mut conduct = |fail: u32, panic: u32, slowest: u64| {
        let odds = Odds {
            fail: rng.random_range(0..=fail),
            panic: rng.random_range(0..=panic),
            slowest: Duration::from_millis(rng.random_range(1..=slowest)),
        };
        Conduct::drawn(rng.random(), odds)
    };
    let refused = fates.iter().filter_map(|(id, fate)| match fate {
        Fate::Refused(class) => Some((id.clone(), *class)),
        _ => None,
    });
    let unsupported = with(Fate::DecoderRefuses).into_iter();
    let mut world = World {
        factories: draw_factories(&with),
        placement: Arc::new(SimulatedPlacement {
            conduct: Arc::new(conduct(0, 1, 5000)),
            hangs: Arc::new(with(Fate::ModelHangs)),
        }),
        ..World::default()
    };
    // Each of two hanging records takes two threads of each of two pools, in a batch and then alone,
    // and does so again in every generation that is replaced meanwhile.
    world.pool.abandoned_threads = 40;
    tune(&mut world.queue).conduct = conduct(30, 3, 2000);
    let catalogue = tune(&mut world.catalogue);
    catalogue.conduct = conduct(50, 5, 500);
    catalogue.missing = with(Fate::Unknown);
    let fetcher = tune(&mut world.fetcher);
    fetcher.conduct = conduct(20, 3, 20_000);
    fetcher.refused = refused.collect();
    fetcher.bytes = 100;
    let decoder = tune(&mut world.decoder);
    decoder.refused = unsupported.map(|id| (id, Class::UnsupportedFormat)).collect();
    decoder.panics = with(Fate::DecoderPanics).into_iter().collect();
    decoder.pixels = 300;
    let index = tune(&mut world.index);
    index.conduct = conduct(100, 5, 3000);
    index.rejected = with(Fate::IndexRefuses);
    index.unrenderable = with(Fate::RenderingPanics);
    index.put_off = with(Fate::Good).into_iter().take(50).collect::<HashSet<_>>().into();
    tune(&mut world.topic).conduct = conduct(50, 5, 500);
    world
}

/// The bad ones of the models are shared out: one inferrer's answers may fail while the other's are
/// good.
fn draw_factories(with: &impl Fn(Fate) -> HashSet<String>) -> Vec<Arc<FakeFactory>> {
    let mut features = Behaviour::default();
    features.errs = with(Fate::ModelErrs);
    features.panics = with(Fate::ModelPanics);
    let mut palette = Behaviour::default();
    palette.lies = with(Fate::ModelLies);
    vec![
        Arc::new(FakeFactory::new("features", features)),
        Arc::new(FakeFactory::new("palette", palette)),
    ]
}

/// Sends every id, some twice, and a few bodies that are none; answers how many of each.
fn send(rng: &mut SmallRng, world: &World, fates: &BTreeMap<String, Fate>) -> (usize, usize) {
    let mut bodies: Vec<String> = fates.keys().cloned().collect();
    let twice: Vec<String> = fates.keys().filter(|_| rng.random_ratio(1, 20)).cloned().collect();
    bodies.extend(twice);
    let malformed = rng.random_range(0..5);
    bodies.extend((0..malformed).map(|n| format!("{{\"no\": \"id {n}\"}}")));
    bodies.shuffle(rng);
    for body in &bodies {
        world.queue.send(body);
    }
    world.queue.close();
    (bodies.len(), malformed)
}

fn run(seed: u64) {
    simulate(async {
        let simulation = Simulation::draw(seed);
        let ended = simulation.run(seed).await;
        assert_eq!(ended, Ended::Exhausted, "it ended early");
        simulation.check();
    });
}

#[test]
fn nothing_is_lost_and_the_accounts_balance_whatever_fails() {
    expected_panics();
    let one = std::env::var("SIMULATION_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = one.map_or(0..SEEDS, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let outcome = std::panic::catch_unwind(|| run(seed));
        assert!(outcome.is_ok(), "SIMULATION_SEED={seed} fails; run it alone to see why");
    }
}
