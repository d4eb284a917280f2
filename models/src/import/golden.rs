//! What a network answers to the golden picture: what its manifest then promises.

use crate::architecture::NetworkKind;
use crate::field::{Field, FieldKind, Normalisation};
use crate::model::{ModelError, Output};
use crate::network::{self, Loaded};
use crate::picture::{Limits, Views, decode};

/// The one field that it answers.
pub(super) const FIELD: &str = "features";

/// The picture that proves every imported model, and its name in the set.
pub(super) const GOLDEN: &[u8] = include_bytes!("../../golden/golden.png");
pub(super) const GOLDEN_NAME: &str = "golden.png";

/// The network's answer to the golden picture.
///
/// Zeros and NaN are refused: a set that says them of its golden picture would say them of others.
pub(super) fn golden(kind: &NetworkKind, network: Loaded) -> Result<Vec<f32>, ModelError> {
    let preprocessing = &kind.provenance.preprocessing;
    let picture = decode(GOLDEN, &Limits::default())
        .map_err(|error| ModelError::Golden(error.to_string()))?;
    let views = Views::new(&picture, &[preprocessing.view]);
    let mut model = network::model(network, preprocessing, &field(kind));
    match model.infer(&[&views])?.concat().into_iter().next() {
        Some(Output::Vector(vector)) if is_unit(&vector, kind.dimensions) => Ok(vector),
        _ => Err(ModelError::Golden("the network answers zeros, NaN or infinity".into())),
    }
}

fn is_unit(vector: &[f32], dimensions: usize) -> bool {
    let squares: f64 = vector.iter().map(|value| f64::from(*value).powi(2)).sum();
    vector.len() == dimensions && (squares - 1.0).abs() < 1e-5
}

fn field(kind: &NetworkKind) -> Field {
    let (dimensions, normalisation) = (kind.dimensions, Normalisation::L2);
    Field { name: FIELD.into(), kind: FieldKind::Vector { dimensions, normalisation } }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn::tensor::Tensor;

    use super::*;
    use crate::architecture;
    use crate::model::Device;
    use crate::network::Forward;

    /// Answers this value 512 times, whatever it is shown.
    struct Constant(f32);

    impl Forward for Constant {
        fn run(&self, input: Tensor<4>) -> Tensor<2> {
            Tensor::full([1, 512], self.0, &input.device())
        }
    }

    fn constant(value: f32) -> Loaded {
        Loaded::Modules(Arc::new(Constant(value)), Device::Flex)
    }

    #[test]
    fn weights_with_which_a_network_answers_zeros_or_nan_are_refused() {
        let kind = architecture::by_name("resnet18").and_then(|found| found.as_network()).unwrap();

        for useless in [0.0, f32::NAN, f32::INFINITY] {
            let refused = golden(kind, constant(useless)).unwrap_err();
            assert!(refused.to_string().contains("zeros, NaN or infinity"), "{refused}");
        }
        assert_eq!(golden(kind, constant(2.0)).unwrap().len(), 512);
    }
}
