//! The page in a real browser: many pictures, hostile names, nothing at all, only parked pictures.

#[path = "browser/run_outcome.rs"]
mod run_outcome;

use std::path::Path;
use std::process::Command;

use run_outcome::{RunOutcome, hostile_names};

#[test]
#[ignore = "needs Chromium and Python 3 (Debian packages chromium, python3); ./test runs it"]
fn the_page_has_no_faults_at_any_width_and_does_what_its_controls_say() {
    let mut hostile = RunOutcome::of_pictures(8);
    hostile_names().iter().for_each(|name| hostile.augmented(name));
    for name in hostile_names() {
        let name = String::from_utf8_lossy(&name).into_owned();
        hostile.parked(&name, "corrupt_image", &format!("corrupt: {name}"));
    }
    hostile.parked("a.gif", "of_the_future", "a class that this program does not know");
    std::fs::remove_file(hostile.images.join("picture-0001.png")).unwrap();
    let several = RunOutcome::of_pictures(301);
    let nothing = RunOutcome::new();
    let mut only_parked = RunOutcome::new();
    only_parked.parked("a.jpg", "empty_body", "the file is empty");
    let outcomes = [several, hostile, nothing, only_parked];
    outcomes.iter().for_each(|outcome| _ = outcome.write().unwrap());

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/check.py");
    let check = Command::new("python3")
        .arg(script)
        .arg("--mutants")
        .args(outcomes.iter().map(|outcome| &outcome.out))
        .output()
        .expect("python3 starts: it is a Debian package that ./test installs");

    let said = [check.stdout, check.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(check.status.success(), "{}", said.concat());
    assert!(said[0].contains("4 pages, "), "{}", said[0]);
}
