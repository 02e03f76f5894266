//! What a rule says, in the JSON that arms it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use utoipa::ToSchema;

use super::dice::Dice;
use crate::wire::misread::without_value;

/// The longest that a fault may keep a call waiting.
const LONGEST_DELAY_MS: u64 = 60_000;

/// A rule: of calls, or of events where it has a member `event`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, try_from = "Value")]
pub enum Rule {
    /// Of calls.
    Call(RequestRule),
    /// Of events.
    Event(EventRule),
}

/// What happens to calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestRule {
    /// The operation, by its `operationId`, or `*` for all.
    pub operation: String,
    /// Which calls meet it.
    #[serde(default)]
    pub when: When,
    /// Where in a call it happens.
    #[serde(default)]
    pub point: Point,
    /// How long the call waits there, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<Delay>,
    /// What the caller sees instead of the answer; nothing else than the delay where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// What happens to events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// The event's type, or `*` for all.
    pub event: String,
    /// Which events meet it.
    #[serde(default)]
    pub when: When,
    /// What becomes of them.
    #[serde(rename = "do")]
    pub deed: EventDeed,
}

/// Which calls or events meet a rule, of those that come under it since it was armed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Every one.
    #[default]
    Every,
    /// The first so many.
    First(u32),
    /// The one of this number, from 1.
    Call(u32),
    /// Each by chance.
    Probability {
        /// How likely, from 0 to 1.
        p: f64,
        /// The same seed meets the same calls.
        #[serde(default)]
        seed: u64,
    },
}

/// Where in a call a fault happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before the handler: nothing was done.
    #[default]
    Before,
    /// Within the transaction: everything was done, and is rolled back. A delay alone holds the transaction, and what it
    /// has locked, open for so long; then it is kept.
    Inside,
    /// After the commit: everything was done and stays, and the caller sees a failure.
    After,
}

/// How long a call waits, in milliseconds; 60,000 at most.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", untagged)]
pub enum Delay {
    /// Always so long.
    Fixed(u64),
    /// Between two times, each as likely.
    Uniform {
        /// At least and at most so long.
        #[schema(value_type = Vec<u64>, min_items = 2, max_items = 2)]
        uniform: (u64, u64),
    },
    /// Around a median, with a long tail.
    LogNormal {
        /// The median, and the deviation of the logarithm.
        #[schema(value_type = Vec<f64>, min_items = 2, max_items = 2)]
        log_normal: (f64, f64),
    },
}

/// What the caller sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A failure in the vendor's own shape.
    Status {
        /// A status of a failure that is documented for the operation.
        code: u16,
        /// The back end's message; the gateway's own words where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Of 429 and 403: the seconds in `Retry-After`; 1 where it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    /// The connection is reset.
    Reset,
    /// The connection is closed without an answer.
    Empty,
    /// The connection is closed in the middle of the answer's body.
    Cut,
}

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventDeed {
    /// It is never told, unless it is sent again by hand.
    Lose,
    /// It is told twice, with the same id.
    Double,
    /// It is told so many seconds later, and the customer's later events after it.
    Delay(u32),
    /// The customer's next event is told first; without one it is told a minute later.
    Reorder,
}

/// What is wrong with a rule.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct RuleError(pub String);

impl TryFrom<Value> for Rule {
    type Error = RuleError;

    fn try_from(value: Value) -> Result<Self, RuleError> {
        let failed = |error: serde_json::Error| RuleError(without_value(&error.to_string()));
        let rule = if value.get("event").is_some() {
            Self::Event(serde_json::from_value(value).map_err(failed)?)
        } else {
            Self::Call(serde_json::from_value(value).map_err(failed)?)
        };
        rule.check()?;
        Ok(rule)
    }
}

impl Rule {
    fn check(&self) -> Result<(), RuleError> {
        let reject = |why: &str| Err(RuleError(why.to_owned()));
        match self.when() {
            When::Probability { p, .. } if !(0.0..=1.0).contains(&p) => return reject("p must be from 0 to 1"),
            When::First(0) | When::Call(0) => return reject("first and call count from 1"),
            _ => {}
        }
        let Self::Call(rule) = self else { return Ok(()) };
        match rule.delay_ms {
            Some(Delay::Fixed(ms)) if ms > LONGEST_DELAY_MS => reject("delay_ms must be at most 60000"),
            Some(Delay::Uniform { uniform: (from, to) }) if from > to || to > LONGEST_DELAY_MS => {
                reject("delay_ms.uniform must be [from, to] with from at most to, and to at most 60000")
            }
            Some(Delay::LogNormal { log_normal: (median, sigma) })
                if !(median > 0.0 && median <= 60_000.0 && (0.0..=5.0).contains(&sigma)) =>
            {
                reject(
                    "delay_ms.log_normal must be [median, sigma], the median above 0 and at most 60000, sigma from 0 to 5",
                )
            }
            None if rule.answer.is_none() => reject("a rule needs delay_ms, answer, or both"),
            _ => Ok(()),
        }
    }

