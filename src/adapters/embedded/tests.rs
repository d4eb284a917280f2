//! Tests of whole runs over real folders: first runs, second runs, and those that went wrong.

mod first_and_second_runs;
mod hostile_folders;
mod interrupted_runs;
mod many_pictures;
mod refusals;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::SystemTime;

use actors::failure::{Class, Failure, Stage};
use actors::flow::credits::Budget;
use actors::inference::{FieldKind, FieldSpec, Inference, InferrerName, ModelStamp, Value};
use actors::ports::{
    Augmented, Catalogue, Fetcher, Index, IndexError, Parked, Queue, QueueError, Received, Verdict,
};
use serde_json::json;

use super::*;

/// A new folder in memory if there is such a place: a thousand syncs take a minute on a disk.
pub(super) fn memory_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// A folder of pictures and a folder of results.
struct Place {
    images: tempfile::TempDir,
    out: tempfile::TempDir,
}

type Lines = BTreeMap<String, serde_json::Value>;

fn spec(version: &str) -> Arc<InferrerSpec> {
    let model = ModelStamp { name: "m".into(), version: version.into(), sha256: "00".into() };
    let fields = vec![FieldSpec { name: "number".into(), kind: FieldKind::Number }];
    Arc::new(InferrerSpec {
        name: InferrerName::new("number"),
        model,
        fields,
        engine: String::new(),
    })
}

impl Place {
    fn with(names: &[&str]) -> Self {
        let place = Self { images: memory_folder(), out: memory_folder() };
        for name in names {
            place.write(name, "content");
        }
        place
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.images.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn out(&self, name: &str) -> PathBuf {
        self.out.path().join(name)
    }

    fn settings(&self, version: &str) -> FolderSettings {
        let (images, out) = (self.images.path().to_owned(), self.out.path().to_owned());
        FolderSettings::new(images, out, vec![spec(version)])
    }

    fn open(&self, version: &str) -> EmbeddedFolder {
        EmbeddedFolder::open(&self.settings(version)).unwrap()
    }

    /// A whole run with this version of the model.
    fn run(&self, version: &str) -> (Census, Finished) {
        let folder = self.open(version);
        work(&folder, &spec(version), usize::MAX).unwrap();
        (folder.census, folder.finish().unwrap())
    }

    /// The documents' and the parked records' lines by path. Each line must be whole.
    fn results(&self) -> (Lines, Lines) {
        let read = |name, pointer: &str| {
            let content = fs::read_to_string(self.out(name)).unwrap();
            assert!(content.is_empty() || content.ends_with('\n'));
            let lines = content.lines().map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                (value.pointer(pointer).unwrap().as_str().unwrap().to_owned(), value)
            });
            let lines: Vec<_> = lines.collect();
            assert!(lines.is_sorted_by_key(|(path, _)| path.clone()), "{name} is in no order");
            let count = lines.len();
            let lines: Lines = lines.into_iter().collect();
            assert_eq!(lines.len(), count, "{name} has a picture twice");
            lines
        };
        let documents = read(AUGMENTED, "/state/sourceIdentifier/value");
        let parked = read(PARKED, "/path");
        assert!(documents.keys().all(|path| !parked.contains_key(path)), "both at once");
        (documents, parked)
    }

    /// The paths that have a document and those that were parked.
    fn paths(&self) -> (Vec<String>, Vec<String>) {
        let (documents, parked) = self.results();
        (documents.into_keys().collect(), parked.into_keys().collect())
    }
}

/// What the actors do, in few lines: every message is fetched; what has content is indexed, the rest
/// is parked. Stops after `at_most` messages.
fn work(
    folder: &EmbeddedFolder,
    spec: &Arc<InferrerSpec>,
    at_most: usize,
) -> Result<BTreeSet<String>, IndexError> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut done = BTreeSet::new();
        while done.len() < at_most {
            let Ok(Received::Messages(messages)) = folder.queue.receive(1).await else { break };
            for message in messages {
                done.insert(settle(folder, spec, message).await?);
            }
        }
        Ok(done)
    })
}

async fn settle(
    folder: &EmbeddedFolder,
    spec: &Arc<InferrerSpec>,
    message: actors::ports::Message,
) -> Result<String, IndexError> {
    let id = message.id.clone().unwrap();
    let record =
        folder.catalogue.retrieve(std::slice::from_ref(&id)).await.unwrap().remove(0).unwrap();
    let path = record.document.pointer("/state/sourceIdentifier/value").unwrap();
    let path = path.as_str().unwrap().to_owned();
    match folder.fetcher.fetch(&record, &Budget::new(u32::MAX)).await {
        Ok(raw) => {
            let values = vec![Value::Number(f32::from(raw.bytes.len() as u8))];
            let inferences = vec![Inference { spec: Arc::clone(spec), values }];
            let prepared = folder.index.prepare(&Augmented { record, inferences }).unwrap();
            assert_eq!(folder.index.index(&[prepared]).await?, [Verdict::Indexed]);
            assert_eq!(folder.queue.acknowledge(&[message.receipt]).await, [Ok(())]);
        }
        Err(error) => {
            let failure = Failure::new(error.class, Stage::Downloader, error.cause);
            let (receipt, models) = (message.receipt, [spec.model.clone()].into());
            let (location, bytes) = (error.location, error.bytes);
            let at = SystemTime::now();
            let id = Some(id);
            let parked = Parked { receipt, id, location, bytes, sha256: None, failure, models, at };
            match &folder.queue.park(&[parked]).await[..] {
                [Ok(())] => {}
                [Err(QueueError::Unavailable(why))] => {
                    return Err(IndexError::Unavailable(why.clone()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    Ok(path)
}

fn finished(documents: usize, parked: usize, unknown: usize) -> Finished {
    Finished { documents, parked, unknown }
}

fn without_time(mut lines: Lines) -> Lines {
    for document in lines.values_mut() {
        document["state"].as_object_mut().unwrap().shift_remove("augmentedTime").unwrap();
    }
    lines
}
