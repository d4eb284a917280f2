//! The shortest decimals of several numbers at once.

/// Numbers computed side by side: eight f64 are one vector of AVX-512, two of AVX2, four without either.
pub(super) const LANES: usize = 8;

/// Numbers below one: of each `digits` behind the point, filled up with zeros to so many `places`; no places for a
/// number that is not written here.
pub(super) struct Decimals {
    pub digits: [u32; LANES],
    pub places: [u8; LANES],
}

/// What is written here: below it numbers are shorter with an exponent.
pub(super) const SMALLEST: f32 = 1e-5;

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
    pub fn shortest_of(values: &[f32; LANES]) -> Self {
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
pub(super) fn characters(digits: &[u32; LANES]) -> [u128; LANES] {
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
