//! Kills at every system call that changes `--out` once the pictures are done: `strace` lists them in
//! one run and has the kernel kill the next ones there, one each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::campaign::kills;
use super::place::{PROGRAM, Place, copy, was_killed};
use super::results::{AUGMENTED, PARKED, Results, whole};
use super::system_calls::{Change, misordered};
use super::witness::Witness;

/// The system calls that change files or make changes durable.
const CALLS: &str =
    "openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat";

/// One system call of the run's end.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    name: String,
    /// The file that it is about; of a renaming the new content.
    path: PathBuf,
    /// Counted from 1, among the calls of this name on this file.
    number: usize,
    phase: &'static str,
}

/// Kills in both phases, each as often as asked for.
pub fn run() {
    let place = Place::with_pictures(4);
    a_new_folder_is_durable(&place);
    (4..12).for_each(|number| place.add(number));
    let undisturbed = undisturbed(&place);
    let journaled = place.beside("journaled");
    stop_before_publication(&place, &journaled);
    let calls = spread(&list(&place), kills());

    let witness = Witness::of(&place.out);
    let mut killed = BTreeMap::<_, usize>::new();
    for call in &calls {
        place.restore(&journaled);
        kill_at(&place, call);
        for name in [AUGMENTED, PARKED] {
            let content = fs::read(place.out.join(name)).expect("an earlier run wrote it");
            whole(&content).unwrap_or_else(|fault| panic!("{name} after {call:?}: {fault}"));
        }
        let mut without_page = place.program();
        without_page.env("NO_PAGE", "true");
        place.run_as(without_page, 0);
        let done = Some(undisturbed.documents.len());
        assert_eq!(place.found_done(), done, "work was done twice after {call:?}");
        assert_no_draft_is_left(&place);
        assert_eq!(place.finish().differences(&undisturbed), [""; 0], "{call:?}");
        *killed.entry(call.phase).or_default() += 1;
    }
    for (phase, kills) in killed {
        println!("campaign: {phase:20} {kills:4}");
    }
    println!("campaign: a reader saw {} states of the files", witness.dismissed());
}

/// The first run: its folder's name, and that of the folder around it, are synced.
fn a_new_folder_is_durable(place: &Place) {
    let mut first = strace(place, &["--trace=fsync", "--decode-fds=path"]);
    let out = place.beside("new").join("out");
    let status = first.env("OUT", &out).status().expect("the Debian package strace is installed");
    assert!(status.success(), "{status}: {}", place.said());
    let log = fs::read_to_string(place.beside("trace")).expect("strace wrote it");
    for parent in out.ancestors().skip(1).take(2) {
        let synced = format!("<{}>)", parent.display());
        assert!(log.contains(&synced), "{synced} is not in:\n{log}");
    }
    fs::rename(out, &place.out).expect("both are ours");
}

fn assert_no_draft_is_left(place: &Place) {
    let names = fs::read_dir(&place.out).expect("a run has results").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let hidden = names.filter(|name| name.starts_with('.'));
    assert_eq!(hidden.collect::<Vec<_>>(), [".lock"]);
}

/// What a run leaves that is not killed, in a folder of its own.
fn undisturbed(place: &Place) -> Results {
    let first = place.beside("first");
    fs::rename(&place.out, &first).expect("both are ours");
    let undisturbed = place.finish();
    place.restore(&first);
    undisturbed
}

/// Leaves in `journaled` the results of a run that was killed when all was in the journal.
fn stop_before_publication(place: &Place, journaled: &Path) {
    let path = place.out.join(".augmented.ndjson.draft");
    kill_at(place, &Call { name: "openat".to_owned(), path, number: 1, phase: "publication" });
    copy(&place.out, journaled);
}

fn strace(place: &Place, options: &[&str]) -> Command {
    let mut strace = place.set_up("strace");
    // Not --seccomp-bpf: with it strace is told of a call too late to have the kernel kill there.
    strace.args(["--follow-forks", "--output"]).arg(place.beside("trace"));
    strace.args(options).args(["--", PROGRAM, "run"]);
    strace
}

fn kill_at(place: &Place, call: &Call) {
    let trace = format!("--trace={}", call.name);
    let inject = format!("--inject={}:signal=SIGKILL:when={}", call.name, call.number);
    let path = call.path.to_string_lossy().into_owned();
    let status = strace(place, &[&trace, &inject, "--trace-path", &path]).status();
    let status = status.expect("the Debian package strace is installed");
    assert!(was_killed(status), "{call:?} was not come to: {status}: {}", place.said());
}

/// Runs to the end, lists the calls that change `--out` from the first draft on, and asserts that they
/// stand in an order that a machine's crash would do no harm to, either.
fn list(place: &Place) -> Vec<Call> {
    let trace = format!("--trace={CALLS}");
    let status = strace(place, &[&trace, "--decode-fds=path", "--string-limit=4096"]).status();
    let status = status.expect("the Debian package strace is installed");
    assert!(status.success(), "{status}: {}", place.said());
    let log = fs::read_to_string(place.beside("trace")).expect("strace wrote it");
    let out = fs::canonicalize(&place.out).expect("it is there");
    let changes: Vec<_> = log.lines().filter_map(|line| Change::read(line, &out)).collect();
    assert_eq!(misordered(&changes, &out), [""; 0], "{log}");

    let (mut phase, mut thread) = ("run", None);
    let mut calls: Vec<Call> = Vec::new();
    for (at, Change { call, path, thread: caller }) in changes.iter().enumerate() {
        if phase == "run" && path.ends_with(".augmented.ndjson.draft") {
            (phase, thread) = ("publication", Some(caller));
        }
        let same = |other: &&Change| (other.call == *call) && other.path == *path;
        // strace counts by thread; only the one that publishes does the same in every run.
        let before = changes[..at].iter().filter(same).filter(|other| other.thread == *caller);
        let number = before.count() + 1;
        // A kill loses nothing that only a sync of the folder makes durable: one there is the same
        // as one at the call that follows.
        if phase != "run" && *path != out && (thread == Some(caller) || number == 1) {
            let call = Call { name: call.clone(), path: path.clone(), number, phase };
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
        if call == "unlink" && path.ends_with(".journal") {
            phase = "page";
        }
    }
    assert_eq!(phase, "page", "{log}");
    calls
}

/// As many as `wanted` of each phase, spread evenly over its calls, or all of them in turn.
fn spread(calls: &[Call], wanted: usize) -> Vec<Call> {
    let some = |phase| {
        let calls: Vec<_> = calls.iter().filter(|call| call.phase == phase).collect();
        let all = calls.len();
        let place = move |n: usize| if wanted < all { n * all / wanted } else { n % all };
        (0..wanted).map(move |n| calls[place(n)].clone())
    };
    some("publication").chain(some("page")).collect()
}
