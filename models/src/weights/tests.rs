//! Which engine a stored network is loaded for, and that all answer alike.

use super::*;
use crate::efficientnet_lite0::EfficientNetLite0;
use crate::field::{Field, FieldKind, Normalisation};
use crate::model::Output;
use crate::network;
use crate::picture::{Rgb, Views};

const WEIGHTS: &[u8] = include_bytes!("../../sets/default/features/weights.safetensors");

/// What the bundled network answers to a picture of noise, loaded for `device` and `set`.
fn vector(device: Device, set: Option<InstructionSet>) -> Vec<f32> {
    let preprocessing = EfficientNetLite0::PROVENANCE.preprocessing;
    let kind = FieldKind::Vector { dimensions: 1280, normalisation: Normalisation::L2 };
    let field = Field { name: "features".into(), kind };
    let stored = Stored::Bundled(WEIGHTS);
    let loaded = load_for::<EfficientNetLite0>(&stored, device, set, preprocessing.view).unwrap();
    assert_eq!(matches!(loaded, Loaded::Plan(_)), set.is_some());
    let samples = (0..40_u32 * 30 * 3).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
    let picture = Rgb::new(40, 30, samples.collect()).unwrap();
    let views = Views::new(&picture, &[preprocessing.view]);
    let mut model = network::model(loaded, &preprocessing, &field);
    match model.infer(&[&views]).unwrap().remove(0).remove(0) {
        Output::Vector(vector) => vector,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_vector_instructions_simd_is_flex_to_the_bit() {
    assert!(vector(Device::Simd, None) == vector(Device::Flex, None));
}

#[test]
fn every_instruction_set_of_this_host_answers_what_flex_answers() {
    let flex = vector(Device::Flex, None);
    for set in InstructionSet::all() {
        let found = vector(Device::Simd, Some(set));
        let off = found.iter().zip(&flex).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{}: off by {off:e} from flex at most", set.name());
        assert!(off > 0.0 && off < 1e-5, "{}: off by {off}", set.name());
    }
}

#[test]
fn weights_that_lack_a_tensor_are_refused_by_name_before_any_is_read() {
    let Some(set) = InstructionSet::best() else { return };
    let header = r#"{"stray":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let file = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &[0; 4]].concat();
    let view = EfficientNetLite0::PROVENANCE.preprocessing.view;
    let stored = Stored::Memory(file.into());

    let refused = load_for::<EfficientNetLite0>(&stored, Device::Simd, Some(set), view);

    let Err(ModelError::Weights(told)) = refused else { panic!("it was loaded") };
    for part in ["stem.conv.weight is missing", "stray is not of this architecture"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
}
