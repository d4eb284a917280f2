//! From pictures to vectors through a network: preprocessing, the network, normalisation.

use std::sync::Arc;

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};

use crate::model::{Device, Model, ModelError, Output};
use crate::picture::{Rgb, ViewSpec, Views};
use crate::set::{Field, FieldKind, Normalisation, Preprocessing};

/// What a network's own file declares: everything but its layers' arithmetic is shared.
pub(crate) trait Network: Module + Send + Sync + Sized + 'static {
    /// Its name in manifests.
    const NAME: &'static str;
    /// Length of its answer.
    const DIMENSIONS: usize;
    /// Width and height of its input must be multiples of this.
    const INPUT_MULTIPLE: u32;
    /// What an imported set says of it.
    const PROVENANCE: Provenance;
    /// Regular expressions from the checkpoint's tensor names to those of the modules here.
    const KEYS: &'static [(&'static str, &'static str)];
    /// Regular expressions of the checkpoint's tensors that are dropped on purpose.
    const DROPPED: &'static [&'static str];

    /// Its layers, their weights not yet computed.
    fn init(device: &burn::tensor::Device) -> Self;

    /// Takes out of the layers whatever is needed for training only.
    fn for_inference(self) -> Self {
        self
    }

    /// `[batch, 3, height, width]` to `[batch, DIMENSIONS]`.
    fn forward(&self, input: Tensor<4>) -> Tensor<2>;
}

/// What a manifest says of a network and its published weights.
pub(crate) struct Provenance {
    pub name: &'static str,
    pub version: &'static str,
    pub licence: &'static str,
    pub source: &'static str,
    pub preprocessing: Preprocessing,
}

/// A loaded network without its type.
pub(crate) trait Forward: Send + Sync {
    /// `[batch, 3, height, width]` to `[batch, dimensions]`.
    fn run(&self, input: Tensor<4>) -> Tensor<2>;
}

impl<N: Network> Forward for N {
    fn run(&self, input: Tensor<4>) -> Tensor<2> {
        self.forward(input)
    }
}

/// A model that answers the one vector `field` of `network`.
pub(crate) fn model(
    network: Arc<dyn Forward>,
    device: Device,
    preprocessing: &Preprocessing,
    field: &Field,
) -> Box<dyn Model> {
    let unit = matches!(field.kind, FieldKind::Vector { normalisation: Normalisation::L2, .. });
    let view = [preprocessing.view];
    Box::new(NetworkModel { network, device, view, input: Input::new(preprocessing), unit })
}

struct NetworkModel {
    network: Arc<dyn Forward>,
    device: Device,
    view: [ViewSpec; 1],
    input: Input,
    unit: bool,
}

impl Model for NetworkModel {
    fn views(&self) -> &[ViewSpec] {
        &self.view
    }

    fn infer(&mut self, pictures: &[&Views]) -> Result<Vec<Vec<Output>>, ModelError> {
        if pictures.is_empty() {
            return Ok(Vec::new());
        }
        let [spec] = self.view;
        let (width, height) = (spec.width as usize, spec.height as usize);
        let mut input = Vec::with_capacity(pictures.len() * 3 * width * height);
        for picture in pictures {
            let view = picture.view(&spec).ok_or(ModelError::NoView(spec))?;
            self.input.append(view, &mut input);
        }
        let input = TensorData::new(input, [pictures.len(), 3, height, width]);
        let output = self.network.run(Tensor::from_data(input, &self.device.burn()));
        let [rows, dimensions] = output.dims();
        let values = output
            .into_data()
            .try_into_vec::<f32>()
            .map_err(|error| ModelError::Computing(format!("{error:?}")))?;
        if rows != pictures.len() {
            let what = format!("{rows} rows for {} pictures", pictures.len());
            return Err(ModelError::Computing(what));
        }
        Ok(values.chunks_exact(dimensions).map(|row| vec![self.answer(row)]).collect())
    }
}

impl NetworkModel {
    fn answer(&self, row: &[f32]) -> Output {
        let mut vector = row.to_vec();
        if self.unit {
            normalise(&mut vector);
        }
        Output::Vector(vector)
    }
}

/// Scales `vector` to Euclidean length 1.
///
/// A vector whose length is zero or not finite stays as it is: dividing would only turn zeros into
/// NaN, and whoever checks the answer refuses either.
pub(crate) fn normalise(vector: &mut [f32]) {
    let norm = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 && norm.is_finite() {
        for x in vector {
            #[expect(clippy::cast_possible_truncation, reason = "at most 1 in size")]
            let scaled = (f64::from(*x) / norm) as f32;
            *x = scaled;
        }
    }
}

/// How samples become a network's input: one table a channel, since a sample has 256 values.
struct Input {
    channels: [[f32; 256]; 3],
}

impl Input {
    fn new(preprocessing: &Preprocessing) -> Self {
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

    /// Appends `picture` as three planes: red, green, blue, each row by row.
    fn append(&self, picture: &Rgb, input: &mut Vec<f32>) {
        for (channel, table) in self.channels.iter().enumerate() {
            input.extend(picture.colours().map(|colour| table[usize::from(colour[channel])]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Filter;

    #[test]
    fn a_zero_or_infinite_vector_is_left_for_the_check_to_refuse() {
        for vector in [[0.0, 0.0], [f32::INFINITY, 1.0], [f32::NAN, 1.0]] {
            let mut normalised = vector;
            normalise(&mut normalised);
            assert_eq!(normalised.map(f32::to_bits), vector.map(f32::to_bits));
        }
    }

    #[test]
    fn a_vector_of_any_scale_gets_length_one() {
        for scale in [1e-30, 1.0, 1e30] {
            let mut vector = [3.0 * scale, 4.0 * scale];
            normalise(&mut vector);
            assert_eq!(vector, [0.6, 0.8]);
        }
    }

    #[test]
    fn samples_are_scaled_centred_and_laid_out_in_planes() {
        let view = ViewSpec { width: 2, height: 1, filter: Filter::Bilinear };
        let input = Input::new(&Preprocessing {
            view,
            mean: [0.0, 0.5, 1.0],
            std: [1.0, 0.5, 2.0],
            scale: 255.0,
        });
        let mut values = Vec::new();

        input.append(&Rgb::new(2, 1, vec![0, 255, 255, 51, 0, 0]).unwrap(), &mut values);

        assert_eq!(values, [0.0, 0.2, 1.0, -1.0, 0.0, -0.5]);
    }
}
