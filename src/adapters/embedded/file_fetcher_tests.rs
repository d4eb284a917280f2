//! Tests of the file fetcher with real files of every kind.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use actors::record::RecordId;
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::wire::local_document::{file_url, local_document};

fn record(document: Value) -> Record {
    Record { id: RecordId::new("a").unwrap(), version: 1, document: Arc::new(document) }
}

fn record_of(path: &Path) -> Record {
    let (root, name) = (path.parent().unwrap(), path.file_name().unwrap());
    record(local_document(root, Path::new(name), Timestamp::UNIX_EPOCH))
}

async fn fetch_within(path: &Path, limit: u64, budget: &Budget) -> Result<Raw, FetchError> {
    FileFetcher::new(limit).fetch(&record_of(path), budget).await
}

async fn class_of(path: &Path) -> Option<Class> {
    let budget = Budget::new(1_000);
    let answer = fetch_within(path, 100, &budget).await;
    assert_eq!(budget.taken(), answer.as_ref().map_or(0, |raw| raw.reservation.amount()));
    if let Err(error) = &answer {
        assert_eq!(error.location.as_deref(), Some(&*path.to_string_lossy()));
    }
    answer.err().map(|error| error.class)
}

#[tokio::test(start_paused = true)]
async fn each_hostile_file_has_its_class_and_holds_no_credits() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("good.jpg"), "good").unwrap();
    fs::write(at("empty.jpg"), "").unwrap();
    File::create(at("huge.jpg")).unwrap().set_len(1 << 40).unwrap(); // sparse
    fs::create_dir(at("folder.jpg")).unwrap();
    symlink("nowhere", at("dangling.jpg")).unwrap();
    symlink("loop.jpg", at("loop.jpg")).unwrap();
    symlink("good.jpg", at("link.jpg")).unwrap();
    symlink("folder.jpg", at("link to a folder.jpg")).unwrap();
    symlink("/dev/zero", at("device.jpg")).unwrap();
    symlink("/dev/full", at("full.jpg")).unwrap();
    assert!(Command::new("mkfifo").arg(at("fifo.jpg")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket.jpg")).unwrap();

    let cases = [
        ("good.jpg", None),
        ("link.jpg", None),
        ("empty.jpg", Some(Class::EmptyBody)),
        ("huge.jpg", Some(Class::TooManyBytes)),
        ("folder.jpg", Some(Class::UnsupportedFormat)),
        ("link to a folder.jpg", Some(Class::UnsupportedFormat)),
        ("fifo.jpg", Some(Class::UnsupportedFormat)),
        ("socket.jpg", Some(Class::UnsupportedFormat)),
        ("device.jpg", Some(Class::UnsupportedFormat)),
        ("full.jpg", Some(Class::UnsupportedFormat)),
        ("missing.jpg", Some(Class::NotFound)),
        ("dangling.jpg", Some(Class::NotFound)),
        ("loop.jpg", Some(Class::NotFound)),
        ("good.jpg/below.jpg", Some(Class::NotFound)),
    ];
    for (name, expected) in cases {
        assert_eq!(class_of(&at(name)).await, expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn any_name_that_a_file_can_have_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(251) + ".jpg";
    let names: [&[u8]; 9] = [
        b"with space.jpg",
        b"quote\"'`.jpg",
        b"line\nbreak\ttab\x01.jpg",
        "ünïcödé 画像 🎨.jpg".as_bytes(),
        b"a..b.jpg",
        b"%2e%2e%2f?#[]{}|\\^.jpg",
        b"not utf-8 \xff\xfe.jpg",
        b"<script>alert(1)<.jpg",
        long.as_bytes(),
    ];
    for name in names {
        let path = folder.path().join(OsStr::from_bytes(name));
        fs::write(&path, name).unwrap();

        let raw = fetch_within(&path, 300, &Budget::new(300)).await.unwrap();

        assert_eq!(raw.bytes, name);
        assert_eq!(raw.location, path.to_string_lossy());
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_of_just_the_limit_is_read_and_holds_its_size_in_credits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, [7; 50]).unwrap();
    let budget = Budget::new(60);

    let raw = fetch_within(&path, 50, &budget).await.unwrap();

    assert_eq!((raw.bytes.len(), budget.taken()), (50, 50));
    drop(raw);
    assert_eq!(budget.taken(), 0);
    let error = fetch_within(&path, 49, &budget).await.err().unwrap();
    assert_eq!((error.class, error.bytes), (Class::TooManyBytes, Some(50)));
    assert_eq!(error.cause, "50 bytes are more than the limit of 49");
}

#[tokio::test(start_paused = true)]
async fn a_file_larger_than_the_whole_budget_is_refused_instead_of_waiting_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, [7; 50]).unwrap();

    let error = fetch_within(&path, 100, &Budget::new(40)).await.err().unwrap();

    assert_eq!(error.class, Class::TooManyBytes);
}

#[tokio::test(start_paused = true)]
async fn no_byte_is_read_before_its_credit_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, [7; 50]).unwrap();
    let budget = Budget::new(60);
    let taken = budget.reserve(20).await.unwrap();

    let early = tokio::time::timeout(Duration::from_secs(5), fetch_within(&path, 50, &budget));
    assert!(early.await.is_err(), "read with 40 of 50 credits");

    drop(taken);
    assert!(fetch_within(&path, 50, &budget).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_record_without_a_file_url_has_no_location() {
    let documents = [
        json!(null),
        json!({"locations": []}),
        json!({"locations": "file:///a"}),
        json!({"locations": [{"url": "https://example.org/a.jpg"}, {"url": null}, {}]}),
    ];
    for document in documents {
        let error = FileFetcher::new(1).fetch(&record(document), &Budget::new(1)).await;
        assert_eq!(error.err().map(|error| error.class), Some(Class::NoLocation));
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_file_url_among_the_locations_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, "a").unwrap();
    let url = file_url(&path);
    let document = json!({"locations": [{"url": "https://example.org"}, {}, {"url": url}]});

    let raw = FileFetcher::new(1).fetch(&record(document), &Budget::new(1)).await.unwrap();

    assert_eq!(raw.bytes, "a");
}

#[test]
fn a_file_that_grew_shrank_or_was_rewritten_since_it_was_opened_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    let changes: [fn(&Path); 3] = [
        |path| File::options().append(true).open(path).unwrap().write_all(b"more").unwrap(),
        |path| File::options().write(true).open(path).unwrap().set_len(3).unwrap(),
        |path| {
            let file = File::options().write(true).open(path).unwrap();
            (&file).write_all(b"CONTENT").unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH).unwrap(); // whatever the clock's resolution
        },
    ];
    for change in changes {
        fs::write(&path, "content").unwrap();
        let Ok(opened) = open(&path) else { panic!("it is a regular file") };
        assert!(matches!(read(&opened.file, opened.version).as_deref(), Ok(b"content")));

        let Ok(opened) = open(&path) else { panic!("it is a regular file") };
        change(&path);
        assert!(matches!(read(&opened.file, opened.version), Err(Refusal::Passing(_))));
    }
}

