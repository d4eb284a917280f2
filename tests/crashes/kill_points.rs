//! The program with a trap: its own pipeline, one engine of which stops at a chosen call and has the
//! process killed. The engines are wrapped from outside, so the program itself knows nothing of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actors::flow::credits::Budget;
use actors::inference::{Answer, InferrerSpec};
use actors::input::{Input, Raw};
use actors::ports::{
    Augmented, Catalogue, CatalogueDown, DecodeError, Decoded, Decoder, FetchError, Fetcher, Index,
    IndexError, InferError, Inferrer, InferrerFactory, NotRetrieved, Parked, Prepared, Queue,
    QueueError, Receipt, Received, Release, Verdict,
};
use actors::record::{Record, RecordId};
use actors::supervision::generation::Blueprint;
use async_trait::async_trait;
use clap::Parser;
use inference_manager::config::Config;
use inference_manager::config::options::Options;
use inference_manager::exit::Exit;
use inference_manager::run;
use serde::{Deserialize, Serialize};

/// The stages that a port stands at; the inferrers' are named after them.
pub const STAGES: [&str; 10] = [
    "receive",
    "retrieve",
    "fetch",
    "decode",
    "infer aspect-ratio",
    "infer features",
    "infer palette",
    "index",
    "park",
    "acknowledge",
];

/// Those that append to the journal.
const WRITING: [&str; 2] = ["index", "park"];

/// What the program says on stdout when it stands in the trap.
pub const TRAPPED: &str = "kill me now";

/// The variable with the order, as JSON.
pub const ORDER: &str = "INFERENCE_TEST_KILL_POINT";

/// When, seen from a call of the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Moment {
    /// Before it has any effect.
    Before,
    /// In the middle of its append to the journal, of which some bytes are written.
    Torn,
    /// When it has had its effect, of which nobody was told.
    After,
}

/// Where to be killed: at the first call of `stage` once `documents` were indexed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    pub stage: String,
    pub moment: Moment,
    pub documents: usize,
    /// For [`Moment::Torn`]: how much of the append is written, in thousandths.
    pub thousandths: u64,
}

impl Order {
    /// The moments that `stage` has.
    pub fn moments(stage: &str) -> &'static [Moment] {
        if WRITING.contains(&stage) {
            &[Moment::Before, Moment::Torn, Moment::After]
        } else {
            &[Moment::Before, Moment::After]
        }
    }
}

/// The command line of `run`; everything comes from the environment.
#[derive(Parser)]
struct Run {
    #[command(flatten)]
    options: Options,
}

/// If an order was given, runs the program with that trap and answers true.
pub fn obeyed() -> bool {
    let Ok(order) = std::env::var(ORDER) else { return false };
    let order: Order = serde_json::from_str(&order).expect("the parent wrote it");
    let config = Config::new(&Run::parse_from(["run"]).options).expect("the parent set it");
    let journal = config.out.join(".journal");
    let trap = Arc::new(Trap { order, journal, indexed: AtomicUsize::new(0) });
    let ended = run::embedded_with(&config, |blueprint| trap.set_in(blueprint));
    assert_eq!(ended, Ok(Exit::Done));
    true
}

struct Trap {
    order: Order,
    journal: PathBuf,
    indexed: AtomicUsize,
}

impl Trap {
    fn set_in(self: &Arc<Self>, blueprint: &mut Blueprint) {
        fn wrap<T: ?Sized>(port: &Arc<T>, trap: &Arc<Trap>) -> Arc<Trapped<T>> {
            Arc::new(Trapped { port: Arc::clone(port), trap: Arc::clone(trap) })
        }
        blueprint.queue = wrap(&blueprint.queue, self);
        blueprint.catalogue = wrap(&blueprint.catalogue, self);
        blueprint.downloads.fetcher = wrap(&blueprint.downloads.fetcher, self);
        blueprint.downloads.decoder = wrap(&blueprint.downloads.decoder, self);
        blueprint.sink.index = wrap(&blueprint.sink.index, self);
        for inferrer in &mut blueprint.inferrers {
            inferrer.factory = wrap(&inferrer.factory, self);
        }
    }

    fn at(&self, stage: &str, moment: Moment) {
        if self.springs(stage, moment) {
            wait_to_be_killed();
        }
    }

    fn springs(&self, stage: &str, moment: Moment) -> bool {
        let order = &self.order;
        let indexed = self.indexed.load(Ordering::SeqCst);
        order.stage == stage && order.moment == moment && indexed >= order.documents
    }

    /// Leaves of what was appended to the journal since it had `length` bytes only the beginning, as
    /// a kill in the middle of the system call would.
    fn tear(&self, stage: &str, length: u64) {
        if !self.springs(stage, Moment::Torn) {
            return;
        }
        let appended = length_of(&self.journal).saturating_sub(length);
        let written = (appended * self.order.thousandths / 1000).clamp(1, appended.max(2) - 1);
        let journal = File::options().write(true).open(&self.journal).expect("it is there");
        journal.set_len(length + written).expect("it can be cut");
        wait_to_be_killed();
    }

