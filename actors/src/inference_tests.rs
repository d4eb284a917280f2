//! What of an answer is refused. Tests named `python_…` are cases of the replaced system's manager.

use super::*;

fn spec(kind: FieldKind) -> InferrerSpec {
    InferrerSpec {
        name: InferrerName::new("features"),
        model: ModelStamp { name: "m".into(), version: "1".into(), sha256: "0".into() },
        fields: vec![FieldSpec { name: "features".into(), kind }],
        engine: String::new(),
    }
}

#[test]
fn an_answer_must_have_the_promised_length_and_finite_values_of_unit_norm() {
    let spec = spec(FieldKind::Vector { dimensions: 2, unit: true });
    let cases = [
        (vec![0.6, 0.8], Ok(())),
        (vec![1.0], Err("has 1 dimensions instead of 2")),
        (vec![f32::NAN, 0.0], Err("features[0] is NaN")),
        (vec![0.0, 0.0], Err("L2 norm 0.000000")),
        (vec![1.0, 1.0], Err("L2 norm 1.414214")),
    ];
    for (vector, expected) in cases {
        let verdict = spec.check(&Answer(vec![Value::Vector(vector)]));
        match expected {
            Ok(()) => assert_eq!(verdict, Ok(())),
            Err(part) => assert!(verdict.clone().unwrap_err().contains(part), "{verdict:?}"),
        }
    }
}

#[test]
fn a_field_of_another_kind_or_count_is_refused() {
    assert!(spec(FieldKind::Number).check(&Answer(vec![Value::Text("1".into())])).is_err());
    assert!(spec(FieldKind::Number).check(&Answer(vec![Value::Number(f32::INFINITY)])).is_err());
    assert!(spec(FieldKind::Text).check(&Answer(vec![Value::Text(String::new())])).is_err());
    assert!(spec(FieldKind::Number).check(&Answer(vec![])).is_err());
    assert_eq!(spec(FieldKind::Tokens).check(&Answer(vec![Value::Tokens(vec![])])), Ok(()));
}

/// The fields that the replaced system checks.
const FIELDS: [&str; 4] = ["features", "paletteEmbedding", "averageColorHex", "aspectRatio"];

/// What is said of an answer that has `value` in place of the field at `at`, or not at all.
fn said_of(at: usize, value: Option<Value>) -> Result<(), String> {
    let unit = |dimensions| FieldKind::Vector { dimensions, unit: true };
    let kinds = [unit(4096), unit(1000), FieldKind::Text, FieldKind::Number];
    let fields = FIELDS.iter().zip(kinds);
    let fields = fields.map(|(name, kind)| FieldSpec { name: (*name).into(), kind }).collect();
    let spec = InferrerSpec { fields, ..spec(FieldKind::Number) };
    let even = |length: u16| vec![1.0 / f32::from(length).sqrt(); length.into()];
    let mut values = vec![
        Value::Vector(even(4096)),
        Value::Vector(even(1000)),
        Value::Text("#aabbcc".into()),
        Value::Number(1.5),
    ];
    match value {
        Some(value) => values[at] = value,
        None => drop(values.remove(at)),
    }
    spec.check(&Answer(values))
}

fn assert_refused(at: usize, value: Option<Value>, part: &str) {
    let said = said_of(at, value).expect_err("it is refused");
    assert!(said.contains(part), "{said}");
}

#[test]
fn python_validate_accepts_a_complete_answer() {
    assert_eq!(said_of(3, Some(Value::Number(0.5))), Ok(()));
}

#[test]
fn python_validate_rejects_ten_features() {
    let ten = Value::Vector(vec![0.1_f32.sqrt(); 10]);
    assert_refused(0, Some(ten), "features has 10 dimensions instead of 4096");
}

#[test]
fn python_validate_rejects_no_features() {
    assert_refused(0, Some(Value::Vector(vec![])), "features has 0 dimensions");
}

#[test]
fn python_validate_rejects_an_empty_palette() {
    assert_refused(1, Some(Value::Vector(vec![])), "paletteEmbedding has 0 dimensions");
}

/// Nothing here can be null: what stands for it is a text without letters, or no text at all.
#[test]
fn python_validate_rejects_a_null_colour() {
    assert_refused(2, Some(Value::Text(String::new())), "averageColorHex is");
    assert_refused(2, None, "answered 3 fields instead of 4");
}

/// A number that is none, or no number at all.
#[test]
fn python_validate_rejects_a_null_aspect_ratio() {
    assert_refused(3, Some(Value::Number(f32::NAN)), "aspectRatio is");
    assert_refused(3, None, "answered 3 fields instead of 4");
}
