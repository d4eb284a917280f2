//! Vectors of numbers as JSON, written fast.
//!
//! A document holds some 5,000 numbers, nearly all below one and above 10^-5. The shortest text that reads
//! back as the same f32 takes for these a product and a few roundings, which are computed for several numbers side by
//! side: plain f64 arithmetic that every compiler turns into vector instructions. All but these and zero is
//! written by `serde_json` itself.

/// Appends `vector` to `text` as a JSON array: each number the shortest text that reads back as the same f32,
/// `null` for what is none.
///
/// # Errors
/// None in practice: memory is the only thing written to.
pub fn write_vector(text: &mut Vec<u8>, vector: &[f32]) -> serde_json::Result<()> {
    text.push(b'[');
    let mut piece = Piece { text: [0; PIECE * LONGEST], length: 0 };
    let (whole, rest) = vector.as_chunks();
    for values in whole {
        piece.write(values, LANES, text)?;
    }
    let mut last = [0.0; LANES];
    last[..rest.len()].copy_from_slice(rest);
    piece.write(&last, rest.len(), text)?;
    piece.flush(text);
    if vector.is_empty() {
        text.push(b']');
    } else if let Some(last_comma) = text.last_mut() {
        *last_comma = b']';
    }
    Ok(())
}

/// Numbers computed side by side: eight f64 are one vector of AVX-512, two of AVX2, four without either.
const LANES: usize = 8;

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
    /// The first `count` of `values`.
    fn write(
        &mut self,
        values: &[f32; LANES],
        count: usize,
        text: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        if self.length > (PIECE - LANES) * LONGEST {
            self.flush(text);
        }
        let decimals = Decimals::shortest_of(values);
        let characters = characters(&decimals.digits);
        for lane in 0..count {
            if decimals.places[lane] == 0 {
                self.flush(text);
                serde_json::to_writer(&mut *text, &values[lane])?;
                text.push(b',');
            } else {
                let places = usize::from(decimals.places[lane]);
                self.push(values[lane].is_sign_negative(), characters[lane], places);
            }
        }
        Ok(())
    }

    /// The last `places` of sixteen `characters`.
    #[inline]
    fn push(&mut self, negative: bool, characters: u128, places: usize) {
        let room = &mut self.text[self.length..][..LONGEST];
        room[0] = b'-';
        let point = usize::from(negative) + 1;
        room[point - 1..=point].copy_from_slice(b"0.");
        // In little-endian order the first character is the lowest byte.
        let from_the_first = characters >> (8 * (16 - places));
        room[point + 1..][..16].copy_from_slice(&from_the_first.to_le_bytes());
        let end = point + 1 + places;
        room[end] = b',';
        self.length += end + 1;
    }

    fn flush(&mut self, text: &mut Vec<u8>) {
        text.extend_from_slice(&self.text[..self.length]);
        self.length = 0;
    }
}

/// Numbers below one: of each `digits` behind the point, filled up with zeros to so many `places`; no places for a
/// number that is not written here.
struct Decimals {
    digits: [u32; LANES],
    places: [u8; LANES],
}

/// What is written here: below it numbers are shorter with an exponent.
const SMALLEST: f32 = 1e-5;

/// What all numbers from a power of two to the next have in common.
#[derive(Clone, Copy)]
struct Binade {
    /// So many places are ten digits, or nine behind a zero: one more than any f32 needs.
    places: u8,
    /// Ten to the power of `places`: a number times this is exact in an f64 up to twelve places, and off by
    /// 10^-6 at most beyond.
    power: f64,
    /// Half way to the next f32, in units of the last place.
    half_way: f64,
}

/// From 2^-17, which is below [`SMALLEST`], to 1.
const BINADES: usize = 17;

/// The biased exponent of the first.
const FIRST: u32 = 127 - 17;

const TABLE: [Binade; BINADES] = {
    let mut table = [Binade { places: 0, power: 0.0, half_way: 0.0 }; BINADES];
    let mut at = 0;
    while at < BINADES {
        // Numbers below 2^-below: as many places as give them ten digits.
        let below = (BINADES - 1 - at) as u32;
        let (mut places, mut power) = (10, 10_u64.pow(10));
        while power * 10 <= 10_u64.pow(10) << below {
            places += 1;
            power *= 10;
        }
        // Exact: below 2^53.
        let power = power as f64;
        table[at] = Binade { places, power, half_way: power / (1_u64 << (below + 25)) as f64 };
        at += 1;
    }
    table
};

/// So much less than half way is taken for near enough, in units of the last place: what a product may be
/// off by, and what readers lose who go by way of an f64, each some 10^-6. One number in millions gets a digit more
/// for it.
const MARGIN: f64 = 4e-6;

impl Decimals {
    /// For each of `values` the shortest decimal that is nearer to it than to any other f32, and the nearest
    /// of these; no places where it is neither zero nor from [`SMALLEST`] to below 1.
    #[inline]
    fn shortest_of(values: &[f32; LANES]) -> Self {
        let exact = Exact::of(values);
        let Rounded { digits, dropped, six_do } = Rounded::of(&exact);
        let mut decimals = Self { digits, places: exact.places };
        for (places, dropped) in decimals.places.iter_mut().zip(dropped) {
            *places = places.saturating_sub(dropped);
        }
        if six_do.contains(&true) {
            decimals.shorten(&exact, six_do);
        }
        decimals
    }

