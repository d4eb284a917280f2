//! Model sets through the program: imported, served, and what becomes of a model's useless answers.

#[path = "program/model_without_offsets.rs"]
mod model_without_offsets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use model_without_offsets::without_offsets;
use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// What the program says, which must end with 0.
fn says(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_inference-manager"))
        .args(arguments)
        .current_dir(ROOT)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// A folder with these samples in `images/`.
fn folder_with(samples: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    fs::create_dir(&images).unwrap();
    for sample in samples {
        fs::copy(Path::new(ROOT).join("samples").join(sample), images.join(sample)).unwrap();
    }
    folder
}

/// Runs over the folder's pictures with the set `models`, into `out/`.
fn run(folder: &Path, models: &Path) -> (Vec<Value>, Vec<Value>) {
    let (images, out) = (folder.join("images"), folder.join("out"));
    let workers = "features=1";
    says(&[
        "run",
        "--no-page",
        "--images",
        text(&images),
        "--out",
        text(&out),
        "--models",
        text(models),
        "--workers",
        workers,
    ]);
    (lines(&out.join("augmented.ndjson")), lines(&out.join("parked.ndjson")))
}

fn features(document: &Value) -> Vec<f64> {
    let values = document["state"]["inferredData"]["features"].as_array().unwrap();
    values.iter().map(|value| value.as_f64().unwrap()).collect()
}

/// Imports the checkpoint that the variable `file` names, then runs with the set.
fn imported_and_served(architecture: &str, file: &str, name: &str, dimensions: usize) {
    let checkpoint = std::env::var(file).expect("it names the checkpoint");
    let folder = folder_with(&["cat.jpg", "coffee.png"]);
    let set = folder.path().join("set");

    let said =
        says(&["import-weights", "--architecture", architecture, &checkpoint, "--out", text(&set)]);
    println!("{said}");
    let (augmented, parked) = run(folder.path(), &set);

    assert!(said.contains(&format!("{dimensions} dimensions")), "{said}");
    assert!(parked.is_empty() && augmented.len() == 2, "{parked:?}");
    let [one, other] = [features(&augmented[0]), features(&augmented[1])];
    for vector in [&one, &other] {
        let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        assert!(vector.len() == dimensions && (norm - 1.0).abs() < 1e-5, "{norm}");
    }
    assert_ne!(one, other);
    assert_eq!(augmented[0]["state"]["inferenceModels"]["features"]["name"], name);
}

#[test]
#[ignore = "needs VGG16_PTH; ./test makes it"]
fn torchvisions_vgg16_is_imported_as_it_is_and_served() {
    imported_and_served("vgg16", "VGG16_PTH", "vgg16-imagenet1k-v1", 4096);
}

#[test]
#[ignore = "needs RESNET18_PTH; ./test makes it"]
fn torchvisions_resnet18_is_imported_as_it_is_and_served() {
    imported_and_served("resnet18", "RESNET18_PTH", "resnet18-imagenet1k-v1", 512);
}

#[test]
fn a_picture_for_which_the_network_answers_zeros_is_parked_and_its_neighbours_are_indexed() {
    let folder = folder_with(&["cat.jpg", "coffee.png", "rocket.jpg"]);
    let grey = image::RgbImage::from_pixel(64, 48, image::Rgb([127; 3]));
    let path: PathBuf = folder.path().join("images/grey.png");
    grey.save(&path).unwrap();
    let set = folder.path().join("set");
    without_offsets(&set);

    let (augmented, parked) = run(folder.path(), &set);

    assert_eq!(augmented.len(), 3);
    let [parked] = &parked[..] else { panic!("{parked:?}") };
    assert_eq!(parked["class"], "invalid_output");
    assert!(parked["path"].as_str().unwrap().ends_with("grey.png"), "{parked}");
}
