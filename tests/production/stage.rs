//! A stage for the real program: queues, indices, a topic and images of its own on the real servers.

#![allow(dead_code, reason = "each of the test programs that include this file uses a part of it")]

pub mod gateway;
pub mod images;
pub mod index;
pub mod program;
pub mod proxy;
pub mod queue;

use std::io::Cursor;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};

use images::{Answer, Images};
use index::Index;
use program::Service;
use queue::{Letter, Queue};

/// How long the program waits for messages in one receive.
pub const LONG_POLL: Duration = Duration::from_secs(1);

/// The names of what a stage has on the servers.
pub struct Names {
    /// The queue's URL.
    pub queue: String,
    /// The dead-letter queue's URL.
    pub dead_letters: String,
    /// The index of initial documents.
    pub initial: String,
    /// The index of augmented documents.
    pub augmented: String,
}

/// Everything the program talks to.
pub struct Stage {
    /// SQS and SNS.
    pub queue: Queue,
    /// Elasticsearch.
    pub index: Index,
    /// The host of pictures.
    pub images: Images,
    /// What is ours there.
    pub names: Names,
    /// Where the program's admin server listens.
    pub address: String,
}

impl Stage {
    /// Empty, with five receives before a message is given up.
    pub async fn new() -> Self {
        Self::with_receives(5).await
    }

    /// Empty, with so many receives.
    pub async fn with_receives(receives: u32) -> Self {
        let (queue, index) = (Queue::at_test_server(), Index::at_test_server());
        let unique = unique();
        let (own, dead_letters) = queue.pair(&unique, receives).await;
        let names = Names {
            queue: own,
            dead_letters,
            initial: format!("images-initial-{unique}"),
            augmented: format!("images-augmented-{unique}"),
        };
        index.create(&names.initial).await;
        index.create(&names.augmented).await;
        Self { queue, index, images: Images::start().await, names, address: free_address() }
    }

    /// With a small picture for each of these ids.
    pub async fn with_images(ids: &[&str]) -> Self {
        let stage = Self::new().await;
        for id in ids {
            let path = format!("/{}.png", id.replace('/', "-"));
            stage.images.serve(&path, Answer::ok(picture(16, 16)));
            stage.add(id, &stage.images.url(&path)).await;
        }
        stage
    }

    /// Adds an image at `url` to the initial index.
    pub async fn add(&self, id: &str, url: &str) {
        self.add_with(id, &json!([{"url": url, "locationType": {"id": "iiif-image"}}])).await;
    }

    /// Adds an image with these locations.
    pub async fn add_with(&self, id: &str, locations: &Value) {
        self.index.put(&self.names.initial, id, &document(id, locations), 1).await;
    }

    /// Sends an id as the merger's topic does.
    pub async fn send(&self, id: &str) {
        self.queue.send(&self.names.queue, &json!({ "Message": id }).to_string()).await;
    }

    /// Starts the program, and waits until it is ready.
    pub async fn start(&self, arguments: &[&str]) -> Service {
        let service = Service::start(self.command(arguments), &self.address);
        service.ready().await;
        service
    }

    /// Starts a second program on the same queue, and waits until it is ready.
    pub async fn start_beside(&self, arguments: &[&str]) -> Service {
        let address = free_address();
        let mut command = self.command(arguments);
        command.args(["--admin-address", &address]);
        let service = Service::start(command, &address);
        service.ready().await;
        service
    }

    /// Starts the program, which finds SQS at another endpoint, and waits until it is ready.
    pub async fn start_by(&self, endpoint: &str, arguments: &[&str]) -> Service {
        let mut command = self.command(arguments);
        command.env("AWS_ENDPOINT_URL", endpoint);
        let service = Service::start(command, &self.address);
        service.ready().await;
        service
    }

    /// Starts the program, which ends at once with `code`; answers what it says.
    pub fn refuses(&self, arguments: &[&str], code: i32) -> String {
        crate::fixture::ended(self.command(arguments).output().expect("it starts"), code)
    }

    /// The program's command `run` with the locations of this stage.
    pub fn command(&self, arguments: &[&str]) -> std::process::Command {
        self.command_of("run", arguments)
    }

