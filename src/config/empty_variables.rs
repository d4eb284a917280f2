//! Variables of the environment that are set to nothing count as not set: a compose file's `${NAME:-}` and
//! a task definition whose parameter is left empty mean the default.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// Lets no option of any command of `command` take an empty variable. `variable` reads the environment.
#[must_use]
pub fn ignore(command: Command, variable: impl Fn(&OsStr) -> Option<OsString>) -> Command {
    let filled = |option: Arg| {
        let value = option.get_env().and_then(&variable);
        if value.is_some_and(|value| value.is_empty()) { option.env(None::<&str>) } else { option }
    };
    command.mut_subcommands(|command| command.mut_args(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_takes_its_variable_only_where_that_says_something() {
        let options = ["EMPTY", "FILLED", "UNSET"].map(|name| Arg::new(name).long(name).env(name));
        let command = Command::new("test").subcommand(Command::new("run").args(options));

        let command = ignore(command, |name| match name.to_str() {
            Some("EMPTY") => Some(OsString::new()),
            Some("FILLED") => Some("something".into()),
            _ => None,
        });

        let run = command.find_subcommand("run").expect("it is there");
        let variables: Vec<_> = run.get_arguments().filter_map(Arg::get_env).collect();
        assert_eq!(variables, ["FILLED", "UNSET"]);
    }
}
