//! An `--out` that refuses: taken, not writable, full.

use super::super::lock::LOCK;
use super::*;

#[test]
fn a_second_process_on_one_out_folder_is_refused_by_name_until_the_first_has_ended() {
    let place = Place::with(&["a.png"]);
    let first = place.open("1");

    let refusal = EmbeddedFolder::open(&place.settings("1")).unwrap_err();

    let out = fs::canonicalize(place.out.path()).unwrap();
    assert_eq!(refusal, EmbeddedError::Locked { out: out.clone() });
    assert!(refusal.to_string().contains(out.to_str().unwrap()) && !refusal.is_usage());
    drop(first);
    assert_eq!(place.run("1").1, finished(1, 0, 0));
}

#[test]
fn an_out_folder_that_cannot_be_written_is_refused_with_path_and_remedy() {
    let place = Place::with(&["a.png"]);
    fs::write(place.out("file"), "").unwrap();
    let settings = FolderSettings { out: place.out("file/out"), ..place.settings("1") };

    let refusal = EmbeddedFolder::open(&settings).unwrap_err();

    let message = refusal.to_string();
    assert!(message.contains("file/out") && message.contains("choose another --out"), "{message}");
    assert!(!refusal.is_usage());
    fs::write(place.out(".journal"), "something else").unwrap();
    let refusal = EmbeddedFolder::open(&place.settings("1")).unwrap_err();
    assert!(matches!(refusal, EmbeddedError::ForeignJournal { .. }));
}

/// A mounted file system of 96 kB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", "size=96k", "tmpfs"]).arg(folder.path());
        let mounted = mount.output().unwrap();
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(mounted.status.success(), "this test mounts a file system, run it as root: {said}");
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn twenty() -> Place {
    let names: Vec<_> = (0..20).map(|number| format!("{number:02}.png")).collect();
    Place::with(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Works until `--out` takes no more and checks that everybody hears of it.
fn work_until_refused(settings: &FolderSettings, expected: &str) {
    let folder = EmbeddedFolder::open(settings).unwrap();
    let refusal = work(&folder, &spec("1"), usize::MAX).unwrap_err();
    let IndexError::Unavailable(message) = refusal else { panic!("{refusal}") };
    for part in [".journal", expected, "make space or choose another --out"] {
        assert!(message.contains(part), "{message}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(folder.failed()).to_string(), message);
    let received = runtime.block_on(folder.queue.receive(1));
    assert_eq!(received.unwrap_err(), QueueError::Unavailable(message));
    assert!(folder.finish().is_err());
}

/// Goes on where a refused run stopped and ends as if nothing had been.
fn go_on(settings: &FolderSettings) {
    let folder = EmbeddedFolder::open(settings).unwrap();
    assert!(folder.census.unchanged > 0, "what was done before is kept");
    assert_eq!(folder.census.torn, 0, "the journal was left whole");
    work(&folder, &spec("1"), usize::MAX).unwrap();
    assert_eq!(folder.finish().unwrap(), finished(20, 0, 0));
}

#[test]
#[ignore = "mounts a file system: needs root"]
fn a_full_disk_stops_the_run_with_path_and_remedy_and_loses_nothing() {
    let disk = SmallDisk::mount();
    let out = disk.0.path().join("out");
    let place = twenty();
    let settings = FolderSettings { out: out.clone(), ..place.settings("1") };
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, vec![0; 84 << 10]).unwrap();

    work_until_refused(&settings, "No space left");
    fs::remove_file(&ballast).unwrap();
    go_on(&settings);

    // Full at the very end, when the drafts are written.
    let settings = FolderSettings { out: disk.0.path().join("other"), ..settings };
    fs::remove_dir_all(&out).unwrap();
    let folder = EmbeddedFolder::open(&settings).unwrap();
    work(&folder, &spec("1"), usize::MAX).unwrap();
    fs::write(&ballast, vec![0; 68 << 10]).unwrap();
    let refusal = folder.finish().unwrap_err().to_string();
    assert!(refusal.contains(".draft: No space left"), "{refusal}");
    drop(folder);
    let mut names: Vec<_> =
        fs::read_dir(&settings.out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".journal", LOCK], "the drafts make way");
    fs::remove_file(&ballast).unwrap();
    go_on(&settings);
}

/// The folder that the next test's child works on, limited in the size of its files.
const LIMITED: &str = "INFERENCE_TEST_LIMITED_FOLDER";

#[test]
fn a_file_that_may_not_grow_stops_the_run_with_path_and_remedy_and_loses_nothing() {
    let settings =
        |root: &Path| FolderSettings::new(root.join("images"), root.join("out"), vec![spec("1")]);
    if let Some(root) = std::env::var_os(LIMITED) {
        return work_until_refused(&settings(Path::new(&root)), "File too large");
    }
    let root = memory_folder();
    fs::rename(twenty().images.keep(), root.path().join("images")).unwrap();
    let this = "a_file_that_may_not_grow_stops_the_run_with_path_and_remedy_and_loses_nothing";
    let this = format!("{}::{this}", module_path!().split_once("::").unwrap().1);

    // 16 blocks of 512 bytes; ignoring the signal makes the write fail instead.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" \"$@\"";
    let program = std::env::current_exe().unwrap();
    let mut child = Command::new("sh");
    let child = child.args(["-c", limited]).arg(program).args([&this, "--exact"]);
    let output = child.env(LIMITED, root.path()).output().unwrap();

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    go_on(&settings(root.path()));
}
