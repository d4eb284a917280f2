//! Holds a model's answer against the golden one of its manifest.

use super::Manifest;
use super::manifest::Expected;
use crate::model::{ModelError, Output};

/// Checks one answer, field by field.
pub(super) fn check(manifest: &Manifest, answer: &[Output]) -> Result<(), ModelError> {
    let wrong = |what: String| Err(ModelError::Golden(what));
    if answer.len() != manifest.fields.len() {
        return wrong(format!("{} fields instead of {}", answer.len(), manifest.fields.len()));
    }
    for (field, output) in manifest.fields.iter().zip(answer) {
        let expected = &manifest.golden.output[&field.name];
        if let Err(what) = compare(expected, output, manifest.golden.tolerance) {
            return wrong(format!("{} {what}", field.name));
        }
    }
    Ok(())
}

fn compare(expected: &Expected, output: &Output, tolerance: f32) -> Result<(), String> {
    match (expected, output) {
        (Expected::Numbers(expected), Output::Vector(found)) => near(expected, found, tolerance),
        (Expected::Numbers(expected), Output::Number(found)) => {
            near(expected, std::slice::from_ref(found), tolerance)
        }
        (Expected::Text(expected), Output::Text(found)) if expected == found => Ok(()),
        (Expected::Text(expected), found) => Err(format!("is {found:?} instead of {expected:?}")),
        (Expected::Numbers(_), found) => Err(format!("is {found:?} instead of numbers")),
    }
}

fn near(expected: &[f32], found: &[f32], tolerance: f32) -> Result<(), String> {
    if expected.len() != found.len() {
        return Err(format!("has {} values instead of {}", found.len(), expected.len()));
    }
    for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
        // A NaN is not within any tolerance, so the comparison must be this way round.
        let within = (expected - found).abs() <= tolerance;
        if !within {
            return Err(format!("[{at}] is {found} instead of {expected} ± {tolerance}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_tolerance_a_nan_or_another_length_fails() {
        assert_eq!(near(&[1.0, 2.0], &[1.0, 2.05], 0.1), Ok(()));
        for wrong in [&[1.0, 2.2][..], &[1.0, f32::NAN], &[1.0]] {
            assert!(near(&[1.0, 2.0], wrong, 0.1).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_text_must_be_equal() {
        let expected = Expected::Text("#aabbcc".into());
        assert_eq!(compare(&expected, &Output::Text("#aabbcc".into()), 1.0), Ok(()));
        assert!(compare(&expected, &Output::Text("#aabbcd".into()), 1.0).is_err());
        assert!(compare(&expected, &Output::Number(1.0), 1.0).is_err());
    }
}
