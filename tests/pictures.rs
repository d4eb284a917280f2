//! Every kind of picture through the real program: what must succeed does, what must be parked has its
//! class, and neither touches its neighbours.

#[path = "../models/tests/support/bombs.rs"]
mod bombs;
#[path = "program/fixture.rs"]
mod fixture;
#[path = "pictures/list.rs"]
mod list;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use fixture::{Fixture, ended, lines, sample, text};
use list::{IGNORED, Made, golden, must_be_parked, must_succeed};
use serde_json::Value;

/// The neighbour before each picture, and after the last: its results are known.
const NEIGHBOUR: &str = "0.jpg";

/// A folder for each picture, with a neighbour before it; paths are sorted, so they meet in the queue.
fn place(fixture: &Fixture, number: usize, name: &[u8], made: &Made) -> String {
    let folder = fixture.images().join(format!("{number:02}"));
    fs::create_dir(&folder).unwrap();
    fs::copy(sample("coins.jpg"), folder.join(NEIGHBOUR)).unwrap();
    made.make(&folder.join(OsStr::from_bytes(name)));
    format!("{number:02}/{}", String::from_utf8_lossy(name))
}

fn inferred(document: &Value) -> &Value {
    &document["state"]["inferredData"]
}

fn class_by_path(fixture: &Fixture) -> BTreeMap<String, String> {
    let records = lines(&fixture.out().join("parked.ndjson"));
    records.iter().map(|record| (text(&record["path"]), text(&record["class"]))).collect()
}

/// What differs between a picture's document and that of the RGB which it must give.
fn differs(document: &Value, truth: &Value) -> Option<String> {
    let (document, truth) = (inferred(document), inferred(truth));
    if document["aspectRatio"] != truth["aspectRatio"] {
        return Some(format!(
            "aspect ratio {}, not {}",
            document["aspectRatio"], truth["aspectRatio"]
        ));
    }
    let colour = |of: &Value| u32::from_str_radix(&text(&of["averageColorHex"])[1..], 16).unwrap();
    let (ours, theirs) = (colour(document).to_be_bytes(), colour(truth).to_be_bytes());
    // Two decoders of a lossy coding may differ by 1.
    let near = ours.iter().zip(theirs).all(|(a, b)| a.abs_diff(b) <= 1);
    (!near).then(|| format!("average colour {ours:?}, not {theirs:?}"))
}

#[test]
fn every_picture_of_the_first_list_succeeds_as_the_rgb_that_it_must_give() {
    let fixture = Fixture::with(&[]);
    let rows = must_succeed();
    fs::create_dir(fixture.images().join("truth")).unwrap();
    let mut expected = Vec::new();
    for (number, (name, made, ())) in rows.iter().enumerate() {
        let path = place(&fixture, number, name, made);
        let Made::Golden(golden_name) = made else {
            expected.push((path, None));
            continue;
        };
        let truth = format!("truth/{golden_name}.png");
        let rgb = golden(&format!("{golden_name}.rgb.png"));
        fs::copy(rgb, fixture.images().join(&truth)).unwrap();
        expected.push((path, Some(truth)));
    }

    fixture.run(&["--no-page"], 0);

    let (documents, parked) = (fixture.augmented(), class_by_path(&fixture));
    let fault = |(path, truth): &(String, Option<String>)| match (documents.get(path), truth) {
        (None, _) => Some(format!("{path:?} is {:?}", parked.get(path))),
        (Some(document), Some(truth)) => {
            differs(document, &documents[truth]).map(|what| format!("{path:?} has {what}"))
        }
        (Some(_), None) => None,
    };
    let faults: Vec<_> = expected.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(parked, BTreeMap::new());
}

#[test]
fn every_picture_of_the_second_list_is_parked_with_its_class_and_its_neighbours_are_untouched() {
    let fixture = Fixture::with(&[]);
    let rows = must_be_parked();
    let mut expected = BTreeMap::new();
    for (number, (name, made, class)) in rows.iter().enumerate() {
        expected.insert(place(&fixture, number, name.as_bytes(), made), (*class).to_owned());
    }
    let last = format!("{:02}", rows.len());
    fs::create_dir(fixture.images().join(&last)).unwrap();
    fs::copy(sample("coins.jpg"), fixture.images().join(last).join(NEIGHBOUR)).unwrap();

    let said = fixture.run(&["--no-page"], 0);

    let parked = class_by_path(&fixture);
    let fault = |(path, class): (&String, &String)| match parked.get(path) {
        Some(found) if found == class => None,
        found => Some(format!("{path:?} is {found:?} and not {class}")),
    };
    let faults: Vec<_> = expected.iter().filter_map(fault).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(parked.len(), rows.len(), "{said}");
    let documents = fixture.augmented();
    assert_eq!(documents.len(), rows.len() + 1, "each picture had a neighbour, and the last two");
    let first = inferred(documents.values().next().unwrap());
    for (path, document) in &documents {
        assert!(path.ends_with(NEIGHBOUR) && inferred(document) == first, "{path} was touched");
    }
    let count = documents.len() + rows.len();
    assert!(said.contains(&format!("received {count} = indexed {}", documents.len())), "{said}");
}

#[test]
fn names_that_are_no_pictures_and_what_lies_in_a_folder_named_as_one_are_ignored() {
    let fixture = Fixture::with(&["coins.jpg"]);
    IGNORED.iter().for_each(|name| fixture.write(name, b"\xff\xd8"));
    fs::create_dir(fixture.images().join("x.png")).unwrap();
    fixture.write("x.png/inside.png", b"");

    let said = fixture.run(&["--no-page"], 0);

    assert!(said.contains(&format!("other names ignored {}", IGNORED.len())), "{said}");
    assert_eq!(Vec::from_iter(fixture.augmented().keys()), ["coins.jpg"]);
    assert_eq!(Vec::from_iter(fixture.parked()), [("x.png".into(), "unsupported_format".into())]);
}

#[test]
fn a_picture_that_may_not_be_read_is_parked_as_denied_and_its_neighbours_are_untouched() {
    let fixture = Fixture::with(&["coins.jpg", "lion.jpg"]);
    fixture.write("denied.jpg", &fs::read(sample("coins.jpg")).unwrap());
    let denied = fixture.images().join("denied.jpg");
    fs::set_permissions(denied, fs::Permissions::from_mode(0o000)).unwrap();

    let output = without_rights(&fixture).output().expect("the program starts");

    ended(output, 0);
    assert_eq!(Vec::from_iter(fixture.parked()), [("denied.jpg".into(), "denied".into())]);
    assert_eq!(Vec::from_iter(fixture.augmented().keys()), ["coins.jpg", "lion.jpg"]);
}

/// A run as a user whom the file system refuses: this one, or nobody if this one is root.
fn without_rights(fixture: &Fixture) -> Command {
    const NOBODY: u32 = 65_534;
    let arguments = fixture.command(&["--no-page"]);
    let is_root = fs::read(fixture.images().join("denied.jpg")).is_ok();
    let home = fixture.folder.path();
    let program = home.join("program");
    fs::copy(arguments.get_program(), &program).unwrap();
    open_to_all(home, 0o755);
    fs::create_dir(fixture.out()).unwrap();
    open_to_all(&fixture.out(), 0o777);
    let mut command = Command::new(program);
    command.args(arguments.get_args()).current_dir(home);
    if is_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
