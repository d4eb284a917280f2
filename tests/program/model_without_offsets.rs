//! A network that passes its golden vector and yet answers zeros: for what is grey 127, its mean.

use std::fs;
use std::path::Path;

use models::picture::{Limits, Views, decode};
use models::{Device, ModelSet, Output};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The bundled network without any offset, in `set`.
pub fn without_offsets(set: &Path) {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/sets/default/features");
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
    let golden =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/golden/golden.png")).unwrap();
    let views = Views::new(&decode(&golden, &Limits::default()).unwrap(), features.views());
    match features.build(Device::Flex).unwrap().infer(&[&views]).unwrap().remove(0).remove(0) {
        Output::Vector(vector) => vector,
        other => panic!("{other:?}"),
    }
}
