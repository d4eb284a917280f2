//! The cases of the replaced system's downloader in Python, each named after its case.

use actors::failure::Class;

use crate::fixture::{bytes_of, class_of, fetcher};
use crate::server::{Act, Server, answer, ok};

#[tokio::test]
async fn python_retries_a_connection_error_then_succeeds() {
    let server =
        Server::good(|_, times| if times == 0 { vec![Act::Reset] } else { ok(b"picture") });
    let server = server.await;

    assert_eq!(bytes_of(&fetcher(), &server.url("/a.jpg")).await, b"picture");

    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn python_raises_after_exhausting_three_tries_on_503() {
    let server = Server::good(|_, _| answer("503 Service Unavailable", &[], b"")).await;

    assert_eq!(class_of(&fetcher(), &server.url("/a.jpg")).await, Class::HttpUnavailable);

    assert_eq!(server.heads().len(), 3);
}

#[tokio::test]
async fn python_does_not_retry_a_404() {
    let server = Server::good(|_, _| answer("404 Not Found", &[], b"")).await;

    assert_eq!(class_of(&fetcher(), &server.url("/a.jpg")).await, Class::NotFound);

    assert_eq!(server.heads().len(), 1);
}
