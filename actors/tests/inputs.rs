//! The Downloader fetches, decodes once, and shares what it decoded among all pools.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actix::{Actor, Addr};

use actors::delivery::Ending;
use actors::downloader::{Downloader, DownloaderOutlets, DownloaderPorts, DownloaderSettings};
use actors::failure::{Class, Stage};
use actors::flow::credits::Budget;
use actors::flow::outlet::{Handed, Outlet};
use actors::input::{Input, Raw};
use actors::messages::{Child, Download, Infer};
use actors::pool::AbandonedThreads;
use actors::ports::{DecodeError, Decoded, Decoder, Fetcher};
use actors::supervision::guardian::Ended;
use actors_testing::conduct::{Act, Conduct};
use actors_testing::fake_catalogue::record;
use actors_testing::fake_fetcher::{FakeDecoder, FakeFetcher};
use actors_testing::neighbours::Neighbours;
use actors_testing::probe::Probe;
use actors_testing::world::{World, pass, tune};

/// A Downloader among probes, in front of two pools.
struct Solo {
    _downloader: Addr<Downloader>,
    mailbox: Outlet<Download>,
    fetcher: Arc<FakeFetcher>,
    pools: [Probe<Handed<Infer>>; 2],
    bytes: Budget,
    pixels: Budget,
    abandoned: AbandonedThreads,
    neighbours: Neighbours,
}

fn solo(
    fetcher: FakeFetcher,
    decoder: impl Decoder + 'static,
    settings: &DownloaderSettings,
) -> Solo {
    actors_testing::quiet::expected_panics();
    let (neighbours, fetcher) = (Neighbours::default(), Arc::new(fetcher));
    let (bytes, pixels) = (Budget::new(100), Budget::new(100));
    let ports = DownloaderPorts {
        fetcher: Arc::clone(&fetcher) as Arc<dyn Fetcher>,
        decoder: Arc::new(decoder),
        bytes: bytes.clone(),
        pixels: pixels.clone(),
    };
    let ((first, first_infers), (second, second_infers)) =
        (neighbours.outlet(), neighbours.outlet());
    let (sink, _) = neighbours.outlet();
    let outlets = DownloaderOutlets { pools: vec![first, second], sink: Arc::new(sink) };
    let watch = neighbours.watch(Child::Downloader);
    let metrics = neighbours.metrics.clone();
    let abandoned = AbandonedThreads::default();
    let downloader =
        Downloader::new(ports, outlets, abandoned.clone(), metrics, settings, watch).start();
    let stage = neighbours.metrics.stage(Stage::Downloader).clone();
    Solo {
        mailbox: Outlet::new(downloader.clone().recipient(), stage),
        _downloader: downloader,
        fetcher,
        pools: [first_infers, second_infers],
        bytes,
        pixels,
        abandoned,
        neighbours,
    }
}

impl Solo {
    fn offer(&self, id: &str) {
        let delivery = self.neighbours.delivery(id);
        self.mailbox.offer(Download { delivery, record: record(id) });
    }

    fn hanging_decoders(&self) -> f64 {
        self.neighbours.recorder.now("inference_abandoned_threads", "decoder")
    }

    async fn class(&mut self) -> Class {
        match self.neighbours.settlements.next().await.ending {
            Ending::Failed(failure) => failure.class,
            other => panic!("{other:?}"),
        }
    }
}

#[actix::test]
async fn an_input_is_decoded_once_and_shared_by_every_pool() {
    tokio::time::pause();
    let mut fetcher = FakeFetcher::default();
    fetcher.bytes = 30;
    let decoder = FakeDecoder { pixels: 50, kept: 7, ..FakeDecoder::default() };
    let mut solo = solo(fetcher, decoder, &DownloaderSettings::default());

    solo.offer("a");
    let [first, second] = &mut solo.pools;
    let (first, second) = (first.next().await.open(), second.next().await.open());

    let texts = [&first, &second]
        .map(|infer| infer.input.get::<String>().expect("a text") as *const String);
    assert_eq!(texts[0], texts[1], "the same input, not a copy");
    assert!(Arc::ptr_eq(&first.gathering, &second.gathering));
    assert_eq!(solo.fetcher.fetched(), ["a"]);
    assert_eq!((solo.bytes.taken(), solo.pixels.taken()), (0, 7), "what it keeps, no more");
    drop((first, second));
    assert_eq!(solo.pixels.taken(), 0);
}

