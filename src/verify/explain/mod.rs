//! The plan with which the emulator answers as the real service did.

mod derive;
mod switches;

use serde_json::Value;

use super::emulator::{Emulator, EmulatorError};
use super::run::{Outcome, RunNames};
use super::scenario::{Scenario, Step};
use super::verdict::{Inputs, Verdict, verdicts};
use crate::plan::Plan;
use derive::Shown;
use switches::{candidates, value_of, with};

pub(super) use switches::entry_of;
pub(crate) use switches::unknown_label;

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
    /// Whether other people's requests were recorded, in place of requests that the run has made up.
    pub is_recorded: bool,
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
}

impl<'a, E: Emulator> Search<'a, E> {
    /// Runs every scenario with the tenant's own plan.
    pub(crate) async fn begin(
        emulator: &'a E,
        real: &'a [RealRun],
        names: &'a RunNames,
        plan: Plan,
    ) -> Result<Self, EmulatorError> {
        let mut search = Self { emulator, real, names, plan, runs: Vec::new(), trials: 0 };
        search.run_all().await?;
        Ok(search)
    }

    /// What the emulator answered with its own plan.
    pub(crate) fn runs(&self) -> &[EmulatedRun] {
        &self.runs
    }

    /// Looks for the plan. The last runs are made with the plan that was found.
    pub(crate) async fn explain(mut self) -> Result<Explanation, EmulatorError> {
        let original = self.plan.clone();
        while self.improve().await? {}
        let mut switches = changed(&original, &self.plan);
        self.drop_needless(&original, &mut switches).await?;
        self.run_all().await?;
        Ok(Explanation { plan: self.plan, switches, runs: self.runs })
    }

    /// Tries every entry on which a differing step depends. Whether one brought the responses closer.
    async fn improve(&mut self) -> Result<bool, EmulatorError> {
        let mut is_closer = false;
        for (place, name) in self.proposed() {
            let (plan, run) = self.closest(place, &name).await?;
            if plan == self.plan {
                continue;
            }
            let runs = self.affected(&plan, &name, Some((place, run))).await?;
            if total(&runs) < total(&self.runs) {
                (self.plan, self.runs) = (plan, runs);
                is_closer = true;
            }
        }
        Ok(is_closer)
    }

    /// The entries on which differing steps depend, each with its scenario; entries with few values first.
    fn proposed(&self) -> Vec<(usize, String)> {
        let mut proposed = Vec::new();
        for (place, (real, run)) in self.real.iter().zip(&self.runs).enumerate() {
            let steps =
                real.scenario.steps.iter().zip(&run.verdicts).filter(|(_, verdict)| **verdict != Verdict::Equal);
            for (name, _) in steps.flat_map(|(step, _)| &step.shows).filter_map(|label| entry_of(label)) {
                if !proposed.contains(&(place, name.clone())) {
                    proposed.push((place, name));
                }
            }
        }
        let has_many = |name: &str| matches!(value_of(&self.plan, name), Value::Array(_) | Value::Object(_));
        proposed.sort_by_key(|(_, name)| has_many(name));
        proposed
    }

    /// The plan with another value of one entry with which a scenario is closest, and its run.
    async fn closest(&mut self, place: usize, name: &str) -> Result<(Plan, EmulatedRun), EmulatorError> {
        let (mut plan, mut run) = (self.plan.clone(), self.runs[place].clone());
        loop {
            let mut is_closer = false;
            for other in self.plans(&plan, place, &run, name) {
                if self.trials >= MAX_TRIALS {
                    return Ok((plan, run));
                }
                self.trials += 1;
                let tried = self.run(&self.real[place], &other).await?;
                if distance(&tried) < distance(&run) {
                    (plan, run, is_closer) = (other, tried, true);
                    break;
                }
            }
            if !is_closer || distance(&run) == 0 {
                return Ok((plan, run));
            }
        }
    }

    /// The plans that the differing steps propose for an entry: first one with the proposals of all, then one of each.
    fn plans(&self, plan: &Plan, place: usize, run: &EmulatedRun, name: &str) -> Vec<Plan> {
        let real = &self.real[place];
        let mut all = plan.clone();
        let mut plans = Vec::new();
        let steps = real.scenario.steps.iter().zip(real.outcomes.iter().zip(&run.outcomes)).zip(&run.verdicts);
        for (before, ((step, (real, emulated)), verdict)) in steps.enumerate() {
            let (Some(real), Some(emulated)) = (real.exchange(), emulated.exchange()) else { continue };
            if *verdict == Verdict::Equal {
                continue;
            }
            let shown = Shown { real, emulated, before };
            for label in step.shows.iter().filter(|label| entry_of(label).is_some_and(|(entry, _)| entry == name)) {
                plans.extend(candidates(plan, label, shown).into_iter().filter_map(|value| with(plan, name, value)));
                let first = candidates(&all, label, shown).into_iter().next();
                all = first.and_then(|value| with(&all, name, value)).unwrap_or(all);
            }
        }
        plans.insert(0, all);
        let mut distinct: Vec<Plan> = Vec::new();
        plans.into_iter().filter(|other| other != plan).for_each(|other| {
            if !distinct.contains(&other) {
                distinct.push(other);
            }
        });
        distinct
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
        let depends =
            |step: &Step| step.shows.iter().any(|label| entry_of(label).is_some_and(|(entry, _)| entry == name));
        for (place, real) in self.real.iter().enumerate() {
            if let Some((_, run)) = done.as_ref().filter(|(done, _)| *done == place) {
                runs[place] = run.clone();
            } else if distance(&runs[place]) > 0 || real.scenario.steps.iter().any(depends) {
                runs[place] = self.run(real, plan).await?;
                self.trials += 1;
            }
        }
        Ok(runs)
    }

    /// Runs every scenario with the plan.
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
    let verdicts = verdicts(&real.scenario, &real.outcomes, &outcomes, &real.inputs, names.at);
    Ok(EmulatedRun { outcomes, verdicts })
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
