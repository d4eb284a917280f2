//! Vectors of numbers as JSON, written fast.
//!
//! A document holds some 5,000 numbers, nearly all below one and above 10^-5. The shortest text that reads
//! back as the same f32 takes for these a product and a few divisions by constants; every other number is
//! written by `serde_json` itself.

use std::hint::select_unpredictable;

/// Appends `vector` to `text` as a JSON array: each number the shortest text that reads back as the same f32,
/// `null` for what is none.
///
/// # Errors
/// None in practice: memory is the only thing written to.
pub fn write_vector(text: &mut Vec<u8>, vector: &[f32]) -> serde_json::Result<()> {
    text.push(b'[');
    let mut piece = Piece { text: [0; PIECE * LONGEST], length: 0 };
    for numbers in vector.chunks(PIECE) {
        for value in numbers {
            match Decimal::shortest(value.abs()) {
                Some(decimal) => piece.push(decimal, value.is_sign_negative()),
                None => {
                    piece.flush(text);
                    serde_json::to_writer(&mut *text, value)?;
                    text.push(b',');
                }
            }
        }
        piece.flush(text);
    }
    if vector.is_empty() {
        text.push(b']');
    } else if let Some(last_comma) = text.last_mut() {
        *last_comma = b']';
    }
    Ok(())
}

/// Numbers that are written before they are appended: enough to make that cheap, few enough to stay in the
/// nearest cache.
const PIECE: usize = 64;

/// A sign, `0.`, sixteen places (of which thirteen are used at most) and a comma.
const LONGEST: usize = 20;

/// The text of a few numbers, a comma behind each. Every store has a constant length: what is too much, the next
/// one overwrites.
struct Piece {
    text: [u8; PIECE * LONGEST],
    length: usize,
}

impl Piece {
    fn push(&mut self, decimal: Decimal, negative: bool) {
        let room = &mut self.text[self.length..][..LONGEST];
        room[0] = b'-';
        let point = usize::from(negative) + 1;
        room[point - 1..=point].copy_from_slice(b"0.");
        room[point + 1..][..16].copy_from_slice(&decimal.behind_the_point());
        let end = point + 1 + decimal.places;
        room[end] = b',';
        self.length += end + 1;
    }

    fn flush(&mut self, text: &mut Vec<u8>) {
        text.extend_from_slice(&self.text[..self.length]);
        self.length = 0;
    }
}

/// A number below one: `digits` behind the point, filled up with zeros to so many `places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    digits: u64,
    places: usize,
}

/// What is written here: below it numbers are shorter with an exponent.
const SMALLEST: f32 = 1e-5;

/// What all numbers from a power of two to the next have in common.
#[derive(Clone, Copy)]
struct Binade {
    /// So many places are ten digits, or nine behind a zero: one more than any f32 needs.
    places: usize,
    /// Turns a mantissa of 24 bits into that many digits, and [`FRACTION`] + [`SHIFT`] bits of their fraction.
    factor: u64,
    /// Half way to the next f32, in digits and [`FRACTION`] bits of their fraction.
    half_way: u64,
}

/// Bits of a fraction of the last digit: ten digits and they fit 57 bits.
const FRACTION: u32 = 23;

/// Keeps the factors whole.
const SHIFT: u32 = BINADES as u32;

/// From 2^-17, which is below [`SMALLEST`], to 1.
const BINADES: usize = 17;

/// The biased exponent of the first.
const FIRST: u32 = 127 - 17;

const TABLE: [Binade; BINADES] = {
    let mut table = [Binade { places: 0, factor: 0, half_way: 0 }; BINADES];
    let mut at = 0;
    while at < BINADES {
        // Numbers below 2^-below: as many places as give them ten digits.
        let below = (BINADES - 1 - at) as u32;
        let (mut places, mut power) = (10, 10_u64.pow(10));
        while power * 10 <= 10_u64.pow(10) << below {
            places += 1;
            power *= 10;
        }
        let factor = power << (SHIFT - 1 - below);
        table[at] = Binade { places, factor, half_way: power >> (below + 2) };
        at += 1;
    }
    table
};

impl Decimal {
    /// The shortest decimal that is nearer to `value` than to any other f32, and the nearest of these;
    /// none where `value` is not from [`SMALLEST`] to below 1.
    #[expect(clippy::cast_possible_truncation, reason = "57 bits")]
    fn shortest(value: f32) -> Option<Self> {
        if !(SMALLEST..1.0).contains(&value) {
            return None;
        }
        let bits = value.to_bits();
        let binade = &TABLE[(bits >> 23) as usize - FIRST as usize];
        let mantissa = bits & 0x7f_ffff;
        let product = u128::from(mantissa | 0x80_0000) * u128::from(binade.factor);
        // The neighbour below a power of two is only half as far.
        let way = if mantissa == 0 { binade.half_way / 2 } else { binade.half_way };
        // A few parts less, for readers who go by way of an f64.
        Some(Self::nearest((product >> SHIFT) as u64, way - 64, binade.places))
    }

