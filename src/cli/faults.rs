//! `faults list|arm|disarm`: failures injected into a tenant's requests and events.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::arguments::{duration, whole_seconds};
use super::output::{Column, out, plain, say, shown};
use super::remote::Remote;

#[derive(Debug, Subcommand)]
pub(super) enum FaultsCommand {
    /// List the faults that are armed
    List {
        /// The tenant
        tenant: String,
    },
    /// Arm a fault, from flags or from JSON, and print its number
    Arm(Box<AddCommand>),
    /// Disarm a fault, or all
    Disarm {
        /// The tenant
        tenant: String,
        /// Its number
        id: Option<i32>,
    },
}

#[derive(Debug, Args)]
pub(super) struct AddCommand {
    /// The tenant
    tenant: String,
    /// The rule as JSON, such as `{"operation": "UpgradeCustomer", "when": {"first": 1}, "answer": "reset"}`, instead of flags
    #[arg(conflicts_with = "of_flags")]
    rule: Option<String>,
    #[command(flatten)]
    flags: FaultFlags,
}

/// A fault in flags.
#[derive(Debug, Clone, Default, Args)]
#[group(id = "of_flags", multiple = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
struct FaultFlags {
    /// Of requests: the operation, such as `UpgradeCustomer`, or * for all
    #[arg(long, value_name = "NAME", conflicts_with = "event")]
    operation: Option<String>,
    /// Of events: the event, such as `UpdateAssociateEvent`, or * for all
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
    /// Delay by this long, such as 300ms or 2s; alone, or before the failure
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    delay: Option<Duration>,
    /// Answer with this status, in the vendor's shape
    #[arg(long, value_name = "STATUS", conflicts_with_all = ["reset", "empty", "cut", "event"])]
    status: Option<u16>,
    /// The message of that answer
    #[arg(long, value_name = "TEXT", requires = "status", conflicts_with_all = ["reset", "empty", "cut", "event"])]
    message: Option<String>,
    /// Its Retry-After, such as 30 or 1m
    #[arg(long, value_name = "DURATION", requires = "status", value_parser = whole_seconds,
          conflicts_with_all = ["reset", "empty", "cut", "event"])]
    retry_after: Option<u32>,
    /// Reset the connection
    #[arg(long, conflicts_with_all = ["empty", "cut", "event"])]
    reset: bool,
    /// Close the connection without an answer
    #[arg(long, conflicts_with_all = ["cut", "event"])]
    empty: bool,
    /// Close the connection in the middle of the body
    #[arg(long, conflicts_with = "event")]
    cut: bool,
    /// Of an event: do not deliver it
    #[arg(long, conflicts_with_all = ["operation", "double", "reorder", "delay"])]
    lose: bool,
    /// Of an event: deliver it twice
    #[arg(long, conflicts_with_all = ["operation", "reorder", "delay"])]
    double: bool,
    /// Of an event: deliver the customer's next event first
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
    /// The rule, as the control API takes it; the server checks it.
    fn rule(&self) -> anyhow::Result<Value> {
        let mut rule = Map::new();
        let when = match (self.first, self.nth, self.probability) {
            (Some(first), ..) => Some(json!({ "first": first })),
            (_, Some(nth), _) => Some(json!({ "call": nth })),
            (.., Some(p)) => Some(json!({ "probability": { "p": p, "seed": self.random_seed.unwrap_or(0) } })),
            (None, None, None) => None,
        };
        rule.extend(when.map(|when| ("when".to_owned(), when)));
        match (&self.operation, &self.event) {
            (Some(operation), _) => self.add_request(operation, &mut rule)?,
            (None, Some(event)) => self.add_event(event, &mut rule)?,
            (None, None) => bail!("say what fails: --operation NAME, --event NAME (* for all), or a rule as JSON"),
        }
        Ok(rule.into())
    }

    fn add_request(&self, operation: &str, rule: &mut Map<String, Value>) -> anyhow::Result<()> {
        let answer = match self.status {
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
            None if self.cut => Some(json!("cut")),
            None => None,
        };
        anyhow::ensure!(
            answer.is_some() || self.delay.is_some(),
            "say what happens: --status CODE, --reset, --empty, --cut, --delay DURATION"
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
        rule.extend(answer.map(|answer| ("answer".to_owned(), answer)));
        Ok(())
    }

    fn add_event(&self, event: &str, rule: &mut Map<String, Value>) -> anyhow::Result<()> {
        let deed = match (self.lose, self.double, self.reorder, self.delay) {
            (true, ..) => json!("lose"),
            (_, true, ..) => json!("double"),
            (_, _, true, _) => json!("reorder"),
            (.., Some(delay)) => {
                anyhow::ensure!(delay.subsec_nanos() == 0, "--delay of an event must be whole seconds");
                json!({ "delay": delay.as_secs() })
            }
            _ => bail!("say what happens to the event: --lose, --double, --reorder, or --delay DURATION"),
        };
        rule.insert("event".to_owned(), json!(event));
        rule.insert("do".to_owned(), deed);
        Ok(())
    }
}

