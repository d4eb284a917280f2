//! rten with one thread, as a worker of ../worker.py's protocol: told `SECONDS BATCH` on stdin, it
//! answers the images a second.

use std::env;
use std::io::{BufRead, stdin};
use std::sync::Arc;
use std::time::Instant;

use rten::{Model, ModelOptions, RunOptions, ThreadPool};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

const SIDE: usize = 224;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = env::args().nth(1).ok_or("rten-worker FILE.onnx")?;
    // Prepacked weights are what it is fastest with.
    let model = ModelOptions::with_all_ops().prepack_weights(true).load_file(file)?;
    let pool = Arc::new(ThreadPool::with_num_threads(1));
    println!("ready");
    for line in stdin().lines() {
        let line = line?;
        let (seconds, batch) = line.split_once(' ').ok_or("SECONDS BATCH")?;
        let (seconds, batch): (f64, usize) = (seconds.parse()?, batch.trim().parse()?);
        let x = pictures(batch);
        run(&model, &x, &pool)?;
        let (mut images, began) = (0, Instant::now());
        while began.elapsed().as_secs_f64() < seconds {
            run(&model, &x, &pool)?;
            images += batch;
        }
        println!("{}", images as f64 / began.elapsed().as_secs_f64());
    }
    Ok(())
}

fn run(
    model: &Model,
    x: &NdTensor<f32, 4>,
    pool: &Arc<ThreadPool>,
) -> Result<(), Box<dyn std::error::Error>> {
    let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
    model.run_one(x.view().into(), Some(options))?;
    Ok(())
}

/// Numbers between -1 and 1, no two neighbours alike.
fn pictures(batch: usize) -> NdTensor<f32, 4> {
    let numbers = (0..batch * 3 * SIDE * SIDE).map(|at| {
        let noise = (at as u32).wrapping_mul(2_654_435_761) >> 8;
        noise as f32 / (1 << 23) as f32 - 1.0
    });
    NdTensor::from_data([batch, 3, SIDE, SIDE], numbers.collect::<Vec<_>>())
}
