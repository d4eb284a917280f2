//! What a trace by `strace` tells of the changes in a folder, and whether they stand in a safe order.

use std::path::{Path, PathBuf};

/// A system call that changes a file of the folder, or makes it or the folder durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub thread: String,
    pub call: String,
    /// The file; of a renaming the new content.
    pub path: PathBuf,
}

impl Change {
    /// The call of this line of a trace with decoded file descriptors, if it changes something in the
    /// folder `out`.
    pub fn read(line: &str, out: &Path) -> Option<Self> {
        let (thread, call) = line.split_once(' ')?;
        let (call, arguments) = call.trim_start().split_once('(')?;
        if call == "openat" && !arguments.contains("O_CREAT") {
            return None;
        }
        // What is written is no path, and what a call returns is none of its arguments.
        let paths = match call {
            "openat" | "rename" | "unlink" => arguments.split(") = ").next()?,
            _ => arguments.split(['>']).next()?,
        };
        let mut parts = paths.split(['"', '<', '>']);
        let path = parts.find(|part| {
            let path = Path::new(part);
            path == out || path.parent() == Some(out)
        })?;
        Some(Self { thread: thread.to_owned(), call: call.to_owned(), path: path.into() })
    }

    fn is(&self, call: &str, name: &str) -> bool {
        self.call == call && self.path.ends_with(name)
    }

    fn writes(&self) -> bool {
        ["write", "pwrite64", "ftruncate"].contains(&self.call.as_str())
    }

    fn syncs(&self) -> bool {
        ["fsync", "fdatasync"].contains(&self.call.as_str())
    }
}

/// What a machine that loses its memory in the middle of these changes could make of them: a file
/// renamed before its content was synced, a journal written and not synced, or removed before the
/// names of what replaces it were.
pub fn misordered(changes: &[Change], out: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let earlier = &changes[..at];
        if change.call == "rename" {
            let last = earlier.iter().rev().find(|other| other.path == change.path);
            if !last.is_some_and(Change::syncs) {
                faults.push(format!("{} is renamed unsynced", change.path.display()));
            }
        }
        if change.is("pwrite64", ".journal") {
            let next = changes[at + 1..].iter().find(|other| other.path == change.path);
            if !next.is_some_and(|next| next.syncs() || next.writes()) {
                faults.push("the journal is not synced".to_owned());
            }
        }
        if change.is("unlink", ".journal") {
            let last =
                earlier.iter().rev().find(|other| other.call == "rename" || other.path == out);
            if !last.is_some_and(Change::syncs) {
                faults
                    .push("the journal goes before the names of the results are synced".to_owned());
            }
        }
    }
    faults
}

#[test]
fn the_changes_of_a_folder_are_found_in_a_trace() {
    let read = |line: &str| {
        let change = Change::read(line, Path::new("/o/out"))?;
        Some(format!("{} {} {}", change.thread, change.call, change.path.display()))
    };
    let expected = [
        (
            "7 openat(AT_FDCWD</w>, \"/o/out/.a\", O_WRONLY|O_CREAT, 0666) = 1</o/out/.a>",
            Some("7 openat /o/out/.a"),
        ),
        ("7 openat(AT_FDCWD</w>, \"/o/out/a\", O_RDONLY|O_CLOEXEC) = 12</o/out/a>", None),
        ("71 write(12</o/out/.a>, \"{\\\"a\\\":1}\", 7) = 7", Some("71 write /o/out/.a")),
        ("71 fsync(12</o/out/.a>) = 0", Some("71 fsync /o/out/.a")),
        ("71 fsync(12</o/out>)    = 0", Some("71 fsync /o/out")),
        ("71 fdatasync(4</o/out/.j> <unfinished ...>", Some("71 fdatasync /o/out/.j")),
        ("71 rename(\"/o/out/.a\", \"/o/out/a\") = 0", Some("71 rename /o/out/.a")),
        ("71 unlink(\"/o/out/b\")  = -1 ENOENT (No such file)", Some("71 unlink /o/out/b")),
        ("71 write(2</dev/pts/1>, \"/o/out/a\", 8) = 8", None),
        ("71 <... fsync resumed>) = 0", None),
    ];
    for (line, change) in expected {
        assert_eq!(read(line).as_deref(), change, "{line}");
    }
}

#[test]
fn an_unsafe_order_is_told() {
    let out = Path::new("/o");
    let faults = |calls: &str| {
        let changes = calls.split(' ').map(|call| {
            let (call, name) = call.split_once(':').unwrap();
            let path = if name == "." { out.to_owned() } else { out.join(name) };
            Change { thread: "1".to_owned(), call: call.to_owned(), path }
        });
        misordered(&changes.collect::<Vec<_>>(), out).len()
    };
    let safe =
        "pwrite64:.journal fdatasync:.journal write:.a fsync:.a rename:.a fsync:. unlink:.journal";
    assert_eq!(faults(safe), 0);
    for missing in ["fdatasync:.journal ", "fsync:.a ", "fsync:. "] {
        assert_eq!(faults(&safe.replace(missing, "")), 1, "{missing}");
    }
    assert_eq!(faults("fsync:.a write:.a rename:.a"), 1);
    assert_eq!(faults("write:.a fsync:.a fsync:. rename:.a unlink:.journal"), 1);
}
