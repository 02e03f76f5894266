//! The plan with which the emulator answers as the real service did.

mod switches;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::emulator::{Emulator, EmulatorError};
use super::run::{Outcome, RunNames};
use super::scenario::{Scenario, Step};
use super::verdict::{Inputs, Verdict, verdicts};
use crate::plan::Plan;
use switches::{Shown, candidates, value_of, with};

pub(super) use switches::entry_of;

/// Scenarios are run again at the emulator at most this often to find a plan.
const MAX_TRIALS: usize = 2_000;

/// A scenario that was run at the real service.
#[derive(Debug)]
pub(crate) struct RealRun {
    pub scenario: Scenario,
    /// The number of its first step in the run.
    pub first: usize,
    pub inputs: Inputs,
    pub outcomes: Vec<Outcome>,
}

/// What the emulator answered to the same steps.
#[derive(Debug, Clone)]
pub(crate) struct EmulatedRun {
    pub outcomes: Vec<Outcome>,
    pub verdicts: Vec<Verdict>,
}

/// An entry of the plan that explains differences.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// Its name, such as `minimum_age` or `storm.time_zone`.
    pub name: String,
    pub before: Value,
    pub after: Value,
}

/// The plan that explains the most differences.
#[derive(Debug)]
pub(crate) struct Explanation {
    pub plan: Plan,
    pub switches: Vec<Switch>,
    /// The runs with that plan, in the order of the scenarios.
    pub runs: Vec<EmulatedRun>,
}

/// Runs the scenarios at the emulator with other plans until no change of the plan brings the responses closer to those of the real
/// service.
pub(crate) struct Search<'a, E> {
    emulator: &'a E,
    real: &'a [RealRun],
    names: &'a RunNames,
    plan: Plan,
    runs: Vec<EmulatedRun>,
    trials: usize,
    tried: BTreeSet<(String, String)>,
}

impl<'a, E: Emulator> Search<'a, E> {
    /// Runs every scenario with the tenant's own plan.
    pub(crate) async fn begin(
        emulator: &'a E,
        real: &'a [RealRun],
        names: &'a RunNames,
        plan: Plan,
    ) -> Result<Self, EmulatorError> {
        let mut search = Self { emulator, real, names, plan, runs: Vec::new(), trials: 0, tried: BTreeSet::new() };
        for run in real {
            let emulated = search.run(run, &search.plan).await?;
            search.runs.push(emulated);
        }
        Ok(search)
    }

    /// What the emulator answered with its own plan.
    pub(crate) fn runs(&self) -> &[EmulatedRun] {
        &self.runs
    }

    /// Looks for the plan.
    pub(crate) async fn explain(mut self) -> Result<Explanation, EmulatorError> {
        let original = self.plan.clone();
        while self.improve().await? {}
        let mut switches = changed(&original, &self.plan);
        self.drop_needless(&original, &mut switches).await?;
        self.run_all().await?;
        Ok(Explanation { plan: self.plan, switches, runs: self.runs })
    }