#[actix::test]
async fn a_hung_worker_that_keeps_its_input_keeps_no_credits() {
    tokio::time::pause();
    let decoder = FakeDecoder::default();
    let mut solo = solo(FakeFetcher::default(), decoder, &DownloaderSettings::default());
    solo.offer("a");
    let [first, second] = &mut solo.pools;
    let (first, second) = (first.next().await.open(), second.next().await.open());

    let kept = first.input.clone();
    drop((first, second));

    assert_eq!((solo.pixels.taken(), kept.get::<String>().map(String::as_str)), (0, Some("a")));
}

#[actix::test]
async fn at_most_as_many_fetches_as_permitted_run_at_once() {
    tokio::time::pause();
    let mut fetcher = FakeFetcher::default();
    fetcher.conduct = Conduct::script([Act::Answer(Duration::from_secs(1)); 10]);
    let settings = DownloaderSettings { fetches: 3, ..DownloaderSettings::default() };
    let solo = solo(fetcher, FakeDecoder::default(), &settings);

    (0..10).for_each(|n| solo.offer(&format!("{n}")));

    for most in [3, 6, 9, 10] {
        pass(Duration::from_millis(500)).await;
        assert_eq!(solo.fetcher.fetched().len(), most);
        pass(Duration::from_millis(500)).await;
    }
}

#[actix::test]
async fn a_refused_fetch_says_why_and_where() {
    tokio::time::pause();
    let mut fetcher = FakeFetcher::default();
    fetcher.refused = [("a".to_owned(), Class::Denied)].into();
    let mut solo = solo(fetcher, FakeDecoder::default(), &DownloaderSettings::default());

    solo.offer("a");

    let settled = solo.neighbours.settlements.next().await;
    assert!(matches!(settled.ending, Ending::Failed(f) if f.class == Class::Denied));
    assert_eq!(settled.dossier.location.as_deref(), Some("fake://a"));
    assert!(solo.pools[0].all().await.is_empty());
    assert_eq!(solo.bytes.taken(), 0);
}

#[actix::test]
async fn a_fetch_that_panics_costs_its_delivery_a_try_and_no_other() {
    tokio::time::pause();
    let mut fetcher = FakeFetcher::default();
    fetcher.conduct = Conduct::script([Act::Panic]);
    let mut solo = solo(fetcher, FakeDecoder::default(), &DownloaderSettings::default());

    ["a", "b"].iter().for_each(|id| solo.offer(id));

    assert_eq!(solo.class().await, Class::Abandoned);
    assert_eq!(solo.pools[0].all().await.len(), 1);
    assert_eq!(solo.bytes.taken(), 0);
}

#[actix::test]
async fn what_is_cancelled_before_its_fetch_is_not_fetched() {
    tokio::time::pause();
    let solo = solo(FakeFetcher::default(), FakeDecoder::default(), &DownloaderSettings::default());
    let delivery = solo.neighbours.delivery("a");
    delivery.tether().cancel();

    solo.mailbox.offer(Download { delivery, record: record("a") });
    pass(Duration::from_secs(1)).await;

    assert!(solo.fetcher.fetched().is_empty());
}

#[actix::test]
async fn a_decoders_panic_parks_only_its_picture_with_what_is_known_of_it() {
    tokio::time::pause();
    let mut world = World::default();
    tune(&mut world.decoder).panics = vec!["b".to_owned()];
    tune(&mut world.decoder).refused = [("c".to_owned(), Class::UnsupportedFormat)].into();
    tune(&mut world.fetcher).refused = [("d".to_owned(), Class::EmptyBody)].into();

    assert_eq!(world.run(["a", "b", "c", "d", "e"]).await, Ended::Exhausted);

    assert_eq!(world.index.ids(), ["a", "e"]);
    let expected = [("b", "corrupt_image"), ("c", "unsupported_format"), ("d", "empty_body")];
    assert_eq!(world.parked(), expected.map(|(id, class)| (id.to_owned(), class)));
    let parked = world.queue.parked();
    let of_b = parked.iter().find(|p| p.id.as_ref().is_some_and(|id| id.as_str() == "b"));
    let of_b = of_b.expect("it was parked");
    assert_eq!(of_b.location.as_deref(), Some("fake://b"));
    assert_eq!((of_b.bytes, of_b.sha256.clone()), (Some(1), Some(actors::input::sha256(b"b"))));
    assert_eq!(of_b.failure.stage, Stage::Downloader);
    assert_eq!(of_b.models.len(), 2);
    assert!(world.queue.released().is_empty());
}

/// Does not return until it is let.
struct Endless {
    began: SyncSender<()>,
    leave: Mutex<Receiver<()>>,
}

