//! Hosts of pictures that mean harm: the program parks theirs, each with its class, asks nobody that is not
//! to be asked, and neither its memory nor the neighbours notice.
//!
//! 127.0.0.1 stands for the public internet and is allowed; 127.0.0.2 stands for what must not be asked.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::server::{Act, Server, answer, redirect};
use crate::stage::images::Answer;
use crate::stage::{Stage, picture, until};

/// What may be added to a process at work, in KiB: two endless bodies and two bombs of a mebibyte at
/// most, and an allocator's whims. A fifth of what a bomb inflates to.
const BOUND: u64 = 48 << 10;

/// Inflated size of the bomb; packed it has a quarter of a mebibyte.
const INFLATED: usize = 256 << 20;

/// 127.0.0.2, as a redirect may dress it up.
const DISGUISES: [&str; 5] =
    ["127.0.0.2", "2130706434", "0177.0.0.2", "0x7f.0.0.2", "[::ffff:127.0.0.2]"];

/// Where the clouds keep credentials.
const METADATA: [&str; 4] =
    ["169.254.169.254", "169.254.170.2", "[::ffff:169.254.169.254]", "2852039166"];

/// A gzip stream of zeros.
fn bomb() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..INFLATED >> 20 {
        packed.write_all(&zeros).expect("memory can be written");
    }
    packed.finish().expect("memory can be written")
}

/// The host, which sends those who ask for `/to/N` away to the N-th of `places`.
async fn hostile(places: Vec<String>) -> Server {
    let (zeros, bomb) = (vec![0; 64 << 10], bomb());
    let head = |length: &str| Act::Send(format!("HTTP/1.1 200 OK\r\n{length}\r\n").into_bytes());
    Server::good(move |path, _| match path.rsplit_once('/') {
        Some(("/to", number)) => {
            let number: usize = number.parse().expect("the test numbers the places");
            redirect(&places[number])
        }
        _ if path.starts_with("/loop") => redirect(path),
        _ if path.starts_with("/endless") => {
            vec![head(""), Act::Repeat(zeros.clone(), Duration::ZERO)]
        }
        _ if path.starts_with("/drip") => {
            let drip = Act::Repeat(b"x".to_vec(), Duration::from_millis(50));
            vec![head("content-length: 1000000\r\n"), drip]
        }
        _ => answer("200 OK", &["content-encoding: gzip", "content-type: image/jpeg"], &bomb),
    })
    .await
}

/// Each hostile record's path, and the class that it is to be parked with.
fn expected(places: usize) -> BTreeMap<String, &'static str> {
    let redirects = (0..places).map(|n| (format!("/to/{n}"), "forbidden_address"));
    let twice = [
        ("endless", "too_many_bytes"),
        ("drip", "http_unavailable"),
        ("bomb", "unsupported_format"),
        ("loop", "http_rejected"),
    ];
    let twice =
        twice.iter().flat_map(|(name, class)| (0..2).map(move |n| (format!("/{name}{n}"), *class)));
    redirects.chain(twice).collect()
}

fn id_of(path: &str) -> String {
    format!("hostile{}", path.replace('/', "-"))
}

#[tokio::test]
#[ignore = "needs SQS and Elasticsearch: ./test starts them"]
async fn a_hostile_host_costs_its_own_pictures_and_nothing_else() {
    let stage = Stage::with_receives(1).await;
    let forbidden = Server::forbidden().await;
    let port = forbidden.address.port();
    let disguises = DISGUISES.iter().map(|host| format!("http://{host}:{port}/"));
    let metadata = METADATA.iter().map(|host| format!("http://{host}/latest/meta-data/"));
    let places: Vec<String> = disguises.chain(metadata).collect();
    let expected = expected(places.len());
    let host = hostile(places).await;
    for path in expected.keys() {
        stage.add(&id_of(path), &host.url(path)).await;
    }
    stage.images.serve("/good", Answer::ok(picture(400, 300)));
    for n in 0..40 {
        stage.add(&format!("good{n:04}"), &stage.images.url("/good")).await;
    }
    let service = stage.start(&["--picture-bytes", "1MiB"]).await;
    for n in 0..16 {
        stage.send(&format!("good{n:04}")).await;
    }
    stage.settled(16).await;
    let memory = service.memory();

    for path in expected.keys() {
        stage.send(&id_of(path)).await;
    }
    for n in 16..40 {
        stage.send(&format!("good{n:04}")).await;
    }
    let all = (40, expected.len() as u64);
    until("all to be settled", async || {
        let grown = service.memory().saturating_sub(memory);
        assert!(grown <= BOUND, "{grown} KiB more than before");
        let status = stage.status().await?;
        let count = |name: &str| status["messages"][name].as_u64();
        ((count("indexed")?, count("parked")?) == all).then_some(())
    })
    .await;
    service.drained().await;

    let parked: BTreeMap<String, String> = stage
        .parked(expected.len())
        .await
        .into_iter()
        .map(|letter| (letter.id(), letter.record["class"].as_str().unwrap_or_default().to_owned()))
        .collect();
    for (path, class) in &expected {
        assert_eq!(parked.get(&id_of(path)).map(String::as_str), Some(*class), "{path}");
    }
    assert_eq!(forbidden.accepted(), 0, "it was asked");
    stage.queue_is_empty().await;
}
