//! The program with a trap: its own pipeline, one engine of which stops at a chosen call and has the
//! process killed. The engines are wrapped from outside, so the program itself knows nothing of it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Parser;
use inference_manager::config::options::Options;
use inference_manager::config::{Config, Engines};
use inference_manager::exit::Exit;
use inference_manager::run;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

use super::trapped_ports;

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
    let Engines::Folder(place) = &config.engines else { panic!("the parent named a folder") };
    let journal = place.out.join(".journal");
    let trap = Arc::new(Trap {
        order,
        journal,
        indexed: AtomicUsize::new(0),
        appending: Mutex::default(),
    });
    let ended = run::embedded::embedded_with(&config, place, |blueprint| {
        trapped_ports::set(&trap, blueprint);
    });
    assert_eq!(ended, Ok(Exit::Done));
    true
}

/// The trap in one program.
pub struct Trap {
    order: Order,
    journal: PathBuf,
    indexed: AtomicUsize,
    appending: Mutex<()>,
}

impl Trap {
    /// To be told at each moment of each stage's calls.
    pub fn at(&self, stage: &str, moment: Moment) {
        if self.springs(stage, moment) {
            wait_to_be_killed();
        }
    }

    fn springs(&self, stage: &str, moment: Moment) -> bool {
        let order = &self.order;
        let indexed = self.indexed.load(Ordering::SeqCst);
        order.stage == stage && order.moment == moment && indexed >= order.documents
    }

    /// Whoever is to be torn appends alone: else what another call appended meanwhile, and has told, would
    /// be cut off with it, which no kill can do.
    pub async fn appends(&self) -> Option<MutexGuard<'_, ()>> {
        match self.order.moment {
            Moment::Torn => Some(self.appending.lock().await),
            Moment::Before | Moment::After => None,
        }
    }

    /// Leaves of what was appended to the journal since it had `length` bytes only the beginning, as
    /// a kill in the middle of the system call would.
    pub fn tear(&self, stage: &str, length: u64) {
        if !self.springs(stage, Moment::Torn) {
            return;
        }
        let appended = length_of(&self.journal).saturating_sub(length);
        let written = (appended * self.order.thousandths / 1000).clamp(1, appended.max(2) - 1);
        let journal = File::options().write(true).open(&self.journal).expect("it is there");
        journal.set_len(length + written).expect("it can be cut");
        wait_to_be_killed();
    }

    pub fn journal_length(&self) -> u64 {
        length_of(&self.journal)
    }

    /// Counts documents whose indexing was told to the pipeline.
    pub fn count(&self, documents: usize) {
        self.indexed.fetch_add(documents, Ordering::SeqCst);
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
