//! What a plan's entry would be if the emulator answered as the real service did.
//!
//! A step of a scenario names the entries on which its response depends: an entry with fixed choices by its name, another one with
//! what the request probes, such as `required.TaxId.1`. `docs/VERIFY.md` lists the forms.

use serde_json::Value;

use super::derive::{
    Shown, back_office_id, countries, country_names, default_country, max_length, minimum_age, password_rule, quota,
    rate_limit, required, sso_login_url, stats, statuses, time_zone, types, unique, upgrade_transitions,
};
use crate::plan::Plan;
use crate::verify::scenario::Scenario;

/// Finds values of an entry from its present value, what the label probes, and the responses.
type Derive = fn(&Value, &[&str], Shown<'_>) -> Vec<Value>;

/// How an entry's value is found.
enum Way {
    /// Every other value of its choices.
    Choices,
    Derived(Derive),
}

/// The ways of all entries that have no fixed choices.
const DERIVED: [(&str, Derive); 19] = [
    ("required", required),
    ("unique", unique),
    ("upgrade_transitions", upgrade_transitions),
    ("back_office_id", back_office_id),
    ("password_rule", password_rule),
    ("minimum_age", minimum_age),
    ("max_length", max_length),
    ("stats", stats),
    ("rate_limit", rate_limit),
    ("quota", quota),
    ("countries", countries),
    ("sso_login_url", sso_login_url),
    ("types", types),
    ("statuses", statuses),
    ("bydesign.countries", country_names),
    ("storm.countries", country_names),
    ("storm.default_country", default_country),
    ("bydesign.time_zone", time_zone),
    ("storm.time_zone", time_zone),
];

/// The entry of a label, and the rest of the label.
pub(in crate::verify) fn entry_of(label: &str) -> Option<(String, Vec<&str>)> {
    let names = Plan::entries().into_iter().map(|entry| entry.name);
    let is_own =
        |name: &String| label == name || label.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
    let name = names.filter(is_own).max_by_key(String::len)?;
    let rest = label[name.len()..].trim_start_matches('.');
    // The name of a field has dots of its own, and what follows it is a number.
    let parts = match rest.rsplit_once('.') {
        _ if rest.is_empty() => Vec::new(),
        Some((first, last)) if name == "required" || name == "max_length" || name.ends_with(".countries") => {
            vec![first, last]
        }
        _ => rest.split('.').collect(),
    };
    Some((name, parts))
}

/// The first step of a scenario with a label that names no entry of the plan, and the label.
pub(crate) fn unknown_label(scenario: &Scenario) -> Option<(&str, &str)> {
    let labels =
        scenario.steps.iter().flat_map(|step| step.shows.iter().map(|label| (step.name.as_str(), label.as_str())));
    labels.into_iter().find(|(_, label)| entry_of(label).is_none())
}

/// Values of the label's entry with which the emulator may answer as the real service, likeliest first.
pub(super) fn candidates(plan: &Plan, label: &str, shown: Shown<'_>) -> Vec<Value> {
    let Some((name, parts)) = entry_of(label) else { return Vec::new() };
    let now = value_of(plan, &name);
    let values = match way(&name) {
        Some(Way::Choices) => choices(&name),
        Some(Way::Derived(derive)) => derive(&now, &parts, shown),
        None => Vec::new(),
    };
    values.into_iter().filter(|value| *value != now).collect()
}

fn way(name: &str) -> Option<Way> {
    if let Some((_, derive)) = DERIVED.iter().find(|(entry, _)| *entry == name) {
        return Some(Way::Derived(*derive));
    }
    let entry = Plan::entries().into_iter().find(|entry| entry.name == name)?;
    (!entry.choices.is_empty()).then_some(Way::Choices)
}

fn choices(name: &str) -> Vec<Value> {
    let entry = Plan::entries().into_iter().find(|entry| entry.name == name);
    let read = |choice: &&str| serde_json::from_str::<Value>(choice).ok();
    entry.iter().flat_map(|entry| entry.choices.iter().filter_map(read)).collect()
}

/// The value of an entry, whose name has the section of a vendor before a dot.
pub(super) fn value_of(plan: &Plan, name: &str) -> Value {
    let plan = serde_json::to_value(plan).unwrap_or_default();
    name.split('.').try_fold(&plan, |value, part| value.get(part)).cloned().unwrap_or_default()
}

/// The plan with another value of an entry; `None` when the value is not in its range.
pub(super) fn with(plan: &Plan, name: &str, value: Value) -> Option<Plan> {
    let mut document = serde_json::to_value(plan).ok()?;
    let mut place = &mut document;
    for part in name.split('.') {
        place = place.as_object_mut()?.entry(part).or_insert(Value::Null);
    }
    *place = value;
    let plan: Plan = serde_json::from_value(document).ok()?;
    plan.check().ok()?;
    Some(plan)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_entry_of_the_plan_can_be_found() {
        for entry in Plan::entries() {
            assert!(way(&entry.name).is_some(), "no way to find {} from two responses", entry.name);
        }
    }

    #[test]
    fn a_label_names_its_entry_and_what_it_probes() {
        for (label, name, parts) in [
            ("rejection_status", "rejection_status", vec![]),
            ("required.PrimaryAddress.Street1.2", "required", vec!["PrimaryAddress.Street1", "2"]),
            ("storm.countries.Great Britain.GB", "storm.countries", vec!["Great Britain", "GB"]),
            ("password_rule.min_length.8", "password_rule", vec!["min_length", "8"]),
            ("upgrade_transitions.2.1", "upgrade_transitions", vec!["2", "1"]),
        ] {
            assert_eq!(entry_of(label), Some((name.to_owned(), parts)), "{label}");
        }
        assert_eq!(entry_of("no_entry"), None);
    }

    #[test]
    fn a_value_out_of_its_range_is_no_plan() {
        let plan = Plan::default();
        assert!(with(&plan, "minimum_age", json!(200)).is_none());
        let changed = with(&plan, "storm.empty_clears", json!(true)).expect("a plan");
        assert_eq!(value_of(&changed, "storm.empty_clears"), json!(true));
    }
}
