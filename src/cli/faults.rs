//! `faults add|list|delete|clear`: faults injected into a tenant's requests and events.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::arguments::{duration, whole_seconds};
use super::output::{Column, out, plain, say, value_text};
use super::remote::Remote;
use crate::fault_injection::FaultRule;

#[derive(Debug, Subcommand)]
pub(super) enum FaultsCommand {
    /// Add a fault, from flags or from JSON, and print its number
    Add(Box<AddCommand>),
    /// List the faults
    List {
        /// The tenant
        tenant: String,
    },
    /// Delete a fault
    Delete {
        /// The tenant
        tenant: String,
        /// Its number
        id: i32,
    },
    /// Delete all faults
    Clear {
        /// The tenant
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddCommand {
    /// The tenant
    tenant: String,
    /// The rule as JSON, such as `{"operation": "UpgradeCustomer", "when": {"first": 1}, "response": "reset"}`, instead of flags
    #[arg(conflicts_with = "of_flags")]
    rule: Option<String>,
    #[command(flatten)]
    flags: FaultFlags,
}

/// A fault rule in flags.
#[derive(Debug, Clone, Default, Args)]
#[group(id = "of_flags", multiple = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
struct FaultFlags {
    /// For requests: the operation, such as `UpgradeCustomer`, or * for all
    #[arg(long, value_name = "NAME", conflicts_with = "event")]
    operation: Option<String>,
    /// For events: the event, such as `UpdateAssociateEvent`, or * for all
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Only the first N that match
    #[arg(long, value_name = "N", conflicts_with_all = ["nth", "probability"])]
    first: Option<u32>,
    /// Only the Nth that matches
    #[arg(long, value_name = "N", conflicts_with = "probability")]
    nth: Option<u32>,
    /// Each with this probability, from 0 to 1
    #[arg(long, value_name = "P")]
    probability: Option<f64>,
    /// The random seed of the probability: the same seed picks the same requests
    #[arg(long, value_name = "NUMBER", requires = "probability")]
    random_seed: Option<u64>,
    /// Where in the request: before the handler, inside the transaction, after the commit [default: before]
    #[arg(long, value_name = "before|inside|after", hide_possible_values = true, conflicts_with = "event")]
    point: Option<PointFlag>,
    /// Delay by this long, such as 300ms or 2s; alone, or before the error
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    delay: Option<Duration>,
    /// Respond with this status, in the vendor's format
    #[arg(long, value_name = "STATUS", conflicts_with_all = ["reset", "empty", "truncated", "event"])]
    status: Option<u16>,
    /// The message of that response
    #[arg(long, value_name = "TEXT", requires = "status", conflicts_with_all = ["reset", "empty", "truncated", "event"])]
    message: Option<String>,
    /// Its Retry-After, such as 30 or 1m
    #[arg(long, value_name = "DURATION", requires = "status", value_parser = whole_seconds,
          conflicts_with_all = ["reset", "empty", "truncated", "event"])]
    retry_after: Option<u32>,
    /// Reset the connection
    #[arg(long, conflicts_with_all = ["empty", "truncated", "event"])]
    reset: bool,
    /// Close the connection without a response
    #[arg(long, conflicts_with_all = ["truncated", "event"])]
    empty: bool,
    /// Close the connection in the middle of the body
    #[arg(long, conflicts_with = "event")]
    truncated: bool,
    /// For events: do not deliver it
    #[arg(long, conflicts_with_all = ["operation", "duplicate", "reorder", "delay"])]
    drop: bool,
    /// For events: deliver it twice
    #[arg(long, conflicts_with_all = ["operation", "reorder", "delay"])]
    duplicate: bool,
    /// For events: deliver the customer's next event first
    #[arg(long, conflicts_with_all = ["operation", "delay"])]
    reorder: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PointFlag {
    Before,
    Inside,
    After,
}

impl FaultFlags {
    /// The rule as JSON for the control API, which checks it.
    fn rule(&self) -> anyhow::Result<Value> {
        let mut rule = Map::new();
        let when = match (self.first, self.nth, self.probability) {
            (Some(first), ..) => Some(json!({ "first": first })),
            (_, Some(nth), _) => Some(json!({ "request": nth })),
            (.., Some(p)) => Some(json!({ "probability": { "p": p, "random_seed": self.random_seed.unwrap_or(0) } })),
            (None, None, None) => None,
        };
        rule.extend(when.map(|when| ("when".to_owned(), when)));
        match (&self.operation, &self.event) {
            (Some(operation), _) => self.add_request(operation, &mut rule)?,
            (None, Some(event)) => self.add_event(event, &mut rule)?,
            (None, None) => bail!("name what fails: --operation NAME, --event NAME (* for all), or a rule as JSON"),
        }
        Ok(rule.into())
    }

    fn add_request(&self, operation: &str, rule: &mut Map<String, Value>) -> anyhow::Result<()> {
        let response = match self.status {
            Some(code) => {
                let mut status = json!({ "code": code });
                if let Some(message) = &self.message {
                    status["message"] = json!(message);
                }
                if let Some(seconds) = self.retry_after {
                    status["retry_after"] = json!(seconds);
                }
                Some(json!({ "status": status }))
            }
            None if self.reset => Some(json!("reset")),
            None if self.empty => Some(json!("empty")),
            None if self.truncated => Some(json!("truncated")),
            None => None,
        };
        anyhow::ensure!(
            response.is_some() || self.delay.is_some(),
            "name what happens: --status CODE, --reset, --empty, --truncated, --delay DURATION"
        );
        rule.insert("operation".to_owned(), json!(operation));
        let point = match self.point.unwrap_or(PointFlag::Before) {
            PointFlag::Before => "before",
            PointFlag::Inside => "inside",
            PointFlag::After => "after",
        };
        rule.insert("point".to_owned(), json!(point));
        if let Some(delay) = self.delay {
            rule.insert("delay_ms".to_owned(), json!(u64::try_from(delay.as_millis())?));
        }
        rule.extend(response.map(|response| ("response".to_owned(), response)));
        Ok(())
    }

