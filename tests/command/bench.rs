//! `bench` from outside: what its last line promises, and what it refuses. How fast anything is, no test
//! can say.

use std::process::Command;

use serde_json::{Map, Value};

use crate::fixture::{Fixture, ended, program};

/// `bench` of the quickest inferrer, as quick as can be.
fn bench(arguments: &[&str]) -> Command {
    let mut bench = program();
    bench.args(["bench", "--inferrers", "aspect-ratio", "--seconds", "1", "--json"]);
    bench.args(arguments);
    bench
}

/// The last line on stdout of a bench that ends well.
fn last_line(mut bench: Command) -> Map<String, Value> {
    let output = bench.output().expect("the program starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = ended(output, 0);
    let line = stdout.lines().last().expect("it says something");
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn assert_measured(measured: &Value, batch: u64) {
    let measured = measured.as_object().expect("it is measured");
    assert_eq!(Vec::from_iter(measured.keys()), ["images_per_second", "workers", "batch"]);
    assert!(
        measured["images_per_second"].as_f64().is_some_and(|speed| speed > 0.0),
        "{measured:?}"
    );
    assert!(measured["workers"].as_u64().is_some_and(|workers| workers > 0), "{measured:?}");
    assert_eq!(measured["batch"], batch);
}

#[test]
fn its_last_line_has_what_was_asked_for_and_nothing_else() {
    let fixture = Fixture::with(&["cat.jpg", "horse.png"]);
    fixture.write("notes.txt", b"no picture's name");
    let images = fixture.images().to_string_lossy().into_owned();

    let line =
        last_line(bench(&["--pipeline", "--images", &images, "--copies", "2", "--batch", "3"]));
    assert_eq!(Vec::from_iter(line.keys()), ["aspect-ratio", "pipeline"]);
    line.values().for_each(|measured| assert_measured(measured, 3));

    let line = last_line(bench(&["--batch", "1"]));
    assert_eq!(Vec::from_iter(line.keys()), ["aspect-ratio"], "no pipeline unless asked for");
    line.values().for_each(|measured| assert_measured(measured, 1));
}

#[test]
fn what_cannot_be_measured_is_wrong_usage() {
    let empty = Fixture::with(&[]);
    let empty = empty.images().to_string_lossy().into_owned();
    for (arguments, what) in [
        (["--pipeline", "--images", "/nowhere"], "/nowhere: No such file"),
        (["--pipeline", "--images", &empty], "no picture in it can be augmented"),
        (["--pipeline", "--copies", "0"], "--copies"),
    ] {
        let said = ended(bench(&arguments).output().expect("the program starts"), 64);
        assert!(said.contains(what), "{what:?} is not in:\n{said}");
    }
}

#[test]
fn layers_are_told_where_kernels_of_ours_compute_and_not_where_burn_does() {
    let layers = |device: &str| {
        let options = ["bench", "--inferrers", "features", "--seconds", "1", "--layers", "--json"];
        let output = program().args(options).args(["--device", device]).output();
        let said = ended(output.expect("it starts"), 0);
        let json = said.lines().last().expect("it ends with a line of JSON").to_owned();
        let json: Value = serde_json::from_str(&json).expect("that line is JSON");
        json["features"]["layers"]["steps"].clone()
    };
    assert_eq!(layers("flex"), Value::Null);
    let served_by = ended(program().arg("--version").output().expect("it starts"), 0);
    if served_by.contains("by default on: flex") {
        println!("not asked: this host has no AVX2");
        return;
    }
    let steps = layers("simd");
    let steps = steps.as_array().expect("there are steps");
    let count = |step: &Value| step["multiply_adds"].as_u64().expect("it is counted");
    let all: u64 = steps.iter().map(count).sum();
    assert_eq!(all, 383_907_552, "EfficientNet-lite0 at 224 × 224");
    assert!(steps.iter().all(|step| step["milliseconds"].as_f64() > Some(0.0)), "{steps:?}");
    assert_eq!(steps.last().expect("there are steps")["to"], "1280×1×1");
}
