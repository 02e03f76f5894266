//! The command line and its help: commands in groups, with examples.

use std::fmt::Write as _;

use clap::{Command, CommandFactory as _};

use super::Cli;
use super::arguments::without_empty_variables;

/// The commands by purpose. A test finds a missing one.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Server", &["serve", "migrate", "distribute", "status", "healthcheck", "config"]),
    ("Tenants and keys", &["tenants", "keys", "fork"]),
    ("Data", &["seed", "export", "reset", "snapshot", "diff"]),
    ("Faults and time", &["faults", "clock"]),
    ("Requests, hooks and webhooks", &["requests", "hook", "webhooks"]),
    ("Comparison with a real service", &["verify", "record"]),
    ("Documents and tools", &["openapi", "schema", "coverage", "completions"]),
];

const EXAMPLES: &str = "\
Examples:
  directscale-emulator                                       run the server, with demo data on an embedded database
  directscale-emulator --listen :8080 --database-url URL     options of `serve` need no command
  directscale-emulator status                                addresses and demo key of the running server
  directscale-emulator fork demo mine --expires-in 1h        a copy of the demo tenant, with its own key
  directscale-emulator requests tail demo                    follow requests, and why they were rejected
  directscale-emulator faults add demo --operation UpgradeCustomer --first 1 --status 429 --retry-after 30

`directscale-emulator COMMAND --help` shows a command's options.";

pub(super) fn command() -> Command {
    let command = Cli::command();
    let groups = groups(&command);
    let command = command.help_template("{about}\n\n{usage-heading} {usage}{after-help}").after_help(groups);
    let command = command.override_usage("directscale-emulator [COMMAND] [OPTIONS]");
    without_empty_variables(command)
}

/// Every command under its group, with its description.
fn groups(command: &Command) -> String {
    let about = |name: &str| {
        let about = command.find_subcommand(name).and_then(|command| command.get_about());
        about.map(ToString::to_string).unwrap_or_default()
    };
    let mut text = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(text, "{group}:");
        for name in names {
            let _ = writeln!(text, "  {name:<12} {}", about(name));
        }
        text.push('\n');
    }
    let in_no_group = command.get_subcommands().map(Command::get_name);
    let in_no_group = in_no_group.filter(|name| !GROUPS.iter().any(|(_, names)| names.contains(name)));
    for name in in_no_group {
        let _ = writeln!(text, "  {name:<12} {}", about(name));
    }
    text + EXAMPLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_says_what_it_does_in_a_line() {
        let command = Cli::command();
        command.clone().debug_assert();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
        for subcommand in command.get_subcommands() {
            let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
            assert!((10..=100).contains(&about.len()), "{}: {about}", subcommand.get_name());
        }
    }
}
