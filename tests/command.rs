//! The program from outside: what a person sees and what a script can rely on.

#[path = "command/bench.rs"]
mod bench;
#[path = "program/fixture.rs"]
mod fixture;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fixture::{Background, Fixture, ended, program, sample, text, wait_for};

#[test]
fn good_pictures_are_augmented_and_bad_ones_parked_with_their_class() {
    let fixture = Fixture::with(&["cat.jpg", "coffee.png", "village-street.webp"]);
    fixture.write("empty.jpg", b"");
    fixture.write("page.jpg", b"<html><body>Not found</body></html>");
    let whole = fs::read(sample("rocket.jpg")).expect("the sample is there");
    fixture.write("truncated.jpg", &whole[..whole.len() / 2]);
    fixture.write("notes.txt", b"no picture's name");

    let said = fixture.run(&[], 0);

    assert!(said.contains("received 6 = indexed 3"), "{said}");
    assert!(said.contains("other names ignored 1"), "{said}");
    let augmented = fixture.augmented();
    assert_eq!(Vec::from_iter(augmented.keys()), ["cat.jpg", "coffee.png", "village-street.webp"]);
    let expected = [
        ("empty.jpg", "empty_body"),
        ("page.jpg", "unsupported_format"),
        ("truncated.jpg", "corrupt_image"),
    ];
    let expected = expected.map(|(name, class)| (name.to_owned(), class.to_owned()));
    assert_eq!(fixture.parked(), BTreeMap::from(expected));
    assert!(fixture.out().join("index.html").exists());
}

#[test]
fn the_log_tells_of_each_picture_once_where_it_is_asked_to() {
    let settled = |arguments: &[&str]| {
        let fixture = Fixture::with(&["cat.jpg"]);
        fixture.write("empty.jpg", b"");
        fixture.run(&[&["--no-page"], arguments].concat(), 0).matches("delivery settled").count()
    };

    assert_eq!(settled(&["--log-level", "info"]), 2);
    assert_eq!(settled(&[]), 0, "a person who watches a run wants a bar and a summary");
}

