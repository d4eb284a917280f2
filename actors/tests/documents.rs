//! The Sink indexes, announces and settles, each document with its own verdict.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr};

use actors::delivery::Ending;
use actors::failure::{Class, Stage};
use actors::flow::outages::Outages;
use actors::flow::outlet::Outlet;
use actors::messages::{Child, Publish};
use actors::ports::{Augmented, Index, Topic};
use actors::sink::{Sink, SinkPorts, SinkSettings};
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_catalogue::record;
use actors_testing::fake_index::FakeIndex;
use actors_testing::fake_topic::FakeTopic;
use actors_testing::neighbours::Neighbours;
use actors_testing::world::{World, pass, tune};

/// A Sink among probes.
struct Solo {
    _sink: Addr<Sink>,
    mailbox: Outlet<Publish>,
    index: Arc<FakeIndex>,
    topic: Arc<FakeTopic>,
    outages: Outages,
    neighbours: Neighbours,
}

fn solo(index: FakeIndex, topic: FakeTopic, settings: SinkSettings) -> Solo {
    actors_testing::quiet::expected_panics();
    let neighbours = Neighbours::default();
    let (index, topic, outages) = (Arc::new(index), Arc::new(topic), Outages::default());
    let ports = SinkPorts {
        index: Arc::clone(&index) as Arc<dyn Index>,
        topic: Arc::clone(&topic) as Arc<dyn Topic>,
        outages: outages.clone(),
    };
    let watch = neighbours.watch(Child::Sink);
    let sink = Sink::new(ports, neighbours.metrics.clone(), settings, watch).start();
    let metrics = neighbours.metrics.stage(Stage::Sink).clone();
    let mailbox = Outlet::new(sink.clone().recipient(), metrics);
    Solo { _sink: sink, mailbox, index, topic, outages, neighbours }
}

impl Solo {
    fn offer(&self, ids: &[&str]) {
        for id in ids {
            let augmented = Augmented { record: record(id), inferences: Vec::new() };
            self.mailbox.offer(Publish { delivery: self.neighbours.delivery(id), augmented });
        }
    }

    /// How many documents were counted as not taken by the index, for this reason. Once only.
    fn not_taken(&self, class: &str) -> u64 {
        self.neighbours.recorder.reader().counter("inference_sink_item_errors_total", class)
    }

    /// The ids settled so far, each with its failure's class if it failed.
    async fn verdicts(&mut self) -> Vec<(String, Option<Class>)> {
        let class = |ending| match ending {
            Ending::Failed(failure) => Some(failure.class),
            Ending::Indexed | Ending::Superseded | Ending::NotBegun => None,
        };
        self.neighbours.settled().await.into_iter().map(|(id, e)| (id, class(e))).collect()
    }
}

fn good(ids: &[&str]) -> Vec<(String, Option<Class>)> {
    ids.iter().map(|id| ((*id).to_owned(), None)).collect()
}

#[actix::test]
async fn documents_that_came_together_leave_together_and_none_waits_for_more() {
    tokio::time::pause();
    let settings = SinkSettings { documents: 3, ..SinkSettings::default() };
    let mut solo = solo(FakeIndex::default(), FakeTopic::default(), settings);

    solo.offer(&["a", "b", "c", "d", "e"]);
    assert_eq!(solo.verdicts().await, good(&["a", "b", "c", "d", "e"]));
    assert_eq!(solo.index.requests(), [3, 2]);

    solo.offer(&["f"]);
    assert_eq!(solo.verdicts().await, good(&["f"]));
}

#[actix::test]
async fn a_request_holds_no_more_bytes_than_the_limit() {
    tokio::time::pause();
    // {"id":"a"} is ten bytes.
    let settings = SinkSettings { bytes: 25, ..SinkSettings::default() };
    let mut solo = solo(FakeIndex::default(), FakeTopic::default(), settings);

    solo.offer(&["a", "b", "c", "d", "e"]);

    assert_eq!(solo.verdicts().await.len(), 5);
    assert_eq!(solo.index.requests(), [2, 2, 1]);
}

#[actix::test]
async fn while_all_requests_are_under_way_documents_come_together() {
    tokio::time::pause();
    let mut index = FakeIndex::default();
    index.conduct = Conduct::script([Act::Answer(Duration::from_secs(1)); 2]);
    let mut solo = solo(index, FakeTopic::default(), SinkSettings::default());

    for id in ["a", "b", "c", "d", "e"] {
        solo.offer(&[id]);
        pass(Duration::from_millis(1)).await;
    }
    pass(Duration::from_secs(2)).await;

    assert_eq!(solo.verdicts().await.len(), 5);
    assert_eq!(solo.index.requests(), [1, 1, 3]);
}

