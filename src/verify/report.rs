//! What a comparison found, for people and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::compare::Difference;
use super::exchange::Exchange;
use super::explain::{EmulatedRun, RealRun, Switch};
use super::operations::Operations;
use super::personal::{Masked, Sent};
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
            let steps =
                run.scenario.steps.iter().zip(run.outcomes.iter().map(Outcome::exchange)).zip(&emulated.verdicts);
            for ((step, exchange), verdict) in steps {
                let name = names.name(run.scenario.api, &step.method, &step.path);
                let place = *places.entry(name.clone()).or_insert_with(|| {
                    operations.push(OperationReport { operation: name, counts: Counts::default(), steps: Vec::new() });
                    operations.len() - 1
                });
                let operation = &mut operations[place];
                operation.counts.add(verdict);
                let (differences, not_comparable) = match verdict {
                    Verdict::Equal => continue,
                    Verdict::Different(differences) => {
                        (exchange.map_or_else(Vec::new, |real| masked(differences, &Masked::new(&sent, real))), None)
                    }
                    Verdict::NotComparable(reason) => (Vec::new(), Some(reason.clone())),
                };
                let shown =
                    |name: &str| exchange.map_or_else(|| name.to_owned(), |real| Masked::new(&sent, real).path(name));
                let (scenario, step) = (run.scenario.name.clone(), shown(&step.name));
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

/// What the run has made up. What a recording has is of real people.
fn sent(real: &[RealRun]) -> Sent {
    let mut sent = Sent::default();
    let own = real.iter().filter(|run| !run.is_recorded).flat_map(|run| &run.outcomes);
    for exchange in own.filter_map(Outcome::exchange) {
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
            let (shown, emulated_shown) = (Masked::new(sent, real), Masked::new(sent, emulated));
            gaps.push(Gap {
                operation: names.name(run.scenario.api, &step.method, &step.path),
                scenario: run.scenario.name.clone(),
                step: shown.path(&step.name),
                request: format!("{} {}", real.request.method, shown.path(&real.request.path)),
                request_body: body_of(&real.request.body, &shown),
                differences: masked(differences, &shown),
                real: answer(real, &shown),
                emulated: answer(emulated, &emulated_shown),
            });
        }
    }
    gaps
}

fn answer(exchange: &Exchange, shown: &Masked<'_>) -> Answer {
    Answer { status: exchange.response.status, body: body_of(&exchange.response.body, shown) }
}

fn body_of(body: &[u8], shown: &Masked<'_>) -> Value {
    if body.is_empty() { Value::Null } else { shown.body(body) }
}

fn masked(differences: &[Difference], shown: &Masked<'_>) -> Vec<Difference> {
    let masked = |difference: &Difference| {
        let parts = difference.place.rsplit('/').find(|part| part.parse::<usize>().is_err());
        let name = parts.filter(|_| difference.place.contains('/')).unwrap_or_default();
        let value = |value: &Option<Value>| value.as_ref().map(|value| shown.value(name, value));
        Difference { real: value(&difference.real), emulated: value(&difference.emulated), ..difference.clone() }
    };
    differences.iter().map(masked).collect()
}
