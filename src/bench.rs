//! `bench`: what the bare inferrers and the whole pipeline do on this machine.

mod inferrers;
mod layers;
mod pipeline;

use std::path::PathBuf;

use clap::Args;
use indicatif::MultiProgress;
use serde_json::{Map, Value, json};
use tracing_subscriber::EnvFilter;

use crate::config::options::ModelOptions;
use crate::config::{INFERRERS, LogFormat, ModelConfig, Problems};
use crate::console;
use crate::exit::{Exit, Stopped};
use crate::run::Models;
use crate::{telemetry, version};

/// The options of `bench`.
///
/// Prints images a second, the sum of all workers. Compare only figures of one run on one machine.
#[derive(Args, Clone, Debug)]
pub struct BenchOptions {
    /// The models and how they are run.
    #[command(flatten)]
    pub models: ModelOptions,

    /// Only these inferrers, and no pipeline unless --pipeline: features,palette,aspect-ratio
    #[arg(long, value_name = "LIST")]
    pub inferrers: Option<String>,

    /// The pipeline too, with the inferrers of --inferrers alone
    #[arg(long)]
    pub pipeline: bool,

    /// The folder of pictures that the pipeline works on
    #[arg(long, value_name = "DIR", default_value = "samples")]
    pub images: PathBuf,

    /// How often it works on each of them
    ///
    /// Two hundred pictures in all outlast the start of the pipeline.
    #[arg(
        long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub copies: u32,

    /// How many seconds each inferrer is measured
    #[arg(
        long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub seconds: u32,

    /// Tell too where the time goes inside a network, layer by layer, on one thread
    ///
    /// Only where kernels of this program compute it: not with --device flex, nor on a CPU without AVX2.
    #[arg(long)]
    pub layers: bool,

    /// End with one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// What was measured.
struct Measured {
    images_per_second: f64,
    workers: usize,
    batch: usize,
}

impl Measured {
    fn json(&self) -> Value {
        let Self { images_per_second, workers, batch } = self;
        json!({ "images_per_second": images_per_second, "workers": workers, "batch": batch })
    }
}

/// Measures.
///
/// # Errors
/// [`Stopped`] when an option is wrong or a model cannot be loaded.
pub fn run(options: &BenchOptions) -> Result<Exit, Stopped> {
    let filter = EnvFilter::new("warn");
    let _logging = telemetry::start(LogFormat::Text, filter, &MultiProgress::new());
    let (config, chosen) = resolve(options).map_err(Stopped::usage)?;
    let models = Models::open(&config)?;
    console::answer(version::long());
    let mut results = Map::new();
    for inferrer in models.set.inferrers() {
        let name = inferrer.manifest().inferrer.as_str();
        if !chosen.iter().any(|chosen| chosen == name) {
            continue;
        }
        let measured = inferrers::measure(inferrer, &config, options.seconds)
            .map_err(|error| Stopped::unavailable(format!("{name}: {error}")))?;
        tell(name, &measured);
        let mut result = measured.json();
        if options.layers
            && let Some(profile) = layers::measure(inferrer, &config)
                .map_err(|error| Stopped::unavailable(format!("{name}: {error}")))?
        {
            layers::tell(name, &profile);
            result["layers"] = layers::json(&profile);
        }
        results.insert(name.to_owned(), result);
    }
    if options.inferrers.is_none() || options.pipeline {
        let measured = pipeline::measure(options, &models.only(&chosen))?;
        tell("pipeline", &measured);
        results.insert("pipeline".to_owned(), measured.json());
    }
    if options.json {
        console::answer(Value::Object(results));
    }
    Ok(Exit::Done)
}

fn tell(name: &str, measured: &Measured) {
    let Measured { images_per_second, workers, batch } = measured;
    console::answer(format_args!(
        "{name:<14}{images_per_second:>10.1} images/s, {workers} workers, batches of {batch}"
    ));
}

fn resolve(options: &BenchOptions) -> Result<(ModelConfig, Vec<String>), Problems> {
    let mut problems = Problems::default();
    let config = ModelConfig::new(&options.models, &mut problems);
    let chosen = match &options.inferrers {
        None => INFERRERS.map(str::to_owned).to_vec(),
        Some(list) => list.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    for stranger in chosen.iter().filter(|name| !INFERRERS.contains(&name.as_str())) {
        let remedy = format!("there is no such inferrer; there are {}", INFERRERS.join(", "));
        problems.note("inferrers", stranger, remedy);
    }
    problems.none_or((config, chosen))
}
