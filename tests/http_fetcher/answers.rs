//! What a host may answer instead of a picture, and when it is asked again.

use actors::failure::Class;
use futures_util::future::join_all;

use crate::fixture::{bytes_of, class_of, fetch, fetcher, record};
use crate::server::{Act, Server, answer, ok, raw, redirect};
use actors::flow::credits::Budget;
use actors::ports::Fetcher;

#[tokio::test]
async fn every_status_has_its_class_and_passing_ones_three_tries() {
    let cases = [
        ("204 No Content", Class::HttpRejected, 1),
        ("201 Created", Class::HttpRejected, 1),
        ("206 Partial Content", Class::HttpRejected, 1),
        ("304 Not Modified", Class::HttpRejected, 1),
        ("400 Bad Request", Class::HttpRejected, 1),
        ("418 I'm a teapot", Class::HttpRejected, 1),
        ("401 Unauthorized", Class::Denied, 1),
        ("403 Forbidden", Class::Denied, 1),
        ("404 Not Found", Class::NotFound, 1),
        ("410 Gone", Class::NotFound, 1),
        ("408 Request Timeout", Class::HttpUnavailable, 3),
        ("425 Too Early", Class::HttpUnavailable, 3),
        ("429 Too Many Requests", Class::HttpUnavailable, 3),
        ("500 Internal Server Error", Class::HttpUnavailable, 3),
        ("502 Bad Gateway", Class::HttpUnavailable, 3),
        ("503 Service Unavailable", Class::HttpUnavailable, 3),
        ("504 Gateway Timeout", Class::HttpUnavailable, 3),
    ];
    let fetcher = fetcher();
    join_all(cases.map(|(status, class, requests)| {
        let fetcher = &fetcher;
        async move {
            let server = Server::good(move |_, _| {
                let body =
                    if status.starts_with("204") || status.starts_with("304") { "" } else { "no" };
                answer(status, &[], body.as_bytes())
            })
            .await;
            assert_eq!(class_of(fetcher, &server.url("/a.jpg")).await, class, "{status}");
            assert_eq!(server.heads().len(), requests, "{status}");
        }
    }))
    .await;
}

#[tokio::test]
async fn what_passes_is_tried_again_until_it_succeeds() {
    let server = Server::good(|path, times| match (path, times) {
        ("/502", 0) | ("/twice", 0 | 1) => answer("502 Bad Gateway", &[], b""),
        ("/429", 0) => answer("429 Too Many Requests", &["retry-after: 1"], b""),
        ("/cut", 0) => raw("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npic"),
        ("/reset", 0) => vec![Act::Reset],
        ("/closed", 0) => vec![Act::Close],
        ("/garbage", 0) => raw("I am no HTTP server\r\n\r\n"),
        _ => ok(b"picture"),
    })
    .await;
    let fetcher = fetcher();
    let paths = ["/502", "/twice", "/429", "/cut", "/reset", "/closed", "/garbage"];
    let (fetcher, server) = (&fetcher, &server);
    join_all(paths.map(|path| async move {
        assert_eq!(bytes_of(fetcher, &server.url(path)).await, b"picture", "{path}");
    }))
    .await;
    assert_eq!(server.heads().len(), 2 + 3 + 2 + 2 + 2 + 2 + 2);
}

