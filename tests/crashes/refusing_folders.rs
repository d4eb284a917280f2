//! An `--out` that takes nothing (any more): full at each phase, read-only, forbidden, no folder.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::place::{PROGRAM, Place, memory_folder};
use super::results::{AUGMENTED, Results};

/// A user who owns nothing here.
const NOBODY: u32 = 65_534;

/// A file system of its own in memory.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Self {
        let disk = Self(memory_folder());
        disk.mount(&["-t", "tmpfs", "-o", "size=64m", "tmpfs"]);
        disk
    }

    fn mount(&self, arguments: &[&str]) {
        let mounted = Command::new("mount").args(arguments).arg(self.path()).output();
        let mounted = mounted.expect("Debian has the command mount");
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(mounted.status.success(), "this test mounts a file system, run it as root: {said}");
    }

    fn again(&self, options: &str) {
        self.mount(&["-o", &format!("remount,{options}")]);
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

/// Pictures, results on a disk of their own, and what an undisturbed run leaves there.
struct Case {
    place: Place,
    disk: SmallDisk,
    undisturbed: Results,
}

impl Case {
    fn with_pictures(count: u32) -> Self {
        let mut place = Place::with_pictures(count);
        let undisturbed = place.finish();
        let disk = SmallDisk::new();
        place.out = disk.path().join("out");
        Self { place, disk, undisturbed }
    }

    /// Runs on a disk of `kilobytes`, expects the refusal to name `file`, then runs with room.
    fn refused_then_room(&self, kilobytes: u64, file: &str) {
        self.disk.again(&format!("size={kilobytes}k"));
        let said = self.place.run(69);
        for part in [file, "No space left", "run again", "another --out"] {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
        self.disk.again("size=64m");
        let said = self.place.run(0);
        assert!(!said.contains("dropped"), "the journal was left torn: {said}");
        assert!(self.place.found_done() > Some(0), "what was done was not kept: {said}");
        assert_eq!(self.place.finish().differences(&self.undisturbed), [""; 0], "{file}");
    }

    fn kilobytes(&self, name: &str) -> u64 {
        kilobytes(&self.place.out.join(name))
    }
}

/// What a file takes, or a folder with all that is in it, in whole pages.
fn kilobytes(path: &Path) -> u64 {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("it can be listed").flatten();
        return entries.map(|entry| kilobytes(&entry.path())).sum();
    }
    fs::metadata(path).expect("an earlier run wrote it").len().div_ceil(4096) * 4
}

/// The disk is full while the run works, while it publishes, and while it writes the page.
pub fn full() {
    let case = Case::with_pictures(12);
    case.refused_then_room(100, ".journal");
    let documents = case.kilobytes(AUGMENTED);

    case.place.wipe();
    case.refused_then_room(documents * 3 / 2, ".augmented.ndjson.draft");

    // All is published and no picture is broken, so journal and drafts are empty: only the page needs
    // room.
    let case = Case::with_pictures(7);
    case.place.finish();
    let before = fs::read(case.place.out.join(AUGMENTED)).expect("it was published");
    fs::remove_file(case.place.out.join("index.html")).expect("there is a page");
    case.refused_then_room(case.kilobytes("") + 16, "the page cannot be written");
    assert_eq!(fs::read(case.place.out.join(AUGMENTED)).expect("it is there"), before);
}

/// A file system that was mounted read-only, before the first run and between two.
pub fn read_only() {
    let case = Case::with_pictures(2);
    case.disk.again("ro");
    refused(&case.place, &["create", "Read-only file system", "choose another --out"]);
    case.disk.again("rw");
    assert_eq!(case.place.finish().differences(&case.undisturbed), [""; 0]);

    case.disk.again("ro");
    refused(&case.place, &["lock", "Read-only file system", "choose another --out"]);
    case.disk.again("rw");
    assert_eq!(case.place.finish().differences(&case.undisturbed), [""; 0]);
}

fn refused(place: &Place, parts: &[&str]) {
    let said = place.run(69);
    let out = place.out.to_string_lossy();
    for part in parts.iter().copied().chain([out.as_ref()]) {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
}

/// A file where the folder should be, and a folder of somebody else.
pub fn forbidden() {
    let mut place = Place::with_pictures(2);
    let (folder, file) = (place.beside("theirs"), place.beside("file"));
    fs::write(&file, "a person's").expect("there is room");
    place.out = file.clone();
    refused(&place, &["create", "choose another --out"]);
    place.out = file.join("deeper");
    refused(&place, &["create", "choose another --out"]);
    assert_eq!(fs::read(&file).expect("it is left"), b"a person's");

    fs::create_dir(&folder).expect("there is room");
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).expect("it is ours");
    place.out = folder;
    let said = place.run_as(as_somebody_else(&place), 69);
    for part in ["lock", "Permission denied", "make it writable for this user", "theirs"] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    assert_eq!(fs::read_dir(&place.out).expect("it can be listed").count(), 0);
}

/// The program as a user whom permissions bind: root they do not.
fn as_somebody_else(place: &Place) -> Command {
    if fs::metadata("/proc/self").expect("this is Linux").uid() != 0 {
        return place.program();
    }
    // The program's own folder may lie where only root can go.
    let copy = place.beside("program");
    fs::copy(PROGRAM, &copy).expect("there is room");
    fs::set_permissions(place.beside(""), Permissions::from_mode(0o755)).expect("it is ours");
    let mut program = place.set_up(copy);
    program.arg("run").uid(NOBODY).gid(NOBODY);
    program
}
