//! The scenarios of `config/scenarios/`.

use super::{Scenario, ScenarioError};

/// Their names and texts. A test compares them with the folder.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../config/scenarios/", $name, ".yaml"))),)*];
    };
}

files![
    "authentication",
    "bydesign-creating",
    "bydesign-reading",
    "customers-by-type",
    "deleting-customers",
    "forms-of-dates",
    "lengths-of-texts",
    "minimum-age",
    "passwords",
    "patching-customers",
    "quota",
    "rate-limit",
    "reading-customers",
    "replacing-customers",
    "request-bodies",
    "required-fields",
    "reward-points",
    "single-sign-on",
    "sponsor-trees",
    "storm-reading",
    "storm-updating",
    "unique-fields",
    "upgrade",
    "validating-values",
];

/// The built-in scenarios, in the order in which they run.
///
/// # Errors
/// When one cannot be read; a test reads them all.
pub fn built_in() -> Result<Vec<Scenario>, ScenarioError> {
    FILES.iter().map(|(name, text)| Scenario::read(name, text)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::Field;
    use crate::plan::Plan;
    use crate::verify::explain::entry_of;
    use crate::verify::operations::{built_operations, operation_of};

    #[test]
    fn every_file_of_the_folder_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/scenarios");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.expect("an entry").file_name().into_string().expect("a name")
        };
        let there: BTreeSet<String> = std::fs::read_dir(folder).expect("the folder").map(name).collect();
        let known: BTreeSet<String> = FILES.iter().map(|(name, _)| format!("{name}.yaml")).collect();
        assert_eq!(there, known);
    }

    #[test]
    fn every_built_in_scenario_can_be_read() {
        for scenario in built_in().expect("the scenarios") {
            assert!(!scenario.title.is_empty() && scenario.title.len() <= 100, "{}: {}", scenario.name, scenario.title);
        }
    }

    /// What the steps show of the plan.
    fn labels() -> BTreeSet<String> {
        let scenarios = built_in().expect("the scenarios");
        scenarios.into_iter().flat_map(|scenario| scenario.steps).flat_map(|step| step.shows).collect()
    }

    #[test]
    fn every_entry_of_the_plan_is_shown_by_a_step() {
        let entry =
            |label: &String| entry_of(label).unwrap_or_else(|| panic!("'{label}' names no entry of the plan")).0;
        let shown: BTreeSet<String> = labels().iter().map(entry).collect();
        let missing: Vec<String> =
            Plan::entries().into_iter().map(|entry| entry.name).filter(|name| !shown.contains(name)).collect();
        assert!(missing.is_empty(), "no step shows {missing:?}");
    }

    #[test]
    fn every_required_and_every_unique_field_is_shown_by_a_step() {
        let labels = labels();
        let types = [1, 2, 3];
        // Without a type a request has the requirements of no type.
        let fields = Field::all().filter(|field| *field != Field::CustomerType);
        let required = fields.flat_map(|field| types.map(|number| format!("required.{field}.{number}")));
        let unique = Plan::default().unique.into_iter().map(|field| format!("unique.{}", field.field()));
        let missing: Vec<String> = required.chain(unique).filter(|label| !labels.contains(label)).collect();
        assert!(missing.is_empty(), "no step shows {missing:?}");
    }

    #[test]
    fn every_operation_is_called_by_a_step() {
        let scenarios = built_in().expect("the scenarios");
        let called: BTreeSet<String> = scenarios
            .iter()
            .flat_map(|scenario| scenario.steps.iter().map(move |step| (scenario.api, step)))
            .filter_map(|(api, step)| operation_of(api, &step.method, &step.path))
            .collect();
        let missing: Vec<String> = built_operations().into_iter().filter(|id| !called.contains(id)).collect();
        assert!(missing.is_empty(), "no step calls {missing:?}");
    }
}
