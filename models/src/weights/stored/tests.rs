//! Files of a few numbers, and what is no weights file.

use super::*;

/// A file of this header and these numbers.
fn stored(header: &str, numbers: &[u8]) -> Stored {
    let length = (header.len() as u64).to_le_bytes();
    Stored::Memory(Arc::new([&length, header.as_bytes(), numbers].concat()))
}

#[test]
fn halves_and_singles_become_f32() {
    let header = r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
                     "b":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}"#;
    let numbers = [f16::from_f32(0.5).to_le_bytes(), f16::from_f32(-3.0).to_le_bytes()];
    let numbers = [numbers.concat(), 0.1_f32.to_le_bytes().to_vec()].concat();

    let file = stored(header, &numbers);
    let mut tensors = file.tensors().unwrap();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let values = |tensor: &Tensor| -> Vec<f32> {
        let bytes = tensor.to_bytes().unwrap();
        bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    assert_eq!(tensors.iter().map(values).collect::<Vec<_>>(), [vec![0.5, -3.0], vec![0.1]]);
    assert_eq!(tensors[1].shape.to_vec(), [1, 1]);
}

#[test]
fn to_pack_them_matrices_stay_halves_and_all_else_becomes_f32() {
    let header = r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
                     "b":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]},
                     "c":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}"#;
    let half = |value| f16::from_f32(value).to_le_bytes();
    let halves = [0.5, -3.0, 0.25, 2.0].map(half).concat();
    let file = stored(header, &[halves.clone(), 0.1_f32.to_le_bytes().to_vec()].concat());

    let mut tensors = file.tensors_to_pack().unwrap();

    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let dtypes: Vec<_> = tensors.iter().map(|tensor| tensor.dtype).collect();
    assert_eq!(dtypes, [DType::F32, DType::F16, DType::F32]);
    assert_eq!(tensors[1].to_bytes().unwrap()[..], halves[4..]);
    assert_eq!(tensors[2].to_bytes().unwrap()[..], 0.1_f32.to_le_bytes());
}

#[test]
fn a_file_that_is_no_safetensors_is_refused_and_says_why() {
    let one = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let most = usize::MAX.to_string();
    let endless = one.replace("F32", "U8").replace("[1]", &format!("[{most}]"));
    let endless = endless.replace('4', &most);
    let cases = [
        (Stored::Bundled(b"PK"), "no safetensors file"),
        (Stored::Bundled(&[255; 20]), "its header is cut off"),
        (stored("[]", &[]), "no safetensors file"),
        (stored(one, &[0; 3]), "longer or shorter than its header says"),
        (stored(one, &[0; 5]), "longer or shorter than its header says"),
        (stored(&one.replace("[1]", "[2]"), &[0; 4]), "no safetensors file"),
        (stored(&one.replace("F32", "I32"), &[0; 4]), "a holds I32"),
        (stored(&endless, &[0; 4]), "no safetensors file"),
    ];
    for (stored, expected) in cases {
        let refused = stored.tensors().unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused:?} does not say {expected:?}");
    }
}

#[test]
fn the_digest_is_that_of_all_bytes_in_whatever_pieces() {
    let bytes: Vec<u8> = (0..PIECE + 3).map(|at| at.to_le_bytes()[0]).collect();
    let expected = format!("{:x}", Sha256::digest(&bytes));
    assert_eq!(Stored::Memory(Arc::new(bytes)).sha256().unwrap(), expected);
}
