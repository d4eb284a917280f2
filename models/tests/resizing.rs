//! Resized pictures against Pillow, byte for byte.

#[path = "support/golden.rs"]
mod golden;

use models::picture::{Filter, Rgb, resize};
use sha2::{Digest, Sha256};

fn pair(value: &serde_json::Value) -> (u32, u32) {
    let side = |at: usize| u32::try_from(value[at].as_u64().unwrap()).unwrap();
    (side(0), side(1))
}

/// The picture that `vectors.py` makes of the same formula.
fn noise(width: u32, height: u32) -> Rgb {
    let numbers = golden::formula(width as usize * height as usize * 3);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 2047")]
    let sample = |number: f32| (number.mul_add(1024.0, 1024.0) as u16).to_le_bytes()[0];
    Rgb::new(width, height, numbers.into_iter().map(sample).collect()).unwrap()
}

#[test]
fn resized_pictures_are_pillows_byte_for_byte() {
    let cases = golden::json("resize.json");
    let cases = cases.as_array().unwrap();
    assert!(cases.len() > 70);
    for case in cases {
        let ((width, height), (to_width, to_height)) = (pair(&case["from"]), pair(&case["to"]));
        let filter = Filter::from_name(case["filter"].as_str().unwrap()).unwrap();

        let resized = resize(&noise(width, height), to_width, to_height, filter);

        let digest = format!("{:x}", Sha256::digest(resized.pixels()));
        assert_eq!(digest, case["sha256"].as_str().unwrap(), "{case}");
    }
}