    /// Rounds `exact` to nine digits, eight, seven, …, while that is within `tolerance`.
    fn nearest(exact: u64, tolerance: u64, places: usize) -> Self {
        if Rounded::<10_000>::of(exact).is_within(tolerance, exact) {
            return Self::very_short(exact, tolerance, places);
        }
        // Which of these it is, no branch predictor can know: all are computed.
        let (nine, eight, seven) =
            (Rounded::<10>::of(exact), Rounded::<100>::of(exact), Rounded::<1000>::of(exact));
        // Where seven digits do, eight do.
        let eight_do = eight.is_within(tolerance, exact);
        let seven_do = seven.is_within(tolerance, exact);
        let digits = select_unpredictable(eight_do, eight.0, nine.0);
        Self {
            digits: select_unpredictable(seven_do, seven.0, digits),
            places: places - 1 - usize::from(eight_do) - usize::from(seven_do),
        }
    }

    /// The same of what six digits are enough for: few numbers that a model computed.
    #[cold]
    fn very_short(exact: u64, tolerance: u64, places: usize) -> Self {
        let mut shortest = Self { digits: Rounded::<10_000>::of(exact).0, places: places - 4 };
        // Each divisor a constant: that makes its divisions cheap.
        macro_rules! drop_digits {
            ($($dropped:literal: $divisor:literal),*) => {$(
                let rounded = Rounded::<$divisor>::of(exact);
                if !rounded.is_within(tolerance, exact) {
                    return shortest;
                }
                shortest = Self { digits: rounded.0, places: places - $dropped };
            )*};
        }
        drop_digits!(5: 100_000, 6: 1_000_000, 7: 10_000_000, 8: 100_000_000, 9: 1_000_000_000);
        shortest
    }

    /// The places, from the first on; what follows them is of no meaning.
    fn behind_the_point(self) -> [u8; 16] {
        let ninth = self.digits / 100_000_000;
        let last_eight = eight_digits(self.digits % 100_000_000);
        let zeros = u64::from_le_bytes([b'0'; 8]);
        let all = u128::from(zeros + (ninth << 56)) | u128::from(last_eight) << 64;
        // In little-endian order the first character is the lowest byte.
        (all >> (8 * (16 - self.places))).to_le_bytes()
    }
}

/// How many times `DIVISOR` of the last digit there are in a number, rounded.
#[derive(Clone, Copy)]
struct Rounded<const DIVISOR: u64>(u64);

impl<const DIVISOR: u64> Rounded<DIVISOR> {
    /// Of `exact`, in digits and [`FRACTION`] bits of their fraction.
    const fn of(exact: u64) -> Self {
        Self((exact + (DIVISOR << (FRACTION - 1))) / (DIVISOR << FRACTION))
    }

    const fn is_within(self, tolerance: u64, exact: u64) -> bool {
        (self.0 * (DIVISOR << FRACTION)).abs_diff(exact) <= tolerance
    }
}

/// The decimal digits of a number below 10^8, in pairs of pairs of pairs: after Khuong,
/// <https://pvk.ca/Blog/2017/12/22/appnexus-common-framework-its-out-also-how-to-print-integers-faster/>.
const fn eight_digits(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | ((pairs - 10 * tens) << 8);
    digits | 0x3030_3030_3030_3030
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
    fn a_vector_longer_than_a_piece_with_numbers_of_every_kind_is_one_list() {
        assert_eq!(written_vector(&[]), "[]");
        for length in 1..3 * PIECE {
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
        let text = written(value);
        assert_eq!(text.parse::<f32>().map(f32::to_bits), Ok(value.to_bits()), "{text}");
        let wide: f64 = text.parse().expect("a number");
        #[expect(clippy::cast_possible_truncation, reason = "as a reader in between would")]
        let narrowed = wide as f32;
        assert_eq!(narrowed.to_bits(), value.to_bits(), "{text} by way of f64");
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
            // The neighbour below a power of two is half as far: one digit more may be taken there.
            let spare = usize::from(value.to_bits() & 0x7f_ffff == 0);
            prop_assert!(written(value).len() <= theirs.len() + spare, "{theirs}");
        }
    }
}
