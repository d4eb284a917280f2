//! A plain loop that augments a folder of pictures as `run` does: what `./bench` measures the pipeline beside.
//!
//!     plain_loop IMAGES OUT [--workers features=N] [--models SET]
//!
//! As many threads as `features` has workers. Each takes the next picture, reads, decodes and resizes it, asks
//! the three inferrers one after the other, writes the same document as `run` and appends it to the file OUT. It does
//! nothing beside: no journal and no fsync, no bound on memory, no digest of the file, no check of the
//! answers, no supervision, no metrics, no file that is replaced as a whole. A picture that cannot be
//! decoded is counted.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use actors::inference::Inference;
use actors::input::Input;
use actors::ports::{Augmented, Inferrer, InferrerFactory};
use actors::record::{Record, RecordId};
use clap::Parser;
use inference_manager::adapters::embedded::EXTENSIONS;
use inference_manager::config::options::ModelOptions;
use inference_manager::config::{ModelConfig, Problems};
use inference_manager::run::Models;
use inference_manager::wire::augmented_document::AugmentedDocument;
use inference_manager::wire::local_document::{LocalId, local_document};
use inference_manager::wire::timestamp;
use jiff::Timestamp;
use models::picture::{Limits, ViewSpec, Views, decode};
use walkdir::WalkDir;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Parser)]
struct Arguments {
    images: PathBuf,
    out: PathBuf,
    #[command(flatten)]
    models: ModelOptions,
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let mut problems = Problems::default();
    let config = ModelConfig::new(&arguments.models, &mut problems);
    let config = problems.none_or(config)?;
    let models = Models::open(&config)?;
    let root = fs::canonicalize(&arguments.images)?;
    let plain_loop = PlainLoop {
        paths: pictures(&root)?,
        views: models.set.views(),
        root,
        models,
        next: AtomicUsize::new(0),
        broken: AtomicUsize::new(0),
        out: Mutex::new(File::create(&arguments.out)?),
    };
    thread::scope(|scope| {
        let workers = 0..config.workers("features");
        let threads: Vec<_> = workers.map(|_| scope.spawn(|| plain_loop.work())).collect();
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(worked) => worked,
            Err(_) => Err("a thread panicked".into()),
        })
    })?;
    let broken = plain_loop.broken.into_inner();
    println!("{} pictures, {broken} of them broken", plain_loop.paths.len());
    Ok(())
}

/// The paths of the pictures in the folder `root`, relative to it and in order.
fn pictures(root: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for entry in WalkDir::new(root).sort_by_file_name() {
        let path = entry?.into_path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if EXTENSIONS.contains(&ending.to_ascii_lowercase().as_str()) {
            found.push(path.strip_prefix(root)?.to_owned());
        }
    }
    Ok(found)
}

struct PlainLoop {
    root: PathBuf,
    paths: Vec<PathBuf>,
    models: Models,
    views: Vec<ViewSpec>,
    next: AtomicUsize,
    broken: AtomicUsize,
    out: Mutex<File>,
}

impl PlainLoop {
    fn work(&self) -> Result<(), Failure> {
        let factories = &self.models.factories;
        let built = factories.iter().map(|factory| Ok((factory.spec(), factory.build()?)));
        let mut inferrers: Vec<_> = built.collect::<Result<_, Failure>>()?;
        while let Some(path) = self.paths.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let Some(input) = self.input(path)? else {
                self.broken.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            let infer = |(spec, inferrer): &mut (_, Box<dyn Inferrer>)| {
                let answer = inferrer.infer(slice::from_ref(&input))?.remove(0)?;
                Ok(Inference { spec: Arc::clone(*spec), values: answer.0 })
            };
            let inferences = inferrers.iter_mut().map(infer).collect::<Result<_, Failure>>()?;
            self.write(&Augmented { record: self.record(path)?, inferences })?;
        }
        Ok(())
    }

    fn input(&self, path: &Path) -> Result<Option<Input>, Failure> {
        let bytes = fs::read(self.root.join(path))?;
        let Ok(picture) = decode(&bytes, &Limits::default()) else { return Ok(None) };
        drop(bytes);
        Ok(Some(Input::new(Views::new(&picture, &self.views))))
    }

    fn record(&self, path: &Path) -> Result<Record, Failure> {
        let modified = timestamp::from_system(fs::metadata(self.root.join(path))?.modified()?);
        Ok(Record {
            id: RecordId::new(LocalId::of_picture(path).as_str())?,
            version: modified.as_millisecond(),
            document: Arc::new(local_document(&self.root, path, modified)),
        })
    }

    fn write(&self, augmented: &Augmented) -> Result<(), Failure> {
        let document = AugmentedDocument::new(augmented, Timestamp::now())?.to_json()?;
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&document)?;
        out.write_all(b"\n")?;
        Ok(())
    }
}
