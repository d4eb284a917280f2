//! `inference-manager config`: every option with its value and where the value comes from.
//!
//! Where nothing is given and the meaning depends on the rest, what is shown is what it comes to.

use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::{Config, Engines, INFERRERS, SetLocation};

/// The resolved options of the command `config`, which mean `config`, one a line, in the order of the
/// manual.
#[must_use]
pub fn resolved(cli: &Command, matches: Option<&ArgMatches>, config: &Config) -> String {
    let command = cli.find_subcommand("config");
    let options = command.into_iter().flat_map(Command::get_arguments);
    let mut text = String::new();
    for option in options.filter(|option| option.get_long().is_some()) {
        let name = option.get_long().unwrap_or_default();
        let (typed, source) = matches.map(|m| value(m, option)).unwrap_or_default();
        let value = effective(name, config).unwrap_or(typed);
        writeln!(text, "{name:<24}{value:<24} {source}").expect("writing to a String cannot fail");
    }
    text
}

fn value(matches: &ArgMatches, option: &Arg) -> (String, &'static str) {
    let id = option.get_id().as_str();
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "flag",
        Some(ValueSource::EnvVariable) => "environment",
        // It has no default of its own: one was made of the replaced system's variables.
        Some(ValueSource::DefaultValue) if id == "elasticsearch_url" => "environment (es_host)",
        _ => "default",
    };
    let values = matches.get_raw(id).into_iter().flatten();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    let value = match values.is_empty() {
        true => "-".to_owned(),
        false if option.is_hide_env_values_set() => "(secret)".to_owned(),
        false => values.join(","),
    };
    (value, source)
}

/// What an option comes to, if what is typed does not tell: its default depends on other options or on
/// the machine.
fn effective(option: &str, config: &Config) -> Option<String> {
    let folder = match &config.engines {
        Engines::Folder(folder) => Some(folder),
        Engines::Service(_) => None,
    };
    let nothing = || "-".to_owned();
    Some(match option {
        "images" => folder.map_or_else(nothing, |folder| folder.images.display().to_string()),
        "out" => folder.map_or_else(nothing, |folder| folder.out.display().to_string()),
        "models" => config.models.set.to_string(),
        "models-cache" => match &config.models.set {
            SetLocation::Bucket { cache, .. } => cache.display().to_string(),
            SetLocation::Bundled | SetLocation::Folder(_) => return None,
        },
        "workers" => {
            let count = |name| format!("{name}={}", config.models.workers(name));
            INFERRERS.map(count).join(",")
        }
        "log-level" => config.log_level.clone(),
        "admin-address" => config.admin.address.map_or_else(nothing, |address| address.to_string()),
        "last-scrape" => humantime::format_duration(config.admin.last_scrape).to_string(),
        _ => return None,
    })
}
