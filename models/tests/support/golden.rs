//! Reads the golden files that `models/golden/make.py` writes; shared by the tests beside it.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::path::{Path, PathBuf};

use models::picture::{Limits, Rgb, decode};

/// The folder of the golden files, or a file in it.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name)
}

/// The bytes of a golden file.
pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A golden file of JSON.
pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

/// A golden file of little-endian f32, in rows.
pub fn rows(name: &str, length: usize) -> Vec<Vec<f32>> {
    let bytes = bytes(name);
    let values: Vec<f32> = bytes.as_chunks().0.iter().copied().map(f32::from_le_bytes).collect();
    assert_eq!(values.len() % length, 0, "{name} is not of whole rows");
    values.chunks_exact(length).map(<[f32]>::to_vec).collect()
}

/// A picture that must decode.
pub fn picture(bytes: &[u8]) -> Rgb {
    decode(bytes, &Limits::default()).unwrap()
}

/// One of the repository's sample pictures.
pub fn sample(name: &str) -> Rgb {
    let path = path("../../samples").join(name);
    picture(&std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The cosine between two vectors.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The pseudo-random numbers from -1 to 1 of `vectors.py`.
pub fn formula(count: usize) -> Vec<f32> {
    let number = |index: u64| {
        let mut hashed = ((index + 1) * 2_654_435_761) % (1 << 32);
        hashed ^= hashed >> 15;
        (f32::from(u16::try_from(hashed % 2048).unwrap()) - 1024.0) / 1024.0
    };
    (0..count as u64).map(number).collect()
}
