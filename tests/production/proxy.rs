//! A way to a server that can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// The way.
pub struct Proxy {
    /// Where it begins.
    pub url: String,
    open: Arc<AtomicBool>,
}

impl Proxy {
    /// An open way to the server at `url`.
    pub async fn to(url: &str) -> Self {
        let server = url.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
        let address = listener.local_addr().expect("it is bound");
        let open = Arc::new(AtomicBool::new(true));
        let way = Arc::clone(&open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server.clone(), Arc::clone(&way)));
            }
        });
        Self { url: format!("http://{address}"), open }
    }

    /// Cuts every connection, and every new one as soon as it is made.
    pub fn cut(&self) {
        self.open.store(false, Ordering::SeqCst);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.open.store(true, Ordering::SeqCst);
    }
}

async fn carry(mut client: TcpStream, server: String, open: Arc<AtomicBool>) {
    if !open.load(Ordering::SeqCst) {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let cut = async {
        while open.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        () = cut => {}
    }
}
