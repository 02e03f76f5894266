//! What clap does not do with arguments: the default command, empty variables, durations, keys.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, Command};

use crate::config::{Secret, Unit, parse_duration};

/// A key that the user chooses.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct KeyArgs {
    /// Use this key, 32 hexadecimal digits, instead of a random one
    #[arg(long, conflicts_with = "key_file")]
    key: Option<Secret>,
    /// Read the key from a file, - for stdin: `ps` does not show it
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl KeyArgs {
    /// The key, if one was given.
    pub(super) fn read(&self) -> anyhow::Result<Option<String>> {
        let from_file = self.key_file.as_deref().map(Secret::read).transpose();
        let from_file = from_file.map_err(|reason| anyhow::anyhow!("--key-file: {reason}"))?;
        Ok(self.key.as_ref().or(from_file.as_ref()).map(|key| key.reveal().to_owned()))
    }
}

/// The arguments, with the command `serve` if they name none.
pub(super) fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.collect();
    if arguments.is_empty() {
        arguments.push("directscale-emulator".into());
    }
    let is_command = arguments.get(1).is_some_and(|first| {
        !first.as_encoded_bytes().starts_with(b"-")
            || ["-h", "--help", "-V", "--version"].iter().any(|of_all| first == of_all)
    });
    if !is_command {
        arguments.insert(1, "serve".into());
    }
    arguments
}

/// The matches of the innermost subcommand.
pub(super) fn leaf(matches: &ArgMatches) -> &ArgMatches {
    match matches.subcommand() {
        Some((_, inner)) => leaf(inner),
        None => matches,
    }
}

/// The command, to which an empty variable is not set: `docker run -e EMULATOR_SEED=` and compose files set empty ones.
pub(super) fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if is_empty(name) => argument.env(None::<&'static str>),
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}

/// Variables that look like settings and are not: a misspelled one is easily overlooked, because it has no effect.
pub(super) fn unknown_variables(command: &Command) -> Vec<String> {
    fn known(command: &Command, names: &mut Vec<String>) {
        let of_arguments = command.get_arguments().filter_map(|argument| argument.get_env());
        names.extend(of_arguments.map(|name| name.to_string_lossy().into_owned()));
        for subcommand in command.get_subcommands() {
            known(subcommand, names);
        }
    }
    let mut names = Vec::new();
    known(command, &mut names);
    let is_unknown = |name: &String| name.starts_with("EMULATOR_") && !names.contains(name);
    // An empty variable counts as not set.
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    set.map(|(name, _)| name.to_string_lossy().into_owned()).filter(is_unknown).collect()
}

/// A duration in whole seconds.
pub(super) fn whole_seconds(text: &str) -> Result<u32, String> {
    let duration = parse_duration(text, Unit::Seconds)?;
    if duration.subsec_nanos() > 0 {
        return Err("must be whole seconds".to_owned());
    }
    u32::try_from(duration.as_secs()).map_err(|_| "must be at most 136 years".to_owned())
}

/// A duration in whole seconds, negative if it begins with a minus.
pub(super) fn signed_seconds(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let seconds = parse_duration(rest, Unit::Seconds)?.as_secs();
    i64::try_from(seconds).map(|seconds| sign * seconds).map_err(|_| "is too long".to_owned())
}

/// A duration; a plain number is in seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text, Unit::Seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_command_the_server_runs() {
        let of = |given: &[&str]| {
            let all = arguments(given.iter().map(OsString::from));
            all.into_iter().map(|text| text.into_string().expect("text")).collect::<Vec<_>>()
        };
        assert_eq!(of(&["x"]), ["x", "serve"]);
        assert_eq!(of(&["x", "--data", "d"]), ["x", "serve", "--data", "d"]);
        assert_eq!(of(&["x", "reset", "demo"]), ["x", "reset", "demo"]);
        assert_eq!(of(&["x", "--help"]), ["x", "--help"]);
        assert_eq!(of(&[]), ["directscale-emulator", "serve"]);
    }

    #[test]
    fn seconds_are_whole_and_may_be_negative() {
        assert_eq!(whole_seconds("2h"), Ok(7_200));
        assert!(whole_seconds("1500ms").is_err() && whole_seconds("9999w").is_err());
        assert_eq!((signed_seconds("-1d"), signed_seconds("90")), (Ok(-86_400), Ok(90)));
        assert!(signed_seconds("--1").is_err());
    }
}
