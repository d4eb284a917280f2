//! How hosts are treated: so many requests at once, connections used again, broken ones left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actors::failure::Class;
use actors::flow::credits::Budget;
use futures_util::future::join_all;
use inference_manager::adapters::http::{
    BreakerSettings, HostSettings, HttpFetcher, HttpFetcherSettings,
};

use crate::fixture::{bytes_of, class_of, fetch, fetcher, settings, unchecked};
use crate::server::{Act, Server, answer, ok};

fn with_hosts(per_host: HostSettings) -> HttpFetcher {
    HttpFetcher::open(HttpFetcherSettings { per_host, ..settings() }).unwrap()
}

#[tokio::test]
async fn a_host_is_asked_by_so_many_at_once_over_connections_that_are_used_again() {
    let server = Server::good(|_, _| {
        let pause = Act::Pause(Duration::from_millis(10));
        [vec![pause], ok(b"picture")].concat()
    })
    .await;
    let fetcher = with_hosts(HostSettings { at_once: 3, ..HostSettings::default() });
    let budget = Budget::new(64 << 20);
    let fetched = join_all((0..30).map(|number| {
        let (url, fetcher, budget) = (server.url(&format!("/{number}")), &fetcher, &budget);
        async move { unchecked(fetcher, &url, budget).await.is_ok() }
    }))
    .await;
    assert!(fetched.iter().all(|fetched| *fetched));
    assert_eq!(server.most_at_once(), 3);
    assert!(server.accepted() < 30, "{} connections for 30 pictures", server.accepted());
}

#[tokio::test]
async fn fetches_one_after_the_other_share_a_connection() {
    let server = Server::good(|path, _| match path {
        "/404" => answer("404 Not Found", &[], b"no"),
        _ => ok(b"picture"),
    })
    .await;
    let fetcher = fetcher();
    for _ in 0..5 {
        assert_eq!(bytes_of(&fetcher, &server.url("/a")).await, b"picture");
        assert_eq!(class_of(&fetcher, &server.url("/404")).await, Class::NotFound);
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_broken_host_is_left_alone_until_a_probe_succeeds_and_its_neighbour_is_not() {
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = Arc::clone(&broken);
    let server = Server::good(move |_, _| match is_broken.load(Ordering::SeqCst) {
        true => answer("500 Internal Server Error", &["retry-after: 0"], b""),
        false => ok(b"picture"),
    })
    .await;
    let neighbour = Server::good(|_, _| ok(b"neighbour")).await;
    let wait = Duration::from_secs(5); // at least half a second, by its jitter
    let breaker = BreakerSettings { failures: 6, first_wait: wait, longest_wait: wait };
    let fetcher = with_hosts(HostSettings { breaker, ..HostSettings::default() });
    for _ in 0..2 {
        assert_eq!(class_of(&fetcher, &server.url("/")).await, Class::HttpUnavailable);
    }
    assert_eq!(server.heads().len(), 6);

    let at_once = fetch(&fetcher, &server.url("/")).await.err().unwrap();
    assert!(at_once.cause.contains("left alone"), "{at_once}");
    assert_eq!(at_once.class, Class::HttpUnavailable);
    assert_eq!(server.heads().len(), 6, "nobody asked it");
    assert_eq!(bytes_of(&fetcher, &neighbour.url("/")).await, b"neighbour");

    broken.store(false, Ordering::SeqCst);
    let recovered = async {
        while fetch(&fetcher, &server.url("/")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), recovered).await.expect("it never recovered");
}

#[tokio::test]
async fn refusals_of_single_pictures_do_not_make_a_host_a_broken_one() {
    let server = Server::good(|path, _| match path {
        "/good" => ok(b"picture"),
        _ => answer("404 Not Found", &[], b""),
    })
    .await;
    let breaker = BreakerSettings { failures: 2, ..BreakerSettings::default() };
    let fetcher = with_hosts(HostSettings { breaker, ..HostSettings::default() });
    for _ in 0..10 {
        assert_eq!(class_of(&fetcher, &server.url("/missing")).await, Class::NotFound);
    }
    assert_eq!(bytes_of(&fetcher, &server.url("/good")).await, b"picture");
}

#[tokio::test]
async fn a_host_that_hangs_keeps_few_of_many_fetches_and_none_of_its_neighbours() {
    let server = Server::good(|_, _| vec![Act::Hang]).await;
    let neighbour = Server::good(|_, _| ok(b"neighbour")).await;
    let deadline = Duration::from_millis(500);
    let fetcher = HttpFetcher::open(HttpFetcherSettings { deadline, ..settings() }).unwrap();
    let budget = Budget::new(64 << 20);
    let hanging = join_all((0..100).map(|number| {
        let (url, fetcher, budget) = (server.url(&format!("/{number}")), &fetcher, &budget);
        async move { unchecked(fetcher, &url, budget).await.err().map(|error| error.class) }
    }));
    let (classes, fetched) =
        futures_util::future::join(hanging, bytes_of(&fetcher, &neighbour.url("/"))).await;

    assert_eq!(fetched, b"neighbour");
    assert!(classes.iter().all(|class| *class == Some(Class::HttpUnavailable)), "{classes:?}");
    // Ten at once; before the last of them is given up, the first may have been replaced.
    assert!(server.heads().len() <= 20, "{} asked it", server.heads().len());
    assert_eq!(budget.taken(), 0);
}
