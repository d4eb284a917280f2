//! The bare inferrers: `features` from pictures at its own size, the others from 400×400.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use models::picture::{Rgb, Views};
use models::{LoadedInferrer, Model, ModelError};
use tokio::time::Instant;

use super::Measured;
use crate::config::ModelConfig;

/// Measures `inferrer` for `seconds` with as many threads as it has workers.
pub fn measure(
    inferrer: &LoadedInferrer,
    config: &ModelConfig,
    seconds: u32,
) -> Result<Measured, ModelError> {
    let name = &inferrer.manifest().inferrer;
    let workers = config.workers(name);
    let device = config.device(name);
    let time = Duration::from_secs(seconds.into());
    let start = Barrier::new(workers);
    let measured: Vec<Result<f64, ModelError>> = thread::scope(|scope| {
        let worker = || {
            let built = inferrer.build(device).map(|model| Worker::new(model, inferrer));
            // Everybody starts measuring when the slowest has loaded; nobody may miss the barrier.
            start.wait();
            built?.measure(config.batch, time)
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("a model does not panic on a test card"))
            .collect()
    });
    let images_per_second = measured.into_iter().sum::<Result<f64, _>>()?;
    Ok(Measured { images_per_second, workers, batch: config.batch })
}

struct Worker<'a> {
    model: Box<dyn Model>,
    inferrer: &'a LoadedInferrer,
    picture: Rgb,
    prepared: Option<Views>,
}

impl<'a> Worker<'a> {
    fn new(model: Box<dyn Model>, inferrer: &'a LoadedInferrer) -> Self {
        let picture = test_card();
        let prepared = (inferrer.manifest().inferrer == "features")
            .then(|| Views::new(&picture, inferrer.views()));
        Self { model, inferrer, picture, prepared }
    }

    /// Images a second of this thread.
    fn measure(mut self, batch: usize, time: Duration) -> Result<f64, ModelError> {
        self.infer(batch)?;
        let (began, mut images) = (Instant::now(), 0_u64);
        while began.elapsed() < time {
            self.infer(batch)?;
            images += batch as u64;
        }
        Ok(images as f64 / began.elapsed().as_secs_f64())
    }

    fn infer(&mut self, batch: usize) -> Result<(), ModelError> {
        if let Some(views) = &self.prepared {
            return self.model.infer(&vec![views; batch]).map(drop);
        }
        for _ in 0..batch {
            let views = Views::new(&self.picture, self.inferrer.views());
            self.model.infer(&[&views])?;
        }
        Ok(())
    }
}

/// A picture of 400×400 in which no two neighbours are alike.
fn test_card() -> Rgb {
    let pixels = (0..400_u32 * 400 * 3).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8);
    Rgb::new(400, 400, pixels.collect()).expect("three bytes a pixel were made")
}
