//! `bench --layers`: where the time of a picture goes inside a network.

use std::time::Duration;

use cpu_time::ThreadTime;
use models::{LoadedInferrer, ModelError, Profile, StepCost};
use serde_json::{Value, json};

use crate::config::ModelConfig;
use crate::console;

/// Each layer's time is the mean over so many pictures: a second with VGG16.
const PICTURES: u32 = 20;

/// The steps of `inferrer` on one thread; none if no kernels of ours compute it.
///
/// CPU time of the thread, which others on the machine disturb less than the clock on the wall.
pub fn measure(
    inferrer: &LoadedInferrer,
    config: &ModelConfig,
) -> Result<Option<Profile>, ModelError> {
    let device = config.device(&inferrer.manifest().inferrer);
    let began = ThreadTime::now();
    inferrer.profile(device, PICTURES, &|| began.elapsed())
}

/// Prints `profile` as a table.
pub fn tell(name: &str, profile: &Profile) {
    let Profile { steps, peak } = profile;
    let whole = whole(steps);
    console::answer(format_args!(
        "{name}, one thread, {:.1} ms a picture; the core's peak is {:.0} GFLOP/s",
        milliseconds(whole),
        2.0 * peak / 1e9
    ));
    console::answer(
        "layer              from           to                ms  of all  GFLOP/s  of the peak",
    );
    for step in steps {
        console::answer(format_args!(
            "{:<18} {:<14} {:<12} {:>7.3} {:>6.1}% {:>8.1} {:>11.0}%",
            step.kernel,
            step.from,
            step.to,
            milliseconds(step.time),
            100.0 * share(step.time, whole),
            gigaflops(step.multiply_adds, step.time),
            100.0 * of_peak(step, *peak),
        ));
    }
    let (defined, done) = sums(steps);
    console::answer(format_args!(
        "{:<46} {:>7.3}  100.0% {:>8.1} {:>11.0}%",
        "all",
        milliseconds(whole),
        gigaflops(defined, whole),
        100.0 * ratio(done, whole, *peak),
    ));
    console::answer(
        "GFLOP/s counts the layers as they are defined; of the peak, what is left for Winograd's products",
    );
}

/// What `tell` prints, for a program to read.
pub fn json(profile: &Profile) -> Value {
    let step = |step: &StepCost| {
        json!({
            "kernel": step.kernel,
            "from": step.from,
            "to": step.to,
            "milliseconds": milliseconds(step.time),
            "multiply_adds": step.multiply_adds,
            "multiply_adds_done": step.multiply_adds_done,
            "of_peak": of_peak(step, profile.peak),
        })
    };
    let steps: Vec<Value> = profile.steps.iter().map(step).collect();
    json!({ "peak_multiply_adds_per_second": profile.peak, "steps": steps })
}

fn whole(steps: &[StepCost]) -> Duration {
    steps.iter().map(|step| step.time).sum()
}

/// Multiply-adds of all steps, as defined and as done.
fn sums(steps: &[StepCost]) -> (u64, u64) {
    let add = |(defined, done), step: &StepCost| {
        (defined + step.multiply_adds, done + step.multiply_adds_done)
    };
    steps.iter().fold((0, 0), add)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn share(time: Duration, whole: Duration) -> f64 {
    time.as_secs_f64() / whole.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Two operations a multiply-add.
fn gigaflops(multiply_adds: u64, time: Duration) -> f64 {
    2.0 * ratio(multiply_adds, time, 1e9)
}

fn of_peak(step: &StepCost, peak: f64) -> f64 {
    ratio(step.multiply_adds_done, step.time, peak)
}

fn ratio(multiply_adds: u64, time: Duration, peak: f64) -> f64 {
    multiply_adds as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE) / peak
}
