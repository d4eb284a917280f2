//! No connection is ever made to an address that is not to be asked, however it is dressed up.

use std::process::Command;

use actors::failure::Class;
use inference_manager::adapters::http::{HttpFetcher, HttpFetcherSettings};

use crate::fixture::{Answers, bytes_of, class_of, fetch, fetcher, settings};
use crate::server::{Server, answer, ok, redirect};

/// 127.0.0.2 in every notation that the URL standard reads as that address.
const NOTATIONS: [&str; 10] = [
    "127.0.0.2",
    "127.2",
    "2130706434",
    "0177.0.0.2",
    "017700000002",
    "0x7f000002",
    "0x7f.0.0.0x2",
    "%3127.0.0.2",
    "[::ffff:127.0.0.2]",
    "[0:0:0:0:0:ffff:7f00:2]",
];

fn open_to_both() -> HttpFetcher {
    let allow = vec!["127.0.0.0/30".parse().unwrap()];
    HttpFetcher::open(HttpFetcherSettings { allow, ..settings() }).unwrap()
}

#[tokio::test]
async fn an_address_in_a_url_is_refused_in_every_notation() {
    let (forbidden, fetcher, open) = (Server::forbidden().await, fetcher(), open_to_both());
    let port = forbidden.address.port();
    for notation in NOTATIONS {
        let url = format!("http://{notation}:{port}/a.jpg");
        assert_eq!(class_of(&fetcher, &url).await, Class::ForbiddenAddress, "{url}");
    }
    assert_eq!(forbidden.accepted(), 0);

    for notation in NOTATIONS {
        let url = format!("http://{notation}:{port}/a.jpg");
        assert_eq!(bytes_of(&open, &url).await, b"the secret", "{url} leads nowhere at all");
    }
}

#[tokio::test]
async fn a_redirect_to_an_address_is_refused_in_every_notation() {
    let (forbidden, fetcher, open) = (Server::forbidden().await, fetcher(), open_to_both());
    let port = forbidden.address.port();
    let good = Server::good(move |path, _| match path.trim_start_matches('/').parse::<usize>() {
        Ok(number) => redirect(&format!("http://{}:{port}/", NOTATIONS[number])),
        Err(_) => redirect(&format!("/{}", &path[2..])), // two hops
    })
    .await;
    for number in 0..NOTATIONS.len() {
        for url in [good.url(&format!("/{number}")), good.url(&format!("/x{number}"))] {
            assert_eq!(class_of(&fetcher, &url).await, Class::ForbiddenAddress, "{url}");
        }
    }
    assert_eq!(forbidden.accepted(), 0);

    assert_eq!(bytes_of(&open, &good.url("/3")).await, b"the secret", "redirects are followed");
}

#[tokio::test]
async fn the_clouds_metadata_and_other_private_places_are_refused_straight_and_by_redirect() {
    let places = [
        "169.254.169.254",
        "169.254.170.2",
        "2852039166",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "10.0.0.1",
        "192.168.0.1",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "255.255.255.255",
    ];
    let good =
        Server::good(move |path, _| redirect(&format!("http://{}/latest/", &path[1..]))).await;
    let fetcher = fetcher();
    for place in places {
        let straight = format!("http://{place}/latest/meta-data/");
        assert_eq!(class_of(&fetcher, &straight).await, Class::ForbiddenAddress, "{straight}");
        let redirected = good.url(&format!("/{place}"));
        assert_eq!(class_of(&fetcher, &redirected).await, Class::ForbiddenAddress, "{place}");
    }
}

#[tokio::test]
async fn a_name_that_rebinds_is_refused_by_the_address_it_would_be_connected_to() {
    let good = Server::good(|_, _| answer("200 OK", &["connection: close"], b"public")).await;
    let secret = format!("127.0.0.2:{}", good.address.port());
    let forbidden = Server::on(&secret, |_, _| ok(b"the secret")).await;
    let answers = Answers::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let fetcher = HttpFetcher::with_lookup(settings(), answers).unwrap();
    let url = format!("http://rebinding.example:{}/a.jpg", good.address.port());

    assert_eq!(bytes_of(&fetcher, &url).await, b"public");
    assert_eq!(class_of(&fetcher, &url).await, Class::ForbiddenAddress);

    assert_eq!((good.accepted(), forbidden.accepted()), (1, 0));
}

