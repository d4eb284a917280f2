//! Model sets through the program: imported, served, and what becomes of a model's useless answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use models::picture::{Limits, Views, decode};
use models::{Device, ModelSet, Output};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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

/// The bundled network without any offset, in `set`: what is grey 127, its mean, gives zeros.
fn without_offsets(set: &Path) {
    let bundled = Path::new(ROOT).join("models/sets/default/features");
    let folder = set.join("features");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(bundled.join("golden.png"), folder.join("golden.png")).unwrap();
    let mut weights = fs::read(bundled.join("weights.safetensors")).unwrap();
    zero_offsets(&mut weights);
    fs::write(folder.join("weights.safetensors"), &weights).unwrap();

    let manifest = fs::read(bundled.join("manifest.json")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    manifest["weights"]["sha256"] = json!(format!("{:x}", Sha256::digest(&weights)));
    let path = folder.join("manifest.json");
    fs::write(&path, manifest.to_string()).unwrap();
    manifest["golden"]["output"]["features"] = json!(golden_vector(set));
    fs::write(&path, manifest.to_string()).unwrap();
}

/// Sets every mean and offset of a normalisation to 0. A safetensors file is the length of a JSON
/// header as 8 bytes, the header, then the numbers at the offsets that the header gives.
fn zero_offsets(weights: &mut [u8]) {
    let (length, rest) = weights.split_at_mut(8);
    let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
    let (header, numbers) = rest.split_at_mut(length);
    let header: Value = serde_json::from_slice(header).unwrap();
    let mut zeroed = 0;
    for (name, tensor) in header.as_object().unwrap() {
        if name.ends_with(".norm.beta") || name.ends_with(".norm.running_mean") {
            let [start, end] = [0, 1]
                .map(|at| usize::try_from(tensor["data_offsets"][at].as_u64().unwrap()).unwrap());
            numbers[start..end].fill(0);
            zeroed += 1;
        }
    }
    assert!(zeroed > 90, "{zeroed} tensors");
}

fn golden_vector(set: &Path) -> Vec<f32> {
    let set = ModelSet::open(set).unwrap();
    let features = set.inferrer("features").unwrap();
    let golden = fs::read(Path::new(ROOT).join("models/golden/golden.png")).unwrap();
    let views = Views::new(&decode(&golden, &Limits::default()).unwrap(), features.views());
    match features.build(Device::Flex).unwrap().infer(&[&views]).unwrap().remove(0).remove(0) {
        Output::Vector(vector) => vector,
        other => panic!("{other:?}"),
    }
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
