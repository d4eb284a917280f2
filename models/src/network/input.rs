//! How pictures become a network's input.

use super::Preprocessing;
use crate::picture::Rgb;

/// One table a channel, since a sample has 256 values.
pub(super) struct Input {
    channels: [[f32; 256]; 3],
}

impl Input {
    pub fn new(preprocessing: &Preprocessing) -> Self {
        let Preprocessing { mean, std, scale, .. } = *preprocessing;
        let value =
            |channel: usize, sample: u8| (f32::from(sample) / scale - mean[channel]) / std[channel];
        Self {
            channels: std::array::from_fn(|channel| {
                std::array::from_fn(|sample| {
                    value(channel, u8::try_from(sample).expect("an index of 256"))
                })
            }),
        }
    }

    /// Writes `picture` pixel by pixel to `[height][width][3]`, as plans read it.
    pub fn pixels(&self, picture: &Rgb, input: &mut [f32]) {
        for (colour, input) in picture.colours().zip(input.as_chunks_mut::<3>().0) {
            for (channel, number) in input.iter_mut().enumerate() {
                *number = self.channels[channel][usize::from(colour[channel])];
            }
        }
    }

    /// Appends `picture` as three planes: red, green, blue, each row by row, as burn reads it.
    pub fn planes(&self, picture: &Rgb, input: &mut Vec<f32>) {
        for (channel, table) in self.channels.iter().enumerate() {
            input.extend(picture.colours().map(|colour| table[usize::from(colour[channel])]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Filter, ViewSpec};

    #[test]
    fn samples_are_scaled_centred_and_laid_out_by_planes_or_by_pixels() {
        let view = ViewSpec { width: 2, height: 1, filter: Filter::Bilinear };
        let input = Input::new(&Preprocessing {
            view,
            mean: [0.0, 0.5, 1.0],
            std: [1.0, 0.5, 2.0],
            scale: 255.0,
        });
        let picture = Rgb::new(2, 1, vec![0, 255, 255, 51, 0, 0]).unwrap();
        let (mut planes, mut pixels) = (Vec::new(), [7.0; 6]);

        input.planes(&picture, &mut planes);
        input.pixels(&picture, &mut pixels);

        assert_eq!(planes, [0.0, 0.2, 1.0, -1.0, 0.0, -0.5]);
        assert_eq!(pixels, [0.0, 1.0, 0.0, 0.2, -1.0, -0.5]);
    }
}
