//! Bodies that are none, too many, cut, slow or never end.

use std::time::Duration;

use actors::failure::Class;
use actors::flow::credits::Budget;
use actors::input::Raw;
use actors::ports::Decoder;
use futures_util::future::join_all;
use inference_manager::adapters::http::{HttpFetcher, HttpFetcherSettings, Throughput};
use inference_manager::adapters::picture_decoder::PictureDecoder;
use models::picture::Limits;

use crate::fixture::{bytes_of, class_of, fetch, fetch_on, fetcher, settings};
use crate::server::{Act, Server, answer, ok, raw, raw_then};

/// A mebibyte, the limit of these tests.
const LIMIT: u64 = 1 << 20;

/// Gives up soon: what never ends is let go within a test's time.
fn impatient() -> HttpFetcher {
    let throughput = Throughput { floor: 10_000, window: Duration::from_millis(300) };
    let deadline = Duration::from_secs(3);
    HttpFetcher::open(HttpFetcherSettings { throughput, deadline, ..settings() }).unwrap()
}

fn class_decoded(raw: &Raw) -> Option<Class> {
    let decoder = PictureDecoder::new(Limits { pixels: 1_000_000 }, vec![]);
    decoder.pixels(raw).err().map(|error| error.class)
}

#[tokio::test]
async fn an_empty_picture_is_none_however_its_length_is_told() {
    let server = Server::good(|path, _| match path {
        "/length" => ok(b""),
        "/chunked" => raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        _ => raw("HTTP/1.1 200 OK\r\n\r\n"),
    })
    .await;
    for path in ["/length", "/chunked", "/until-the-end"] {
        assert_eq!(class_of(&fetcher(), &server.url(path)).await, Class::EmptyBody, "{path}");
    }
}

#[tokio::test]
async fn a_picture_comes_whole_however_its_length_is_told() {
    let server = Server::good(|path, _| match path {
        "/length" => ok(b"picture"),
        "/chunked" => raw(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\npic\r\n4\r\nture\r\n0\r\n\r\n",
        ),
        "/large" => ok(&vec![7; LIMIT as usize]),
        _ => raw("HTTP/1.1 200 OK\r\n\r\npicture"),
    })
    .await;
    let fetcher = fetcher();
    for path in ["/length", "/chunked", "/until-the-end"] {
        assert_eq!(bytes_of(&fetcher, &server.url(path)).await, b"picture", "{path}");
    }
    assert_eq!(bytes_of(&fetcher, &server.url("/large")).await, vec![7; LIMIT as usize]);
}

#[tokio::test]
async fn what_is_no_picture_is_left_to_the_decoder_and_nothing_is_inflated() {
    let packed: Vec<u8> = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 100]].concat();
    let bomb = packed.clone();
    let server = Server::good(move |path, _| match path {
        "/html" => answer("200 OK", &["content-type: image/jpeg"], b"<!DOCTYPE html><html>"),
        _ => answer("200 OK", &["content-encoding: gzip", "content-type: image/jpeg"], &bomb),
    })
    .await;
    let html = fetch(&fetcher(), &server.url("/html")).await.unwrap();
    assert_eq!(class_decoded(&html), Some(Class::UnsupportedFormat));

    let bomb = fetch(&fetcher(), &server.url("/bomb")).await.unwrap();
    assert_eq!(bomb.bytes, packed, "as it came");
    assert_eq!(class_decoded(&bomb), Some(Class::UnsupportedFormat));
}

#[tokio::test]
async fn a_body_over_the_limit_is_left_where_it_is() {
    let chunk = vec![0; 64 * 1024];
    let server = Server::good(move |path, _| match path {
        "/announced" => raw_then("HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n", Act::Hang),
        "/exabytes" => {
            raw_then("HTTP/1.1 200 OK\r\ncontent-length: 9000000000000000000\r\n\r\n", Act::Hang)
        }
        "/endless" => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Act::Repeat(chunk.clone(), Duration::ZERO),
        ],
        _ => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec()),
            Act::Repeat([b"10000\r\n", &chunk[..], b"\r\n"].concat(), Duration::ZERO),
        ],
    })
    .await;
    for (path, known) in [
        ("/announced", Some(LIMIT + 1)),
        ("/exabytes", Some(9_000_000_000_000_000_000)),
        ("/endless", None),
        ("/chunked", None),
    ] {
        let budget = Budget::new(4 << 20);
        let error = fetch_on(&fetcher(), &server.url(path), &budget).await.err().unwrap();
        assert_eq!((error.class, error.bytes), (Class::TooManyBytes, known), "{path}");
        // While a reservation is replaced by one of twice its size, both are lent out.
        assert!(budget.most_taken() <= LIMIT + LIMIT / 2, "{path}: {}", budget.most_taken());
    }
    assert_eq!(server.heads().len(), 4, "none is tried again");
}

#[tokio::test]
async fn a_limit_over_the_whole_budget_is_the_budget() {
    let server = Server::good(|_, _| ok(&vec![7; 2_000])).await;
    let error = fetch_on(&fetcher(), &server.url("/"), &Budget::new(1_999)).await.err().unwrap();
    assert_eq!((error.class, error.bytes), (Class::TooManyBytes, Some(2_000)));
    assert!(fetch_on(&fetcher(), &server.url("/"), &Budget::new(2_000)).await.is_ok());
}

