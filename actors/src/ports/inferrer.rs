//! What infers. Synchronous on purpose: it computes, on a thread of its own.

use std::sync::Arc;

use crate::inference::{Answer, InferrerSpec};
use crate::input::Input;

/// One loaded model, owned by one worker thread.
pub trait Inferrer {
    /// Infers from all `inputs` at once and answers one result each, in order.
    ///
    /// # Errors
    /// Outer: the batch as a whole failed; the pool bisects it. Inner: that input alone is at fault.
    fn infer(&mut self, inputs: &[Input]) -> Result<Vec<Result<Answer, String>>, InferError>;
}

/// Makes inferrers, each in the thread that will own it, so that a model need not be `Send`.
pub trait InferrerFactory: Send + Sync {
    /// What the inferrers made here are and promise.
    fn spec(&self) -> &Arc<InferrerSpec>;

    /// Loads a model and proves it on its golden input. Called in the worker's thread: at start and
    /// after every panic.
    ///
    /// # Errors
    /// [`InferError`] when the weights cannot be loaded or the golden vector is not met.
    fn build(&self) -> Result<Box<dyn Inferrer>, InferError>;
}

/// Why a model did not load or a batch was not inferred.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InferError(pub String);
