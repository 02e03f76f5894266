//! What a comparison found, for people and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::compare::Difference;
use super::exchange::{Exchange, Request, Response};
use super::explain::{EmulatedRun, RealRun, Switch};
use super::operations::Operations;
use super::personal::Sent;
use super::run::Outcome;
use super::verdict::Verdict;

/// The result of a comparison.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// By operation, in the order of their first step.
    pub operations: Vec<OperationReport>,
    /// The entries of the plan that explain differences.
    pub switches: Vec<SwitchReport>,
    /// What no entry of the plan explains.
    pub gaps: Vec<Gap>,
    pub steps: Counts,
    /// With the plan that was found.
    pub steps_with_plan: Counts,
}

/// How many steps had which result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    pub equal: usize,
    pub different: usize,
    pub not_comparable: usize,
}

/// The steps of one operation.
#[derive(Debug, Serialize)]
pub(crate) struct OperationReport {
    pub operation: String,
    #[serde(flatten)]
    pub counts: Counts,
    /// The steps that are not equal.
    pub steps: Vec<StepReport>,
}

/// A step that is not equal.
#[derive(Debug, Serialize)]
pub(crate) struct StepReport {
    pub scenario: String,
    pub step: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// Why it could not be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_comparable: Option<String>,
}

/// An entry of the plan that explains differences.
#[derive(Debug, Serialize)]
pub(crate) struct SwitchReport {
    pub entry: String,
    pub emulator: Value,
    pub real: Value,
}

/// A difference that no entry of the plan explains, with what both services answered.
#[derive(Debug, Serialize)]
pub(crate) struct Gap {
    pub operation: String,
    pub scenario: String,
    pub step: String,
    /// Method and path.
    pub request: String,
    pub request_body: Value,
    pub differences: Vec<Difference>,
    pub real: Answer,
    pub emulated: Answer,
}

/// A response without personal data.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Equal => self.equal += 1,
            Verdict::Different(_) => self.different += 1,
            Verdict::NotComparable(_) => self.not_comparable += 1,
        }
    }

    fn of(runs: &[EmulatedRun]) -> Self {
        let mut counts = Self::default();
        runs.iter().flat_map(|run| &run.verdicts).for_each(|verdict| counts.add(verdict));
        counts
    }

    pub(crate) fn all(self) -> usize {
        self.equal + self.different + self.not_comparable
    }
}

impl Report {
    /// `first` are the runs with the tenant's plan, `last` those with the plan that was found.
    pub(crate) fn new(real: &[RealRun], first: &[EmulatedRun], last: &[EmulatedRun], switches: &[Switch]) -> Self {
        let names = Operations::new();
        let sent = sent(real);
        let mut operations: Vec<OperationReport> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (run, emulated) in real.iter().zip(first) {
            for (step, verdict) in run.scenario.steps.iter().zip(&emulated.verdicts) {
                let name = names.name(run.scenario.api, &step.method, &step.path);
                let place = *places.entry(name.clone()).or_insert_with(|| {
                    operations.push(OperationReport { operation: name, counts: Counts::default(), steps: Vec::new() });
                    operations.len() - 1
                });
                let operation = &mut operations[place];
                operation.counts.add(verdict);
                let (differences, not_comparable) = match verdict {
                    Verdict::Equal => continue,
                    Verdict::Different(differences) => (masked(differences, &sent), None),
                    Verdict::NotComparable(reason) => (Vec::new(), Some(reason.clone())),
                };
                let (scenario, step) = (run.scenario.name.clone(), step.name.clone());
                operation.steps.push(StepReport { scenario, step, differences, not_comparable });
            }
        }
        let switches = switches.iter().map(|switch| SwitchReport {
            entry: switch.name.clone(),
            emulator: switch.before.clone(),
            real: switch.after.clone(),
        });
        Self {
            operations,
            switches: switches.collect(),
            gaps: gaps(real, last, &names, &sent),
            steps: Counts::of(first),
            steps_with_plan: Counts::of(last),
        }
    }

    /// 0 equal, 1 different, 2 when something could not be compared and nothing differs.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.steps {
            Counts { different: 0, not_comparable: 0, .. } => 0,
            Counts { different: 0, .. } => 2,
            _ => 1,
        }
    }
}

fn sent(real: &[RealRun]) -> Sent {
    let mut sent = Sent::default();
    for exchange in real.iter().flat_map(|run| &run.outcomes).filter_map(Outcome::exchange) {
        sent.add_body(&exchange.request.body);
    }
    sent
}

fn gaps(real: &[RealRun], last: &[EmulatedRun], names: &Operations, sent: &Sent) -> Vec<Gap> {
    let mut gaps = Vec::new();
    for (run, emulated) in real.iter().zip(last) {
        let outcomes = run.outcomes.iter().zip(&emulated.outcomes).zip(&emulated.verdicts);
        for (step, ((real, emulated), verdict)) in run.scenario.steps.iter().zip(outcomes) {
            let (Verdict::Different(differences), Some(real), Some(emulated)) =
                (verdict, real.exchange(), emulated.exchange())
            else {
                continue;
            };
            gaps.push(Gap {
                operation: names.name(run.scenario.api, &step.method, &step.path),
                scenario: run.scenario.name.clone(),
                step: step.name.clone(),
                request: request_line(&real.request),
                request_body: body_of(&real.request.body, sent),
                differences: masked(differences, sent),
                real: answer(real, sent),
                emulated: answer(emulated, sent),
            });
        }
    }
    gaps
}

fn request_line(request: &Request) -> String {
    format!("{} {}", request.method, request.path)
}

fn answer(exchange: &Exchange, sent: &Sent) -> Answer {
    let Response { status, body, .. } = &exchange.response;
    Answer { status: *status, body: body_of(body, sent) }
}

fn body_of(body: &[u8], sent: &Sent) -> Value {
    if body.is_empty() { Value::Null } else { sent.masked_body(body) }
}

fn masked(differences: &[Difference], sent: &Sent) -> Vec<Difference> {
    let masked = |difference: &Difference| {
        let parts = difference.place.rsplit('/').find(|part| part.parse::<usize>().is_err());
        let name = parts.filter(|_| difference.place.contains('/')).unwrap_or_default();
        let value = |value: &Option<Value>| value.as_ref().map(|value| sent.masked(name, value));
        Difference { real: value(&difference.real), emulated: value(&difference.emulated), ..difference.clone() }
    };
    differences.iter().map(masked).collect()
}