#[actix::test]
async fn one_bad_document_fails_only_itself() {
    tokio::time::pause();
    let mut index = FakeIndex::default();
    index.rejected = ["b".to_owned()].into();
    index.unrenderable = ["c".to_owned()].into();
    let mut solo = solo(index, FakeTopic::default(), SinkSettings::default());

    solo.offer(&["a", "b", "c", "d"]);

    let mut expected = good(&["a", "b", "c", "d"]);
    expected[1].1 = Some(Class::DocumentRejected);
    expected[2].1 = Some(Class::DocumentRejected);
    assert_eq!(solo.verdicts().await, expected);
    assert_eq!(solo.index.ids(), ["a", "d"]);
    assert_eq!(solo.topic.announced(), ["a", "d"], "what was not indexed is not announced");
    assert_eq!(solo.not_taken("document_rejected"), 1, "the other one the index never saw");
}

#[actix::test]
async fn a_document_that_is_put_off_is_tried_again_alone() {
    tokio::time::pause();
    let index = FakeIndex::default();
    index.put_off.lock().expect("fresh").insert("b".to_owned());
    let mut solo = solo(index, FakeTopic::default(), SinkSettings::default());

    solo.offer(&["a", "b", "c"]);
    pass(Duration::from_secs(1)).await;

    assert_eq!(solo.verdicts().await, good(&["a", "b", "c"]));
    assert_eq!(solo.index.requests(), [3, 1]);
    assert!(!solo.outages.any());
    assert_eq!(solo.not_taken("index_unavailable"), 1);
}

#[actix::test]
async fn a_request_that_is_too_large_is_split_and_only_the_one_document_too_large_is_refused() {
    tokio::time::pause();
    let mut index = FakeIndex::default();
    index.largest_request = 2;
    index.oversized = ["d".to_owned()].into();
    let mut solo = solo(index, FakeTopic::default(), SinkSettings::default());

    solo.offer(&["a", "b", "c", "d", "e"]);

    let mut expected = good(&["a", "b", "c", "d", "e"]);
    expected[3].1 = Some(Class::DocumentTooLarge);
    assert_eq!(solo.verdicts().await, expected);
    assert_eq!(solo.index.ids(), ["a", "b", "c", "e"]);
    assert_eq!(solo.not_taken("document_too_large"), 1);
}

#[actix::test]
async fn a_shipment_that_panics_costs_its_deliveries_a_try_and_nothing_else() {
    tokio::time::pause();
    let mut index = FakeIndex::default();
    index.conduct = Conduct::script([Act::Panic]);
    let mut solo = solo(index, FakeTopic::default(), SinkSettings::default());

    solo.offer(&["a", "b"]);
    assert_eq!(solo.verdicts().await.len(), 2);
    solo.offer(&["c"]);

    assert_eq!(solo.verdicts().await, good(&["c"]));
}

#[actix::test]
async fn a_topic_that_is_down_repeats_announcements_and_no_document() {
    tokio::time::pause();
    let mut topic = FakeTopic::default();
    topic.conduct = Conduct::script([Act::Fail(Duration::from_secs(1)); 5]);
    let mut solo = solo(FakeIndex::default(), topic, SinkSettings::default());

    solo.offer(&["a", "b"]);
    pass(Duration::from_secs(3)).await;
    assert!(solo.outages.any() && solo.verdicts().await.is_empty());
    pass(Duration::from_mins(5)).await;

    assert_eq!(solo.verdicts().await, good(&["a", "b"]));
    assert_eq!((solo.index.requests(), solo.topic.announced().len()), (vec![2], 2));
    assert!(!solo.outages.any());
}

#[actix::test]
async fn announcements_come_after_indexing_and_before_deletion() {
    tokio::time::pause();
    let mut world = World::default();
    let (at_once, slow) = (Act::Answer(Duration::ZERO), Act::Answer(Duration::from_secs(5)));
    tune(&mut world.index).conduct = Conduct::script([slow]);
    tune(&mut world.topic).conduct = Conduct::script([slow]);
    // Two receives, then the acknowledgement.
    tune(&mut world.queue).conduct = Conduct::script([at_once, at_once, slow]);
    world.queue.send("a");
    let _running = world.start();
    let done = || {
        let (indexed, announced) = (world.index.ids().len(), world.topic.announced().len());
        (indexed, announced, world.queue.acknowledged().len())
    };

    let mut history = vec![(0, 0, 0)];
    for _ in 0..40 {
        pass(Duration::from_secs(1)).await;
        if history.last() != Some(&done()) {
            history.push(done());
        }
    }

    assert_eq!(history, [(0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)]);
}

#[actix::test]
async fn a_newer_document_supersedes_and_counts_as_success() {
    tokio::time::pause();
    let world = World::default();
    world.index.put("a", 5);

    assert_eq!(world.run(["a", "b"]).await, Ended::Exhausted);

    let accounts = world.accounts();
    assert_eq!((accounts.superseded, accounts.indexed, accounts.parked), (1, 1, 0));
    let mut announced = world.topic.announced();
    announced.sort();
    assert_eq!(announced, ["a", "b"]);
    assert_eq!(world.queue.acknowledged().len(), 2);
}
