//! Model sets: what is served, what is refused and what the refusal says.

#[path = "support/golden.rs"]
mod golden;

use std::fs;
use std::path::{Path, PathBuf};

use models::picture::{Rgb, Views};
use models::{Device, LoadedInferrer, ModelSet};
use serde_json::{Value, json};

/// A copy of the bundled set that a test may spoil.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for inferrer in ["features", "palette", "aspect-ratio"] {
        let from = golden::path("../sets/default").join(inferrer);
        let to = folder.path().join(inferrer);
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    folder
}

fn manifest_of(set: &Path, inferrer: &str) -> (PathBuf, Value) {
    let path = set.join(inferrer).join("manifest.json");
    let manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    (path, manifest)
}

/// What `open` says once the manifest of `inferrer` was changed.
fn refusal(inferrer: &str, change: impl FnOnce(&mut Value)) -> String {
    let set = copy();
    let (path, mut manifest) = manifest_of(set.path(), inferrer);
    change(&mut manifest);
    fs::write(&path, manifest.to_string()).unwrap();
    match ModelSet::open(set.path()) {
        Ok(_) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

fn names(set: &ModelSet) -> Vec<&str> {
    set.inferrers().iter().map(|i| i.manifest().inferrer.as_str()).collect()
}

#[test]
fn every_bundled_inferrer_passes_its_golden_picture_on_every_device() {
    for inferrer in ModelSet::bundled().unwrap().inferrers() {
        for device in Device::ALL {
            let mut model = inferrer.build(device).unwrap();
            assert_eq!(inferrer.self_test(&mut *model), Ok(()), "{inferrer:?} on {device}");
        }
    }
}

#[test]
fn the_bundled_set_is_the_folder_it_was_made_from() {
    let opened = ModelSet::open(&golden::path("../sets/default")).unwrap();
    let bundled = ModelSet::bundled().unwrap();

    assert_eq!(names(&bundled), ["aspect-ratio", "features", "palette"]);
    for (a, b) in opened.inferrers().iter().zip(bundled.inferrers()) {
        assert_eq!(a.manifest(), b.manifest());
        assert_eq!(a.stamp(), b.stamp());
        assert_eq!(a.stamp().sha256.len(), 64);
    }
    assert_eq!(bundled.views().len(), 2);
}

#[test]
fn a_golden_value_that_is_off_fails_the_self_test_and_is_named() {
    let set = copy();
    let (path, mut manifest) = manifest_of(set.path(), "features");
    manifest["golden"]["output"]["features"][7] = json!(0.5);
    fs::write(path, manifest.to_string()).unwrap();

    let set = ModelSet::open(set.path()).unwrap();
    let features = set.inferrer("features").unwrap();
    let failure = features.self_test(&mut *features.build(Device::Flex).unwrap()).unwrap_err();

    assert!(failure.to_string().contains("features [7] is"), "{failure}");
}

#[test]
fn unknown_keys_are_tolerated_and_an_unknown_format_is_not() {
    assert_eq!(refusal("palette", |m| m["remark"] = json!("from a later version")), "accepted");
    let refused = refusal("palette", |m| m["format"] = json!(2));
    assert!(refused.ends_with("format is 2, this program knows format 1"), "{refused}");
}

#[test]
fn a_manifest_that_cannot_be_followed_is_refused_by_field_and_value() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, &str); 15] = [
        ("features", |m| m["architecture"] = json!("vgg99"), "architecture is vgg99: known are"),
        ("features", |m| m["inferrer"] = json!("palette"), "inferrer is palette: it stands in"),
        ("features", |m| m["version"] = json!(" "), "version is empty"),
        ("features", |m| m["fields"] = json!([]), "fields is []"),
        ("features", |m| m["fields"][0]["dimensions"] = json!(0), "fields[0].dimensions is 0"),
        ("features", |m| m["fields"][0]["type"] = json!("list"), "fields[0].type is list"),
        ("features", |m| m["preprocessing"]["std"][1] = json!(0.0), "preprocessing.std is [0.0]"),
        ("features", |m| m["preprocessing"]["mean"] = json!([1]), "preprocessing.mean is [1.0]"),
        ("features", |m| m["preprocessing"]["width"] = json!(200), "preprocessing is 200×224"),
        (
            "features",
            |m| m["preprocessing"]["filter"] = json!("box"),
            "preprocessing.filter is box",
        ),
        ("features", |m| m["weights"]["file"] = json!("../x.safetensors"), "weights.file is"),
        ("features", |m| m["weights"]["sha256"] = json!("abc"), "weights.sha256 is abc"),
        ("features", |m| m["weights"] = Value::Null, "weights is missing"),
        (
            "features",
            |m| m["golden"]["output"] = json!({}),
            "golden.output.features is of length 0",
        ),
        ("palette", |m| m["fields"][1]["type"] = json!("number"), "golden.output.averageColorHex"),
    ];
    for (inferrer, change, expected) in cases {
        let refused = refusal(inferrer, change);
        assert!(refused.contains(expected), "{refused:?} does not say {expected:?}");
        assert!(refused.contains("manifest.json"), "{refused}");
    }
}

#[test]
fn weights_of_another_digest_or_length_are_refused() {
    let set = copy();
    let path = set.path().join("features/weights.safetensors");
    let mut weights = fs::read(&path).unwrap();
    *weights.last_mut().unwrap() ^= 1;
    fs::write(&path, &weights).unwrap();
    let refused = ModelSet::open(set.path()).unwrap_err().to_string();
    assert!(refused.contains("weights.safetensors has the SHA-256"), "{refused}");

    weights.pop();
    fs::write(&path, &weights).unwrap();
    let refused = ModelSet::open(set.path()).unwrap_err().to_string();
    assert!(refused.contains("weights.safetensors has the length"), "{refused}");
}

#[test]
fn what_has_no_weights_stands_in_and_what_has_does_not() {
    let set = copy();
    fs::remove_dir_all(set.path().join("palette")).unwrap();
    fs::remove_dir_all(set.path().join("aspect-ratio")).unwrap();
    let opened = ModelSet::open(set.path()).unwrap();
    assert_eq!(names(&opened), ["aspect-ratio", "features", "palette"]);

    let set = copy();
    fs::remove_dir_all(set.path().join("features")).unwrap();
    let refused = ModelSet::open(set.path()).unwrap_err().to_string();
    assert!(refused.starts_with("the set has no features"), "{refused}");

    let empty = tempfile::tempdir().unwrap();
    assert!(ModelSet::open(empty.path()).unwrap_err().to_string().contains("is no model set"));
    assert!(ModelSet::open(&empty.path().join("none")).is_err());
}

#[test]
fn one_inferrer_serves_many_threads_and_all_answer_alike() {
    fn shared(_: &(impl Clone + Send + Sync)) {}
    let set = ModelSet::bundled().unwrap();
    let features = set.inferrer("features").unwrap();
    shared(features);
    let answer = |features: LoadedInferrer| {
        let picture = Rgb::new(64, 48, vec![77; 64 * 48 * 3]).unwrap();
        let views = Views::new(&picture, features.views());
        features.build(Device::Flex).unwrap().infer(&[&views]).unwrap()
    };

    let threads: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn({
                let features = features.clone();
                move || answer(features)
            })
        })
        .collect();

    let answers: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
