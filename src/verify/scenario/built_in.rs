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
}
