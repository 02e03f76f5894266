//! Fault rules from forms: presets, and the fields of the two forms.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::forms::Fields;
use crate::control::error::ControlError;

/// A rule that is added by one click.
pub(super) struct Preset {
    pub name: &'static str,
    pub label: &'static str,
    /// What a program sees, and what it tests.
    pub meaning: &'static str,
    rule: &'static str,
}

pub(super) const PRESETS: [Preset; 8] = [
    Preset {
        name: "500-once",
        label: "500 once",
        meaning: "The next request fails and changes nothing. Does the program try again?",
        rule: r#"{"operation": "*", "when": {"first": 1}, "response": {"status": {"code": 500}}}"#,
    },
    Preset {
        name: "429",
        label: "429 with Retry-After",
        meaning: "The next request is one too many. Does the program wait 30 seconds?",
        rule: r#"{"operation": "GetCustomer", "when": {"first": 1}, "response": {"status": {"code": 429, "retry_after": 30}}}"#,
    },
    Preset {
        name: "slow",
        label: "Slow: 2 s",
        meaning: "Every request waits two seconds before it is handled. Which timeouts does the program have?",
        rule: r#"{"operation": "*", "delay_ms": 2000}"#,
    },
    Preset {
        name: "lost",
        label: "Response lost after the commit",
        meaning: "The next change is made, and the connection is reset before the response. Does the program repeat what is already done?",
        rule: r#"{"operation": "*", "when": {"first": 1}, "point": "after", "response": "reset"}"#,
    },
    Preset {
        name: "truncated",
        label: "Truncated body",
        meaning: "The next response ends in the middle of its body. Does the program notice?",
        rule: r#"{"operation": "*", "when": {"first": 1}, "point": "after", "response": "truncated"}"#,
    },
    Preset {
        name: "random",
        label: "5 % random 500s",
        meaning: "One of twenty requests fails and changes nothing. Does a long run come to its end?",
        rule: r#"{"operation": "*", "when": {"probability": {"p": 0.05, "random_seed": 0}}, "response": {"status": {"code": 500}}}"#,
    },
    Preset {
        name: "webhook-twice",
        label: "Webhook twice",
        meaning: "The next event is delivered twice with the same id. Does the receiver ignore the second?",
        rule: r#"{"event": "*", "when": {"first": 1}, "action": "duplicate"}"#,
    },
    Preset {
        name: "webhooks-reordered",
        label: "Webhooks out of order",
        meaning: "The next event arrives after the customer's next one. Does the receiver keep the newer state?",
        rule: r#"{"event": "*", "when": {"first": 1}, "action": "reorder"}"#,
    },
];

impl Preset {
    pub(super) fn is_for_events(&self) -> bool {
        self.rule.starts_with(r#"{"event""#)
    }

    /// The rule, for one operation if the form names one.
    pub(super) fn of(form: &Fields) -> Result<Value, ControlError> {
        let name = form.text("preset");
        let preset = PRESETS.iter().find(|preset| preset.name == name);
        let preset = preset.ok_or_else(|| ControlError::Bad("there is no such preset".to_owned()))?;
        let mut rule: Value =
            serde_json::from_str(preset.rule).map_err(|error| ControlError::Bad(error.to_string()))?;
        if let (Some(operation), false) = (form.filled("operation"), preset.is_for_events()) {
            rule["operation"] = operation.into();
        }
        Ok(rule)
    }
}

/// A number that the form must contain.
fn number<T: FromStr>(form: &Fields, name: &str, what: &str) -> Result<T, ControlError> {
    form.value(name, what)?.ok_or_else(|| ControlError::Bad(format!("{what} is missing")))
}

fn when(form: &Fields) -> Result<Value, ControlError> {
    Ok(match form.text("when") {
        "first" => json!({ "first": number::<u32>(form, "times", "the number of times")? }),
        "request" => json!({ "request": number::<u32>(form, "times", "the number")? }),
        "probability" => {
            let percent: f64 = number(form, "times", "the percentage")?;
            json!({ "probability": { "p": percent / 100.0, "random_seed": 0 } })
        }
        _ => json!("every"),
    })
}

pub(super) fn request_rule(form: &Fields) -> Result<Value, ControlError> {
    let mut rule = Map::new();
    rule.insert("operation".to_owned(), form.needed("operation", "the operation")?.into());
    rule.insert("when".to_owned(), when(form)?);
    rule.insert("point".to_owned(), form.filled("point").unwrap_or("before").into());
    if let Some(delay) = form.value::<u64>("delay", "the delay")? {
        rule.insert("delay_ms".to_owned(), delay.into());
    }
    match form.text("response") {
        "delay" => {}
        "" | "status" => {
            let mut status = Map::new();
            status.insert("code".to_owned(), number::<u16>(form, "code", "the status")?.into());
            if let Some(message) = form.filled("message") {
                status.insert("message".to_owned(), message.into());
            }
            if let Some(seconds) = form.value::<u32>("retry_after", "the value of Retry-After")? {
                status.insert("retry_after".to_owned(), seconds.into());
            }
            rule.insert("response".to_owned(), json!({ "status": status }));
        }
        other => drop(rule.insert("response".to_owned(), other.into())),
    }
    Ok(rule.into())
}

pub(super) fn event_rule(form: &Fields) -> Result<Value, ControlError> {
    let action = match form.text("action") {
        "delay" => json!({ "delay": number::<u32>(form, "seconds", "the delay in seconds")? }),
        other => json!(other),
    };
    Ok(json!({ "event": form.needed("event", "the event")?, "when": when(form)?, "action": action }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault_injection::FaultRule;

    #[test]
    fn every_preset_is_a_rule() {
        for preset in PRESETS {
            let form = Fields::parse(format!("preset={}&operation=GetCustomer", preset.name).as_bytes());
            let rule = Preset::of(&form).expect("a rule");
            assert_eq!(preset.is_for_events(), rule.get("event").is_some(), "{}", preset.name);
            assert!(rule.get("operation").is_none_or(|operation| operation == "GetCustomer"), "{rule}");
            serde_json::from_value::<FaultRule>(rule).expect(preset.name);
        }
        assert!(Preset::of(&Fields::parse(b"preset=none")).is_err());
    }
}
