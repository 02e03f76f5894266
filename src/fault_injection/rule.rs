//! A rule for injected faults, as JSON.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use utoipa::ToSchema;

use super::dice::Dice;
use crate::wire::misread::without_value;

const MAX_DELAY_MS: u64 = 60_000;

/// A rule for requests; or for events, if it has the member `event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, try_from = "Value")]
pub enum FaultRule {
    Request(RequestRule),
    Event(EventRule),
}

/// What happens to requests: a delay, a response, or both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["delay_ms"] }, { "required": ["response"] }]))]
pub struct RequestRule {
    /// The operation, by its `operationId`, or `*` for all.
    pub operation: String,
    /// Which requests trigger it.
    #[serde(default)]
    pub when: When,
    /// Where in the request it happens.
    #[serde(default)]
    pub point: Point,
    /// How long the request waits there, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<Delay>,
    /// What the caller gets instead of the response. Without it the request is only delayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<FaultResponse>,
}

/// What happens to events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// The event's type, or `*` for all.
    pub event: String,
    /// Which events trigger it.
    #[serde(default)]
    pub when: When,
    /// What happens to their deliveries.
    pub action: EventAction,
}

/// Which of the requests or events that a rule matches trigger it, counted since the rule was added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Every,
    /// The first N.
    First(#[schemars(range(min = 1))] u32),
    /// Only the one with this number, from 1.
    Request(#[schemars(range(min = 1))] u32),
    /// Each with a probability.
    Probability {
        /// From 0 to 1.
        #[schemars(range(min = 0, max = 1))]
        p: f64,
        /// The same random seed picks the same requests.
        #[serde(default)]
        random_seed: u64,
    },
}

/// Where in a request a fault happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before the handler: nothing changes.
    #[default]
    Before,
    /// Inside the transaction: the changes are rolled back. A delay alone keeps the transaction and its locks open for that
    /// time; then it commits.
    Inside,
    /// After the commit: the changes stay, and the caller gets a failure.
    After,
}

/// How long a request waits, in milliseconds; 60,000 at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case", untagged)]
pub enum Delay {
    Fixed(#[schemars(range(max = MAX_DELAY_MS))] u64),
    /// A random time between a minimum and a maximum.
    Uniform {
        /// The minimum and the maximum.
        #[schema(value_type = Vec<u64>, min_items = 2, max_items = 2)]
        #[schemars(with = "[u64; 2]", inner(range(max = MAX_DELAY_MS)))]
        uniform: (u64, u64),
    },
    /// Around a median, with a long tail.
    LogNormal {
        /// The median, and the deviation of the logarithm.
        #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2)]
        #[schemars(schema_with = "log_normal")]
        log_normal: (f64, f64),
    },
}

fn log_normal(_: &mut SchemaGenerator) -> Schema {
    let median = json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": MAX_DELAY_MS });
    let sigma = json_schema!({ "type": "number", "minimum": 0, "maximum": 5 });
    json_schema!({ "type": "array", "prefixItems": [median, sigma], "minItems": 2, "maxItems": 2 })
}

/// What the caller gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultResponse {
    /// An error response in the vendor's own format.
    Status {
        /// An error status that is documented for the operation.
        code: u16,
        /// The back end's message; without it the gateway's own error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// For 429 and 403: the seconds in `Retry-After`; 1 by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// The connection is reset.
    Reset,
    /// The connection is closed without a response.
    Empty,
    /// The connection is closed in the middle of the response's body.
    Truncated,
}

/// What happens to the deliveries of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventAction {
    /// It is not delivered, unless it is resent.
    Drop,
    /// It is delivered twice, with the same id.
    Duplicate,
    /// It is delivered this many seconds later, and the customer's later events after it.
    Delay(u32),
    /// The customer's next event is delivered first. Without one it is delivered a minute later.
    Reorder,
}

/// What is wrong with a rule.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct RuleError(pub String);

