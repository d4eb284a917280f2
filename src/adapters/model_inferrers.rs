//! The models of a set as inferrers: what a manifest promises, in the pipeline's words.

use std::sync::Arc;

use actors::inference::{
    Answer, FieldKind, FieldSpec, InferrerName, InferrerSpec, ModelStamp, Value,
};
use actors::input::Input;
use actors::ports::{InferError, Inferrer, InferrerFactory};
use models::picture::Views;
use models::set::{Field, FieldKind as Promised, Manifest, Normalisation};
use models::{Device, LoadedInferrer, Model, ModelError, Output};

/// Makes the workers of one inferrer of a model set.
#[derive(Clone, Debug)]
pub struct ModelFactory {
    inferrer: LoadedInferrer,
    device: Device,
    spec: Arc<InferrerSpec>,
}

impl ModelFactory {
    /// A factory of models that compute on `device`.
    #[must_use]
    pub fn new(inferrer: LoadedInferrer, device: Device) -> Self {
        let spec = spec(inferrer.manifest(), &inferrer.stamp().sha256);
        let engine = if inferrer.manifest().architecture.is_network() {
            device.served_by()
        } else {
            String::new()
        };
        Self { inferrer, device, spec: Arc::new(InferrerSpec { engine, ..spec }) }
    }
}

impl InferrerFactory for ModelFactory {
    fn spec(&self) -> &Arc<InferrerSpec> {
        &self.spec
    }

    /// The golden picture is the warm-up, too.
    fn build(&self) -> Result<Box<dyn Inferrer>, InferError> {
        let mut model = self.inferrer.build(self.device).map_err(failure)?;
        self.inferrer.self_test(&mut *model).map_err(failure)?;
        Ok(Box::new(ModelInferrer(model)))
    }
}

struct ModelInferrer(Box<dyn Model>);

impl Inferrer for ModelInferrer {
    fn infer(&mut self, inputs: &[Input]) -> Result<Vec<Result<Answer, String>>, InferError> {
        let views: Option<Vec<&Views>> = inputs.iter().map(Input::get).collect();
        let views = views.ok_or_else(|| InferError("an input is no picture".into()))?;
        let outputs = self.0.infer(&views).map_err(failure)?;
        Ok(outputs.into_iter().map(|outputs| Ok(answer(outputs))).collect())
    }
}

fn answer(outputs: Vec<Output>) -> Answer {
    let value = |output| match output {
        Output::Vector(vector) => Value::Vector(vector),
        Output::Number(number) => Value::Number(number),
        Output::Text(text) => Value::Text(text),
    };
    Answer(outputs.into_iter().map(value).collect())
}

/// What an inferrer with this manifest promises; its files have the digest `sha256`.
#[must_use]
pub fn spec(manifest: &Manifest, sha256: &str) -> InferrerSpec {
    InferrerSpec {
        name: InferrerName::new(&manifest.inferrer),
        model: ModelStamp {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            sha256: sha256.to_owned(),
        },
        fields: manifest.fields.iter().map(field).collect(),
        engine: String::new(),
    }
}

fn field(field: &Field) -> FieldSpec {
    let kind = match field.kind {
        Promised::Vector { dimensions, normalisation } => {
            FieldKind::Vector { dimensions, unit: normalisation == Normalisation::L2 }
        }
        Promised::Number => FieldKind::Number,
        Promised::Text => FieldKind::Text,
    };
    FieldSpec { name: field.name.as_str().into(), kind }
}

fn failure(error: ModelError) -> InferError {
    InferError(error.to_string())
}

#[cfg(test)]
mod tests {
    use models::ModelSet;
    use models::picture::{Rgb, ViewSpec};

    use super::*;

    fn factories() -> (Vec<ModelFactory>, Vec<ViewSpec>) {
        let set = ModelSet::bundled().unwrap();
        let inferrers = set.inferrers().iter().cloned();
        (inferrers.map(|inferrer| ModelFactory::new(inferrer, Device::Flex)).collect(), set.views())
    }

    #[test]
    fn every_bundled_model_proves_itself_and_answers_what_its_spec_promises() {
        let (factories, views) = factories();
        let picture = Rgb::new(4, 3, (0..36).map(|sample| sample * 7).collect()).unwrap();
        let input = Input::new(Views::new(&picture, &views));

        for factory in &factories {
            let answers = factory.build().unwrap().infer(&[input.clone(), input.clone()]).unwrap();

            let [Ok(one), Ok(other)] = &answers[..] else { panic!("{answers:?}") };
            assert_eq!(factory.spec().check(one), Ok(()), "{}", factory.spec().name);
            assert_eq!(one, other);
        }
        let fields = factories.iter().flat_map(|factory| factory.spec().fields.clone());
        let names: Vec<_> = fields.map(|field| field.name.to_string()).collect();
        for name in ["features", "paletteEmbedding", "averageColorHex", "aspectRatio"] {
            assert!(names.contains(&name.to_owned()), "{name} is not among {names:?}");
        }
    }

    #[test]
    fn an_input_that_is_no_picture_is_an_error_and_no_panic() {
        let (factories, _) = factories();

        for factory in factories {
            assert!(factory.build().unwrap().infer(&[Input::new("a text")]).is_err());
        }
    }
}
