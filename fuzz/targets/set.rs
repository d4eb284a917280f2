//! Any bytes as a manifest, or as the weights of the bundled one: a refusal or a model, no panic.

#![no_main]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use libfuzzer_sys::fuzz_target;
use models::{Device, Manifest, ModelSet};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A copy of the bundled set whose weights are replaced.
static SET: LazyLock<(TempDir, Value)> = LazyLock::new(|| {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/sets/default");
    let set = tempfile::tempdir().expect("the system has a temporary folder");
    for inferrer in ["aspect-ratio", "features", "palette"] {
        fs::create_dir(set.path().join(inferrer)).expect("the set is new");
        for file in ["manifest.json", "golden.png"] {
            let name = Path::new(inferrer).join(file);
            fs::copy(bundled.join(&name), set.path().join(name)).expect("the bundled set is whole");
        }
    }
    let manifest = fs::read(bundled.join("features/manifest.json")).expect("it was just copied");
    (set, serde_json::from_slice(&manifest).expect("the bundled manifest is JSON"))
});

fuzz_target!(|bytes: &[u8]| {
    let Some((mode, bytes)) = bytes.split_first() else { return };
    // Building a network takes as long as ten thousand manifests; a manifest of no weights is refused.
    if mode % 64 == 63 && !bytes.is_empty() {
        weights(bytes);
    } else if let Ok(manifest) = Manifest::from_json(bytes) {
        assert!(!manifest.fields.is_empty() && !manifest.name.trim().is_empty());
        assert_eq!(manifest.fields.len(), manifest.golden.output.len());
    }
});

/// Whatever these are, their length and digest are those that the manifest promises.
fn weights(bytes: &[u8]) {
    let (set, manifest) = &*SET;
    let features = set.path().join("features");
    let mut manifest = manifest.clone();
    manifest["weights"]["bytes"] = json!(bytes.len());
    manifest["weights"]["sha256"] = json!(HEXLOWER.encode(&Sha256::digest(bytes)));
    fs::write(features.join("weights.safetensors"), bytes).expect("the set is ours");
    fs::write(features.join("manifest.json"), manifest.to_string()).expect("the set is ours");
    let opened = ModelSet::open(set.path()).expect("lengths and digests are right");
    let features = opened.inferrer("features").expect("the set has it");
    // They read weights by different ways: burn's modules tensor by tensor, the plan as it packs them.
    for device in [Device::Simd, Device::Flex] {
        assert!(features.build(device).is_err(), "a fuzzer does not write 4 million weights");
    }
}
