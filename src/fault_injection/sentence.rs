//! A rule as a sentence for people.

use std::fmt;

use super::rule::{Delay, EventAction, EventRule, FaultResponse, FaultRule, Point, RequestRule, When};

impl fmt::Display for FaultRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(rule) => write!(formatter, "{}, {}", request(rule), when(rule.when)),
            Self::Event(rule) => write!(formatter, "{}, {}", event(rule), when(rule.when)),
        }
    }
}

fn when(when: When) -> String {
    match when {
        When::Every => "every time".to_owned(),
        When::First(1) => "the first time".to_owned(),
        When::First(first) => format!("the first {first} times"),
        When::Request(number) => format!("only time number {number}"),
        When::Probability { p, random_seed } => format!("with probability {p} (random seed {random_seed})"),
    }
}

fn request(rule: &RequestRule) -> String {
    let operation = if rule.operation == "*" { "every operation" } else { &rule.operation };
    let delay = rule.delay_ms.map(|delay| match delay {
        Delay::Fixed(ms) => format!("waits {ms} ms"),
        Delay::Uniform { uniform: (from, to) } => format!("waits {from} to {to} ms"),
        Delay::LogNormal { log_normal: (median, _) } => format!("waits about {median} ms"),
    });
    let response = rule.response.as_ref().map(|response| match response {
        FaultResponse::Status { code, .. } => format!("responds {code}"),
        FaultResponse::Reset => "resets the connection".to_owned(),
        FaultResponse::Empty => "closes the connection without a response".to_owned(),
        FaultResponse::Truncated => "truncates the response".to_owned(),
    });
    let point = match rule.point {
        Point::Before => "before the handler",
        Point::Inside => "inside the transaction",
        Point::After => "after the commit",
    };
    let effects: Vec<String> = delay.into_iter().chain(response).collect();
    format!("{operation} {} {point}", effects.join(" and "))
}

fn event(rule: &EventRule) -> String {
    let event = if rule.event == "*" { "every event" } else { &rule.event };
    match rule.action {
        EventAction::Drop => format!("{event} is not delivered"),
        EventAction::Duplicate => format!("{event} is delivered twice"),
        EventAction::Delay(seconds) => format!("{event} is delivered {seconds} s later"),
        EventAction::Reorder => format!("{event} is delivered after the customer's next one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_described_in_a_sentence() {
        for (json, sentence) in [
            (
                r#"{"operation":"UpgradeCustomer","when":{"first":3},"point":"after","delay_ms":5,"response":"reset"}"#,
                "UpgradeCustomer waits 5 ms and resets the connection after the commit, the first 3 times",
            ),
            (r#"{"operation":"*","delay_ms":5}"#, "every operation waits 5 ms before the handler, every time"),
            (r#"{"event":"*","action":{"delay":30}}"#, "every event is delivered 30 s later, every time"),
            (r#"{"event":"Enrollment","action":"drop"}"#, "Enrollment is not delivered, every time"),
        ] {
            let rule: FaultRule = serde_json::from_str(json).expect("a rule");
            assert_eq!(rule.to_string(), sentence);
        }
    }
}
