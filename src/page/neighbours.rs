//! Each picture's nearest others by cosine similarity, exactly.
//!
//! All pairs are compared, each once: n² / 2 products of unit vectors, in blocks that stay in a
//! core's cache, on every core. Memory is the vectors themselves and a few candidates for each of
//! them and each thread. The same vectors give the same answer whatever their order in the file and
//! however many threads there are.

use std::array;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Vectors are padded with zeros to a multiple of this: two registers of four f32.
const LANES: usize = 8;
/// How many vectors are compared with one at a time: their sums fill half the registers, and each
/// number of the one is read once for all of them.
const ROWS: usize = 4;
/// How many vectors a block holds. Two blocks of 1280 floats are 640 kB, about a core's cache.
const BLOCK: usize = 64;

/// Another picture and how similar it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its position among the pictures.
    pub picture: usize,
    /// The cosine of the two vectors, -1 to 1.
    pub similarity: f32,
}

impl Neighbour {
    /// Whether it comes before `other`: more similar, or as similar and earlier.
    fn precedes(&self, other: &Self) -> bool {
        (self.similarity, other.picture) > (other.similarity, self.picture)
    }
}

/// Unit vectors of equal length, one for each picture that has one.
#[derive(Debug, Default)]
pub struct Vectors {
    /// By the position of their picture.
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    picture: usize,
    values: Box<[f32]>,
}

impl Vectors {
    /// Takes vectors with keys, where `positions` tells each key's position among the pictures.
    /// What cannot be compared is left out: zero, not finite, or not of the length that most have.
    #[must_use]
    pub fn new(vectors: Vec<(usize, Vec<f32>)>, positions: &[usize]) -> Self {
        let mut lengths = BTreeMap::<usize, usize>::new();
        for (_, vector) in &vectors {
            *lengths.entry(vector.len()).or_default() += 1;
        }
        let usual = lengths.into_iter().max_by_key(|(length, count)| (*count, *length));
        let usual = usual.map_or(0, |(length, _)| length);

        let vectors = vectors.into_iter().filter(|(_, vector)| vector.len() == usual);
        let mut rows: Vec<Row> = vectors
            .filter_map(|(key, vector)| {
                Some(Row { picture: *positions.get(key)?, values: unit(vector)? })
            })
            .collect();
        rows.sort_by_key(|row| row.picture);
        Self { rows }
    }
}

/// `vector` with the norm 1, padded; `None` where it has no direction.
fn unit(mut vector: Vec<f32>) -> Option<Box<[f32]>> {
    let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    if !norm.is_finite() || norm == 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the vectors are f32")]
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    vector.resize(vector.len().next_multiple_of(LANES), 0.0);
    Some(vector.into())
}

/// The up to `count` nearest others of each of `pictures` pictures, the nearest first, equally near
/// ones by their position; never the picture itself. A picture without a vector has none and is
/// nobody's.
#[must_use]
pub fn nearest(
    vectors: &Vectors,
    pictures: usize,
    count: usize,
    threads: usize,
) -> Vec<Vec<Neighbour>> {
    let blocks = vectors.rows.len().div_ceil(BLOCK);
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Candidates::new(vectors.rows.len(), count));
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, blocks.max(1)) {
            scope.spawn(|| {
                let mut mine = Candidates::new(vectors.rows.len(), count);
                loop {
                    // Far blocks first: the first one has the most to compare with.
                    let block = next.fetch_add(1, Ordering::Relaxed);
                    if block >= blocks {
                        break;
                    }
                    (block..blocks).for_each(|other| mine.compare(&vectors.rows, block, other));
                }
                found.lock().unwrap_or_else(PoisonError::into_inner).merge(mine);
            });
        }
    });

    let mut nearest = vec![vec![]; pictures];
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (row, candidates) in vectors.rows.iter().zip(found.best) {
        nearest[row.picture] = candidates;
    }
    nearest
}

/// The best found so far for each row, in order.
struct Candidates {
    best: Vec<Vec<Neighbour>>,
    count: usize,
}

impl Candidates {
    fn new(rows: usize, count: usize) -> Self {
        Self { best: vec![Vec::with_capacity(count); rows], count }
    }

    /// Compares all pairs of two blocks, or of one with itself: each pair once, none with itself.
    fn compare(&mut self, rows: &[Row], block: usize, other: usize) {
        let range = |block: usize| block * BLOCK..rows.len().min((block + 1) * BLOCK);
        let earlier = range(block);
        for one in range(other) {
            self.compare_one(rows, one, earlier.start..earlier.end.min(one));
        }
    }

    fn compare_one(&mut self, rows: &[Row], one: usize, others: Range<usize>) {
        for first in others.clone().step_by(ROWS) {
            // A tile that sticks out repeats its last row; what comes of that is not looked at.
            let tile = array::from_fn(|n| &*rows[(first + n).min(others.end - 1)].values);
            let similarities = products(tile, &rows[one].values);
            for (other, similarity) in (first..others.end).zip(similarities) {
                self.pair(rows, one, other, similarity);
            }
        }
    }

    fn pair(&mut self, rows: &[Row], one: usize, other: usize, similarity: f32) {
        self.offer(one, Neighbour { picture: rows[other].picture, similarity });
        self.offer(other, Neighbour { picture: rows[one].picture, similarity });
    }

    fn offer(&mut self, row: usize, candidate: Neighbour) {
        let best = &mut self.best[row];
        if best.len() == self.count && best.last().is_none_or(|worst| worst.precedes(&candidate)) {
            return;
        }
        let at = best.partition_point(|better| better.precedes(&candidate));
        best.truncate(self.count - 1);
        best.insert(at, candidate);
    }

