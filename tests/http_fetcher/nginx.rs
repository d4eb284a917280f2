//! The fetcher against a real server: `tests/servers/images` over the folder `samples`.

use std::time::Duration;

use actors::failure::Class;
use actors::flow::credits::Budget;
use futures_util::future::join_all;
use inference_manager::adapters::http::{HttpFetcher, HttpFetcherSettings, Throughput};

use crate::fixture::{bytes_of, class_of, fetch, fetcher, settings, unchecked};

fn url(path: &str) -> String {
    let server = std::env::var("TEST_IMAGES_URL");
    server.expect("TEST_IMAGES_URL names tests/servers/images over samples/: run ./test") + path
}

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test]
#[ignore = "needs nginx: ./test starts it"]
async fn a_described_image_and_a_plain_one_come_as_they_are() {
    let fetcher = fetcher();
    let described = fetch(&fetcher, &url("/image/coins/info.json")).await.unwrap();
    assert_eq!(described.bytes, sample("coins.jpg"));
    assert_eq!(described.location, url("/image/coins/full/!400,400/0/default.jpg"));
    assert_eq!(bytes_of(&fetcher, &url("/plain/coins.jpg")).await, sample("coins.jpg"));
    assert_eq!(class_of(&fetcher, &url("/image/no-such/info.json")).await, Class::NotFound);
}

#[tokio::test]
#[ignore = "needs nginx: ./test starts it"]
async fn each_fault_has_its_class_and_hundreds_of_pictures_come_meanwhile() {
    let throughput = Throughput { floor: 10_000, window: Duration::from_millis(500) };
    let fetcher = HttpFetcher::open(HttpFetcherSettings { throughput, ..settings() }).unwrap();
    let cases = [
        ("400", Class::HttpRejected),
        ("401", Class::Denied),
        ("403", Class::Denied),
        ("404", Class::NotFound),
        ("410", Class::NotFound),
        ("418", Class::HttpRejected),
        ("429", Class::HttpUnavailable),
        ("500", Class::HttpUnavailable),
        ("503", Class::HttpUnavailable),
        ("busy", Class::HttpUnavailable),
        ("empty", Class::EmptyBody),
        ("slow", Class::HttpUnavailable),
        ("circle", Class::HttpRejected),
        ("metadata", Class::ForbiddenAddress),
    ];
    let faults = join_all(cases.map(|(fault, class)| {
        let fetcher = &fetcher;
        async move {
            let url = url(&format!("/faults/{fault}/a/info.json"));
            assert_eq!(class_of(fetcher, &url).await, class, "{fault}");
        }
    }));
    let budget = Budget::new(8 << 20);
    let pictures = join_all((0..300).map(|_| async {
        let url = url("/image/coins/info.json");
        unchecked(&fetcher, &url, &budget).await.map(|raw| raw.bytes.len())
    }));
    let (_, pictures) = futures_util::future::join(faults, pictures).await;
    let expected = sample("coins.jpg").len();
    assert!(pictures.iter().all(|length| *length == Ok(expected)), "{pictures:?}");
    assert_eq!(budget.taken(), 0);
}
