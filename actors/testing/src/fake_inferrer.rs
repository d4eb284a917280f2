//! An inferrer over texts: it answers what it promises, or errs, panics or lies where it is told to.

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
    /// Which builds fail, numbered from 0.
    pub failing_builds: HashSet<usize>,
}

/// What the inferrers of one factory do.
#[derive(Default)]
pub struct Behaviour {
    /// Batches with one of these fail.
    pub errs: HashSet<String>,
    /// Batches with one of these panic.
    pub panics: HashSet<String>,
    /// These are left out of the answers.
    pub omits: HashSet<String>,
    /// These get the answer `lie`.
    pub lies: HashSet<String>,
    /// Something that the manifest does not promise; no value at all unless said otherwise.
    pub lie: Vec<Value>,
    batches: Mutex<Vec<Vec<String>>>,
}

impl FakeFactory {
    /// A factory of inferrers named `name`, which promise a number: the length of the text.
    #[must_use]
    pub fn new(name: &str, behaviour: Behaviour) -> Self {
        Self::promising(FieldKind::Number, name, behaviour)
    }

    /// A factory of inferrers named `name`, which promise one field of this kind.
    #[must_use]
    pub fn promising(kind: FieldKind, name: &str, behaviour: Behaviour) -> Self {
        let field = FieldSpec { name: name.into(), kind };
        Self {
            spec: Arc::new(InferrerSpec {
                name: InferrerName::new(name),
                model: ModelStamp { name: name.into(), version: "1".into(), sha256: "0".into() },
                fields: vec![field],
                engine: String::new(),
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
        let (spec, behaviour) = (Arc::clone(&self.spec), Arc::clone(&self.behaviour));
        Ok(Box::new(FakeInferrer { spec, behaviour }))
    }
}

struct FakeInferrer {
    spec: Arc<InferrerSpec>,
    behaviour: Arc<Behaviour>,
}

impl FakeInferrer {
    fn answer(&self, id: &String) -> Answer {
        if self.behaviour.lies.contains(id) {
            return Answer(self.behaviour.lie.clone());
        }
        let honest = |field: &FieldSpec| match field.kind {
            FieldKind::Vector { dimensions, .. } => {
                let length_one = std::iter::once(1.0).chain(std::iter::repeat(0.0));
                Value::Vector(length_one.take(dimensions).collect())
            }
            FieldKind::Number => Value::Number(id.len() as f32),
            FieldKind::Text => Value::Text(id.clone()),
            FieldKind::Tokens => Value::Tokens(vec![id.clone()]),
        };
        Answer(self.spec.fields.iter().map(honest).collect())
    }
}

impl Inferrer for FakeInferrer {
    fn infer(&mut self, inputs: &[Input]) -> Result<Vec<Result<Answer, String>>, InferError> {
        let ids: Vec<String> =
            inputs.iter().filter_map(|input| input.get::<String>().cloned()).collect();
        self.behaviour.batches.lock().unwrap_or_else(PoisonError::into_inner).push(ids.clone());
        if let Some(bad) = ids.iter().find(|id| self.behaviour.panics.contains(*id)) {
            panic!("the model panics on {bad}");
        }
        if let Some(bad) = ids.iter().find(|id| self.behaviour.errs.contains(*id)) {
            return Err(InferError(format!("the model fails on {bad}")));
        }
        let answered = ids.iter().filter(|id| !self.behaviour.omits.contains(*id));
        Ok(answered.map(|id| Ok(self.answer(id))).collect())
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

    #[test]
    fn an_answer_is_what_was_promised_unless_it_is_told_to_lie() {
        let vector = FieldKind::Vector { dimensions: 3, unit: true };
        for kind in [vector, FieldKind::Number, FieldKind::Text, FieldKind::Tokens] {
            let behaviour = Behaviour { lies: ["b".to_owned()].into(), ..Default::default() };
            let factory = FakeFactory::promising(kind, "features", behaviour);
            let inputs = ["a", "b"].map(|id| Input::new(id.to_owned()));

            let answers = factory.build().expect("it builds").infer(&inputs).expect("it answers");

            let verdicts = answers.iter().flatten().map(|answer| factory.spec().check(answer));
            assert_eq!(verdicts.map(|verdict| verdict.is_ok()).collect::<Vec<_>>(), [true, false]);
        }
    }
}