impl Decoder for Endless {
    fn pixels(&self, _: &Raw) -> Result<u64, DecodeError> {
        Ok(60)
    }

    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError> {
        let _ = self.began.try_send(());
        let leave = self.leave.lock().unwrap_or_else(PoisonError::into_inner);
        // An error says that the test is over.
        let _ = leave.recv();
        drop(raw);
        Ok(Decoded { input: Input::new(String::new()), pixels_kept: 1 })
    }
}

#[actix::test]
async fn a_decoder_that_does_not_return_is_given_up_but_keeps_its_credits_until_it_does() {
    tokio::time::pause();
    let ((began, begun), (let_go, leave)) = (sync_channel(1), sync_channel(1));
    let decoder = Endless { began, leave: Mutex::new(leave) };
    let mut solo = solo(FakeFetcher::default(), decoder, &DownloaderSettings::default());

    solo.offer("a");
    // While a blocking thread computes, the test's clock stands: it is moved by hand.
    while begun.try_recv().is_err() {
        tokio::task::yield_now().await;
    }
    // The deadline counts from when the Downloader hears that the decoder has begun.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tokio::time::advance(Duration::from_secs(31)).await;
    while solo.neighbours.credits.taken() > 0 && solo.pixels.taken() == 60 {
        match solo.neighbours.settlements.try_next() {
            Some(settled) => {
                assert!(
                    matches!(settled.ending, Ending::Failed(f) if f.class == Class::CorruptImage)
                );
                break;
            }
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!((solo.pixels.taken(), solo.bytes.taken()), (60, 1), "its memory is not free yet");
    assert_eq!((solo.abandoned.count(), solo.hanging_decoders()), (1, 1.0), "it still runs");
    let_go.send(()).expect("the decoder waits for it");
    while solo.pixels.taken() > 0 || solo.abandoned.count() > 0 {
        tokio::task::yield_now().await;
    }

    assert_eq!((solo.bytes.taken(), solo.hanging_decoders()), (0, 0.0));
}

/// Runs `scenario` where one blocking thread serves all.
fn with_one_blocking_thread(scenario: impl Future<Output = ()>) {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().max_blocking_threads(1).build().expect("a test may have a runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(async {
        tokio::time::pause();
        scenario.await;
    });
}

#[test]
fn the_time_until_there_is_a_thread_is_not_the_pictures_fault() {
    with_one_blocking_thread(async {
        let (let_go, leave) = sync_channel::<()>(1);
        let busy = tokio::task::spawn_blocking(move || leave.recv());
        let settings = DownloaderSettings::default();
        let mut solo = solo(FakeFetcher::default(), FakeDecoder::default(), &settings);
        solo.offer("a");
        // While a blocking thread works, the test's clock stands: it is moved by hand.
        for _ in 0..100 {
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(solo.fetcher.fetched(), ["a"]);
        assert!(solo.neighbours.settlements.try_next().is_none());

        let_go.send(()).expect("the thread waits for it");
        assert!(matches!(busy.await, Ok(Ok(()))));

        solo.pools[0].next().await;
        assert_eq!(solo.abandoned.count(), 0);
    });
}

/// Where a delivery stands, and whether it waits, when its Downloader can do no more.
async fn standing_when(settings: DownloaderSettings, (bytes, pixels): (u64, u64)) -> (Stage, bool) {
    let mut fetcher = FakeFetcher::default();
    (fetcher.bytes, fetcher.conduct) = (1, Conduct::script([Act::Answer(Duration::ZERO)]));
    let solo = solo(fetcher, FakeDecoder::default(), &settings);
    let _taken = (solo.bytes.reserve(bytes).await, solo.pixels.reserve(pixels).await);
    let delivery = solo.neighbours.delivery("a");
    delivery.reached(Stage::Downloader);
    let tether = Arc::clone(delivery.tether());

    solo.mailbox.offer(Download { delivery, record: record("a") });
    pass(Duration::from_mins(1)).await;

    tether.standing()
}

#[actix::test]
async fn who_waits_for_a_slot_or_for_credits_is_seen_to_wait() {
    tokio::time::pause();
    let settings = DownloaderSettings::default;
    let no_fetch = DownloaderSettings { fetches: 0, ..settings() };
    let no_decode = DownloaderSettings { decodes: 0, ..settings() };
    for (settings, taken, waits) in [
        (no_fetch, (0, 0), true),
        (settings(), (100, 0), true),
        (no_decode, (0, 0), true),
        (settings(), (0, 100), true),
        (settings(), (0, 0), false),
    ] {
        let waited = standing_when(settings.clone(), taken).await.1;
        assert_eq!(waited, waits, "{settings:?} and {taken:?} taken");
    }
}
