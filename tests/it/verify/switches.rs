//! Two tenants whose plans differ: the differences are found, the entries of the plan are named, and with the written plan the
//! responses are equal.

use std::collections::BTreeSet;

use directscale_emulator::plan::Plan;
use serde_json::{Value, json};

use super::Comparison;
use crate::support::{Tenant, tenant, tenant_with};

/// A plan that differs from the default in every entry, but for those that keep the scenarios from creating anything. Each value can be
/// seen by a scenario.
fn other_plan() -> Value {
    json!({
        "rejection_status": 400,
        "unknown_on_upgrade_status": 500,
        "required": { "TaxId": [], "SecondaryPhone": [2], "PrimaryAddress.City": [3] },
        "unique": ["EmailAddress", "Username", "WebAlias"],
        "upgrade_transitions": [[2, 1], [3, 1]],
        "sponsor_must_be_distributor": false,
        "unsupported_patch_fields": "reject",
        "back_office_id": { "seed": 5000, "format": "decimal" },
        "text_phone_default": "none",
        "password_rule": { "min_length": 6, "max_length": 20, "digit": false, "capital": true, "symbol": false },
        "minimum_age": 21,
        "max_length": { "FirstName": 40 },
        "strict_json": true,
        "validate_polarity": "taken",
        "validate_booleans": "dotnet",
        "empty_unset_texts": true,
        "stats": { "kit_level": "Gold", "GVKPI": { "Value": 3 } },
        "countries": { "US": "USD", "CA": "CAD" },
        "sso_login_url": "https://back.example/In",
        "types": { "4": "Type 4" },
        "statuses": { "6": "Status 6" },
        "bydesign": {
            "error": "model_state", "default_format": "xml", "countries": { "HOLLAND": "NL" }, "time_zone": "America/Denver"
        },
        "storm": {
            "empty_clears": true, "strict_dates": true, "time_zone": "UTC", "default_country": "SE", "countries": { "Sverige": null },
            "partial_addresses": true
        }
    })
}

/// The limits, which bound the number of requests of a run.
const LIMITS: [&str; 2] = ["rate_limit", "quota"];

/// The credential of a tenant for an API.
fn key(tenant: &Tenant, api: &str) -> String {
    let kind = match api {
        "bydesign" => "basic",
        "storm" => "oauth-client",
        _ => return tenant.key.clone(),
    };
    // Names of accounts are unique in the whole server.
    let name = format!("{}-{kind}", tenant.name());
    let added = tenant.control("POST", "/keys", Some(&json!({ "name": name, "kind": kind }))).done(201);
    format!("{}:{}", added["account"].as_str().expect("an account"), added["key"].as_str().expect("a secret"))
}

/// The names of the entries in a report.
fn found(report: &Value) -> BTreeSet<String> {
    let switches = report["switches"].as_array().expect("switches");
    switches.iter().map(|switch| switch["entry"].as_str().expect("a name").to_owned()).collect()
}

/// The entries in which a plan differs from the default.
fn differing(plan: &Value) -> BTreeSet<String> {
    let differs = |name: &str| {
        let place = format!("/{}", name.replace('.', "/"));
        plan.pointer(&place).is_some()
    };
    Plan::entries().into_iter().map(|entry| entry.name).filter(|name| differs(name)).collect()
}

/// Compares a tenant with the other values of an API's entries, and again with the plan that was written.
#[track_caller]
fn compare(api: &str) {
    let is_own = |name: &str| if api == "directscale" { !matches!(name, "bydesign" | "storm") } else { name == api };
    let Value::Object(mut plan) = other_plan() else { panic!("a plan") };
    plan.retain(|name, _| is_own(name));
    let plan = Value::Object(plan);
    let (real, emulated) = (tenant_with(plan.clone()), tenant());
    let comparison = Comparison::new(&emulated);
    let file = super::text_of(&comparison.path("plan.json"));
    let arguments = ["--api", api, "--allow-writes", "--json", "--write-plan", &file];
    let first = comparison.with(real.address, &key(&real, api), &arguments);
    let report = first.report();
    assert_eq!(first.code, Some(1), "{}", first.text());
    assert_eq!(found(&report), differing(&plan), "{:#}", report["gaps"]);
    assert_eq!(report["gaps"], json!([]), "{:#}", report["gaps"]);
    assert_eq!(report["steps_with_plan"]["different"], 0);

    // The written plan makes the next comparison equal from the beginning.
    let again = tenant_with(plan);
    let written = std::fs::read_to_string(&file).expect("a plan");
    let with_plan = tenant_with(serde_json::from_str(&written).expect("JSON"));
    let comparison = Comparison::new(&with_plan);
    let second = comparison.with(again.address, &key(&again, api), &["--api", api, "--allow-writes", "--json"]);
    let report = second.report();
    assert_eq!((&report["steps"]["different"], &report["switches"]), (&json!(0), &json!([])), "{:#}", report["gaps"]);
}

#[test]
fn every_directscale_entry_that_differs_is_named() {
    compare("directscale");
}

#[test]
fn every_bydesign_entry_that_differs_is_named() {
    compare("bydesign");
}

#[test]
fn every_storm_entry_that_differs_is_named() {
    compare("storm");
}

#[test]
fn limits_are_found_by_scenarios_that_are_named() {
    for (entry, scenario, limit) in [
        ("rate_limit", "rate-limit", json!({ "calls": 20, "renewal_seconds": 300 })),
        ("quota", "quota", json!({ "calls": 100, "renewal_seconds": 3600 })),
    ] {
        let (real, emulated) = (tenant_with(json!({ entry: limit })), tenant());
        let comparison = Comparison::new(&emulated);
        let outcome = comparison.with(real.address, &real.key, &["--scenario", scenario, "--json"]);
        let report = outcome.report();
        assert_eq!(
            report["switches"],
            json!([{ "entry": entry, "emulator": null, "real": limit }]),
            "{}",
            outcome.text()
        );
        assert_eq!(report["gaps"], json!([]));
    }
}

/// A new entry of the plan needs a value here and a scenario that shows it.
#[test]
fn the_other_plan_differs_in_every_entry() {
    let own = differing(&other_plan());
    let missing: Vec<String> = Plan::entries()
        .into_iter()
        .map(|entry| entry.name)
        .filter(|name| !own.contains(name) && !LIMITS.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "the other plan has no value for {missing:?}");
}

#[test]
fn equal_plans_have_no_differences() {
    let (real, emulated) = (tenant(), tenant());
    let comparison = Comparison::new(&emulated);
    let outcome = comparison.with(real.address, &real.key, &["--allow-writes"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.text());
    assert!(outcome.output.contains(" steps equal, 0 different, 0 not comparable"), "{}", outcome.output);
    let requests = real.requests("?limit=1000");
    assert!(requests.len() >= 500, "{}", requests.len());
    let left = comparison.created();
    assert!(left.iter().filter(|line| line["created"] == true).count() > 10, "{left:?}");
}