    /// Those of which six digits are enough or fewer: few numbers that a model computed.
    #[cold]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "six digits")]
    fn shorten(&mut self, exact: &Exact, six_do: [bool; LANES]) {
        for lane in (0..LANES).filter(|lane| six_do[*lane]) {
            let mut power = 1e4;
            for dropped in 4..10 {
                let rounded = (exact.value[lane] / power).round();
                if (rounded * power - exact.value[lane]).abs() > exact.tolerance[lane] {
                    break;
                }
                self.digits[lane] = rounded as u32;
                self.places[lane] = exact.places[lane] - dropped;
                power *= 10.0;
            }
        }
    }
}

/// Numbers in units of their last place, and how far from them their texts may be. No places: not written here.
struct Exact {
    value: [f64; LANES],
    tolerance: [f64; LANES],
    places: [u8; LANES],
}

impl Exact {
    #[inline]
    fn of(values: &[f32; LANES]) -> Self {
        let mut exact = Self { value: [0.0; LANES], tolerance: [0.0; LANES], places: [0; LANES] };
        for (lane, value) in values.iter().enumerate() {
            let value = value.abs();
            let regular = (SMALLEST..1.0).contains(&value);
            // In place of what is not written here stands a number that takes eight digits.
            let bits = if regular { value.to_bits() } else { 0.123_456_79_f32.to_bits() };
            let binade = &TABLE[(bits >> 23) as usize - FIRST as usize];
            // The neighbour below a power of two is only half as far.
            let way = if bits & 0x7f_ffff == 0 { binade.half_way / 2.0 } else { binade.half_way };
            let whole = f64::from(f32::from_bits(bits)) * binade.power;
            exact.value[lane] = if value == 0.0 { 0.0 } else { whole };
            exact.tolerance[lane] = way - MARGIN;
            // Zero is rounded to seven digits, which leaves it the one place it is written with.
            let otherwise = if value == 0.0 { 4 } else { 0 };
            exact.places[lane] = if regular { binade.places } else { otherwise };
        }
        exact
    }
}

/// Numbers rounded to nine digits, or eight or seven where they do. Which it is, no branch predictor can know:
/// all are computed.
struct Rounded {
    digits: [u32; LANES],
    /// Of the last places, so many.
    dropped: [u8; LANES],
    /// Whether fewer than seven digits do.
    six_do: [bool; LANES],
}

/// 2^52: what is added to it is rounded to an integer, which then stands in the lowest bits.
const ROUND: f64 = 4_503_599_627_370_496.0;

impl Rounded {
    #[inline]
    fn of(Exact { value, tolerance, .. }: &Exact) -> Self {
        let mut all = Self { digits: [0; LANES], dropped: [0; LANES], six_do: [false; LANES] };
        for lane in 0..LANES {
            let (value, tolerance) = (value[lane], tolerance[lane]);
            let to = |power: f64, inverse: f64| {
                let rounded = value * inverse + ROUND;
                (rounded, ((rounded - ROUND) * power - value).abs() <= tolerance)
            };
            let ((nine, _), (eight, eight_do)) = (to(1e1, 1e-1), to(1e2, 1e-2));
            let ((seven, seven_do), (_, six_do)) = (to(1e3, 1e-3), to(1e4, 1e-4));
            let six_do = six_do && value > 0.0;
            // Where seven digits do, eight do.
            let digits = if eight_do { eight } else { nine };
            let digits = if seven_do { seven } else { digits };
            all.digits[lane] = digits.to_bits() as u32;
            all.dropped[lane] = 1 + u8::from(eight_do) + u8::from(seven_do);
            all.six_do[lane] = six_do;
        }
        all
    }
}

/// The last sixteen decimal digits of numbers below 10^9 as characters, the first in the lowest byte: divided
/// into fours, these into pairs, these into single digits, all of them side by side.
#[inline]
fn characters(digits: &[u32; LANES]) -> [u128; LANES] {
    let mut ninth = [0; LANES];
    let mut fours = [0_u16; 2 * LANES];
    for lane in 0..LANES {
        ninth[lane] = digits[lane] / 100_000_000;
        let eight = digits[lane] % 100_000_000;
        fours[2 * lane] = (eight / 10_000) as u16;
        fours[2 * lane + 1] = (eight % 10_000) as u16;
    }
    let mut pairs = [0_u16; 4 * LANES];
    for (four, pair) in fours.iter().zip(pairs.as_chunks_mut::<2>().0) {
        *pair = [four / 100, four % 100];
    }
    let mut singles = [0_u8; 8 * LANES];
    for (pair, single) in pairs.iter().zip(singles.as_chunks_mut::<2>().0) {
        *single = ((pair / 10) | ((pair % 10) << 8) | 0x3030).to_le_bytes();
    }
    let zeros = u64::from_le_bytes([b'0'; 8]);
    let (eights, _) = singles.as_chunks::<8>();
    std::array::from_fn(|lane| {
        let first = zeros + (u64::from(ninth[lane]) << 56);
        u128::from(first) | u128::from(u64::from_le_bytes(eights[lane])) << 64
    })
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
}
