//! A server that does exactly what a test says, down to the bytes, and counts who came.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does on a connection, one after the other.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes again and again, with a pause each time.
    Repeat(Vec<u8>, Duration),
    /// Waits.
    Pause(Duration),
    /// Does nothing more until the client is gone.
    Hang,
    /// Breaks the connection with a TCP reset.
    Reset,
    /// Ends it.
    Close,
}

/// What follows on a request for a path, the n-th for that path from 0 on.
type Script = dyn Fn(&str, usize) -> Vec<Act> + Send + Sync;

/// A server on a loopback address, until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    accepted: AtomicUsize,
    now: AtomicUsize,
    most: AtomicUsize,
    heads: Mutex<Vec<String>>,
    asked: Mutex<HashMap<String, usize>>,
}

impl Server {
    /// On the address and port given, a free port for 0.
    pub async fn on(
        address: &str,
        script: impl Fn(&str, usize) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, script): (_, Arc<Script>) = (Arc::<Seen>::default(), Arc::new(script));
        let task = tokio::spawn(accept(listener, Arc::clone(&seen), script));
        Self { address, seen, task }
    }

    /// On 127.0.0.1, which the tests allow.
    pub async fn good(script: impl Fn(&str, usize) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0", script).await
    }

    /// On 127.0.0.2, which is not to be asked.
    pub async fn forbidden() -> Self {
        Self::on("127.0.0.2:0", |_, _| ok(b"the secret")).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How many connections were made to it.
    pub fn accepted(&self) -> usize {
        self.seen.accepted.load(Ordering::SeqCst)
    }

    /// The most requests that it worked on at once.
    pub fn most_at_once(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }

    /// The head of each request, in order.
    pub fn heads(&self) -> Vec<String> {
        self.seen.heads.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, seen: Arc<Seen>, script: Arc<Script>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        seen.accepted.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&script)));
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Seen>, script: Arc<Script>) {
    while let Some(head) = read_head(&mut stream).await {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        seen.heads.lock().unwrap().push(head);
        let times = {
            let mut asked = seen.asked.lock().unwrap();
            let times = asked.entry(path.clone()).or_default();
            *times += 1;
            *times - 1
        };
        seen.most.fetch_max(seen.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let goes_on = perform(&mut stream, script(&path, times)).await;
        seen.now.fetch_sub(1, Ordering::SeqCst);
        if !goes_on {
            return;
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Whether the connection goes on. A client that is gone ends it.
async fn perform(stream: &mut TcpStream, acts: Vec<Act>) -> bool {
    for act in acts {
        match act {
            Act::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return false;
                }
            }
            Act::Repeat(bytes, pause) => {
                while stream.write_all(&bytes).await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
                return false;
            }
            Act::Pause(pause) => tokio::time::sleep(pause).await,
            Act::Hang => {
                let _ = stream.read_u8().await;
                return false;
            }
            Act::Reset => {
                stream.set_zero_linger().unwrap();
                return false;
            }
            Act::Close => return false,
        }
    }
    true
}

/// A whole response.
pub fn answer(status: &str, headers: &[&str], body: &[u8]) -> Vec<Act> {
    let mut response = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for header in headers {
        response += header;
        response += "\r\n";
    }
    response += "\r\n";
    vec![Act::Send([response.as_bytes(), body].concat())]
}

/// A 200 with this body.
pub fn ok(body: &[u8]) -> Vec<Act> {
    answer("200 OK", &[], body)
}

/// A redirect to there.
pub fn redirect(to: &str) -> Vec<Act> {
    answer("302 Found", &[&format!("location: {to}")], b"")
}

/// Exactly these bytes, then the end of the connection.
pub fn raw(response: &str) -> Vec<Act> {
    vec![Act::Send(response.as_bytes().to_vec()), Act::Close]
}

/// These bytes, then this.
pub fn raw_then(response: &str, act: Act) -> Vec<Act> {
    vec![Act::Send(response.as_bytes().to_vec()), act]
}
