//! HTTPS: a host whose certificate is trusted is asked, and no other.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use inference_manager::adapters::http::HttpFetcher;

use crate::fixture::{Answers, fetch, settings};

const TEST: &str = "tls::a_certificate_is_asked_for_and_its_names_are_checked";
const CERTIFICATE: &str = "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = end_entity\n\
    [name]\nCN = pictures.example\n\
    [end_entity]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:pictures.example\n";
const RESPONSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\npicture";

fn openssl(folder: &Path, arguments: &str) -> Command {
    let mut openssl = Command::new("openssl");
    openssl
        .current_dir(folder)
        .args(arguments.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    openssl
}

/// Serves the file `a.jpg` of `folder`, headers included; there once this returns.
fn serve(folder: &Path, port: u16) -> Child {
    let accept = format!("s_server -accept 127.0.0.1:{port} -cert cert.pem -key key.pem -HTTP");
    let mut server = openssl(folder, &accept).spawn().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("ACCEPT")), "openssl does not serve");
    server
}

/// Fetches, and answers the cause if it fails.
async fn outcome(host: &str, port: &str) -> Result<Vec<u8>, String> {
    let resolver = Answers::new(&[&["127.0.0.1"]]);
    let fetcher = HttpFetcher::with_lookup(settings(), resolver).unwrap();
    let fetched = fetch(&fetcher, &format!("https://{host}:{port}/a.jpg")).await;
    fetched.map(|raw| raw.bytes.to_vec()).map_err(|error| error.cause)
}

/// Starts itself again with the certificate as the system's only root: a process must not change its own
/// environment.
#[tokio::test]
#[ignore = "needs openssl: ./test installs it"]
async fn a_certificate_is_asked_for_and_its_names_are_checked() {
    if let Ok(port) = std::env::var("INFERENCE_TEST_TLS_PORT") {
        assert_eq!(outcome("pictures.example", &port).await, Ok(b"picture".to_vec()));
        let other = outcome("other.example", &port).await.unwrap_err();
        assert!(other.contains("not valid for name"), "{other}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("certificate.conf"), CERTIFICATE).unwrap();
    std::fs::write(folder.path().join("a.jpg"), RESPONSE).unwrap();
    let make = "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
                -config certificate.conf";
    assert!(openssl(folder.path(), make).status().unwrap().success());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = serve(folder.path(), port);

    let untrusted = outcome("pictures.example", &port.to_string()).await.unwrap_err();
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--ignored"])
        .env("INFERENCE_TEST_TLS_PORT", port.to_string())
        .env("SSL_CERT_FILE", folder.path().join("cert.pem"))
        .output();
    server.kill().unwrap();
    server.wait().unwrap();

    assert!(untrusted.contains("UnknownIssuer"), "{untrusted}");
    let trusting = trusting.unwrap();
    let said = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && said.contains("1 passed"), "{said}");
}
