//! The entries of a plan, each with its meaning, its default, its values and the evidence for the default.

use serde_json::Value;

use super::Plan;
use crate::vendor_facts::{ByDesignPlan, StormPlan};

/// An entry of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanEntry {
    /// Such as `minimum_age`; in the section of a vendor such as `storm.time_zone`.
    pub name: String,
    /// The documentation of the field that holds it.
    pub meaning: &'static str,
    pub default: Value,
    /// The evidence class of the default.
    pub evidence: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
    /// All values, as JSON; empty where there are too many.
    pub choices: &'static [&'static str],
}

/// The evidence class of an entry's default, its source, and the entry's values as JSON.
struct Fact(&'static str, &'static str, &'static str, &'static [&'static str]);

const BOOLEAN: &[&str] = &["true", "false"];

const FACTS: [Fact; 33] = [
    Fact("rejection_status", "documented", "500 on the operations' pages; the status guide says 400", &["500", "400"]),
    Fact(
        "unknown_on_upgrade_status",
        "documented",
        "404 in the status guide; the Upgrade Customer page lists only 500",
        &["404", "500"],
    ),
    Fact("required", "documented", "Upgrade Customer page, the required fields of each type", &[]),
    Fact("unique", "documented", "Upgrade Customer page; that case does not count is inferred", &[]),
    Fact("upgrade_transitions", "documented", "Upgrade Customer page: from type 2 to type 1", &[]),
    Fact("sponsor_must_be_distributor", "inferred", "that the sponsor must exist is documented", BOOLEAN),
    Fact(
        "unsupported_patch_fields",
        "inferred",
        "the PATCH Customer page lists the supported fields",
        &[r#""ignore""#, r#""reject""#],
    ),
    Fact("back_office_id", "documented", "vendor's help, Associate Types", &[]),
    Fact(
        "text_phone_default",
        "documented",
        "vendor's C# reference, TextNumber of Application",
        &[r#""primary_phone""#, r#""none""#],
    ),
    Fact("password_rule", "documented", "vendor's help; another page also asks for a symbol", &[]),
    Fact("minimum_age", "documented", "the vendor's pages on enrollment", &[]),
    Fact("max_length", "chosen", "lengths are not published", &[]),
    Fact(
        "strict_json",
        "framework-default",
        "the vendors' code is .NET, whose readers accept more than strict JSON",
        BOOLEAN,
    ),
    Fact(
        "validate_polarity",
        "client-observed",
        "for usernames; the other operations are chosen",
        &[r#""free""#, r#""taken""#],
    ),
    Fact("validate_booleans", "client-observed", "clients are in conflict", &[r#""json""#, r#""dotnet""#]),
    Fact("empty_unset_texts", "chosen", "the documented sample shows both forms", BOOLEAN),
    Fact("stats", "chosen", "public pages read keys that nothing documents", &[]),
    Fact("rate_limit", "framework-default", "Azure API Management; the vendor's limits are not published", &[]),
    Fact("quota", "framework-default", "Azure API Management; the vendor's quotas are not published", &[]),
    Fact("countries", "chosen", "the operation is documented", &[]),
    Fact("sso_login_url", "chosen", "the operation is documented", &[]),
    Fact("types", "documented", "Upgrade Customer page", &[]),
    Fact("statuses", "inferred", "names in public clients", &[]),
    Fact("bydesign.error", "inferred", "from sibling operations", &[r#""api_result""#, r#""model_state""#]),
    Fact(
        "bydesign.default_format",
        "chosen",
        "the framework's order of formatters suggests XML",
        &[r#""request""#, r#""xml""#, r#""json""#],
    ),
    Fact("bydesign.countries", "chosen", "names are not published", &[]),
    Fact("bydesign.time_zone", "chosen", "no page names a zone", &[]),
    Fact("storm.empty_clears", "client-observed", "clients always send empty values", BOOLEAN),
    Fact("storm.strict_dates", "chosen", "the service's own format is documented", BOOLEAN),
    Fact("storm.time_zone", "chosen", "no page names a zone", &[]),
    Fact("storm.default_country", "chosen", "", &[]),
    Fact("storm.countries", "chosen", "names come from Unicode CLDR", &[]),
    Fact("storm.partial_addresses", "documented", "the Address page: each part \"if supplied\"", BOOLEAN),
];

impl Plan {
    /// Every entry, in the order of the fields, the vendors' sections last.
    #[must_use]
    pub fn entries() -> Vec<PlanEntry> {
        let default = serde_json::to_value(Self::default()).unwrap_or_default();
        let entry = |name: String, meaning: &'static str, default: &Value| {
            let fact = FACTS.iter().find(|fact| fact.0 == name);
            let (evidence, source, choices) = fact.map_or(("chosen", "", &[][..]), |fact| (fact.1, fact.2, fact.3));
            PlanEntry { name, meaning, default: default.clone(), evidence, source, choices }
        };
        let own = Self::MEANINGS.iter().filter(|(name, _)| !SECTIONS.iter().any(|(section, _)| section == name));
        // A member that is not written, such as one that only editors read, is no entry.
        let own = own.filter_map(|(name, meaning)| Some(entry((*name).to_owned(), meaning, default.get(name)?)));
        let of_vendors = SECTIONS.iter().flat_map(|(section, meanings)| meanings.iter().map(move |of| (*section, of)));
        let of_vendors = of_vendors.filter_map(|(section, (name, meaning))| {
            Some(entry(format!("{section}.{name}"), meaning, default.get(section)?.get(name)?))
        });
        own.chain(of_vendors).collect()
    }
}

/// The vendors' sections with the meanings of their entries.
const SECTIONS: [(&str, &[(&str, &str)]); 2] = [("bydesign", ByDesignPlan::MEANINGS), ("storm", StormPlan::MEANINGS)];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_entry_of_the_plan_is_described() {
        let entries = Plan::entries();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        for Fact(name, ..) in FACTS {
            assert!(names.contains(&name), "{name} is no entry");
        }
        assert_eq!(names.len(), FACTS.len(), "{names:?}");
        for entry in &entries {
            assert!(entry.meaning.trim().len() > 10, "{}: {:?}", entry.name, entry.meaning);
        }
    }

    #[test]
    fn the_choices_are_the_values_that_a_plan_accepts() {
        let plan = |name: &str, value: Value| {
            let document = match name.split_once('.') {
                Some((section, name)) => json!({ section: { name: value } }),
                None => json!({ name: value }),
            };
            serde_json::from_value::<Plan>(document)
        };
        for PlanEntry { name, default, choices, .. } in Plan::entries() {
            plan(&name, default.clone()).expect("the default");
            if choices.is_empty() {
                assert!(!default.is_boolean(), "{name} has two values");
                continue;
            }
            assert!(choices.contains(&default.to_string().as_str()), "{name}");
            for choice in choices {
                plan(&name, serde_json::from_str(choice).expect("JSON")).expect(choice);
            }
            // The message lists what is accepted.
            let error = plan(&name, json!("no such value")).expect_err("a wrong value").to_string();
            if error.contains("expected one of") || error.contains("expected `") {
                assert_eq!(error.matches('`').count() / 2 - 1, choices.len(), "{error}");
            }
        }
    }
}
