//! Convolution by its definition, in f64, with a bound of what f32 may lose.

use super::super::{Activation, Layer, Plane};

/// Half a unit in the last place of f32: what one rounding may lose of a number.
pub const UNIT: f64 = 1.0 / 16_777_216.0;
/// Underflow, which the relative bound leaves out.
const TINY: f64 = 1e-36;

/// Numbers, and how far from them one that was computed in f32 may be.
#[derive(Clone, Debug)]
pub struct Bounded {
    pub values: Vec<f64>,
    pub errors: Vec<f64>,
    /// Of each, the sum of the sizes of what was added up.
    pub sizes: Vec<f64>,
}

impl Bounded {
    pub fn exact(x: &[f32]) -> Self {
        let values: Vec<f64> = x.iter().copied().map(f64::from).collect();
        let sizes = values.iter().map(|x| x.abs()).collect();
        Self { errors: vec![0.0; x.len()], sizes, values }
    }

    /// A clamp brings two numbers no further apart.
    pub fn activated(mut self, activation: Activation) -> Self {
        let (low, high) = (f64::from(activation.low), f64::from(activation.high));
        self.values.iter_mut().for_each(|x| *x = x.clamp(low, high));
        self
    }

    /// Adding loses one rounding more.
    pub fn plus(mut self, residual: &[f32]) -> Self {
        for (i, x) in residual.iter().copied().map(f64::from).enumerate() {
            self.values[i] += x;
            self.sizes[i] += x.abs();
            self.errors[i] += 2.0 * UNIT * self.sizes[i];
        }
        self
    }

    #[track_caller]
    pub fn assert_holds(&self, got: &[f32]) {
        assert_eq!(got.len(), self.values.len());
        for (i, (got, want)) in got.iter().zip(&self.values).enumerate() {
            let error = (f64::from(*got) - want).abs();
            let bound = self.errors[i] + TINY;
            assert!(error <= bound, "at {i} {got} for {want}: {error:e} exceeds {bound:e}");
        }
    }
}

/// A sum of n products in any order with fused multiplication loses at most n · unit of the sum of
/// their sizes (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1), the bias being one more.
pub fn convolution(layer: &Layer, depthwise: bool, x: &Bounded, plane: Plane) -> Bounded {
    let inputs = layer.channels.input;
    let places = layer.window.places(plane);
    let terms = layer.weights.len() / layer.channels.output + 2;
    let loss = terms as f64 * UNIT / (1.0 - terms as f64 * UNIT);
    let mut all = Bounded { values: vec![], errors: vec![], sizes: vec![] };
    for place in 0..places.pixels() {
        for output in 0..layer.channels.output {
            let bias = f64::from(layer.bias[output]);
            let (mut value, mut size, mut inherited) = (bias, bias.abs(), 0.0);
            for tap in 0..layer.window.side.pow(2) {
                let Some(pixel) = under(layer, plane, places, place, tap) else { continue };
                let channels = if depthwise { output..output + 1 } else { 0..inputs };
                for input in channels {
                    let at = pixel * inputs + input;
                    let weight = weight(layer, depthwise, output, input, tap);
                    value += weight * x.values[at];
                    size += weight.abs() * (x.values[at].abs() + x.errors[at]);
                    inherited += weight.abs() * x.errors[at];
                }
            }
            all.values.push(value);
            all.errors.push(loss * size + inherited);
            all.sizes.push(size);
        }
    }
    all
}

fn weight(layer: &Layer, depthwise: bool, output: usize, input: usize, tap: usize) -> f64 {
    let taps = layer.window.side.pow(2);
    let filter = if depthwise { output } else { output * layer.channels.input + input };
    f64::from(layer.weights[filter * taps + tap])
}

/// The pixel under `tap` of the window at `place`, if that is no padding.
fn under(layer: &Layer, plane: Plane, places: Plane, place: usize, tap: usize) -> Option<usize> {
    let window = layer.window;
    let row = place / places.width * window.stride + tap / window.side;
    let column = place % places.width * window.stride + tap % window.side;
    let row = row.checked_sub(window.padding.top).filter(|row| *row < plane.height)?;
    let column = column.checked_sub(window.padding.left).filter(|column| *column < plane.width)?;
    Some(row * plane.width + column)
}
