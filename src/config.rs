//! What the options mean: parsed, checked against each other, all problems told at once.

mod credentials;
pub mod empty_variables;
mod engines;
mod limits;
mod locations;
mod models;
mod observation;
pub mod options;
mod problems;
pub mod reference_names;
mod servers;
pub mod show;
mod values;

use crate::adapters::otlp::OtlpSettings;

pub use engines::{Engines, FolderConfig};
pub use limits::Limits;
pub use models::{INFERRERS, ModelConfig, SetLocation};
pub use observation::{AdminConfig, DEFAULT_ADMIN_ADDRESS, LogFormat};
use options::Options;
pub use problems::{Problems, variable};
pub use servers::ServiceConfig;

/// A configuration that cannot be wrong.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the pipeline works on.
    pub engines: Engines,
    /// The models.
    pub models: ModelConfig,
    /// The bounds.
    pub limits: Limits,
    /// What the process tells of itself.
    pub admin: AdminConfig,
    /// The log lines' format.
    pub log_format: LogFormat,
    /// The log filter, as it was checked.
    pub log_level: String,
    /// Where traces go, if anywhere.
    pub traces: Option<OtlpSettings>,
}

impl Config {
    /// What `options` mean.
    ///
    /// # Errors
    /// Every problem.
    pub fn new(options: &Options) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let engines = Engines::new(options, &mut problems);
        let config = Self {
            models: ModelConfig::new(&options.models, &mut problems),
            limits: Limits::new(&options.limits, &mut problems),
            admin: AdminConfig::new(&options.admin, &engines, &mut problems),
            log_format: observation::log_format(&options.logs, &mut problems),
            log_level: observation::log_level(&options.logs, &engines, &mut problems),
            traces: observation::traces(&options.logs, &engines, &mut problems),
            engines,
        };
        limits::check_together(&config, options, &mut problems);
        check_drain(&config, options, &mut problems);
        check_idle(&config, options, &mut problems);
        problems.none_or(config)
    }
}

/// The cores that this process may use.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A stop waits for the receive under way, or what that brings stays hidden.
fn check_drain(config: &Config, options: &Options, problems: &mut Problems) {
    let Engines::Service(servers) = &config.engines else { return };
    if config.limits.drain < servers.long_poll && !config.limits.drain.is_zero() {
        let remedy = "a drain may not be shorter than a receive may wait (--long-poll)";
        problems.note("drain", &options.limits.drain, remedy);
    }
}

/// Before a receive has come back nobody knows whether there is anything.
fn check_idle(config: &Config, options: &Options, problems: &mut Problems) {
    let Engines::Service(servers) = &config.engines else { return };
    let Some(text) = values::given(options.lifetime.exit_when_idle.as_deref()) else { return };
    let limit = servers.exit_when_idle.filter(|limit| !limit.is_zero());
    if limit.is_some_and(|limit| limit <= servers.long_poll) {
        let remedy = "it must be longer than a receive may wait (--long-poll)";
        problems.note("exit-when-idle", text, remedy);
    }
}

#[cfg(test)]
#[path = "config/config_tests.rs"]
mod tests;