    fn journal_length(&self) -> u64 {
        length_of(&self.journal)
    }
}

fn length_of(path: &Path) -> u64 {
    fs::metadata(path).expect("a run has a journal").len()
}

/// Stops this thread, and with it whatever the call's caller would have done next.
fn wait_to_be_killed() -> ! {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{TRAPPED}").and_then(|()| stdout.flush());
    loop {
        std::thread::park();
    }
}

/// A port with the trap around it.
struct Trapped<T: ?Sized> {
    port: Arc<T>,
    trap: Arc<Trap>,
}

#[async_trait]
impl Queue for Trapped<dyn Queue> {
    async fn receive(&self, at_most: usize) -> Result<Received, QueueError> {
        self.trap.at("receive", Moment::Before);
        let received = self.port.receive(at_most).await;
        self.trap.at("receive", Moment::After);
        received
    }

    async fn acknowledge(&self, receipts: &[Receipt]) -> Vec<Result<(), QueueError>> {
        self.trap.at("acknowledge", Moment::Before);
        let answers = self.port.acknowledge(receipts).await;
        self.trap.at("acknowledge", Moment::After);
        answers
    }

    async fn release(&self, releases: &[Release]) -> Vec<Result<(), QueueError>> {
        self.port.release(releases).await
    }

    async fn extend(&self, receipts: &[Receipt], by: Duration) -> Vec<Result<(), QueueError>> {
        self.port.extend(receipts, by).await
    }

    async fn park(&self, parked: &[Parked]) -> Vec<Result<(), QueueError>> {
        self.trap.at("park", Moment::Before);
        let length = self.trap.journal_length();
        let answers = self.port.park(parked).await;
        self.trap.tear("park", length);
        self.trap.at("park", Moment::After);
        answers
    }

    fn batch_limit(&self) -> usize {
        self.port.batch_limit()
    }

    fn receive_limit(&self) -> u32 {
        self.port.receive_limit()
    }

    fn lease(&self) -> Duration {
        self.port.lease()
    }
}

#[async_trait]
impl Catalogue for Trapped<dyn Catalogue> {
    async fn retrieve(
        &self,
        ids: &[RecordId],
    ) -> Result<Vec<Result<Record, NotRetrieved>>, CatalogueDown> {
        self.trap.at("retrieve", Moment::Before);
        let records = self.port.retrieve(ids).await;
        self.trap.at("retrieve", Moment::After);
        records
    }
}

#[async_trait]
impl Fetcher for Trapped<dyn Fetcher> {
    async fn fetch(&self, record: &Record, bytes: &Budget) -> Result<Raw, FetchError> {
        self.trap.at("fetch", Moment::Before);
        let raw = self.port.fetch(record, bytes).await;
        self.trap.at("fetch", Moment::After);
        raw
    }
}

impl Decoder for Trapped<dyn Decoder> {
    fn pixels(&self, raw: &Raw) -> Result<u64, DecodeError> {
        self.port.pixels(raw)
    }

    fn decode(&self, raw: Raw) -> Result<Decoded, DecodeError> {
        self.trap.at("decode", Moment::Before);
        let decoded = self.port.decode(raw);
        self.trap.at("decode", Moment::After);
        decoded
    }
}

impl InferrerFactory for Trapped<dyn InferrerFactory> {
    fn spec(&self) -> &Arc<InferrerSpec> {
        self.port.spec()
    }

    fn build(&self) -> Result<Box<dyn Inferrer>, InferError> {
        let stage = format!("infer {}", self.port.spec().name);
        let inferrer = self.port.build()?;
        Ok(Box::new(TrappedInferrer { inferrer, stage, trap: Arc::clone(&self.trap) }))
    }
}

struct TrappedInferrer {
    inferrer: Box<dyn Inferrer>,
    stage: String,
    trap: Arc<Trap>,
}

impl Inferrer for TrappedInferrer {
    fn infer(&mut self, inputs: &[Input]) -> Result<Vec<Result<Answer, String>>, InferError> {
        self.trap.at(&self.stage, Moment::Before);
        let answers = self.inferrer.infer(inputs);
        self.trap.at(&self.stage, Moment::After);
        answers
    }
}

#[async_trait]
impl Index for Trapped<dyn Index> {
    fn prepare(&self, augmented: &Augmented) -> Result<Prepared, String> {
        self.port.prepare(augmented)
    }

    async fn index(&self, documents: &[Prepared]) -> Result<Vec<Verdict>, IndexError> {
        self.trap.at("index", Moment::Before);
        let length = self.trap.journal_length();
        let verdicts = self.port.index(documents).await;
        self.trap.tear("index", length);
        self.trap.at("index", Moment::After);
        self.trap.indexed.fetch_add(documents.len(), Ordering::SeqCst);
        verdicts
    }
}
