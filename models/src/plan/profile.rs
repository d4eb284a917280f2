//! Where the time of a picture goes, step by step.

use std::time::Duration;

use super::Worker;
use super::step::Step;
use crate::kernels::PeakLoop;

/// Rounds of the loop by which the peak is measured: some tens of milliseconds.
const PEAK_ROUNDS: u32 = 10_000_000;

/// What the steps of a network take on one thread.
#[derive(Clone, Debug)]
pub struct Profile {
    /// In the order of computing.
    pub steps: Vec<StepCost>,
    /// Multiply-adds of f32 that the core does in a second when it does nothing else; two floating-point
    /// operations each.
    pub peak: f64,
}

/// What one step takes for one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct StepCost {
    /// The kernel.
    pub kernel: &'static str,
    /// The shape that it reads, as channels×height×width.
    pub from: String,
    /// The shape that it writes.
    pub to: String,
    /// Multiply-adds of its layers as they are defined.
    pub multiply_adds: u64,
    /// Multiply-adds that the kernel does, which Winograd's method has fewer of; transforms not counted.
    pub multiply_adds_done: u64,
    /// How long it takes; the mean.
    pub time: Duration,
}

impl StepCost {
    fn new(step: &Step, time: Duration) -> Self {
        Self {
            kernel: step.name(),
            from: step.from.to_string(),
            to: step.to.to_string(),
            multiply_adds: step.multiply_adds as u64,
            multiply_adds_done: step.multiply_adds_done() as u64,
            time,
        }
    }
}

impl Worker {
    /// Computes one picture `pictures` times and answers what each step took by `clock`, which
    /// answers the time since whenever. `show` is as in [`run`](Self::run).
    pub fn profile(
        &mut self,
        pictures: u32,
        clock: &dyn Fn() -> Duration,
        mut show: impl FnMut(usize, &mut [f32]),
    ) -> Profile {
        let before_matrices = self.plan.steps.len();
        let mut times = vec![Duration::ZERO; before_matrices + self.plan.matrices.len()];
        self.run(1, &mut show);
        for _ in 0..pictures {
            self.show(0, &mut show);
            for (step, time) in times.iter_mut().enumerate() {
                let began = clock();
                if step < before_matrices {
                    self.step(step);
                } else {
                    self.matrix(step - before_matrices, 1);
                }
                *time += clock().saturating_sub(began);
            }
        }
        let steps = self.plan.steps.iter().map(|placed| &placed.step).chain(&self.plan.matrices);
        let costs =
            steps.zip(times).map(|(step, time)| StepCost::new(step, time / pictures.max(1)));
        Profile { steps: costs.collect(), peak: self.peak(clock) }
    }

    fn peak(&self, clock: &dyn Fn() -> Duration) -> f64 {
        let (mut peak, began) = (PeakLoop::default(), clock());
        let done = peak.run(self.plan.set, PEAK_ROUNDS);
        done as f64 / clock().saturating_sub(began).as_secs_f64()
    }
}
