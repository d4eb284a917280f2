//! What one thread computes a plan with.

use std::sync::Arc;

use super::Plan;
use super::buffers::Buffers;
#[cfg(test)]
use super::graph::Shape;
use crate::kernels::{Buffer, Scratch};

/// What one thread needs to compute a plan; workers share the plan.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(super) plan: Arc<Plan>,
    buffers: Vec<Buffer<f32>>,
    /// The rows before and after a matrix.
    rows: [Buffer<f32>; 2],
    scratch: Scratch,
}

impl Worker {
    /// A worker of `plan`.
    pub fn new(plan: Arc<Plan>) -> Self {
        let buffers = plan.buffers.lengths.iter().map(|length| Buffer::zeros(*length)).collect();
        Self { plan, buffers, rows: Default::default(), scratch: Scratch::default() }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The vectors of `count` pictures, one after the other. `show(n, place)` writes the numbers of
    /// picture `n` where the first layer reads them.
    ///
    /// # Shapes
    /// - place: `[height][width][3]` of the size that the plan was compiled for
    /// - answer: `[count][dimensions]`
    pub fn run(&mut self, count: usize, mut show: impl FnMut(usize, &mut [f32])) -> &[f32] {
        let row = self.plan.picture_answer().len();
        self.rows[0].at_least(count * row);
        for at in 0..count {
            self.show(at, &mut show);
            self.picture(at * row);
        }
        for matrix in 0..self.plan.matrices.len() {
            self.matrix(matrix, count);
        }
        &self.rows[0][..count * self.plan.dimensions()]
    }

    /// The vectors of `pictures`, which are laid out `[n][3][height][width]` as burn has them.
    #[cfg(test)]
    pub fn run_planes(&mut self, pictures: &[f32]) -> &[f32] {
        let Shape { channels, plane } = self.plan.input;
        let length = channels * plane.pixels();
        assert!(pictures.len().is_multiple_of(length), "pictures are whole");
        self.run(pictures.len() / length, |picture, place| {
            for (at, number) in place.iter_mut().enumerate() {
                let (pixel, channel) = (at / channels, at % channels);
                *number = pictures[picture * length + channel * plane.pixels() + pixel];
            }
        })
    }

    /// Computes the picture in its buffer up to the matrices, into the rows from `at` on.
    fn picture(&mut self, at: usize) {
        for step in 0..self.plan.steps.len() {
            self.step(step);
        }
        let Self { plan, buffers, rows, .. } = self;
        let answer = plan.picture_answer().len();
        let last = &buffers[plan.buffers.of[plan.steps.len()]];
        rows[0][at..at + answer].copy_from_slice(&last[..answer]);
    }

    pub(super) fn show(&mut self, at: usize, show: &mut impl FnMut(usize, &mut [f32])) {
        let Plan { input, buffers: Buffers { of, .. }, .. } = &*self.plan;
        show(at, &mut self.buffers[of[0]][..input.len()]);
    }

    /// Computes one matrix for the `count` rows before it.
    pub(super) fn matrix(&mut self, index: usize, count: usize) {
        let Self { plan, rows: [from, to], .. } = self;
        let step = &plan.matrices[index];
        step.run_rows(from, count, to.at_least(count * step.to.len()));
        std::mem::swap(from, to);
    }

    /// Computes one step for the picture in the buffers.
    pub(super) fn step(&mut self, index: usize) {
        let Self { plan, buffers, scratch, .. } = self;
        let Plan { steps, buffers: Buffers { of, .. }, .. } = &**plan;
        let placed = &steps[index];
        // Taken out while it is written: nothing else needs it then.
        let mut out = std::mem::take(&mut buffers[of[index + 1]]);
        let residual = placed.residual.map(|value| &buffers[of[value]][..placed.step.to.len()]);
        let x = &buffers[of[placed.input]][..placed.step.from.len()];
        placed.step.run(x, residual, &mut out[..placed.step.to.len()], scratch);
        buffers[of[index + 1]] = out;
    }
}