    fn add_event(&self, event: &str, rule: &mut Map<String, Value>) -> anyhow::Result<()> {
        let action = match (self.drop, self.duplicate, self.reorder, self.delay) {
            (true, ..) => json!("drop"),
            (_, true, ..) => json!("duplicate"),
            (_, _, true, _) => json!("reorder"),
            (.., Some(delay)) => {
                anyhow::ensure!(delay.subsec_nanos() == 0, "--delay of an event must be whole seconds");
                json!({ "delay": delay.as_secs() })
            }
            _ => bail!("name what happens to the event: --drop, --duplicate, --reorder, or --delay DURATION"),
        };
        rule.insert("event".to_owned(), json!(event));
        rule.insert("action".to_owned(), action);
        Ok(())
    }
}

pub(super) async fn faults(remote: &Remote, command: FaultsCommand) -> anyhow::Result<ExitCode> {
    match command {
        FaultsCommand::List { tenant } => {
            let columns = [
                Column::number("ID", "id"),
                Column::number("MATCHED", "matched"),
                Column::number("TRIGGERED", "triggered"),
                Column::text("USED UP", "is_used_up"),
                Column::text("RULE", "rule"),
            ];
            remote.print_table(&remote.get(&["tenants", &tenant, "faults"]).await?, &columns)?;
        }
        FaultsCommand::Add(command) => {
            let AddCommand { tenant, rule, flags } = *command;
            let rule = match rule {
                Some(rule) => serde_json::from_str(&rule).context("the rule is not JSON")?,
                None => flags.rule()?,
            };
            let added = remote.post(&["tenants", &tenant, "faults"], &rule).await?;
            remote.print(&added, |added| {
                let id = value_text(&added["id"]);
                let sentence = FaultRule::try_from(rule)?;
                say(format_args!("Added fault {id} to tenant '{}': {sentence}.", plain(&tenant)));
                Ok(out(id)?)
            })?;
        }
        FaultsCommand::Delete { tenant, id } => {
            let answer = remote.delete(&["tenants", &tenant, "faults", &id.to_string()]).await?;
            remote.print(&answer, |_| {
                say(format_args!("Deleted fault {id} of tenant '{}'.", plain(&tenant)));
                Ok(())
            })?;
        }
        FaultsCommand::Clear { tenant } => {
            let answer = remote.delete(&["tenants", &tenant, "faults"]).await?;
            remote.print(&answer, |_| {
                say(format_args!("Deleted all faults of tenant '{}'.", plain(&tenant)));
                Ok(())
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        add: AddCommand,
    }

    #[test]
    fn flags_and_json_give_the_same_rules() {
        for (flags, rule) in [
            (
                "--operation UpgradeCustomer --first 3 --status 429 --retry-after 30",
                json!({"operation": "UpgradeCustomer", "when": {"first": 3}, "point": "before",
                       "response": {"status": {"code": 429, "retry_after": 30}}}),
            ),
            ("--operation * --delay 2s", json!({"operation": "*", "point": "before", "delay_ms": 2_000})),
            (
                "--operation GetCustomer --reset --point after --nth 2 --delay 300ms",
                json!({"operation": "GetCustomer", "when": {"request": 2}, "point": "after", "response": "reset", "delay_ms": 300}),
            ),
            (
                "--operation GetCustomer --truncated --probability 0.5 --random-seed 7",
                json!({"operation": "GetCustomer", "when": {"probability": {"p": 0.5, "random_seed": 7}}, "point": "before",
                       "response": "truncated"}),
            ),
            (
                "--event UpdateAssociateEvent --duplicate",
                json!({"event": "UpdateAssociateEvent", "action": "duplicate"}),
            ),
            ("--event * --delay 1m --first 1", json!({"event": "*", "when": {"first": 1}, "action": {"delay": 60}})),
        ] {
            let line = ["add", "demo"].into_iter().chain(flags.split(' '));
            let rule_of_flags = Line::try_parse_from(line).expect(flags).add.flags.rule().expect(flags);
            assert_eq!(rule_of_flags, rule, "{flags}");
            serde_json::from_value::<FaultRule>(rule_of_flags).expect("the server accepts it");
        }
    }

    #[test]
    fn flags_that_exclude_each_other_are_rejected() {
        for flags in [
            "{} --first 1",
            "--operation X --event Y --drop",
            "--operation X --drop",
            "--event X --reset",
            "--operation X --status 500 --reset",
            "--operation X --reset --first 1 --nth 2",
            "--operation X --reset --retry-after 5",
            "--operation X --status nine",
        ] {
            let line = ["add", "demo"].into_iter().chain(flags.split(' '));
            assert!(Line::try_parse_from(line).is_err(), "{flags}");
        }
        for (flags, reason) in [
            (vec![], "name what fails"),
            (vec!["--operation", "X"], "name what happens: --status"),
            (vec!["--event", "X"], "name what happens to the event"),
            (vec!["--event", "X", "--delay", "1500ms"], "whole seconds"),
        ] {
            let line = ["add", "demo"].into_iter().chain(flags);
            let error = Line::try_parse_from(line).expect("flags").add.flags.rule().expect_err(reason).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