#[tokio::test]
async fn of_a_name_with_mixed_answers_only_the_public_ones_are_asked() {
    let good = Server::good(|_, _| ok(b"public")).await;
    let secret = format!("127.0.0.2:{}", good.address.port());
    let forbidden = Server::on(&secret, |_, _| ok(b"the secret")).await;
    for answers in [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "::ffff:127.0.0.2"]] {
        let fetcher = HttpFetcher::with_lookup(settings(), Answers::new(&[&answers])).unwrap();
        let url = format!("http://mixed.example:{}/a.jpg", good.address.port());
        assert_eq!(bytes_of(&fetcher, &url).await, b"public", "{answers:?}");
    }
    assert_eq!(forbidden.accepted(), 0);
}

#[tokio::test]
async fn a_redirect_to_a_name_is_judged_by_what_the_name_resolves_to() {
    let good = Server::good(|_, _| redirect("http://internal.example:1/")).await;
    let answers = Answers::new(&[&["127.0.0.1"], &["127.0.0.2", "10.0.0.1", "::1"]]);
    let fetcher = HttpFetcher::with_lookup(settings(), answers).unwrap();
    let url = format!("http://images.example:{}/a.jpg", good.address.port());

    let error = fetch(&fetcher, &url).await.err().unwrap();

    assert_eq!(error.class, Class::ForbiddenAddress);
    assert!(error.cause.contains("internal.example"), "{}", error.cause);
    assert!(!error.cause.contains("127.0.0.2"), "{}", error.cause);
    assert_eq!(error.location, Some(url), "the record's own URL is what it is known by");
}

#[tokio::test]
async fn the_systems_own_names_of_this_machine_are_refused() {
    let server = Server::good(|_, _| ok(b"the secret")).await;
    let nothing_allowed = HttpFetcherSettings { allow: vec![], ..settings() };
    let fetcher = HttpFetcher::open(nothing_allowed).unwrap();
    let url = format!("http://localhost:{}/", server.address.port());

    assert_eq!(class_of(&fetcher, &url).await, Class::ForbiddenAddress);
    assert_eq!(class_of(&fetcher, &server.url("/")).await, Class::ForbiddenAddress);
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_not_asked_even_by_redirect() {
    let good = Server::good(|path, _| match path {
        "/away" => redirect("http://other.example/"),
        _ => ok(b"public"),
    })
    .await;
    let hosts = vec!["*.example.org".parse().unwrap()];
    let settings = HttpFetcherSettings { hosts, ..settings() };
    let fetcher = HttpFetcher::with_lookup(settings, Answers::new(&[&["127.0.0.1"]])).unwrap();
    let at = |host: &str, path: &str| format!("http://{host}:{}{path}", good.address.port());

    assert_eq!(bytes_of(&fetcher, &at("iiif.example.org", "/a")).await, b"public");
    for url in [at("iiif.example.org", "/away"), at("other.example", "/a"), good.url("/a")] {
        assert_eq!(class_of(&fetcher, &url).await, Class::ForbiddenAddress, "{url}");
    }
    assert_eq!(good.heads().len(), 2);
}

/// Starts itself again, in an environment that names a proxy: a process must not change its own.
#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    const TEST: &str = "addresses::proxies_of_the_environment_are_not_used";
    let good = Server::good(|_, _| ok(b"public")).await;
    if std::env::var_os("INFERENCE_TEST_PROXIED").is_some() {
        assert_eq!(bytes_of(&fetcher(), &good.url("/")).await, b"public");
        return;
    }
    let proxy = Server::forbidden().await;
    let mut proxied = Command::new(std::env::current_exe().unwrap());
    proxied.args(["--exact", TEST]).env("INFERENCE_TEST_PROXIED", "1").env_remove("NO_PROXY");
    for variable in ["http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        proxied.env(variable, proxy.url("/"));
    }
    let output = tokio::task::spawn_blocking(move || proxied.output()).await.unwrap().unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(proxy.accepted(), 0);
}
