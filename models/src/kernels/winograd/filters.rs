//! Filters, transformed once.

use super::super::buffer::Buffer;
use super::super::packing::{each_entry, on_all_cores, packed_length, panels};
use super::super::{InstructionSet, Layer};
use super::Tile;

/// `[point]` of packed `[input][output]`, each weight computed in f64 and rounded once.
pub(super) fn transform(set: InstructionSet, tile: Tile, layer: &Layer) -> Buffer<f32> {
    let (inputs, outputs) = (layer.channels.input, layer.channels.output);
    let lanes = set.lanes();
    let plane = packed_length(lanes, inputs, outputs);
    let mut packed = Buffer::zeros(plane * tile.points());
    let panel = 2 * lanes * inputs;
    let mut points: Vec<_> =
        packed.chunks_exact_mut(plane).map(|point| point.chunks_mut(panel)).collect();
    // The same panel of every point is one task: all of them come of the same filters.
    let tasks = panels(lanes, outputs).map(|columns| {
        let places: Vec<&mut [f32]> = points.iter_mut().filter_map(Iterator::next).collect();
        (columns, places)
    });
    on_all_cores(tasks.collect(), layer.weights.len(), |(columns, mut places)| {
        each_entry(lanes, inputs, columns, |index, input, output| {
            let filter = &layer.weights[(output * inputs + input) * 9..][..9];
            one(tile.filter(), filter, |point, value| places[point][index] = value);
        });
    });
    packed
}

/// Calls `put(point, weight)` for each point of one 3 × 3 filter.
fn one(matrix: &[[f64; 3]], filter: &[f32], mut put: impl FnMut(usize, f32)) {
    for (row, down) in matrix.iter().enumerate() {
        let columns: [f64; 3] =
            std::array::from_fn(|s| (0..3).map(|r| down[r] * f64::from(filter[3 * r + s])).sum());
        for (column, across) in matrix.iter().enumerate() {
            let value: f64 = across.iter().zip(columns).map(|(a, c)| a * c).sum();
            #[expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]
            put(row * matrix.len() + column, value as f32);
        }
    }
}
