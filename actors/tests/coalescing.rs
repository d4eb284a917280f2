//! The Retriever looks ids up together, and duplicates in flight are worked on once.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};

use actors::delivery::Ending;
use actors::failure::Class;
use actors::flow::outages::Outages;
use actors::flow::outlet::{Handed, Outlet};
use actors::messages::{Child, Download, Retrieve};
use actors::ports::Catalogue;
use actors::record::{Record, RecordId};
use actors::retriever::coalescing::{Coalescing, Joined};
use actors::retriever::{Retriever, RetrieverSettings};
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_catalogue::{FakeCatalogue, record};
use actors_testing::neighbours::Neighbours;
use actors_testing::probe::Probe;
use actors_testing::virtual_time::{claim, simulate, within};
use actors_testing::world::{World, pass, tune};

const HOUR: Duration = Duration::from_hours(1);

/// A Retriever among probes.
struct Solo {
    _retriever: Addr<Retriever>,
    mailbox: Outlet<Retrieve>,
    catalogue: Arc<FakeCatalogue>,
    downloads: Probe<Handed<Download>>,
    outages: Outages,
    neighbours: Neighbours,
}

fn solo(catalogue: FakeCatalogue, settings: RetrieverSettings) -> Solo {
    let (neighbours, catalogue) = (Neighbours::default(), Arc::new(catalogue));
    let (downloader, downloads) = neighbours.outlet();
    let outages = Outages::default();
    let retriever = Retriever::new(
        Arc::clone(&catalogue) as Arc<dyn Catalogue>,
        Arc::new(downloader),
        outages.clone(),
        neighbours.metrics.clone(),
        settings,
        neighbours.watch(Child::Retriever),
    )
    .start();
    let metrics = neighbours.metrics.stage(actors::failure::Stage::Retriever).clone();
    let mailbox = Outlet::new(retriever.clone().recipient(), metrics);
    Solo { _retriever: retriever, mailbox, catalogue, downloads, outages, neighbours }
}

impl Solo {
    fn offer(&self, receipt: &str, id: &str) {
        let delivery = self.neighbours.delivery(receipt);
        self.mailbox.offer(Retrieve { delivery, id: RecordId::new(id).expect("valid") });
    }

    async fn downloads(&mut self) -> Vec<Download> {
        self.downloads.all().await.into_iter().map(Handed::open).collect()
    }
}

#[actix::test]
async fn ids_that_came_together_are_looked_up_together_and_none_waits_for_more() {
    tokio::time::pause();
    let settings = RetrieverSettings { batch: 5, ..RetrieverSettings::default() };
    let mut solo = solo(FakeCatalogue::default(), settings);

    (0..12).for_each(|n| solo.offer(&format!("{n}"), &format!("r{n}")));
    assert_eq!(solo.downloads().await.len(), 12);
    assert_eq!(solo.catalogue.asked(), [5, 5, 2]);

    solo.offer("alone", "alone");
    assert_eq!(solo.downloads().await.len(), 1);
}

#[actix::test]
async fn a_missing_id_fails_alone() {
    tokio::time::pause();
    let catalogue = {
        let mut catalogue = FakeCatalogue::default();
        catalogue.missing = ["b".to_owned()].into();
        catalogue
    };
    let mut solo = solo(catalogue, RetrieverSettings::default());

    ["a", "b", "c"].iter().for_each(|id| solo.offer(id, id));
    let downloads = solo.downloads().await;

    assert_eq!(downloads.len(), 2);
    let settled = solo.neighbours.settled().await;
    assert!(matches!(&settled[..], [(b, Ending::Failed(f))]
        if b == "b" && f.class == Class::UnknownImage));
}

#[actix::test]
async fn a_catalogue_that_is_down_is_an_outage_and_no_failure() {
    tokio::time::pause();
    let mut catalogue = FakeCatalogue::default();
    let down = std::iter::repeat_n(Act::Fail(Duration::ZERO), 20);
    catalogue.conduct = Conduct::script(down);
    let mut solo = solo(catalogue, RetrieverSettings::default());

    solo.offer("a", "a");
    pass(Duration::from_mins(1)).await;
    assert!(solo.outages.any());
    assert!(solo.neighbours.settled().await.is_empty());
    solo.downloads.next().await.open().delivery.settle(Ending::Indexed);

    assert!(!solo.outages.any());
    assert_eq!(solo.neighbours.settled().await, [("a".to_owned(), Ending::Indexed)]);
}

#[actix::test]
async fn lookups_that_failed_together_do_not_come_back_together() {
    tokio::time::pause();
    let mut catalogue = FakeCatalogue::default();
    catalogue.conduct = Conduct::script([Act::Fail(Duration::ZERO); 2]);
    let settings = RetrieverSettings { batch: 1, lookups: 2, ..RetrieverSettings::default() };
    let solo = solo(catalogue, settings);

    ["a", "b"].iter().for_each(|id| solo.offer(id, id));
    pass(Duration::from_secs(1)).await;

    let times: Vec<_> = solo.catalogue.calls().into_iter().map(|(_, at)| at).collect();
    let [first, second, again, once_more] = times[..] else { panic!("{times:?}") };
    assert_eq!(first, second);
    assert_ne!(again, once_more);
}