impl JsonSchema for FaultRule {
    fn schema_name() -> Cow<'static, str> {
        "FaultRule".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A rule for requests; or for events, if it has the member `event`.",
            "type": "object",
            "if": { "required": ["event"] },
            "then": generator.subschema_for::<EventRule>(),
            "else": generator.subschema_for::<RequestRule>()
        })
    }
}

impl TryFrom<Value> for FaultRule {
    type Error = RuleError;

    fn try_from(value: Value) -> Result<Self, RuleError> {
        let failed = |error: serde_json::Error| RuleError(without_value(&error.to_string()));
        let rule = if value.get("event").is_some() {
            Self::Event(serde_json::from_value(value).map_err(failed)?)
        } else {
            Self::Request(serde_json::from_value(value).map_err(failed)?)
        };
        rule.check()?;
        Ok(rule)
    }
}

/// The maximum length of a rule as JSON, in bytes.
const MAX_RULE_BYTES: usize = 16 * 1024;

impl FaultRule {
    /// Checks a rule that a person sent: every server holds the rules of its tenants in memory.
    ///
    /// # Errors
    /// When it is too long.
    pub fn check_length(&self) -> Result<(), RuleError> {
        match serde_json::to_vec(self) {
            Ok(json) if json.len() > MAX_RULE_BYTES => Err(RuleError(format!(
                "a rule must be at most {MAX_RULE_BYTES} bytes long as JSON, not {}",
                json.len()
            ))),
            _ => Ok(()),
        }
    }

    fn check(&self) -> Result<(), RuleError> {
        let reject = |why: &str| Err(RuleError(why.to_owned()));
        match self.when() {
            When::Probability { p, .. } if !(0.0..=1.0).contains(&p) => return reject("p must be from 0 to 1"),
            When::First(0) | When::Request(0) => return reject("first and request count from 1"),
            _ => {}
        }
        let Self::Request(rule) = self else { return Ok(()) };
        match rule.delay_ms {
            Some(Delay::Fixed(ms)) if ms > MAX_DELAY_MS => reject("delay_ms must be at most 60000"),
            Some(Delay::Uniform { uniform: (from, to) }) if from > to || to > MAX_DELAY_MS => {
                reject("delay_ms.uniform must be [from, to] with from at most to, and to at most 60000")
            }
            Some(Delay::LogNormal { log_normal: (median, sigma) })
                if !(median > 0.0 && median <= 60_000.0 && (0.0..=5.0).contains(&sigma)) =>
            {
                reject(
                    "delay_ms.log_normal must be [median, sigma], the median above 0 and at most 60000, sigma from 0 to 5",
                )
            }
            None if rule.response.is_none() => reject("a rule needs delay_ms, response, or both"),
            _ => Ok(()),
        }
    }

    #[must_use]
    pub fn when(&self) -> When {
        match self {
            Self::Request(rule) => rule.when,
            Self::Event(rule) => rule.when,
        }
    }

    /// The operation or event type that it matches; `*` for all.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Request(rule) => &rule.operation,
            Self::Event(rule) => &rule.event,
        }
    }
}

impl When {
    /// Whether the request or event with this number, from 1, triggers the rule.
    #[must_use]
    pub fn is_triggered_by(&self, number: u64) -> bool {
        match self {
            Self::Every => true,
            Self::First(last) => number <= u64::from(*last),
            Self::Request(only) => number == u64::from(*only),
            Self::Probability { p, random_seed } => Dice::new(*random_seed, number).unit() < *p,
        }
    }

    /// Whether no later request or event can trigger the rule.
    #[must_use]
    pub fn is_used_up_after(&self, matched: u64) -> bool {
        match self {
            Self::Every | Self::Probability { .. } => false,
            Self::First(last) | Self::Request(last) => matched >= u64::from(*last),
        }
    }

    fn random_seed(&self) -> u64 {
        match self {
            Self::Probability { random_seed, .. } => *random_seed,
            Self::Every | Self::First(_) | Self::Request(_) => 0,
        }
    }
}

