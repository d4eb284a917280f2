//! What the transform's matrix says, in the order in which vectors take it.

use super::super::super::frame::SIDE;
use super::super::transform;

/// The transform of each single frequency.
const BASIS: [[i16; SIDE]; SIDE] = {
    let mut basis = [[0; SIDE]; SIDE];
    let mut frequency = 0;
    while frequency < SIDE {
        let mut single = [0; SIDE];
        single[frequency] = 1;
        let values = transform(&single);
        let mut at = 0;
        while at < SIDE {
            assert!(values[at].unsigned_abs() < 1 << 14);
            #[expect(clippy::cast_possible_truncation, reason = "just asserted")]
            let value = values[at] as i16;
            basis[frequency][at] = value;
            at += 1;
        }
        frequency += 1;
    }
    basis
};

/// Columns in the order even, odd: as 16-bit numbers of one row.
pub(super) const EVEN_ODD: [u8; 32] = [
    0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, //
    0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15,
];

/// Two frequencies' values at `at`, to be multiplied with eight pairs of them.
const fn down(first: usize, second: usize, at: usize) -> [i16; 16] {
    let mut pairs = [0; 16];
    let mut lane = 0;
    while lane < SIDE {
        pairs[lane * 2] = BASIS[first][at];
        pairs[lane * 2 + 1] = BASIS[second][at];
        lane += 1;
    }
    pairs
}

/// The first four values of two even frequencies, then of the two odd ones after each.
const fn across(first: usize, second: usize) -> [i16; 16] {
    let mut pairs = [0; 16];
    let mut lane = 0;
    while lane < SIDE {
        let odd = lane / 4;
        pairs[lane * 2] = BASIS[first + odd][lane % 4];
        pairs[lane * 2 + 1] = BASIS[second + odd][lane % 4];
        lane += 1;
    }
    pairs
}

/// For each place in the upper half of a column: all frequencies, in pairs.
pub(super) const DOWN: [[[i16; 16]; 4]; SIDE / 2] = {
    let mut all = [[[0; 16]; 4]; SIDE / 2];
    let mut at = 0;
    while at < SIDE / 2 {
        all[at] = [down(0, 2, at), down(4, 6, at), down(1, 3, at), down(5, 7, at)];
        at += 1;
    }
    all
};

/// For each four frequencies of a row.
pub(super) const ACROSS: [[i16; 16]; 2] = [across(0, 2), across(4, 6)];
