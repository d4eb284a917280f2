//! From pictures to vectors through a network: preprocessing, the network, normalisation.

use std::sync::Arc;
use std::time::Duration;

use burn::tensor::{Tensor, TensorData};

use super::input::Input;
use super::{Forward, Loaded, Preprocessing};
use crate::field::{Field, FieldKind, Normalisation};
use crate::model::{Device, Model, ModelError, Output};
use crate::picture::{Rgb, ViewSpec, Views};
use crate::plan::{Profile, Worker};

/// A model that answers the one vector `field` of `network`.
pub(crate) fn model(
    network: Loaded,
    preprocessing: &Preprocessing,
    field: &Field,
) -> Box<dyn Model> {
    let engine = match network {
        Loaded::Modules(modules, device) => Engine::Modules(modules, device),
        Loaded::Plan(plan) => Engine::Plan(Box::new(Worker::new(plan))),
    };
    let unit = matches!(field.kind, FieldKind::Vector { normalisation: Normalisation::L2, .. });
    let view = [preprocessing.view];
    Box::new(NetworkModel { engine, view, input: Input::new(preprocessing), unit })
}

/// What the steps of `network` take for the view of a picture, if it is a plan.
pub(crate) fn profile(
    network: Loaded,
    preprocessing: &Preprocessing,
    picture: &Views,
    pictures: u32,
    clock: &dyn Fn() -> Duration,
) -> Result<Option<Profile>, ModelError> {
    let Loaded::Plan(plan) = network else { return Ok(None) };
    let view = picture.view(&preprocessing.view).ok_or(ModelError::NoView(preprocessing.view))?;
    let input = Input::new(preprocessing);
    let show = |_, place: &mut [f32]| input.pixels(view, place);
    Ok(Some(Worker::new(plan).profile(pictures, clock, show)))
}

/// What computes for one thread.
enum Engine {
    Modules(Arc<dyn Forward>, Device),
    Plan(Box<Worker>),
}

struct NetworkModel {
    engine: Engine,
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
        let Self { engine, view: [spec], input, unit } = self;
        if pictures.iter().any(|views| views.view(spec).is_none()) {
            return Err(ModelError::NoView(*spec));
        }
        match engine {
            Engine::Modules(network, device) => {
                let mut planes = Vec::new();
                for picture in pictures {
                    input.planes(asked_for(picture, spec), &mut planes);
                }
                let shape = [pictures.len(), 3, spec.height as usize, spec.width as usize];
                let input = Tensor::from_data(TensorData::new(planes, shape), &device.burn());
                let rows = rows(network.run(input), pictures.len())?;
                Ok(rows.iter().map(|row| vec![answer(row, *unit)]).collect())
            }
            Engine::Plan(worker) => {
                let dimensions = worker.plan().dimensions();
                let rows = worker.run(pictures.len(), |at, place| {
                    input.pixels(asked_for(pictures[at], spec), place);
                });
                Ok(rows.chunks_exact(dimensions).map(|row| vec![answer(row, *unit)]).collect())
            }
        }
    }
}

/// The view of `picture` that all pictures of the batch were asked for before.
fn asked_for<'a>(picture: &'a Views, spec: &ViewSpec) -> &'a Rgb {
    picture.view(spec).expect("a picture without it has ended the batch with NoView")
}

/// The rows of `output`, which are to be so many.
fn rows(output: Tensor<2>, expected: usize) -> Result<Vec<Vec<f32>>, ModelError> {
    let [rows, dimensions] = output.dims();
    let values = output
        .into_data()
        .try_into_vec::<f32>()
        .map_err(|error| ModelError::Computing(format!("{error:?}")))?;
    if rows != expected {
        return Err(ModelError::Computing(format!("{rows} rows for {expected} pictures")));
    }
    Ok(values.chunks_exact(dimensions).map(<[f32]>::to_vec).collect())
}

/// A row as the answer, of length 1 if `unit`.
fn answer(row: &[f32], unit: bool) -> Output {
    let mut vector = row.to_vec();
    if unit {
        normalise(&mut vector);
    }
    Output::Vector(vector)
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
        let network = Loaded::Modules(Arc::new(Fixed(answers.to_vec())), Device::Flex);
        let picture = Rgb::new(1, 1, vec![0; 3]).unwrap();
        let views = Views::new(&picture, &[TORCHVISION.view]);
        model(network, &TORCHVISION, &field).infer(&vec![&views; pictures])
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
