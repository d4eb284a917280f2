//! Every number reads back, and none is longer than it must be.

use proptest::prelude::*;

use super::decimals::SMALLEST;
use super::*;

fn written_vector(vector: &[f32]) -> String {
    let mut text = Vec::new();
    write_vector(&mut text, vector).expect("a Vec takes everything");
    String::from_utf8(text).expect("digits")
}

fn written(value: f32) -> String {
    let text = written_vector(&[value]);
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).expect("a list").to_owned()
}

#[test]
fn numbers_are_written_as_everybody_writes_them() {
    for (value, text) in [
        (0.6, "0.6"),
        (-0.8, "-0.8"),
        (0.5, "0.5"),
        (0.013_270_198, "0.013270198"),
        (0.1, "0.1"),
        (0.01, "0.01"),
        (0.001, "0.001"),
        (0.000_1, "0.0001"),
        (0.000_01, "0.00001"),
        (-0.000_031_25, "-0.00003125"),
        (0.999_999_94, "0.99999994"),
        (0.099_999_994, "0.099999994"),
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (f32::NAN, "null"),
    ] {
        assert_eq!(written(value), text);
    }
}

#[test]
fn a_vector_of_any_length_with_numbers_of_every_kind_is_one_list() {
    assert_eq!(written_vector(&[]), "[]");
    for length in 1..9 * LANES {
        let kinds = [0.5, -0.000_031_25, 1e-9, 0.013_270_198, -2.5, 0.0, 0.999_999_94];
        let vector: Vec<f32> = kinds.into_iter().cycle().take(length).collect();
        let alone = vector.iter().map(|value| written(*value)).collect::<Vec<_>>();
        assert_eq!(written_vector(&vector), format!("[{}]", alone.join(",")));
    }
}

/// Every power of two and its neighbours, where the way to the next f32 changes.
#[test]
fn around_powers_of_two_nothing_is_rounded_to_a_neighbour() {
    for exponent in 100..127_u32 {
        for bits in (exponent << 23) - 2..=(exponent << 23) + 2 {
            reads_back(f32::from_bits(bits));
        }
    }
}

fn reads_back(value: f32) {
    check(&written(value), value);
}

fn check(text: &str, value: f32) {
    assert_eq!(text.parse::<f32>().map(f32::to_bits), Ok(value.to_bits()), "{text}");
    let wide: f64 = text.parse().expect("a number");
    #[expect(clippy::cast_possible_truncation, reason = "as a reader in between would")]
    let narrowed = wide as f32;
    assert_eq!(narrowed.to_bits(), value.to_bits(), "{text} by way of f64");
}

/// Whether a text may be longer than `theirs`: below a power of two the neighbour is half as far, and what lies so
/// near to half way that an f64 cannot tell is not taken.
fn may_be_longer(value: f32, theirs: &str) -> bool {
    let half_way = f64::from(value.abs().next_up() - value.abs()) / 2.0;
    let apart = (theirs.parse::<f64>().expect("a number") - f64::from(value)).abs();
    value.to_bits() & 0x7f_ffff == 0 || apart > half_way * (1.0 - 1e-6)
}

#[test]
#[ignore = "140 million numbers take ten seconds"]
fn each_number_that_is_written_here_reads_back_as_the_same_bits() {
    let all = SMALLEST.to_bits()..1.0_f32.to_bits();
    let (mut text, mut longer) = (Vec::new(), 0);
    for first in all.clone().step_by(4096) {
        let bits = first..all.end.min(first + 4096);
        let vector: Vec<f32> = bits.map(f32::from_bits).collect();
        text.clear();
        write_vector(&mut text, &vector).expect("a Vec takes everything");
        let list = str::from_utf8(&text[1..text.len() - 1]).expect("digits");
        assert_eq!(list.split(',').count(), vector.len());
        for (text, value) in list.split(',').zip(vector) {
            check(text, value);
            let theirs = serde_json::to_string(&value).expect("a number");
            if text.len() > theirs.len() {
                assert!(may_be_longer(value, &theirs), "{text} for {theirs}");
                longer += 1;
            }
        }
    }
    assert_eq!(longer, 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn every_number_reads_back_as_the_same_bits_and_none_is_longer_than_serde_json_writes_it(
        value in prop_oneof![-1.0_f32..1.0, -0.05_f32..0.05, -2e-4_f32..2e-4, any::<f32>()],
    ) {
        prop_assume!(value.is_finite());
        reads_back(value);
        let theirs = serde_json::to_string(&value).expect("a number");
        prop_assert!(
            written(value).len() <= theirs.len() || may_be_longer(value, &theirs),
            "{theirs}"
        );
    }
}