impl RequestRule {
    /// How long the request with this number waits.
    #[must_use]
    pub fn delay(&self, number: u64) -> Option<Duration> {
        // Another random number than the one that decided whether the rule is triggered.
        let mut dice = Dice::new(self.when.random_seed().wrapping_add(1), number);
        let milliseconds = match self.delay_ms? {
            Delay::Fixed(ms) => Duration::from_millis(ms),
            Delay::Uniform { uniform: (from, to) } => Duration::from_millis(from + dice.below(to - from + 1)),
            Delay::LogNormal { log_normal: (median, sigma) } => {
                Duration::try_from_secs_f64(dice.log_normal(median, sigma) / 1_000.0).unwrap_or(Duration::MAX)
            }
        };
        Some(milliseconds.min(Duration::from_millis(MAX_DELAY_MS)))
    }

    /// What it does, such as `status 500 before`.
    #[must_use]
    pub fn description(&self) -> String {
        let response = match &self.response {
            None => "delay".to_owned(),
            Some(FaultResponse::Status { code, .. }) => format!("status {code}"),
            Some(FaultResponse::Reset) => "reset".to_owned(),
            Some(FaultResponse::Empty) => "empty".to_owned(),
            Some(FaultResponse::Truncated) => "truncated".to_owned(),
        };
        let point = match self.point {
            Point::Before => "before",
            Point::Inside => "inside",
            Point::After => "after",
        };
        format!("{response} {point}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(value: Value) -> Result<FaultRule, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_reads_back_as_it_was_written() {
        for text in [
            json!({"operation": "*", "when": "every", "point": "before", "delay_ms": 5}),
            json!({"operation": "GetCustomer", "when": {"first": 2}, "point": "after", "response": "reset"}),
            json!({"operation": "GetCustomer", "when": {"request": 2}, "point": "inside",
                   "response": {"status": {"code": 500, "message": "x"}}, "delay_ms": {"uniform": [1, 2]}}),
            json!({"event": "*", "when": {"probability": {"p": 0.5, "random_seed": 7}}, "action": {"delay": 30}}),
            json!({"event": "Enrollment", "when": "every", "action": "drop"}),
        ] {
            let read = rule(text.clone()).expect("a rule");
            assert_eq!(serde_json::to_value(read).expect("JSON"), text);
        }
    }

    #[test]
    fn an_impossible_rule_is_rejected() {
        for (text, why) in [
            (json!({"operation": "*"}), "a rule needs delay_ms, response, or both"),
            (json!({"operation": "*", "delay_ms": 60_001}), "delay_ms must be at most 60000"),
            (json!({"operation": "*", "delay_ms": {"uniform": [2, 1]}}), "delay_ms.uniform"),
            (json!({"operation": "*", "delay_ms": {"log_normal": [0.0, 1.0]}}), "delay_ms.log_normal"),
            (json!({"operation": "*", "response": "explode"}), "unknown variant, expected one of `status`"),
            (
                json!({"operation": "*", "response": "truncated", "when": {"first": 0}}),
                "first and request count from 1",
            ),
            (json!({"event": "*", "action": "drop", "when": {"probability": {"p": 1.5}}}), "p must be from 0 to 1"),
            (json!({"event": "*", "action": "shout"}), "unknown variant, expected one of `drop`"),
            (json!({"operation": "*", "response": "truncated", "sometimes": true}), "unknown field `sometimes`"),
        ] {
            let error = rule(text).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn first_and_request_count_and_are_used_up() {
        let triggered = |when: When| (1..=4).filter(|number| when.is_triggered_by(*number)).collect::<Vec<u64>>();
        assert_eq!(triggered(When::First(2)), [1, 2]);
        assert_eq!(triggered(When::Request(3)), [3]);
        assert_eq!(triggered(When::Every), [1, 2, 3, 4]);
        assert!(When::First(2).is_used_up_after(2) && !When::First(2).is_used_up_after(1));
    }
}
