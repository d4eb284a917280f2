//! An inferrer over texts: it answers their length, or errs, panics or lies where it is told to.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use actors::inference::{
    Answer, FieldKind, FieldSpec, InferrerName, InferrerSpec, ModelStamp, Value,
};
use actors::input::Input;
use actors::ports::{InferError, Inferrer, InferrerFactory};

/// Makes fake inferrers.
pub struct FakeFactory {
    spec: Arc<InferrerSpec>,
    behaviour: Arc<Behaviour>,
    builds: AtomicUsize,
    /// How many builds fail before the first that works, counted from the start.
    pub failing_builds: HashSet<usize>,
}

/// What the inferrers of one factory do.
#[derive(Default)]
pub struct Behaviour {
    /// Batches with one of these fail.
    pub errs: HashSet<String>,
    /// Batches with one of these panic.
    pub panics: HashSet<String>,
    /// These get an answer that is not what the manifest promises.
    pub lies: HashSet<String>,
    batches: Mutex<Vec<Vec<String>>>,
}

impl FakeFactory {
    /// A factory of inferrers named `name`.
    #[must_use]
    pub fn new(name: &str, behaviour: Behaviour) -> Self {
        let field = FieldSpec { name: name.into(), kind: FieldKind::Number };
        Self {
            spec: Arc::new(InferrerSpec {
                name: InferrerName::new(name),
                model: ModelStamp { name: name.into(), version: "1".into(), sha256: "0".into() },
                fields: vec![field],
            }),
            behaviour: Arc::new(behaviour),
            builds: AtomicUsize::new(0),
            failing_builds: HashSet::new(),
        }
    }

    /// How often a model was built.
    #[must_use]
    pub fn builds(&self) -> usize {
        self.builds.load(Ordering::Relaxed)
    }

    /// The batches that were inferred, in order.
    #[must_use]
    pub fn batches(&self) -> Vec<Vec<String>> {
        self.behaviour.batches.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl InferrerFactory for FakeFactory {
    fn spec(&self) -> &Arc<InferrerSpec> {
        &self.spec
    }

    fn build(&self) -> Result<Box<dyn Inferrer>, InferError> {
        let build = self.builds.fetch_add(1, Ordering::Relaxed);
        if self.failing_builds.contains(&build) {
            return Err(InferError("the golden vector is not met".to_owned()));
        }
        Ok(Box::new(FakeInferrer(Arc::clone(&self.behaviour))))
    }
}

struct FakeInferrer(Arc<Behaviour>);

impl Inferrer for FakeInferrer {
    fn infer(&mut self, inputs: &[Input]) -> Result<Vec<Result<Answer, String>>, InferError> {
        let ids: Vec<String> =
            inputs.iter().filter_map(|input| input.get::<String>().cloned()).collect();
        self.0.batches.lock().unwrap_or_else(PoisonError::into_inner).push(ids.clone());
        if let Some(bad) = ids.iter().find(|id| self.0.panics.contains(*id)) {
            panic!("the model panics on {bad}");
        }
        if let Some(bad) = ids.iter().find(|id| self.0.errs.contains(*id)) {
            return Err(InferError(format!("the model fails on {bad}")));
        }
        let answer = |id: &String| {
            let value = if self.0.lies.contains(id) { f32::NAN } else { id.len() as f32 };
            Ok(Answer(vec![Value::Number(value)]))
        };
        Ok(ids.iter().map(answer).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_input_fails_its_batch() {
        let behaviour = Behaviour { errs: ["b".to_owned()].into(), ..Default::default() };
        let factory = FakeFactory::new("features", behaviour);
        let mut inferrer = factory.build().expect("it builds");
        let inputs = ["a", "b"].map(|id| Input::new(id.to_owned()));

        assert!(inferrer.infer(&inputs).is_err());
        assert_eq!(inferrer.infer(&inputs[..1]), Ok(vec![Ok(Answer(vec![Value::Number(1.0)]))]));
        assert_eq!(factory.batches().len(), 2);
    }
}