/// A fetch of a file that changes under the reader in each of its first `changes` attempts.
///
/// An attempt waits for credits between opening the file and reading it. Virtual time passes only
/// when nothing else can go on, so after a sleep the attempt stands just there.
async fn fetched_while_changing(changes: usize) -> Result<Raw, FetchError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, "content").unwrap();
    let budget = Budget::new(100);
    let mut all = budget.reserve(100).await.unwrap();
    let fetch = tokio::spawn({
        let (path, budget) = (path.clone(), budget.clone());
        async move { fetch_within(&path, 50, &budget).await }
    });
    for change in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await; // it has the file open and waits
        assert!(!fetch.is_finished(), "attempt {change} was not made");
        if change < changes {
            File::options().append(true).open(&path).unwrap().write_all(b"!").unwrap();
        }
        drop(all);
        tokio::time::sleep(Duration::from_millis(10)).await; // it has read and pauses, or is done
        if fetch.is_finished() {
            break;
        }
        all = budget.try_reserve(100).expect("an attempt that failed gives its credits back");
    }
    assert!(fetch.is_finished(), "there is no fourth attempt");
    let answer = fetch.await.unwrap();
    assert_eq!(budget.taken(), answer.as_ref().map_or(0, |raw| raw.reservation.amount()));
    answer
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changes_while_it_is_read_is_read_again_twice_and_is_corrupt_then() {
    assert_eq!(fetched_while_changing(0).await.unwrap().bytes, "content");
    assert_eq!(fetched_while_changing(1).await.unwrap().bytes, "content!");
    assert_eq!(fetched_while_changing(2).await.unwrap().bytes, "content!!");
    let error = fetched_while_changing(3).await.err().unwrap();
    assert_eq!((error.class, error.bytes), (Class::CorruptImage, Some(9)));
    assert_eq!(error.cause, "the file changed while it was read, three times");
}

#[test]
fn an_error_of_the_disk_is_one_that_may_pass() {
    // A folder opens as a file does, but to read from it is an error of the system.
    let folder = tempfile::tempdir().unwrap();
    let file = File::open(folder.path()).unwrap();
    let version = Version { size: 1, modified: None };

    let Err(Refusal::Passing(cause)) = read(&file, version) else { panic!("a folder was read") };

    assert!(cause.starts_with("the file could not be read: "), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn a_file_without_read_permission_is_denied() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::write(&path, "secret").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();

    if File::open(&path).is_err() {
        assert_eq!(class_of(&path).await, Some(Class::Denied));
    } else {
        assert_as_nobody("a_file_without_read_permission_is_denied"); // root reads whatever it likes
    }
}

/// Runs one of these tests once more as a user with no rights.
fn assert_as_nobody(test: &str) {
    const NOBODY: u32 = 65_534;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tests");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);

    let child = Command::new(program).args([&test, "--exact"]).uid(NOBODY).gid(NOBODY).output();

    let child = child.unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}
