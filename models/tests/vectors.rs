//! From sample pictures to vectors, against PyTorch, Pillow and the reference's own sampling.

#[path = "support/golden.rs"]
mod golden;

use models::picture::{Rgb, Views};
use models::{Device, ModelSet, Output};

/// Everything the bundled inferrer `name` says of `pictures`: one answer for each.
fn infer(name: &str, device: Device, pictures: &[Rgb]) -> Vec<Vec<Output>> {
    let set = ModelSet::bundled().unwrap();
    let inferrer = set.inferrer(name).unwrap();
    let views: Vec<Views> = pictures.iter().map(|p| Views::new(p, inferrer.views())).collect();
    let mut model = inferrer.build(device).unwrap();
    let answers = model.infer(&views.iter().collect::<Vec<_>>()).unwrap();
    assert_eq!(answers.len(), pictures.len());
    answers
}

fn vector(answer: &[Output]) -> &[f32] {
    match &answer[0] {
        Output::Vector(vector) => vector,
        other => panic!("{other:?}"),
    }
}

/// The sample pictures of `golden/samples.json`, with what is said of each.
fn samples() -> Vec<(serde_json::Value, Rgb)> {
    let index = golden::json("samples.json");
    let index = index.as_array().unwrap();
    assert!(index.len() >= 10);
    index.iter().map(|s| (s.clone(), golden::sample(s["file"].as_str().unwrap()))).collect()
}

fn pictures() -> Vec<Rgb> {
    samples().into_iter().map(|(_, picture)| picture).collect()
}

/// Holds the vectors of `name` for the samples against the rows of the golden file `expected`.
fn assert_cosines(name: &str, device: Device, expected: &[Vec<f32>], least: f64) {
    let answers = infer(name, device, &pictures());
    assert_eq!(answers.len(), expected.len());
    for ((answer, expected), (sample, _)) in answers.iter().zip(expected).zip(samples()) {
        let cosine = golden::cosine(vector(answer), expected);
        println!("{device} {} {cosine:.7}", sample["file"]);
        assert!(cosine >= least, "{} on {device}: {cosine}", sample["file"]);
    }
}

/// Decoding and resizing add nothing that could be seen.
#[test]
fn features_from_file_to_vector_are_those_of_pillow_and_pytorch_with_the_original_weights() {
    let expected = golden::rows("samples.features.f32", 1280);
    for device in [Device::Simd, Device::Flex] {
        assert_cosines("features", device, &expected, 0.999_999);
    }
}

#[test]
fn palettes_are_the_limit_of_the_references_sampling() {
    let expected = golden::rows("samples.palette.f32", 1000);
    assert_cosines("palette", Device::default(), &expected, 0.999);
}

#[test]
fn average_colours_are_those_of_pillow() {
    for (answer, (sample, _)) in
        infer("palette", Device::default(), &pictures()).iter().zip(samples())
    {
        let Output::Text(hex) = &answer[1] else { panic!("{answer:?}") };
        for channel in 0..3 {
            let found = i64::from_str_radix(&hex[1 + channel * 2..3 + channel * 2], 16).unwrap();
            let expected = sample["average"][channel].as_i64().unwrap();
            assert!((found - expected).abs() <= 1, "{} is {hex}", sample["file"]);
        }
    }
}

#[test]
fn the_aspect_ratio_is_that_of_the_files_own_dimensions() {
    for (answer, (sample, _)) in
        infer("aspect-ratio", Device::default(), &pictures()).iter().zip(samples())
    {
        let side = |at: usize| sample["size"][at].as_f64().unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "the field is an f32")]
        let expected = (side(0) / side(1)) as f32;
        assert_eq!(answer[..], [Output::Number(expected)], "{}", sample["file"]);
    }
}

/// A picture of equal halves, left and right.
fn halves(left: [u8; 3], right: [u8; 3]) -> Rgb {
    // Of the size that is counted in, so that no filter mixes the halves.
    let row = [left.repeat(50), right.repeat(50)].concat();
    Rgb::new(100, 100, row.repeat(100)).unwrap()
}

/// Φ(a) − Φ(b) for the bins of one channel, by hand from a table of the normal distribution:
/// bins end at 0.85, 1.7, 2.55 … standard deviations from a sample at 0.
const BLACK: [f64; 10] = [
    0.302_337_456_9,
    0.153_097_080_4,
    0.039_179_316_8,
    0.005_049_216_7,
    0.000_326_240_7,
    0.000_010_518_7,
    0.000_000_168_5,
    0.000_000_001_3,
    0.0,
    0.0,
];

/// The vector of one colour whose channels have the masses `red`, `green` and `blue`.
fn outer(red: &[f64; 10], green: &[f64; 10], blue: &[f64; 10]) -> Vec<f64> {
    let products = red
        .iter()
        .flat_map(|r| green.iter().flat_map(move |g| blue.iter().map(move |b| r * g * b)));
    products.collect()
}

fn assert_is(picture: Rgb, expected: &[f64], average: &str) {
    let norm = expected.iter().map(|x| x * x).sum::<f64>().sqrt();
    let answer = infer("palette", Device::default(), &[picture]).remove(0);
    for (at, (found, expected)) in vector(&answer).iter().zip(expected).enumerate() {
        assert!((f64::from(*found) - expected / norm).abs() < 1e-7, "{at}: {found} {expected}");
    }
    assert_eq!(answer[1], Output::Text(average.into()));
}

#[test]
fn black_white_one_colour_and_two_have_the_masses_computed_by_hand() {
    let mut white = BLACK;
    white.reverse();
    assert_is(halves([0; 3], [0; 3]), &outer(&BLACK, &BLACK, &BLACK), "#000000");
    assert_is(halves([255; 3], [255; 3]), &outer(&white, &white, &white), "#ffffff");
    let red = outer(&white, &BLACK, &BLACK);
    assert_is(halves([255, 0, 0], [255, 0, 0]), &red, "#ff0000");
    let blue = outer(&BLACK, &BLACK, &white);
    let both: Vec<f64> = red.iter().zip(&blue).map(|(red, blue)| red + blue).collect();
    assert_is(halves([255, 0, 0], [0, 0, 255]), &both, "#7f007f");
}