#[tokio::test]
async fn a_body_that_is_cut_or_garbled_is_none() {
    let server = Server::good(|path, _| match path {
        "/short" => raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npicture"),
        "/reset" => raw_then("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npicture", Act::Reset),
        "/chunk" => raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\npicture"),
        "/chunks" => raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\npicture\r\n"),
        "/lengths" => {
            raw("HTTP/1.1 200 OK\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\npicture")
        }
        "/negative" => raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\npicture"),
        "/many-headers" => {
            let headers: String = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect();
            raw(&format!("HTTP/1.1 200 OK\r\n{headers}\r\npicture"))
        }
        "/long-header" => raw(&format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(4 << 20))),
        "/endless-head" => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\n".to_vec()),
            Act::Repeat(b"x: y\r\n".repeat(1_000), Duration::ZERO),
        ],
        "/silence" => vec![Act::Close],
        _ => raw("\0\0\0\0\r\n\r\n"),
    })
    .await;
    let fetcher = fetcher();
    let paths = [
        "/short",
        "/reset",
        "/chunk",
        "/chunks",
        "/lengths",
        "/negative",
        "/many-headers",
        "/long-header",
        "/endless-head",
        "/silence",
        "/garbage",
    ];
    let (fetcher, server) = (&fetcher, &server);
    join_all(paths.map(|path| async move {
        let class = class_of(fetcher, &server.url(path)).await;
        assert_eq!(class, Class::HttpUnavailable, "{path}");
    }))
    .await;
}

#[tokio::test]
async fn bytes_beyond_the_announced_length_are_no_part_of_this_picture_nor_of_the_next() {
    let server = Server::good(|path, _| match path {
        "/a" => {
            let smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled";
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npicture{smuggled}");
            vec![Act::Send(response.into_bytes())]
        }
        _ => ok(b"another"),
    })
    .await;
    let fetcher = fetcher();
    for _ in 0..5 {
        assert_eq!(bytes_of(&fetcher, &server.url("/a")).await, b"picture");
        assert_eq!(bytes_of(&fetcher, &server.url("/b")).await, b"another");
    }
}

#[tokio::test]
async fn a_host_that_is_too_slow_is_let_go_and_not_tried_again() {
    let begun = || Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec());
    let drip = |bytes: &[u8]| Act::Repeat(bytes.to_vec(), Duration::from_millis(20));
    let server = Server::good(move |path, _| match path {
        "/never" => vec![Act::Hang],
        "/head-only" => vec![begun(), Act::Hang],
        "/drip" => vec![begun(), drip(b"x")],
        "/head-drip" => vec![Act::Send(b"HTTP/1.1 200 OK\r\nx: ".to_vec()), drip(b"x")],
        _ => vec![begun(), Act::Send(vec![7; 500_000]), drip(b"x")],
    })
    .await;
    let fetcher = impatient();
    let paths = ["/never", "/head-only", "/drip", "/head-drip", "/stalls"];
    let (fetcher, server) = (&fetcher, &server);
    join_all(paths.map(|path| async move {
        let error = fetch(fetcher, &server.url(path)).await.err().unwrap();
        assert_eq!(error.class, Class::HttpUnavailable, "{path}");
        let slow = error.cause.contains("bytes a second");
        assert_eq!(slow, !["/never", "/head-drip"].contains(&path), "{path}: {error}");
    }))
    .await;
    assert_eq!(server.heads().len(), paths.len());
}

#[tokio::test]
async fn a_slow_picture_above_the_floor_comes_within_the_deadline() {
    let server = Server::good(|_, _| {
        let mut acts =
            vec![Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n".to_vec())];
        for _ in 0..40 {
            acts.extend([Act::Pause(Duration::from_millis(25)), Act::Send(vec![7; 1_000])]);
        }
        acts
    })
    .await;
    let throughput = Throughput { floor: 1_000, window: Duration::from_millis(300) };
    let fetcher = HttpFetcher::open(HttpFetcherSettings { throughput, ..settings() }).unwrap();
    assert_eq!(bytes_of(&fetcher, &server.url("/")).await, vec![7; 40_000]);
}

/// The hostile ones share the fetcher and its credits with twenty good ones.
#[tokio::test]
async fn neighbours_of_hostile_hosts_are_fetched_meanwhile() {
    let good = Server::good(|_, _| ok(&vec![7; 50_000])).await;
    let chunk = vec![0; 64 * 1024];
    let hostile = Server::on("127.0.0.1:0", move |path, _| match path {
        "/endless" => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Act::Repeat(chunk.clone(), Duration::ZERO),
        ],
        "/drip" => vec![
            Act::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n".to_vec()),
            Act::Repeat(b"x".to_vec(), Duration::from_millis(10)),
        ],
        "/reset" => vec![Act::Reset],
        _ => vec![Act::Hang],
    })
    .await;
    // The hostile ones alone reserve as much as two of their pictures could be.
    let (fetcher, budget) = (impatient(), Budget::new(3 << 20));
    let hostile =
        join_all(
            (0..8).map(|number| {
                let path = ["/endless", "/drip", "/reset", "/never"][number % 4];
                let (url, fetcher, budget) = (hostile.url(path), &fetcher, &budget);
                async move {
                    crate::fixture::unchecked(fetcher, &url, budget).await.err().map(|e| e.class)
                }
            }),
        );
    let neighbours =
        join_all((0..20).map(|number| {
            let (url, fetcher, budget) = (good.url(&format!("/{number}")), &fetcher, &budget);
            async move {
                crate::fixture::unchecked(fetcher, &url, budget).await.map(|raw| raw.bytes.len())
            }
        }));
    let (refused, fetched) = futures_util::future::join(hostile, neighbours).await;

    assert!(fetched.iter().all(|length| *length == Ok(50_000)), "{fetched:?}");
    assert!(refused.iter().all(Option::is_some), "{refused:?}");
    assert_eq!(budget.taken(), 0);
}
