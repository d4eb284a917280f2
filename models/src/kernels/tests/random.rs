//! Random numbers and shapes.

use proptest::prelude::*;

use super::super::{Activation, Channels, Layer, Padding, Plane, Window};

/// Numbers between −1 and 1 that `seed` determines; some are zero, as after ReLU.
pub fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = u16::try_from(state >> 48).unwrap();
        if bits.is_multiple_of(7) { 0.0 } else { f32::from(bits) / 32_768.0 - 1.0 }
    };
    (0..count).map(|_| next()).collect()
}

/// A layer that owns its weights.
#[derive(Clone, Debug)]
pub struct Owned {
    pub channels: Channels,
    pub window: Window,
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Owned {
    pub fn dense(input: usize, output: usize, window: Window, seed: u64) -> Self {
        Self::new(Channels { input, output }, window, input, seed)
    }

    pub fn depthwise(channels: usize, window: Window, seed: u64) -> Self {
        Self::new(Channels { input: channels, output: channels }, window, 1, seed)
    }

    fn new(channels: Channels, window: Window, inputs: usize, seed: u64) -> Self {
        let weights = numbers(seed, channels.output * inputs * window.side * window.side);
        Self { channels, window, weights, bias: numbers(seed ^ 1, channels.output) }
    }

    pub fn layer(&self) -> Layer<'_> {
        let Self { channels, window, weights, bias } = self;
        Layer { channels: *channels, window: *window, weights, bias }
    }
}

pub fn planes(most: usize) -> impl Strategy<Value = Plane> {
    (1..=most, 1..=most).prop_map(|(height, width)| Plane { height, width })
}

/// Windows with each side padded by less than their own.
pub fn windows(
    sides: &'static [usize],
    strides: &'static [usize],
) -> impl Strategy<Value = Window> {
    let sides = prop::sample::select(sides);
    (sides, prop::sample::select(strides)).prop_flat_map(|(side, stride)| {
        (0..side, 0..side, 0..side, 0..side).prop_map(move |(top, left, bottom, right)| Window {
            side,
            stride,
            padding: Padding { top, left, bottom, right },
        })
    })
}

/// A plane, and a window that fits into it.
pub fn places(
    sides: &'static [usize],
    strides: &'static [usize],
    most: usize,
) -> impl Strategy<Value = (Plane, Window)> {
    (planes(most), windows(sides, strides)).prop_filter("the window fits", |(plane, window)| {
        let padded = window.padded(*plane);
        padded.height >= window.side && padded.width >= window.side
    })
}

pub fn activations() -> impl Strategy<Value = Activation> {
    prop::sample::select(&[Activation::IDENTITY, Activation::RELU, Activation::RELU6][..])
}