    fn merge(&mut self, other: Self) {
        for (row, candidates) in other.best.into_iter().enumerate() {
            candidates.into_iter().for_each(|candidate| self.offer(row, candidate));
        }
    }
}

/// The dot products of four rows with `vector`: each is formed in the same order wherever its row
/// stands, so a pair's similarity does not depend on its neighbourhood.
fn products(rows: [&[f32]; ROWS], vector: &[f32]) -> [f32; ROWS] {
    lane_sums(rows, vector).map(|sums| sums.iter().sum())
}

/// Not inlined: seen together with the sums over the lanes, the loop is not turned into whole
/// registers, and takes three times as long.
#[inline(never)]
fn lane_sums(rows: [&[f32]; ROWS], vector: &[f32]) -> [[f32; LANES]; ROWS] {
    let [one, two, three, four] = rows.map(|row| row.as_chunks::<LANES>().0);
    let vector = vector.as_chunks::<LANES>().0;
    let zero = [0.0; LANES];
    let (mut a, mut b, mut c, mut d) = (zero, zero, zero, zero);
    for ((((v, one), two), three), four) in vector.iter().zip(one).zip(two).zip(three).zip(four) {
        a = add(a, one, v);
        b = add(b, two, v);
        c = add(c, three, v);
        d = add(d, four, v);
    }
    [a, b, c, d]
}

fn add(sum: [f32; LANES], row: &[f32; LANES], vector: &[f32; LANES]) -> [f32; LANES] {
    array::from_fn(|lane| sum[lane] + row[lane] * vector[lane])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vectors(list: Vec<Vec<f32>>) -> Vectors {
        let positions: Vec<_> = (0..list.len()).collect();
        Vectors::new(list.into_iter().enumerate().collect(), &positions)
    }

    fn pictures(neighbours: &[Neighbour]) -> Vec<usize> {
        neighbours.iter().map(|neighbour| neighbour.picture).collect()
    }

    #[test]
    fn copies_are_told_apart_by_position_and_none_is_its_own_neighbour() {
        let found = nearest(&vectors(vec![vec![1.0, 2.0]; 9]), 9, 6, 2);

        assert_eq!(pictures(&found[0]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(pictures(&found[3]), [0, 1, 2, 4, 5, 6]);
        assert_eq!(pictures(&found[8]), [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn what_has_no_direction_or_another_length_has_no_neighbours_and_is_nobodys() {
        let list = vec![
            vec![1.0, 0.0],
            vec![0.0, 0.0],
            vec![f32::NAN, 1.0],
            vec![1.0],
            vec![],
            vec![0.0, 5.0],
        ];

        let found = nearest(&vectors(list), 6, 6, 1);

        assert_eq!(pictures(&found[0]), [5]);
        assert_eq!(pictures(&found[5]), [0]);
        assert!(found[1..5].iter().all(Vec::is_empty));
        assert_eq!(nearest(&Vectors::default(), 2, 6, 4), [vec![], vec![]]);
    }

    #[test]
    fn the_longest_side_of_more_blocks_than_one_is_found() {
        // On a quarter circle, the nearest of each are those beside it.
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let angle = |n: usize| (n as f32 / 200.0) * std::f32::consts::FRAC_PI_2;
        let circle = (0..200).map(|n| vec![angle(n).cos(), angle(n).sin()]).collect();

        let found = nearest(&vectors(circle), 200, 2, 3);

        for (n, neighbours) in found.iter().enumerate().skip(1).take(198) {
            let mut beside = pictures(neighbours);
            beside.sort_unstable();
            assert_eq!(beside, [n - 1, n + 1]);
        }
    }

    /// The similarity of every pair, in f64.
    fn brute_force(list: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
        };
        let cosine = |a: &[f32], b: &[f32]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        list.iter().map(|a| list.iter().map(|b| cosine(a, b)).collect()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_nearest_are_those_of_a_brute_force_search_in_f64(
            (list, threads) in (1..40_usize).prop_flat_map(|dimensions| (
                prop::collection::vec(
                    prop::collection::vec(-1.0..1.0_f32, dimensions), 1..150),
                1..4_usize,
            )),
        ) {
            let exact = brute_force(&list);
            prop_assume!(exact.iter().flatten().all(|similarity| similarity.is_finite()));

            let found = nearest(&vectors(list.clone()), list.len(), 6, threads);

            for (one, neighbours) in found.iter().enumerate() {
                let mut others: Vec<f64> =
                    (0..list.len()).filter(|n| *n != one).map(|n| exact[one][n]).collect();
                others.sort_by(|a, b| b.total_cmp(a));
                prop_assert_eq!(neighbours.len(), others.len().min(6));
                for (neighbour, best) in neighbours.iter().zip(&others) {
                    prop_assert_ne!(neighbour.picture, one);
                    let similarity = exact[one][neighbour.picture];
                    prop_assert!((similarity - best).abs() < 1e-6, "{similarity} for {best}");
                    prop_assert!((f64::from(neighbour.similarity) - similarity).abs() < 1e-6);
                }
            }
        }

        #[test]
        fn threads_and_the_order_of_the_file_change_nothing(
            list in prop::collection::vec(prop::collection::vec(-1.0..1.0_f32, 9), 2..150),
            threads in 1..5_usize,
        ) {
            let reversed: Vec<_> = list.iter().rev().cloned().enumerate().collect();
            let positions: Vec<_> = (0..list.len()).rev().collect();

            let plain = nearest(&vectors(list.clone()), list.len(), 6, 1);
            let other = nearest(&Vectors::new(reversed, &positions), list.len(), 6, threads);

            prop_assert_eq!(plain, other);
        }
    }
}
