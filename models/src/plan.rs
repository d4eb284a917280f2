//! Plans: networks on the kernels of this crate, compiled once when they are loaded.
//!
//! ```text
//!   burn's module ── describe ──► Graph           layers, shapes, weights yet unread
//!                                   │ fusion      layers that one kernel computes at once: a step
//!                                   │ buffers     which steps' answers share memory
//!                                   ▼ packing     weights in the order in which kernels read them
//!                                  Plan           read-only, shared by all workers
//!                                   │ worker      one a thread: buffers, kernels' scratch
//!                                   ▼
//!                                 Worker ── run ──► vectors
//! ```
//!
//! A worker computes picture by picture, and the matrices at the end of a network for all pictures at
//! once, since those are read from memory for one as for many. After its first batch it allocates
//! nothing. Kernels sum in an order that does not depend on the number of rows, so each row of a
//! batch equals the batch of one, bit for bit.

mod buffers;
mod fusion;
mod graph;
mod modules;
mod packing;
mod profile;
mod step;
#[cfg(test)]
mod tests;
mod worker;

use crate::kernels::InstructionSet;
use buffers::{Buffers, Lifetime};
use graph::Shape;
pub(crate) use graph::{Graph, GraphError, Value};
pub use profile::{Profile, StepCost};
use step::Step;
pub(crate) use worker::Worker;

/// A network for pictures of one size, its weights packed for one instruction set.
#[derive(Debug)]
pub(crate) struct Plan {
    set: InstructionSet,
    input: Shape,
    /// What is done picture by picture.
    steps: Vec<Placed>,
    /// What is done for all pictures at once: the matrices at the end, each of which reads the answer of
    /// the step before.
    matrices: Vec<Step>,
    /// The lengths of a worker's buffers; the first holds the picture.
    buffers: Buffers,
}

/// A step and the values that it reads: the picture is value 0, step `n` answers value `n + 1`.
#[derive(Debug)]
struct Placed {
    step: Step,
    input: usize,
    residual: Option<usize>,
}

impl Plan {
    /// Fuses, packs and places the layers of `graph`.
    ///
    /// # Errors
    /// [`GraphError`] naming a layer that no kernel computes, or the input where pictures of its size
    /// take more memory than a worker may have.
    pub fn compile(mut graph: Graph, set: InstructionSet) -> Result<Self, GraphError> {
        let fused = fusion::fuse(&graph, set)?;
        let packed = packing::pack(&mut graph, &fused, set)?;
        let answered: Vec<Value> = fused.iter().map(|step| step.output).collect();
        let value = |read: Value| {
            let at = answered.iter().position(|answered| *answered == read);
            if read == graph.input() {
                0
            } else {
                at.expect("a step reads what a step answers") + 1
            }
        };
        let steps = packed.into_iter().zip(&fused).map(|(step, fused)| Placed {
            step,
            input: value(fused.input),
            residual: fused.residual.map(value),
        });
        let mut steps: Vec<Placed> = steps.collect();
        // Each of these reads the answer of the step before: other matrices are steps like any other.
        let is_chained =
            |(at, placed): (usize, &Placed)| placed.step.is_matrix() && placed.input == at;
        let others = steps.iter().enumerate().rposition(|placed| !is_chained(placed));
        let others = others.map_or(0, |at| at + 1);
        let matrices = steps.split_off(others).into_iter().map(|placed| placed.step).collect();
        let input = graph.shape(graph.input());
        let buffers = Buffers::plan(&lifetimes(input, &steps));
        buffers.check(input)?;
        Ok(Self { set, input, steps, matrices, buffers })
    }

    /// Length of its answer.
    pub fn dimensions(&self) -> usize {
        self.matrices.last().map_or(self.picture_answer(), |step| step.to).len()
    }

    /// What is computed for each picture, before the matrices.
    fn picture_answer(&self) -> Shape {
        self.steps.last().map_or(self.input, |placed| placed.step.to)
    }
}

/// When each value is needed: the picture, then what each step answers.
fn lifetimes(input: Shape, steps: &[Placed]) -> Vec<Lifetime> {
    let lengths = std::iter::once(input).chain(steps.iter().map(|placed| placed.step.to));
    let mut values: Vec<Lifetime> = lengths
        .enumerate()
        .map(|(at, shape)| Lifetime { length: shape.len(), last_read: at })
        .collect();
    for (at, placed) in steps.iter().enumerate() {
        for read in std::iter::once(placed.input).chain(placed.residual) {
            values[read].last_read = at + 1;
        }
    }
    values
}
