//! The oracle of the tests: a graph layer by layer, as its definition says, in f64.

use crate::kernels::{Plane, Window};
use crate::plan::graph::{Convolution, Graph, Layer, Shape, Value, Weights};

/// The answer of `graph` to one picture of three planes, channel by channel.
pub(crate) fn answer(mut graph: Graph, picture: &[f32]) -> Vec<f64> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for at in 0..graph.nodes().len() {
        let weights = graph.take_weights(Value(at)).ok().map(numbers);
        let node = graph.node(Value(at));
        let x = node.inputs.first().map_or(&[][..], |input| &values[input.0]);
        let from = node.inputs.first().map_or(node.shape, |input| graph.shape(*input));
        let value = match node.layer {
            Layer::Input => picture.iter().map(|value| f64::from(*value)).collect(),
            Layer::Convolution(layer) => convolution(x, from, layer, node.shape, &weights.unwrap()),
            Layer::Activation(activation) => {
                let (low, high) = (f64::from(activation.low), f64::from(activation.high));
                x.iter().map(|value| value.clamp(low, high)).collect()
            }
            Layer::Add => x.iter().zip(&values[node.inputs[1].0]).map(|(x, y)| x + y).collect(),
            Layer::MaxPool(window) => max_pool(x, from, window, node.shape),
            Layer::Mean => adaptive_mean(x, from, Shape::vector(from.channels).plane),
            Layer::AdaptiveMean => adaptive_mean(x, from, node.shape.plane),
            Layer::Flatten => x.to_vec(),
            Layer::Linear => linear(x, &weights.unwrap()),
        };
        assert_eq!(value.len(), node.shape.len(), "{}", node.name);
        values.push(value);
    }
    values.pop().unwrap()
}

fn numbers(weights: Weights) -> [Vec<f64>; 2] {
    let wide = |numbers: Vec<f32>| numbers.into_iter().map(f64::from).collect();
    [wide(weights.matrix.read()), wide(weights.bias.read())]
}

/// The pixels of `from` that the pixel at `y`, `x` of an answer reads: place in the kernel, and index
/// in the plane.
fn pixels(window: Window, from: Plane, y: usize, x: usize) -> Vec<(usize, usize)> {
    let Window { side: kernel, stride, padding } = window;
    let inside =
        |at: usize, before: usize, side: usize| at.checked_sub(before).filter(|at| *at < side);
    let places = (0..kernel * kernel).filter_map(|place| {
        let row = inside(y * stride + place / kernel, padding.top, from.height)?;
        let column = inside(x * stride + place % kernel, padding.left, from.width)?;
        Some((place, row * from.width + column))
    });
    places.collect()
}

fn convolution(
    x: &[f64],
    from: Shape,
    layer: Convolution,
    to: Shape,
    [weights, bias]: &[Vec<f64>; 2],
) -> Vec<f64> {
    let each = from.channels / layer.groups;
    let area = layer.window.side * layer.window.side;
    let mut answer = Vec::with_capacity(to.len());
    for channel in 0..to.channels {
        let first = channel / (to.channels / layer.groups) * each;
        for pixel in 0..to.pixels() {
            let (row, column) = (pixel / to.plane.width, pixel % to.plane.width);
            let mut sum = bias[channel];
            for (place, at) in pixels(layer.window, from.plane, row, column) {
                for input in 0..each {
                    let weight = weights[(channel * each + input) * area + place];
                    sum += x[(first + input) * from.pixels() + at] * weight;
                }
            }
            answer.push(sum);
        }
    }
    answer
}

fn max_pool(x: &[f64], from: Shape, window: Window, to: Shape) -> Vec<f64> {
    let planes = x.chunks_exact(from.pixels());
    let pooled = planes.flat_map(|plane| {
        (0..to.pixels()).map(move |pixel| {
            let (row, column) = (pixel / to.plane.width, pixel % to.plane.width);
            let read = pixels(window, from.plane, row, column).into_iter();
            read.map(|(_, at)| plane[at]).fold(f64::NEG_INFINITY, f64::max)
        })
    });
    pooled.collect()
}

/// Part `i` of `n` of a side of `s` pixels goes from `i s / n`, rounded down, to `(i + 1) s / n`,
/// rounded up.
fn adaptive_mean(x: &[f64], from: Shape, to: Plane) -> Vec<f64> {
    let part = |i: usize, n: usize, side: usize| i * side / n..((i + 1) * side).div_ceil(n);
    let mut answer = Vec::new();
    for plane in x.chunks_exact(from.pixels()) {
        for pixel in 0..to.height * to.width {
            let rows = part(pixel / to.width, to.height, from.plane.height);
            let columns = part(pixel % to.width, to.width, from.plane.width);
            let count = rows.len() * columns.len();
            let row_sum =
                |row: usize| plane[row * from.plane.width..][columns.clone()].iter().sum::<f64>();
            answer.push(rows.map(row_sum).sum::<f64>() / count as f64);
        }
    }
    answer
}

fn linear(x: &[f64], [weights, bias]: &[Vec<f64>; 2]) -> Vec<f64> {
    let outputs = bias.len();
    let value = |output: usize| {
        let products = x.iter().enumerate().map(|(input, x)| x * weights[input * outputs + output]);
        bias[output] + products.sum::<f64>()
    };
    (0..outputs).map(value).collect()
}