pub(super) async fn faults(remote: &Remote, command: FaultsCommand) -> anyhow::Result<ExitCode> {
    match command {
        FaultsCommand::List { tenant } => {
            let columns = [
                Column::number("ID", "id"),
                Column::number("MATCHED", "calls"),
                Column::number("TRIGGERED", "fired"),
                Column::text("USED UP", "is_spent"),
                Column::text("RULE", "rule"),
            ];
            remote.print_table(&remote.get(&["tenants", &tenant, "faults"]).await?, &columns)?;
        }
        FaultsCommand::Arm(command) => {
            let AddCommand { tenant, rule, flags } = *command;
            let rule = match rule {
                Some(rule) => serde_json::from_str(&rule).context("the rule is not JSON")?,
                None => flags.rule()?,
            };
            let armed = remote.post(&["tenants", &tenant, "faults"], &rule).await?;
            remote.print(&armed, |armed| {
                let id = shown(&armed["id"]);
                say(format_args!("ActiveFault fault {id} for tenant '{}': {}.", plain(&tenant), described(&rule)));
                Ok(out(id)?)
            })?;
        }
        FaultsCommand::Disarm { tenant, id } => {
            let id = id.map(|id| id.to_string());
            let mut path = vec!["tenants", &tenant, "faults"];
            path.extend(id.as_deref());
            let answer = remote.delete(&path).await?;
            if remote.json {
                remote.print(&answer, |_| Ok(()))?;
            } else {
                let what = id.as_ref().map_or_else(|| "all faults".to_owned(), |id| format!("fault {id}"));
                say(format_args!("Disarmed {what} of tenant '{}'.", plain(&tenant)));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a rule does, in a sentence.
fn described(rule: &Value) -> String {
    let all = |name: &Value, all: &str| if name == "*" { all.to_owned() } else { shown(name) };
    let (of, what) = if rule["event"].is_null() {
        let answer = &rule["answer"];
        let what = match (answer.as_str(), answer["status"]["code"].as_u64()) {
            (Some("reset"), _) => "resets the connection".to_owned(),
            (Some("empty"), _) => "closes the connection without an answer".to_owned(),
            (Some("cut"), _) => "cuts the answer off".to_owned(),
            (_, Some(code)) => format!("answers {code}"),
            _ => "is delayed".to_owned(),
        };
        let point = match rule["point"].as_str() {
            Some("inside") => ", inside the transaction",
            Some("after") => ", after the commit",
            _ => ", before anything is done",
        };
        (all(&rule["operation"], "every operation"), what + point)
    } else {
        let what = match rule["do"].as_str() {
            Some("lose") => "is not delivered",
            Some("double") => "is delivered twice",
            Some("reorder") => "is delivered after the next one",
            _ => "is delivered later",
        };
        (all(&rule["event"], "every event"), what.to_owned())
    };
    let when = &rule["when"];
    let when = match (when["first"].as_u64(), when["call"].as_u64(), when["probability"]["p"].as_f64()) {
        (Some(1), ..) => ", the first time".to_owned(),
        (Some(first), ..) => format!(", the first {first} times"),
        (_, Some(nth), _) => format!(", only time number {nth}"),
        (.., Some(p)) => format!(", with probability {p}"),
        _ => ", every time".to_owned(),
    };
    format!("{of} {what}{when}")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::fault_injection::Rule;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arm: AddCommand,
    }

    #[test]
    fn flags_make_the_rules_that_json_makes() {
        for (flags, rule) in [
            (
                "--operation UpgradeCustomer --first 3 --status 429 --retry-after 30",
                json!({"operation": "UpgradeCustomer", "when": {"first": 3}, "point": "before",
                       "answer": {"status": {"code": 429, "retry_after": 30}}}),
            ),
            ("--operation * --delay 2s", json!({"operation": "*", "point": "before", "delay_ms": 2_000})),
            (
                "--operation GetCustomer --reset --point after --nth 2 --delay 300ms",
                json!({"operation": "GetCustomer", "when": {"call": 2}, "point": "after", "answer": "reset", "delay_ms": 300}),
            ),
            (
                "--operation GetCustomer --cut --probability 0.5 --random-seed 7",
                json!({"operation": "GetCustomer", "when": {"probability": {"p": 0.5, "seed": 7}}, "point": "before",
                       "answer": "cut"}),
            ),
            ("--event UpdateAssociateEvent --double", json!({"event": "UpdateAssociateEvent", "do": "double"})),
            ("--event * --delay 1m --first 1", json!({"event": "*", "when": {"first": 1}, "do": {"delay": 60}})),
        ] {
            let line = ["arm", "demo"].into_iter().chain(flags.split(' '));
            let made = Line::try_parse_from(line).expect(flags).arm.flags.rule().expect(flags);
            assert_eq!(made, rule, "{flags}");
            serde_json::from_value::<Rule>(made).expect("the server takes it");
        }
    }

    #[test]
    fn flags_that_do_not_go_together_are_rejected() {
        for flags in [
            "{} --first 1",
            "--operation X --event Y --lose",
            "--operation X --lose",
            "--event X --reset",
            "--operation X --status 500 --reset",
            "--operation X --reset --first 1 --nth 2",
            "--operation X --reset --retry-after 5",
            "--operation X --status nine",
        ] {
            let line = ["arm", "demo"].into_iter().chain(flags.split(' '));
            assert!(Line::try_parse_from(line).is_err(), "{flags}");
        }
        for (flags, why) in [
            (vec![], "say what fails"),
            (vec!["--operation", "X"], "say what happens: --status"),
            (vec!["--event", "X"], "say what happens to the event"),
            (vec!["--event", "X", "--delay", "1500ms"], "whole seconds"),
        ] {
            let line = ["arm", "demo"].into_iter().chain(flags);
            let error = Line::try_parse_from(line).expect("flags").arm.flags.rule().expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_rule_is_described() {
        let rule = json!({"operation": "UpgradeCustomer", "when": {"first": 1}, "point": "after", "answer": "reset"});
        assert_eq!(described(&rule), "UpgradeCustomer resets the connection, after the commit, the first time");
        assert_eq!(described(&json!({"event": "*", "do": "lose"})), "every event is not delivered, every time");
    }
}