    /// Another of its commands with the same options.
    pub fn command_of(&self, name: &str, arguments: &[&str]) -> std::process::Command {
        let mut command = crate::fixture::program();
        let Names { queue, dead_letters, initial, augmented } = &self.names;
        command.args([name, "--production"]);
        if !arguments.contains(&"--models") {
            command.args(["--models", "bundled"]);
        }
        command.args(["--features-dimensions", "1280"]);
        command.args(["--queue-url", queue]);
        if !arguments.contains(&"--elasticsearch-url") {
            command.args(["--elasticsearch-url", &self.index.url]);
        }
        command.args(["--initial-index", initial, "--augmented-index", augmented]);
        command.args(["--allow-address", "127.0.0.1/32"]);
        // As variables, so that an argument of a test goes first.
        command.env("ADMIN_ADDRESS", &self.address).env("LAST_SCRAPE", "0s");
        command.env("LONG_POLL", format!("{}s", LONG_POLL.as_secs()));
        command.env("DEAD_LETTER_QUEUE_URL", dead_letters);
        command.args(arguments);
        self.queue.environment(&mut command);
        command
    }

    /// Waits until the program has settled so many messages.
    pub async fn settled(&self, messages: usize) {
        until(&format!("{messages} settled messages"), async || {
            let status = self.status().await?;
            let count = |name: &str| status["messages"][name].as_u64().unwrap_or_default();
            let settled = count("indexed") + count("superseded") + count("parked");
            (settled >= messages as u64).then_some(())
        })
        .await;
    }

    /// What the program tells of itself, if it runs.
    pub async fn status(&self) -> Option<Value> {
        let answer = reqwest::get(format!("http://{}/status", self.address)).await.ok()?;
        answer.text().await.ok()?.parse().ok()
    }

    /// Waits until so many messages are parked.
    pub async fn parked(&self, messages: usize) -> Vec<Letter> {
        let mut found = Vec::new();
        for _ in 0..600 {
            found.extend(self.queue.letters(&self.names.dead_letters).await);
            if found.len() >= messages {
                return found;
            }
        }
        panic!("{} of {messages} messages were parked", found.len())
    }

    /// Waits until the augmented document of `id` is there.
    pub async fn appears(&self, id: &str) {
        until(&format!("the document of {id}"), async || self.augmented(id).await).await;
    }

    /// The augmented document of `id`, if there is one.
    pub async fn augmented(&self, id: &str) -> Option<Value> {
        self.index.get(&self.names.augmented, id).await
    }

    /// The initial document of `id`.
    pub async fn initial(&self, id: &str) -> Value {
        self.index.get(&self.names.initial, id).await.expect("the test added it")
    }

    /// Expects that nothing is left on the queue, seen or unseen.
    pub async fn queue_is_empty(&self) {
        assert_eq!(self.queue.depth(&self.names.queue).await, 0, "messages are left on the queue");
    }

    /// Expects that nothing is left on either queue.
    pub async fn queues_are_empty(&self) {
        self.queue_is_empty().await;
        let left = self.queue.depth(&self.names.dead_letters).await;
        assert_eq!(left, 0, "messages are left on the dead-letter queue");
    }
}

/// An address of this machine at which nobody listens.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
    listener.local_addr().expect("it is bound").to_string()
}

/// Serves `routes` on a port of loopback until the test ends; answers where.
pub async fn serve(routes: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has ports");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// A name that no other test of any run has.
pub fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nanoseconds = jiff::Timestamp::now().as_nanosecond();
    format!("{}-{nanoseconds}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// An initial document in the shape of the catalogue's.
pub fn document(id: &str, locations: &Value) -> Value {
    json!({
        "version": 3,
        "modifiedTime": "2025-04-01T10:00:00Z",
        "state": {
            "sourceIdentifier": {
                "identifierType": {"id": "miro-image-number"}, "ontologyType": "Image", "value": "V0017087",
            },
            "canonicalId": id,
        },
        "locations": locations,
        "source": {
            "type": "ParentWork",
            "id": {"canonicalId": "a24esypq", "otherIdentifiers": []},
            "data": {"title": "A test work title", "imageData": [], "unknownKey": {"kept": 0.1}},
            "version": 1,
        },
    })
}

/// A PNG of this size, with colours.
pub fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let colours = RgbImage::from_fn(width, height, |x, y| {
        let sample = |n: u32| u8::try_from(n % 256).expect("below 256");
        image::Rgb([sample(x * 37), sample(y * 59), sample(x * y)])
    });
    colours.write_to(&mut bytes, ImageFormat::Png).expect("memory can be written");
    bytes.into_inner()
}

/// Waits until `found` answers something, for as long as a loaded machine may need.
pub async fn until<T>(what: &str, found: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..1200 {
        if let Some(found) = found().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} never came")
}
