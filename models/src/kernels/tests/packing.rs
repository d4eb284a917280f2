//! Packed weights, so many that all cores pack them.

use half::f16;

use super::super::matrix::{Matrix, Storage, Weights};
use super::guarded::each_set;

#[test]
fn every_weight_is_found_where_the_product_reads_it() {
    let (depth, columns) = (601, 499);
    let at = |k: usize, column: usize| f32::from(i16::try_from((k * 7 + column) % 2048).unwrap());
    each_set(|set| {
        let lanes = set.lanes();
        let (single, half) = (Storage::Single, Storage::Half);
        let [single, half] =
            [single, half].map(|storage| Matrix::new(set, depth, columns, storage, at));
        let (Weights::Single(single), Weights::Half(half)) =
            (single.panels().weights, half.panels().weights)
        else {
            panic!("stored otherwise than asked for");
        };
        let mut expected = vec![0.0; depth * columns.next_multiple_of(lanes)];
        for column in 0..columns {
            let start = column / (2 * lanes) * 2 * lanes;
            let width = if columns - start <= lanes { lanes } else { 2 * lanes };
            for k in 0..depth {
                expected[start * depth + k * width + column - start] = at(k, column);
            }
        }
        assert_eq!(single, expected);
        let half: Vec<f32> = half.iter().map(|bits| f16::from_bits(*bits).to_f32()).collect();
        assert_eq!(half, expected);
    });
}