#[test]
fn a_document_has_the_shape_of_the_contract() {
    let fixture = Fixture::with(&["cat.jpg"]);

    fixture.run(&["--no-page"], 0);

    let document = fixture.augmented().remove("cat.jpg").expect("it is augmented");
    let state = &document["state"];
    let inferred = &state["inferredData"];
    let unit = |field: &str, length: usize| {
        let vector = inferred[field].as_array().expect("a vector");
        let norm: f64 = vector.iter().map(|x| x.as_f64().expect("a number").powi(2)).sum();
        assert!(vector.len() == length && (norm.sqrt() - 1.0).abs() < 1e-5, "{field}");
    };
    unit("features", 1280);
    unit("paletteEmbedding", 1000);
    let hex = text(&inferred["averageColorHex"]);
    assert!(hex.len() == 7 && hex.starts_with('#'), "{hex}");
    let picture = image::image_dimensions(sample("cat.jpg")).expect("a picture");
    let ratio = inferred["aspectRatio"].as_f64().expect("a number");
    assert!((ratio - f64::from(picture.0) / f64::from(picture.1)).abs() < 1e-6);
    for field in ["features", "paletteEmbedding", "averageColorHex", "aspectRatio"] {
        let model = &state["inferenceModels"][field];
        assert_eq!(text(&model["sha256"]).len(), 64, "{field}: {model}");
    }
    assert_eq!(document["version"], 1);
    let id = text(&state["canonicalId"]);
    assert!(id.len() == 8 && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7')), "{id}");
    assert_eq!(text(&document["locations"][0]["locationType"]["id"]), "local-file");
    assert!(text(&document["locations"][0]["url"]).starts_with("file:///"));
    assert_eq!(text(&document["source"]["type"]), "ParentWork");
    assert!(!fixture.out().join("index.html").exists(), "--no-page wrote one");
}

#[test]
fn a_second_run_does_only_what_is_new_changed_or_was_parked() {
    let fixture = Fixture::with(&["cat.jpg", "coins.jpg"]);
    fixture.write("broken.jpg", b"");
    fixture.run(&["--no-page"], 0);
    let before = fixture.augmented();

    fs::copy(sample("lion.jpg"), fixture.images().join("lion.jpg")).expect("copied");
    fs::remove_file(fixture.images().join("coins.jpg")).expect("it was there");
    let said = fixture.run(&["--no-page"], 0);

    assert!(said.contains("received 2 = indexed 1"), "{said}");
    assert!(said.contains("unchanged since the last run 1"), "{said}");
    let after = fixture.augmented();
    assert_eq!(Vec::from_iter(after.keys()), ["cat.jpg", "lion.jpg"]);
    assert_eq!(before["cat.jpg"], after["cat.jpg"], "an unchanged document was written anew");
    assert_eq!(Vec::from_iter(fixture.parked().keys()), ["broken.jpg"]);
}

#[test]
fn a_picture_whose_model_changed_is_inferred_again() {
    let fixture = Fixture::with(&["cat.jpg"]);
    fixture.run(&["--no-page"], 0);
    let set = fixture.folder.path().join("set/features");
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sets/default/features");
    fs::create_dir_all(&set).expect("it is new");
    for entry in fs::read_dir(bundled).expect("the bundled set is there") {
        let path = entry.expect("readable").path();
        fs::copy(&path, set.join(path.file_name().expect("a file"))).expect("copied");
    }
    let manifest = fs::read_to_string(set.join("manifest.json")).expect("there");
    let newer = manifest.replacen("\"version\": \"", "\"version\": \"newer-", 1);
    assert_ne!(manifest, newer, "the manifest has no version to change");
    fs::write(set.join("manifest.json"), newer).expect("writable");

    let models = set.parent().expect("it has one").to_string_lossy().into_owned();
    let said = fixture.run(&["--no-page", "--models", &models], 0);

    assert!(said.contains("received 1 = indexed 1"), "{said}");
    let made_by = &fixture.augmented()["cat.jpg"]["state"]["inferenceModels"]["features"];
    assert!(text(&made_by["version"]).starts_with("newer-"), "{made_by}");
}

#[test]
fn a_set_with_a_wrong_digest_ends_with_69_and_an_unknown_format_with_64() {
    let fixture = Fixture::with(&["cat.jpg"]);
    let set = fixture.folder.path().join("set");
    let features = set.join("features");
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sets/default/features");
    fs::create_dir_all(&features).expect("it is new");
    for name in ["manifest.json", "golden.png"] {
        fs::copy(bundled.join(name), features.join(name)).expect("copied");
    }
    fs::write(features.join("weights.safetensors"), b"other bytes").expect("writable");
    let models = set.to_string_lossy().into_owned();

    let said = fixture.run(&["--models", &models], 69);
    assert!(said.contains("weights.safetensors"), "{said}");

    let manifest = fs::read_to_string(features.join("manifest.json")).expect("there");
    let unknown = manifest.replacen("\"format\": 1", "\"format\": 99", 1);
    fs::write(features.join("manifest.json"), unknown).expect("writable");
    let said = fixture.run(&["--models", &models], 64);
    assert!(said.contains("format") && said.contains("99"), "{said}");
}

#[test]
fn a_checkpoint_of_something_else_is_refused_with_64_and_its_tensors_are_named() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let import = |file: &str, code| {
        let mut program = program();
        program.args(["import-weights", "--architecture", "resnet18", "--out"]).arg(out.path());
        let said = ended(program.arg(file).output().expect("it starts"), code);
        let written = fs::read_dir(out.path()).expect("it is ours").count();
        assert_eq!(written, 0, "it left half a set: {said}");
        said
    };

    let said = import("models/golden/wrong-resnet18.pth", 64);
    for tensor in [
        "layer2.0.downsample.0.weight has the shape [5, 2, 3, 4] instead of [128, 64, 1, 1]",
        "bn1.running_var is missing",
        "stray.weight is not of this architecture",
    ] {
        assert!(said.contains(tensor), "{tensor:?} is not in:\n{said}");
    }
    let said = import("models/golden/none.pth", 69);
    assert!(said.contains("models/golden/none.pth: No such file"), "{said}");
}

#[test]
fn parked_pictures_end_with_3_only_when_asked() {
    let fixture = Fixture::with(&["cat.jpg"]);
    fixture.write("broken.jpg", b"");

    fixture.run(&["--no-page"], 0);
    fixture.run(&["--no-page", "--fail-on-parked"], 3);
}

#[test]
fn wrong_usage_ends_with_64_and_names_every_option() {
    let output = program()
        .args(["run", "--images", "/nowhere", "--batch", "none", "--queue-url", "http://q"])
        .output()
        .expect("the program starts");
    let said = ended(output, 64);
    for option in ["--images (or IMAGES)", "--batch (or BATCH)", "--elasticsearch-url"] {
        assert!(said.contains(option), "{option} is missing in:\n{said}");
    }
    let unknown = program().args(["run", "--colour"]).output().expect("the program starts");
    ended(unknown, 64);
}

#[test]
fn a_production_task_never_processes_the_samples() {
    let output = program()
        .args(["run", "--production"])
        .env("QUEUE_URL", "http://localhost/queue")
        .output()
        .expect("the program starts");
    let said = ended(output, 64);
    assert!(said.contains("DEAD_LETTER_QUEUE_URL") && !said.contains("(or QUEUE_URL)"), "{said}");
}

#[test]
fn options_come_from_the_environment_too_and_config_says_from_where() {
    let output = program()
        .args(["config", "--drain", "10s"])
        .env("BATCH", "2")
        .output()
        .expect("the program starts");
    let said = ended(output, 0);
    let line = |option: &str| {
        let found = said.lines().find(|line| line.starts_with(option));
        found.unwrap_or_else(|| panic!("{option} is missing in:\n{said}")).to_owned()
    };
    assert!(line("batch").contains('2') && line("batch").ends_with("environment"));
    assert!(line("drain").contains("10s") && line("drain").ends_with("flag"));
    assert!(line("in-flight").contains("64") && line("in-flight").ends_with("default"));
}

