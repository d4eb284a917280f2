//! `inference-manager config`: every option with its value and where the value comes from.

use std::fmt::Write;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// The resolved options of the command `config`, one a line, in the order of the manual.
#[must_use]
pub fn resolved(cli: &Command, matches: Option<&ArgMatches>) -> String {
    let command = cli.find_subcommand("config");
    let options = command.into_iter().flat_map(Command::get_arguments);
    let mut text = String::new();
    for option in options.filter(|option| option.get_long().is_some()) {
        let name = option.get_long().unwrap_or_default();
        let (value, source) = matches.map(|m| value(m, option)).unwrap_or_default();
        writeln!(text, "{name:<24}{value:<24}{source}").expect("writing to a String cannot fail");
    }
    text
}

fn value(matches: &ArgMatches, option: &Arg) -> (String, &'static str) {
    let id = option.get_id().as_str();
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => "flag",
        Some(ValueSource::EnvVariable) => "environment",
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
