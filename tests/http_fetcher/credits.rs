//! Bytes are kept on credit alone, and fetches that are short of it do not wait for each other for ever.

use std::sync::Arc;
use std::time::Duration;

use actors::flow::credits::Budget;
use futures_util::future::join_all;

use crate::fixture::{fetcher, unchecked};
use crate::server::{Act, Server, ok};

const KIB: u32 = 1024;

/// Without telling its length beforehand.
fn untold(body: &[u8]) -> Vec<Act> {
    vec![Act::Send([b"HTTP/1.1 200 OK\r\n\r\n", body].concat()), Act::Close]
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it never came to pass");
}

#[tokio::test]
async fn nothing_is_asked_for_while_there_is_no_credit_to_keep_it_on() {
    let server = Server::good(|_, _| ok(b"picture")).await;
    let (fetcher, budget) = (Arc::new(fetcher()), Budget::new(1024 * KIB));
    let taken = budget.try_reserve(1024 * KIB).unwrap();
    let fetching = tokio::spawn({
        let (fetcher, budget, url) = (Arc::clone(&fetcher), budget.clone(), server.url("/"));
        async move { unchecked(&fetcher, &url, &budget).await.map(|raw| raw.bytes.len()) }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.accepted(), 0);

    drop(taken);

    assert_eq!(fetching.await.unwrap(), Ok(7));
    assert_eq!(budget.taken(), 0);
}

#[tokio::test]
async fn a_picture_that_outgrows_its_credits_gives_them_back_and_is_fetched_again_with_enough() {
    for announced in [true, false] {
        let server = Server::good(move |_, _| {
            let body = vec![7; 700_000];
            if announced { ok(&body) } else { untold(&body) }
        })
        .await;
        let (fetcher, budget) = (Arc::new(fetcher()), Budget::new(1024 * KIB));
        let taken = budget.try_reserve(700 * KIB).unwrap(); // 324 KiB are free: it may begin
        let fetching = tokio::spawn({
            let (fetcher, budget, url) = (Arc::clone(&fetcher), budget.clone(), server.url("/"));
            async move { unchecked(&fetcher, &url, &budget).await.map(|raw| raw.bytes.len()) }
        });
        // It waits: what is free is set aside for it, and is not enough.
        until(|| server.accepted() == 1 && budget.taken() == budget.total()).await;

        drop(taken);

        assert_eq!(fetching.await.unwrap(), Ok(700_000));
        assert_eq!((server.heads().len(), budget.taken()), (2, 0));
    }
}

#[tokio::test]
async fn fetches_that_together_need_more_than_there_is_all_come_to_their_end() {
    let server = Server::good(|path, _| {
        let body = vec![7; 900_000];
        if path.ends_with("told") { ok(&body) } else { untold(&body) }
    })
    .await;
    let (fetcher, budget) = (fetcher(), Budget::new(1200 * KIB));
    let fetched = join_all((0..16).map(|number| {
        let path = if number % 2 == 0 { "told" } else { "not" };
        let (url, fetcher, budget) = (server.url(&format!("/{number}/{path}")), &fetcher, &budget);
        async move { unchecked(fetcher, &url, budget).await.map(|raw| raw.bytes.len()) }
    }))
    .await;
    assert!(fetched.iter().all(|length| *length == Ok(900_000)), "{fetched:?}");
    assert_eq!(budget.taken(), 0);
}

#[tokio::test]
async fn a_fetch_that_is_dropped_gives_its_credits_back() {
    let server = Server::good(|_, _| {
        vec![
            Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec()),
            Act::Send(vec![7; 500_000]),
            Act::Hang,
        ]
    })
    .await;
    let (fetcher, budget) = (Arc::new(fetcher()), Budget::new(4096 * KIB));
    let fetching = tokio::spawn({
        let (fetcher, budget, url) = (Arc::clone(&fetcher), budget.clone(), server.url("/"));
        async move { unchecked(&fetcher, &url, &budget).await.map(drop) }
    });
    until(|| budget.taken() >= 500_000).await;

    fetching.abort();

    assert!(fetching.await.is_err_and(|error| error.is_cancelled()));
    assert_eq!(budget.taken(), 0);
}