#[test]
fn an_empty_variable_is_as_good_as_none_for_every_option() {
    let shown = |environment: &[String]| {
        let mut command = program();
        command.arg("config").envs(environment.iter().map(|name| (name, "")));
        ended(command.output().expect("the program starts"), 0)
    };
    let untouched = shown(&[]);
    let option = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    let variables: Vec<String> =
        untouched.lines().map(|line| option(line).to_uppercase().replace('-', "_")).collect();
    assert!(variables.len() > 40 && variables.contains(&"LOG_LEVEL".to_owned()), "{variables:?}");

    assert_eq!(shown(&variables), untouched);
}

#[test]
fn config_shows_what_a_default_comes_to_and_where_a_foreign_variable_goes() {
    let shown = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = program();
        command.arg("config").args(arguments).envs(environment.iter().copied());
        let said = ended(command.output().expect("the program starts"), 0);
        said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };

    let folder: Vec<String> = shown(&["--workers", "features=2"], &[]);
    for line in [
        "images samples default",
        "out out default",
        "models bundled default",
        "workers features=2,palette=1,aspect-ratio=1 flag",
        "log-level warn default",
        "admin-address - default",
        "last-scrape 0s default",
        "elasticsearch-url - default",
    ] {
        assert!(folder.iter().any(|shown| shown == line), "{line:?} is missing in {folder:#?}");
    }

    let arguments = ["--models", "bundled", "--initial-index", "a", "--augmented-index", "b"];
    let queues = [("QUEUE_URL", "http://q/a"), ("DEAD_LETTER_QUEUE_URL", "http://q/b")];
    let service: Vec<String> = shown(&arguments, &[&queues[..], &[("es_host", "es")]].concat());
    for line in [
        "images - default",
        "log-level info default",
        "admin-address 127.0.0.1:9464 default",
        "last-scrape 15s default",
        "elasticsearch-url http://es:9200 environment (es_host)",
    ] {
        assert!(service.iter().any(|shown| shown == line), "{line:?} is missing in {service:#?}");
    }
}

#[test]
fn help_and_version_are_manuals() {
    let help = ended(program().args(["run", "--help"]).output().expect("it starts"), 0);
    for part in ["--workers", "[env: WORKERS=", "aspect-ratio", "too_many_pixels"] {
        assert!(help.contains(part), "{part} is missing in:\n{help}");
    }
    let version = ended(program().arg("--version").output().expect("it starts"), 0);
    assert!(
        version.contains("devices: simd, simd-avx2, flex, ndarray")
            && version.contains("instruction sets")
    );
}

#[test]
fn litter_of_a_page_that_cannot_be_removed_keeps_no_picture_from_being_done() {
    let fixture = Fixture::with(&["cat.jpg"]);
    fs::create_dir_all(fixture.out().join(".index.html.draft")).expect("there is no such folder");

    let said = fixture.run(&["--no-page"], 0);

    assert!(said.contains("of its page cannot be removed"), "{said}");
    assert_eq!(fixture.augmented().len(), 1);
}

#[test]
fn a_second_process_on_the_same_results_says_so_and_ends_with_69() {
    let fixture = Fixture::with(&["cat.jpg"]);
    let mut first = Background::over(&fixture);

    let said = fixture.run(&[], 69);

    assert!(said.contains("another process"), "{said}");
    first.kill();
}

#[test]
fn a_signal_drains_and_the_next_run_does_the_rest() {
    let fixture = Fixture::with(&[]);
    let pictures = 20;
    let cat = fs::read(sample("cat.jpg")).expect("the sample is there");
    for number in 0..pictures {
        fixture.write(&format!("{number}.jpg"), &cat);
    }
    let mut child = Background::over(&fixture);
    wait_for("the first outcome", || {
        fs::metadata(fixture.out().join(".journal")).is_ok_and(|journal| journal.len() > 100_000)
    });

    child.signal("TERM");

    assert_eq!(child.code(), Some(0));
    let augmented = fixture.augmented().len();
    assert!(augmented > 0 && fixture.parked().is_empty());
    fixture.run(&["--no-page"], 0);
    assert_eq!(fixture.augmented().len(), pictures + 60);
}

#[test]
fn a_second_signal_ends_at_once_with_1_and_loses_nothing() {
    let fixture = Fixture::with(&[]);
    let mut child = Background::over(&fixture);
    wait_for("the first outcome", || {
        fs::metadata(fixture.out().join(".journal")).is_ok_and(|journal| journal.len() > 100_000)
    });

    child.signal("INT");
    child.signal("TERM");

    assert_eq!(child.code(), Some(1));
    let said = fixture.run(&["--no-page"], 0);
    assert!(
        !said.contains("received 60 "),
        "the work of the interrupted run was done again: {said}"
    );
    assert_eq!(fixture.augmented().len(), 60);
}