    /// Makes one change of the plan that brings the responses closer. Whether there was one.
    async fn improve(&mut self) -> Result<bool, EmulatorError> {
        for (place, name, value) in self.proposals() {
            if self.trials >= MAX_TRIALS || !self.tried.insert((name.clone(), format!("{place} {value}"))) {
                continue;
            }
            let Some(plan) = with(&self.plan, &name, value) else { continue };
            let closer = self.run(&self.real[place], &plan).await?;
            self.trials += 1;
            if distance(&closer) >= distance(&self.runs[place]) {
                continue;
            }
            let runs = self.affected(&plan, &name, Some((place, closer))).await?;
            if total(&runs) < total(&self.runs) {
                (self.plan, self.runs) = (plan, runs);
                // What did not help before may help now.
                self.tried.clear();
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The changes that the differing steps propose, with the place of their scenario: entries with few values first.
    fn proposals(&self) -> Vec<(usize, String, Value)> {
        let mut proposals = Vec::new();
        for (place, (real, emulated)) in self.real.iter().zip(&self.runs).enumerate() {
            let steps = real.scenario.steps.iter().zip(real.outcomes.iter().zip(&emulated.outcomes));
            for (number, ((step, outcomes), verdict)) in steps.zip(&emulated.verdicts).enumerate() {
                if *verdict != Verdict::Equal {
                    proposals.extend(
                        self.proposals_of(step, outcomes, number).into_iter().map(|(name, value)| (place, name, value)),
                    );
                }
            }
        }
        let is_simple = |name: &str| !value_of(&self.plan, name).is_object() && !value_of(&self.plan, name).is_array();
        proposals.sort_by_key(|(_, name, _)| !is_simple(name));
        proposals
    }

    fn proposals_of(&self, step: &Step, outcomes: (&Outcome, &Outcome), before: usize) -> Vec<(String, Value)> {
        let (Some(real), Some(emulated)) = (outcomes.0.exchange(), outcomes.1.exchange()) else { return Vec::new() };
        let shown = Shown { real, emulated, before };
        step.shows.iter().flat_map(|label| candidates(&self.plan, label, shown)).collect()
    }

    /// The runs with a plan, with which one scenario was run already. Scenarios that agree, and whose responses do not depend on the
    /// changed entry, are not run again before the end.
    async fn affected(
        &mut self,
        plan: &Plan,
        name: &str,
        done: Option<(usize, EmulatedRun)>,
    ) -> Result<Vec<EmulatedRun>, EmulatorError> {
        let mut runs = self.runs.clone();
        for (place, real) in self.real.iter().enumerate() {
            let depends =
                |step: &Step| step.shows.iter().any(|label| entry_of(label).is_some_and(|(entry, _)| entry == name));
            if let Some((_, run)) = done.as_ref().filter(|(done, _)| *done == place) {
                runs[place] = run.clone();
            } else if distance(&runs[place]) > 0 || real.scenario.steps.iter().any(depends) {
                runs[place] = self.run(real, plan).await?;
                self.trials += 1;
            }
        }
        Ok(runs)
    }

    /// Runs every scenario with the plan that was found.
    async fn run_all(&mut self) -> Result<(), EmulatorError> {
        let mut runs = Vec::with_capacity(self.real.len());
        for real in self.real {
            runs.push(self.run(real, &self.plan).await?);
        }
        self.runs = runs;
        Ok(())
    }

    /// Removes the switches without which the responses are as close.
    async fn drop_needless(&mut self, original: &Plan, switches: &mut Vec<Switch>) -> Result<(), EmulatorError> {
        let mut kept = Vec::new();
        for switch in std::mem::take(switches) {
            let without = with(&self.plan, &switch.name, value_of(original, &switch.name));
            let Some(plan) = without else {
                kept.push(switch);
                continue;
            };
            let runs = self.affected(&plan, &switch.name, None).await?;
            if total(&runs) <= total(&self.runs) {
                (self.plan, self.runs) = (plan, runs);
            } else {
                kept.push(switch);
            }
        }
        *switches = kept;
        Ok(())
    }

    async fn run(&self, real: &RealRun, plan: &Plan) -> Result<EmulatedRun, EmulatorError> {
        emulated(self.emulator, real, self.names, plan).await
    }
}

/// Runs a scenario on a new fork with this plan, and compares the responses with those of the real service.
async fn emulated<E: Emulator>(
    emulator: &E,
    real: &RealRun,
    names: &RunNames,
    plan: &Plan,
) -> Result<EmulatedRun, EmulatorError> {
    let mut fork = emulator.fork(real.scenario.api, plan).await?;
    let inputs = &real.inputs.emulated;
    let outcomes = super::run::run(fork.service(), &real.scenario, names, real.first, inputs, &mut |_| Ok(())).await;
    emulator.delete(fork).await?;
    let outcomes = outcomes.map_err(|error| EmulatorError(error.to_string()))?;
    let verdicts = verdicts(&real.scenario, &real.outcomes, &outcomes, &real.inputs, began(names));
    Ok(EmulatedRun { outcomes, verdicts })
}

fn began(names: &RunNames) -> DateTime<Utc> {
    names.at
}

fn distance(run: &EmulatedRun) -> usize {
    run.verdicts.iter().map(Verdict::distance).sum()
}

fn total(runs: &[EmulatedRun]) -> usize {
    runs.iter().map(distance).sum()
}

/// The entries in which two plans differ.
fn changed(before: &Plan, after: &Plan) -> Vec<Switch> {
    let switch = |name: String| {
        let (old, new) = (value_of(before, &name), value_of(after, &name));
        (old != new).then_some(Switch { name, before: old, after: new })
    };
    Plan::entries().into_iter().filter_map(|entry| switch(entry.name)).collect()
}