#[tokio::test]
async fn who_wants_to_be_left_alone_for_longer_than_the_deadline_is() {
    let server = Server::good(|path, _| match path {
        "/seconds" => answer("429 Too Many Requests", &["retry-after: 3600"], b""),
        _ => answer("503 No", &["retry-after: Fri, 31 Dec 2100 23:59:59 GMT"], b""),
    })
    .await;
    let fetcher = fetcher();
    for path in ["/seconds", "/date"] {
        let error = fetch(&fetcher, &server.url(path)).await.err().unwrap();
        assert_eq!(error.class, Class::HttpUnavailable);
        assert!(error.cause.contains("no time left"), "it was not waited for: {error}");
    }
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_unavailable() {
    let gone = Server::good(|_, _| vec![]).await.url("/");
    assert_eq!(class_of(&fetcher(), &gone).await, Class::HttpUnavailable);
}

#[tokio::test]
async fn five_redirects_are_followed_and_not_a_sixth_nor_a_circle() {
    let server = Server::good(|path, _| match path {
        "/five/5" => ok(b"picture"),
        "/circle/2" => redirect("/circle/1"),
        "/itself" => redirect("/itself"),
        "/nowhere" => answer("302 Found", &[], b""),
        "/user" => redirect("http://user:secret@127.0.0.1/"),
        "/file" => redirect("file:///etc/passwd"),
        _ => {
            let (folder, hop) = path.rsplit_once('/').unwrap();
            redirect(&format!("{folder}/{}", hop.parse::<u32>().unwrap() + 1))
        }
    })
    .await;
    let fetcher = fetcher();

    assert_eq!(bytes_of(&fetcher, &server.url("/five/0")).await, b"picture");
    for path in ["/endless/0", "/circle/0", "/itself", "/nowhere", "/user", "/file"] {
        let error = fetch(&fetcher, &server.url(path)).await.err().unwrap();
        assert_eq!(error.class, Class::HttpRejected, "{path}: {error}");
        assert!(!error.cause.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_request_says_who_asks_and_tells_nothing_else() {
    let server = Server::good(|path, _| match path {
        "/a?key=secret" => {
            answer("307 Temporary Redirect", &["location: /b", "set-cookie: tracked=1"], b"")
        }
        _ => answer("200 OK", &["set-cookie: tracked=2"], b"picture"),
    })
    .await;
    let fetcher = fetcher();
    for _ in 0..2 {
        let raw = fetch(&fetcher, &server.url("/a?key=secret")).await.unwrap();
        assert_eq!(raw.location, server.url("/a"), "logs show it");
        assert_eq!((raw.id.as_str(), raw.version), ("abc", 7));
    }
    let heads = server.heads();
    assert_eq!(heads.len(), 4);
    for head in &heads {
        let head = head.to_lowercase();
        let agent = format!("user-agent: inference-manager/{}\r\n", env!("CARGO_PKG_VERSION"));
        assert!(head.contains(&agent) && head.contains("accept-encoding: identity\r\n"), "{head}");
        for unwanted in ["cookie:", "referer:", "authorization:", "range:"] {
            assert!(!head.contains(unwanted), "{head}");
        }
    }
    assert!(heads[0].starts_with("GET /a?key=secret HTTP/1.1\r\n"), "the query is asked with");
}

#[tokio::test]
async fn no_failure_tells_a_query_or_a_password() {
    let server = Server::good(|path, _| match path.split('?').next() {
        Some("/404") => answer("404 Not Found", &[], b""),
        Some("/garbage") => raw("?\r\n\r\n"),
        Some("/elsewhere") => redirect("http://10.0.0.1/?key=secret"),
        _ => vec![Act::Reset],
    })
    .await;
    let (fetcher, budget) = (fetcher(), Budget::new(1 << 20));
    let with_password = server.url("/a").replace("http://", "http://user:secret@");
    let urls =
        ["/404", "/garbage", "/elsewhere", "/reset"].map(|path| server.url(path) + "?key=secret");
    for url in urls.into_iter().chain([with_password]) {
        let error = fetcher.fetch(&record(&url), &budget).await.err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(!told.contains("secret"), "{told}");
        assert!(error.location.is_some(), "{told}");
    }
}

#[tokio::test]
async fn a_description_of_a_iiif_image_leads_to_the_picture_itself() {
    let server = Server::good(|path, _| match path {
        "/image/B0010778/full/!400,400/0/default.jpg" => ok(b"picture"),
        _ => answer("404 Not Found", &[], b""),
    })
    .await;
    let raw = fetch(&fetcher(), &server.url("/image/B0010778/info.json")).await.unwrap();
    assert_eq!(&raw.bytes[..], b"picture");
    assert_eq!(raw.location, server.url("/image/B0010778/full/!400,400/0/default.jpg"));
}
