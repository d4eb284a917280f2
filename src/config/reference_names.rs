//! The names that the replaced system's task definition gives its variables: they are taken, too, where
//! ours are not set, so that the definition can be reused as it is.

use clap::Command;
use clap::builder::OsStr;

/// Their variable, and the option that it stands for.
const NAMES: [(&str, &str); 5] = [
    ("queue_url", "queue_url"),
    ("es_apikey", "elasticsearch_api_key"),
    ("es_initial_images_index", "initial_index"),
    ("es_augmented_images_index", "augmented_index"),
    ("topic_arn", "topic_arn"),
];

/// Their three variables of the one address.
const ADDRESS: [&str; 3] = ["es_protocol", "es_host", "es_port"];

/// Lets every command of `command` that knows an option take it from their variable as well.
/// `variable` reads the environment.
#[must_use]
pub fn accept(command: Command, variable: impl Fn(&str) -> Option<String>) -> Command {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut names: Vec<(&'static str, &'static str)> = Vec::new();
    for (theirs, option) in NAMES {
        if variable(&option.to_uppercase()).is_none() && variable(theirs).is_some() {
            names.push((theirs, option));
        }
    }
    let address = match variable("ELASTICSEARCH_URL") {
        Some(_) => None,
        None => address(ADDRESS.map(&variable)),
    };
    let commands: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    commands.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |command| adopt(command, &names, address.as_deref()))
    })
}

fn adopt(
    command: Command,
    names: &[(&'static str, &'static str)],
    address: Option<&str>,
) -> Command {
    let knows = |command: &Command, option: &str| {
        command.get_arguments().any(|argument| argument.get_id() == option)
    };
    let mut command = command;
    for (theirs, option) in names {
        if knows(&command, option) {
            command = command.mut_arg(option, |argument| argument.env(theirs));
        }
    }
    match address {
        Some(address) if knows(&command, "elasticsearch_url") => command
            .mut_arg("elasticsearch_url", |argument| {
                argument.default_value(OsStr::from(address.to_owned()))
            }),
        _ => command,
    }
}

/// Their protocol, host and port as one address; with http and 9200, Elasticsearch's own, where only
/// the host is given.
fn address([protocol, host, port]: [Option<String>; 3]) -> Option<String> {
    let protocol = protocol.unwrap_or_else(|| "http".to_owned());
    let port = port.unwrap_or_else(|| "9200".to_owned());
    host.map(|host| format!("{protocol}://{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use clap::{Args, FromArgMatches};

    use super::*;
    use crate::config::options::LocationOptions;

    fn locations(environment: &[(&str, &str)]) -> LocationOptions {
        let run = LocationOptions::augment_args(Command::new("run"));
        let run = run.mut_args(|argument| argument.env(None::<&str>));
        let command = accept(Command::new("test").subcommand(run), |name| {
            let found = environment.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let matches = command.get_matches_from(["test", "run"]);
        let matches = matches.subcommand_matches("run").expect("it is the command");
        LocationOptions::from_arg_matches(matches).expect("every option is optional")
    }

    #[test]
    fn their_three_variables_make_one_address() {
        let environment =
            [("es_host", "es.example"), ("es_port", "9243"), ("es_protocol", "https")];

        let found = locations(&environment).elasticsearch_url;

        assert_eq!(found.as_deref(), Some("https://es.example:9243"));
    }

    #[test]
    fn our_name_goes_first() {
        let environment = [("es_host", "es.example"), ("ELASTICSEARCH_URL", "http://ours")];

        assert_eq!(locations(&environment).elasticsearch_url, None, "clap reads ours itself");
    }

    #[test]
    fn every_option_they_stand_for_exists() {
        use crate::config::options::Options;
        let command = Options::augment_args(Command::new("run"));
        for (_, option) in NAMES {
            assert!(
                command.get_arguments().any(|argument| argument.get_id() == option),
                "{option}"
            );
        }
    }
}