#[test]
fn ended_records_are_forgotten_seldom_and_cost_no_look_at_the_others_each_time() {
    simulate(async {
        let neighbours = Neighbours::default();
        let mut coalescing = Coalescing::new(true);
        let mut join = |n: usize| {
            let id = n.to_string();
            match coalescing.join(neighbours.delivery(&id), &record(&id)) {
                Joined::Leads(delivery) => (delivery, coalescing.remembered()),
                Joined::Follows => panic!("each id comes once"),
            }
        };
        // Between two thirds of the map's capacity and all of it.
        let _alive: Vec<_> = (0..85).map(|n| join(n).0).collect();

        let remembered: Vec<usize> = (85..585).map(|n| join(n).1).collect();

        let sweeps = remembered.windows(2).filter(|pair| pair[1] <= pair[0]).count();
        assert!((1..10).contains(&sweeps), "{sweeps} sweeps: {remembered:?}");
        assert!(remembered.iter().all(|count| *count <= 2 * 85 + 1), "{remembered:?}");
    });
}

#[actix::test]
async fn a_lookup_that_panics_costs_its_deliveries_a_try_and_nothing_else() {
    tokio::time::pause();
    actors_testing::quiet::expected_panics();
    let mut catalogue = FakeCatalogue::default();
    catalogue.conduct = Conduct::script([Act::Panic]);
    let mut solo = solo(catalogue, RetrieverSettings::default());

    solo.offer("a", "a");
    let settled = solo.neighbours.settlements.next().await;
    assert!(matches!(settled.ending, Ending::Failed(f) if f.class == Class::Abandoned));
    solo.offer("b", "b");

    assert_eq!(solo.downloads().await.len(), 1);
}

/// Whether five messages for one record bring one piece of work and five settlements.
async fn duplicates_are_worked_on_once(coalesce: bool) -> Result<(), String> {
    let mut world = World::default();
    world.settings.retriever.coalesce = coalesce;
    tune(&mut world.fetcher).conduct = Conduct::script([Act::Answer(Duration::from_secs(5))]);

    let ended = within(HOUR, world.run(["a"; 5])).await?;

    claim(ended == Ended::Exhausted, format!("{ended:?}"))?;
    let fetched = world.fetcher.fetched();
    claim(fetched == ["a"], format!("fetched {fetched:?}"))?;
    claim(world.index.requests() == [1], format!("indexed {:?}", world.index.requests()))?;
    claim(world.topic.announced() == ["a"], format!("announced {:?}", world.topic.announced()))?;
    claim(world.queue.acknowledged() == ["a"; 5], "not each was deleted")?;
    claim(world.accounts().indexed == 5, format!("{:?}", world.accounts()))?;
    let counted = world.counter("inference_coalesced_messages_total", "");
    claim(counted == 4, format!("{counted} counted"))
}

#[test]
fn duplicates_coalesce_and_are_each_deleted() {
    assert_eq!(simulate(duplicates_are_worked_on_once(true)), Ok(()));
    let broken = simulate(duplicates_are_worked_on_once(false));
    assert!(broken.is_err_and(|broken| broken.starts_with("fetched")));
}

#[actix::test]
async fn duplicates_share_the_first_ones_failure() {
    tokio::time::pause();
    let mut world = World::default();
    tune(&mut world.fetcher).refused = [("a".to_owned(), Class::NotFound)].into();
    tune(&mut world.fetcher).conduct = Conduct::script([Act::Answer(Duration::from_secs(5))]);

    assert_eq!(world.run(["a"; 3]).await, Ended::Exhausted);

    let parked = world.queue.parked();
    assert_eq!(world.parked(), vec![("a".to_owned(), "not_found"); 3]);
    assert!(parked.iter().all(|p| p.location.as_deref() == Some("fake://a")), "{parked:?}");
    assert_eq!(world.fetcher.fetched(), ["a"]);
}

#[actix::test]
async fn a_newer_version_does_not_join_an_older_one() {
    tokio::time::pause();
    let neighbours = Neighbours::default();
    let mut coalescing = Coalescing::new(true);
    let mut join = |receipt: &str, version| {
        let record = Record { version, ..record("a") };
        coalescing.join(neighbours.delivery(receipt), &record)
    };

    let Joined::Leads(first) = join("first", 1) else { panic!("nothing was in flight") };
    let Joined::Leads(newer) = join("newer", 2) else { panic!("it joined an older version") };
    assert!(matches!(join("same", 1), Joined::Follows));
    drop(first);

    assert!(matches!(join("later", 1), Joined::Leads(_)), "the first is no longer in flight");
    assert!(matches!(join("same again", 2), Joined::Follows));
    drop(newer);
}

#[actix::test]
async fn a_leader_whose_lease_is_lost_goes_on_for_a_follower_whose_lease_is_not() {
    tokio::time::pause();
    let neighbours = Neighbours::default();
    let mut coalescing = Coalescing::new(true);
    let Joined::Leads(leader) = coalescing.join(neighbours.delivery("leader"), &record("a")) else {
        panic!("nothing was in flight")
    };
    leader.tether().cancel();
    assert!(leader.is_doomed());

    let follower = neighbours.delivery("follower");
    let tether = Arc::clone(follower.tether());
    assert!(matches!(coalescing.join(follower, &record("a")), Joined::Follows));
    assert!(!leader.is_doomed());
    tether.cancel();

    assert!(leader.is_doomed());
}
