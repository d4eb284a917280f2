//! The command line: which commands there are, and which code runs each.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::bench::{self, BenchOptions};
use crate::check;
use crate::config::options::Options;
use crate::config::{Config, empty_variables, reference_names, show};
use crate::console;
use crate::exit::{Exit, Stopped};
use crate::health::{self, HealthOptions};
use crate::import_weights::{self, ImportOptions};
use crate::redrive::{self, RedriveOptions};
use crate::{run, version};

/// Augments the images of a catalogue with what models see in them
///
/// Each picture gets a feature vector, a colour palette, its average colour and its aspect ratio, so
/// that a search engine can answer "visually similar" and "by colour". It works over a folder of
/// pictures, with no account, server or network, and as a service over SQS and Elasticsearch, if their
/// locations are given.
#[derive(Parser, Debug)]
#[command(name = "inference-manager", version = version::SHORT, after_long_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  inference-manager run                                 augment the pictures in samples/ into out/
  inference-manager run --images ~/Pictures --out seen  your own pictures
  inference-manager run --models my-models              another model set
  inference-manager config                              what the options mean together
  inference-manager run --production                    the service, its locations in the environment
  inference-manager check                               would the service work? changes nothing
  inference-manager redrive --class http_unavailable    parked messages back into the queue

Every option can be given as an environment variable, too: its name in capitals, `-` as `_`.
An empty variable is none.

Exit codes:
  0   done, or drained after a signal; parked pictures included
  1   something unexpected, or a second signal
  3   pictures were parked, and --fail-on-parked was given
  64  the command line, the environment or a model's manifest is wrong
  69  something needed is unreachable or refuses: a server, the results' folder, a model's weights
  70  supervision gave up: restarts or hanging threads over the limit";

#[derive(Subcommand, Debug)]
enum Command {
    /// Augment pictures
    ///
    /// Runs the whole pipeline over a folder: source, retriever, downloader, inferrer pools, sink and
    /// ledger, supervised, with a bounded amount of work in flight. Ends with a summary. With
    /// --production or a location it is the service, until it is told to stop.
    Run(Box<Options>),
    /// Show what the options mean together, and where each value comes from
    Config(Box<Options>),
    /// Tell whether the production service would work, and change nothing
    ///
    /// Takes the options of run and asks everything that they name: credentials, queues, indices and
    /// their mappings, privileges, topic, models, one picture. One line a finding, within ten seconds.
    Check(Box<Options>),
    /// Ask a running process whether it is alive
    Health(HealthOptions),
    /// Put parked messages back into the queue
    Redrive(RedriveOptions),
    /// Turn a published checkpoint into a model set
    ImportWeights(ImportOptions),
    /// Measure the bare inferrers and the whole pipeline on this machine
    Bench(BenchOptions),
}

/// Runs the command in `arguments` and tells the person what went wrong, if anything did.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let command = Cli::command().long_version(version::long());
    let command = empty_variables::ignore(command, |name| std::env::var_os(name));
    let command = reference_names::accept(command, |name| std::env::var(name).ok());
    let matches = match command.try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are no errors to clap either; printing can only fail on a closed pipe.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return Exit::Usage;
        }
    };
    let done = match cli.command {
        Command::Run(options) => resolve(&options).and_then(|config| run::run(&config)),
        Command::Config(options) => resolve(&options).map(|config| {
            let matches = matches.subcommand_matches("config");
            console::answer(show::resolved(&Cli::command(), matches, &config).trim_end());
            Exit::Done
        }),
        Command::Check(options) => resolve(&options).and_then(|config| check::run(&config)),
        Command::Health(options) => health::run(&options),
        Command::Redrive(options) => redrive::run(&options),
        Command::ImportWeights(options) => import_weights::run(&options),
        Command::Bench(options) => bench::run(&options),
    };
    done.unwrap_or_else(|Stopped { exit, message }| {
        console::note(format_args!("inference-manager: {message}"));
        exit
    })
}

fn resolve(options: &Options) -> Result<Config, Stopped> {
    Config::new(options).map_err(Stopped::usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::variable;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_has_a_manual_and_a_variable() {
        for command in Cli::command().get_subcommands() {
            for option in command.get_arguments().filter(|option| option.get_long().is_some()) {
                let name = option.get_id();
                assert!(option.get_help().is_some(), "{name} has no help");
                if command.get_name() == "run" {
                    let expected = variable(option.get_long().unwrap_or_default());
                    let found = option.get_env().and_then(|name| name.to_str());
                    assert_eq!(found, Some(expected.as_str()));
                }
            }
        }
    }
}