    /// Which calls or events meet it.
    #[must_use]
    pub fn when(&self) -> When {
        match self {
            Self::Call(rule) => rule.when,
            Self::Event(rule) => rule.when,
        }
    }

    /// The operation or event type that it is for; `*` for all.
    #[must_use]
    pub fn of(&self) -> &str {
        match self {
            Self::Call(rule) => &rule.operation,
            Self::Event(rule) => &rule.event,
        }
    }
}

impl When {
    /// Whether the call of this number, from 1, meets it.
    #[must_use]
    pub fn is_met_by(&self, call: u64) -> bool {
        match self {
            Self::Every => true,
            Self::First(most) => call <= u64::from(*most),
            Self::Call(number) => call == u64::from(*number),
            Self::Probability { p, seed } => Dice::new(*seed, call).unit() < *p,
        }
    }

    /// Whether no later call can meet it.
    #[must_use]
    pub fn is_spent_after(&self, calls: u64) -> bool {
        match self {
            Self::Every | Self::Probability { .. } => false,
            Self::First(last) | Self::Call(last) => calls >= u64::from(*last),
        }
    }

    fn seed(&self) -> u64 {
        match self {
            Self::Probability { seed, .. } => *seed,
            Self::Every | Self::First(_) | Self::Call(_) => 0,
        }
    }
}

impl RequestRule {
    /// How long the call of this number waits.
    #[must_use]
    pub fn delay(&self, call: u64) -> Option<Duration> {
        // Another throw than the one that decided whether the rule is met.
        let mut dice = Dice::new(self.when.seed().wrapping_add(1), call);
        let milliseconds = match self.delay_ms? {
            Delay::Fixed(ms) => Duration::from_millis(ms),
            Delay::Uniform { uniform: (from, to) } => Duration::from_millis(from + dice.below(to - from + 1)),
            Delay::LogNormal { log_normal: (median, sigma) } => {
                Duration::try_from_secs_f64(dice.log_normal(median, sigma) / 1_000.0).unwrap_or(Duration::MAX)
            }
        };
        Some(milliseconds.min(Duration::from_millis(LONGEST_DELAY_MS)))
    }

    /// What it does, in a few words.
    #[must_use]
    pub fn what(&self) -> String {
        let answer = match &self.answer {
            None => "delay".to_owned(),
            Some(Answer::Status { code, .. }) => format!("status {code}"),
            Some(Answer::Reset) => "reset".to_owned(),
            Some(Answer::Empty) => "empty".to_owned(),
            Some(Answer::Cut) => "cut".to_owned(),
        };
        let point = match self.point {
            Point::Before => "before",
            Point::Inside => "inside",
            Point::After => "after",
        };
        format!("{answer} {point}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(value: Value) -> Result<Rule, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        for text in [
            json!({"operation": "*", "when": "every", "point": "before", "delay_ms": 5}),
            json!({"operation": "GetCustomer", "when": {"first": 2}, "point": "after", "answer": "reset"}),
            json!({"operation": "GetCustomer", "when": {"call": 2}, "point": "inside",
                   "answer": {"status": {"code": 500, "message": "x"}}, "delay_ms": {"uniform": [1, 2]}}),
            json!({"event": "*", "when": {"probability": {"p": 0.5, "seed": 7}}, "do": {"delay": 30}}),
            json!({"event": "Enrollment", "when": "every", "do": "lose"}),
        ] {
            let read = rule(text.clone()).expect("a rule");
            assert_eq!(serde_json::to_value(read).expect("JSON"), text);
        }
    }

    #[test]
    fn what_cannot_be_is_rejected() {
        for (text, why) in [
            (json!({"operation": "*"}), "a rule needs delay_ms, answer, or both"),
            (json!({"operation": "*", "delay_ms": 60_001}), "delay_ms must be at most 60000"),
            (json!({"operation": "*", "delay_ms": {"uniform": [2, 1]}}), "delay_ms.uniform"),
            (json!({"operation": "*", "delay_ms": {"log_normal": [0.0, 1.0]}}), "delay_ms.log_normal"),
            (json!({"operation": "*", "answer": "explode"}), "unknown variant, expected one of `status`"),
            (json!({"operation": "*", "answer": "cut", "when": {"first": 0}}), "first and call count from 1"),
            (json!({"event": "*", "do": "lose", "when": {"probability": {"p": 1.5}}}), "p must be from 0 to 1"),
            (json!({"event": "*", "do": "shout"}), "unknown variant, expected one of `lose`"),
            (json!({"operation": "*", "answer": "cut", "sometimes": true}), "unknown field `sometimes`"),
        ] {
            let error = rule(text).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn first_and_call_count_and_are_spent() {
        let met = |when: When| (1..=4).filter(|call| when.is_met_by(*call)).collect::<Vec<u64>>();
        assert_eq!(met(When::First(2)), [1, 2]);
        assert_eq!(met(When::Call(3)), [3]);
        assert_eq!(met(When::Every), [1, 2, 3, 4]);
        assert!(When::First(2).is_spent_after(2) && !When::First(2).is_spent_after(1));
    }
}
