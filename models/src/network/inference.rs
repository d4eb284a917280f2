//! From pictures to vectors through a network: preprocessing, the network, normalisation.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::Forward;
use super::input::Input;
use crate::model::{Device, Model, ModelError, Output};
use crate::picture::{ViewSpec, Views};
use crate::set::{Field, FieldKind, Normalisation, Preprocessing};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::TORCHVISION;
    use crate::picture::Rgb;

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

    /// Answers the same rows whatever it is shown.
    struct Fixed(Vec<[f32; 2]>);

    impl Forward for Fixed {
        fn run(&self, _: Tensor<4>) -> Tensor<2> {
            let values: Vec<f32> = self.0.iter().flatten().copied().collect();
            Tensor::from_data(TensorData::new(values, [self.0.len(), 2]), &Device::Flex.burn())
        }
    }

    fn infer(answers: &[[f32; 2]], pictures: usize) -> Result<Vec<Vec<Output>>, ModelError> {
        let kind = FieldKind::Vector { dimensions: 2, normalisation: Normalisation::L2 };
        let field = Field { name: "features".into(), kind };
        let network = Arc::new(Fixed(answers.to_vec()));
        let picture = Rgb::new(1, 1, vec![0; 3]).unwrap();
        let views = Views::new(&picture, &[TORCHVISION.view]);
        model(network, Device::Flex, &TORCHVISION, &field).infer(&vec![&views; pictures])
    }

    #[test]
    fn zeros_and_nan_are_answered_as_they_are_and_harm_no_neighbour() {
        let answers = infer(&[[0.0, 0.0], [3.0, 4.0], [f32::NAN, 1.0], [0.0, 2.0]], 4).unwrap();

        let [zero, one, nan, other] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(zero[..], [Output::Vector(vec![0.0, 0.0])], "no NaN is made of zeros");
        assert_eq!(one[..], [Output::Vector(vec![0.6, 0.8])]);
        assert!(matches!(&nan[0], Output::Vector(values) if values[0].is_nan()));
        assert_eq!(other[..], [Output::Vector(vec![0.0, 1.0])]);
    }

    #[test]
    fn another_number_of_rows_than_pictures_is_an_error() {
        let refused = infer(&[[1.0, 0.0]], 2).unwrap_err();
        assert_eq!(refused.to_string(), "computing: 1 rows for 2 pictures");
    }
}
