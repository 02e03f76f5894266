//! What a run found for each step.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::compare::{Difference, DifferenceKind, Ids, Rules, compare};
use super::exchange::Exchange;
use super::run::Outcome;
use super::scenario::{Scenario, Step};

/// The distance of two responses with different statuses.
const STATUS: usize = 100;

/// More differing members do not make the distance greater.
const MAX_MEMBERS: usize = 50;

/// What the comparison of a step found.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Equal,
    Different(Vec<Difference>),
    /// For this reason.
    NotComparable(String),
}

impl Verdict {
    /// How far the two are apart. Whether a request succeeds counts more than any number of members.
    pub(super) fn distance(&self) -> usize {
        match self {
            Self::Equal => 0,
            Self::Different(differences) => {
                let is_status = differences.iter().any(|difference| difference.kind == DifferenceKind::Status);
                differences.len().min(MAX_MEMBERS) + if is_status { STATUS } else { 0 }
            }
            Self::NotComparable(_) => STATUS,
        }
    }
}

/// The values with which the two services were called.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inputs {
    pub real: BTreeMap<String, Value>,
    pub emulated: BTreeMap<String, Value>,
}

impl Inputs {
    /// Those of a scenario: its defaults, and for the real service what the caller has set.
    pub(crate) fn of(scenario: &Scenario, set: &BTreeMap<String, Value>) -> Self {
        let defaults = |(name, input): (&String, &super::scenario::Input)| (name.clone(), input.default.clone());
        let emulated: BTreeMap<String, Value> = scenario.inputs.iter().map(defaults).collect();
        let mut real = emulated.clone();
        for (name, value) in set.iter().filter(|(name, _)| scenario.inputs.contains_key(*name)) {
            real.insert(name.clone(), value.clone());
        }
        Self { real, emulated }
    }
}

/// Compares the outcomes of a scenario's steps at the two services.
pub(super) fn verdicts(
    scenario: &Scenario,
    real: &[Outcome],
    emulated: &[Outcome],
    inputs: &Inputs,
    now: DateTime<Utc>,
) -> Vec<Verdict> {
    let mut ids = Ids::default();
    for (name, value) in &inputs.real {
        if let Some(other) = inputs.emulated.get(name) {
            ids.pair_values(value, other);
        }
    }
    let pairs = scenario.steps.iter().zip(real.iter().zip(emulated));
    pairs.map(|(step, (real, emulated))| verdict(step, real, emulated, &mut ids, now)).collect()
}

fn verdict(step: &Step, real: &Outcome, emulated: &Outcome, ids: &mut Ids, now: DateTime<Utc>) -> Verdict {
    let (real, emulated) = match (real, emulated) {
        (Outcome::Done(real), Outcome::Done(emulated)) => (real, emulated),
        (Outcome::Missing(name), _) => {
            return Verdict::NotComparable(format!("the real service gave no {name} in an earlier step"));
        }
        (_, Outcome::Missing(name)) => {
            return Verdict::NotComparable(format!("the emulator gave no {name} in an earlier step"));
        }
        (Outcome::Failed(reason), _) => return Verdict::NotComparable(format!("the real service: {reason}")),
        (_, Outcome::Failed(reason)) => return Verdict::NotComparable(format!("the emulator: {reason}")),
    };
    for pointer in step.capture.values() {
        if let (Some(first), Some(second)) = (member(real, pointer), member(emulated, pointer)) {
            ids.pair_values(&first, &second);
        }
    }
    let rules = Rules {
        comparison: step.compare,
        now,
        shows_back_office_id: step.shows.iter().any(|label| label == "back_office_id"),
        creates: step.creates.is_some() || real.response.status == 201,
    };
    match compare(real, emulated, ids, rules) {
        differences if differences.is_empty() => Verdict::Equal,
        differences if step.has_other_secret && differences.iter().any(|one| one.kind == DifferenceKind::Status) => {
            Verdict::NotComparable("the recording hides a secret of the request, which may be the reason".to_owned())
        }
        differences => Verdict::Different(differences),
    }
}

fn member(exchange: &Exchange, pointer: &str) -> Option<Value> {
    serde_json::from_slice::<Value>(&exchange.response.body).ok()?.pointer(pointer).cloned()
}
