//! Any bytes as what an earlier run left in `--out`: the next run opens it, loses nothing that is
//! whole, and leaves lines of JSON.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use actors::inference::{FieldKind, FieldSpec, InferrerName, InferrerSpec, ModelStamp};
use libfuzzer_sys::fuzz_target;
use program::adapters::embedded::{AUGMENTED, EmbeddedFolder, FolderSettings, PARKED};
use program::{draft, wire};

#[allow(
    dead_code,
    unused_imports,
    missing_docs,
    reason = "of the program the resuming alone is fuzzed"
)]
#[path = "../../src"]
mod program {
    pub mod adapters {
        pub mod embedded;
    }
    pub mod draft;
    pub mod wire;
}

/// What begins a journal.
const MAGIC: &[u8] = b"IMJRNL\x01\n";

/// The pictures of the folder.
const PICTURES: [&str; 2] = ["a.png", "b.png"];

/// The folder: at one place, since its path stands in the documents of the corpus, and in memory.
static SETTINGS: LazyLock<FolderSettings> = LazyLock::new(|| {
    let home = PathBuf::from("/dev/shm/inference-manager-fuzz");
    let images = home.join("images");
    fs::create_dir_all(&images).expect("the memory file system can be written");
    for name in PICTURES {
        let file = fs::File::create(images.join(name)).expect("the folder was made");
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        file.set_modified(modified).expect("the file is ours");
    }
    let model = ModelStamp { name: "m".into(), version: "1".into(), sha256: "00".into() };
    let fields = vec![FieldSpec { name: "number".into(), kind: FieldKind::Number }];
    let spec = InferrerSpec { name: InferrerName::new("number"), model, fields, engine: String::new() };
    FolderSettings::new(images, home.join("out"), vec![Arc::new(spec)])
});

// One byte how to read the rest; up to the first NUL the lines of documents, then the journal.
fuzz_target!(|bytes: &[u8]| {
    let (mode, rest) = bytes.split_first().unwrap_or((&0, &[]));
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let documents = parts.next().unwrap_or_default();
    let journal = match (parts.next(), mode & 1) {
        (None, _) => None,
        (Some(raw), 0) => Some([MAGIC, raw].concat()),
        (Some(lines), _) => Some(framed(lines)),
    };
    let out = &SETTINGS.out;
    let _ = fs::remove_dir_all(out);
    fs::create_dir_all(out).expect("the memory file system can be written");
    fs::write(out.join(AUGMENTED), documents).expect("the folder was made");
    if let Some(journal) = &journal {
        fs::write(out.join(".journal"), journal).expect("the folder was made");
    }
    resume(out, journal.map_or(0, |journal| journal.len() as u64));
});

fn resume(out: &Path, journal: u64) {
    let Ok(first) = EmbeddedFolder::open(&SETTINGS) else { return };
    assert_eq!(first.census.queued + first.census.unchanged, PICTURES.len());
    assert!(first.census.torn <= journal);
    let finished = first.finish().expect("nothing refuses to be written");
    assert_eq!(finished.documents + finished.parked + finished.unknown, PICTURES.len());
    assert!(finished.documents >= first.census.unchanged);
    assert_eq!(lines(&out.join(AUGMENTED)), finished.documents);
    assert_eq!(lines(&out.join(PARKED)), finished.parked);
    let unchanged = first.census.unchanged;
    drop(first);
    let second = EmbeddedFolder::open(&SETTINGS).expect("it was left by the program");
    assert_eq!((second.census.unchanged, second.census.torn), (unchanged, 0));
}

/// How many lines there are; each must be JSON.
fn lines(path: &Path) -> usize {
    let content = fs::read(path).expect("the run wrote it");
    let lines = content.split_inclusive(|byte| *byte == b'\n');
    let check = |line: &[u8]| {
        assert_eq!(line.last(), Some(&b'\n'));
        serde_json::from_slice::<serde::de::IgnoredAny>(line).expect("a line of JSON");
    };
    lines.map(check).count()
}

/// A journal of whole records: each line's first byte is its kind.
fn framed(lines: &[u8]) -> Vec<u8> {
    let mut journal = MAGIC.to_vec();
    for payload in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let length = u32::try_from(payload.len()).expect("the input is short").to_le_bytes();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&length);
        checksum.update(payload);
        journal.extend([length, checksum.finalize().to_le_bytes()].concat());
        journal.extend(payload);
    }
    journal
}
