//! HTTPS with a certificate of an authority that no system knows.
//!
//! `tls/` was made with `openssl req` and `openssl x509` for 100 years; the authority's key was thrown
//! away, and the server's opens nothing but these tests.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use inference_manager::adapters::elasticsearch::{ElasticsearchSettings, open};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

fn tls(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/elasticsearch/tls").join(file)
}

/// Answers every request with a page, as something that is no Elasticsearch.
fn serve() -> String {
    let certificates = vec![CertificateDer::from_pem_file(tls("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(tls("server.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(certificates, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = Stream::new(&mut connection, &mut stream);
            // Who does not trust us hangs up in the middle of this.
            if tls.read(&mut [0; 4096]).is_ok() {
                let page =
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\n<html>";
                let _ = tls.write_all(page.as_bytes());
                connection.send_close_notify();
                let _ = connection.complete_io(&mut stream);
            }
        }
    });
    url
}

#[tokio::test]
async fn a_certificate_of_a_private_authority_is_trusted_only_where_that_is_named() {
    inference_manager::tls::install();
    let url = serve();
    let mut settings = ElasticsearchSettings::new(url.parse().unwrap(), "initial", "augmented");

    let stranger = open(&settings, &[]).await.unwrap_err().to_string();
    assert!(stranger.contains("no connection") && stranger.contains("certificate"), "{stranger}");

    settings.authority = Some(tls("authority.pem"));
    let trusted = open(&settings, &[]).await.unwrap_err().to_string();
    assert!(trusted.contains("neither Elasticsearch nor OpenSearch"), "{trusted}");
}
