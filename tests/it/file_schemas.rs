//! The JSON Schemas of seed files and plans. scripts/check-schemas compares them with the reader.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::control::control;
use crate::support::http::request;
use crate::support::process::{program, run};
use crate::support::server::server;
use crate::support::{Client, Reply, tenant, with};

fn published(kind: &str) -> String {
    let path = format!("{}/config/schemas/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{error}: {path}"))
}

fn schema(kind: &str) -> Value {
    serde_json::from_str(&published(kind)).expect("JSON")
}

/// A request without a token, from another site, as anything may read a schema.
fn fetch(kind: &str, headers: &str) -> Reply {
    let client = Client { address: server().address, key: String::new() };
    client.raw(&request("GET", &format!("/_emulator/schemas/{kind}.json"), headers, None))
}

#[test]
fn the_published_schemas_are_those_that_the_program_prints_and_serves() {
    for kind in ["seed", "plan"] {
        let (code, printed, error) = run(&mut program(&["schema", kind]));
        assert_eq!((code, error.as_str()), (Some(0), ""));
        assert_eq!(published(kind), printed, "regenerate it with: just schemas");
        let reply = fetch(kind, "Origin: http://elsewhere.example\r\n");
        assert_eq!((reply.status, &reply.body), (200, &printed));
        assert_eq!(reply.header("Content-Type"), Some("application/schema+json"));
        assert_eq!(reply.header("Cache-Control"), Some("public, max-age=300"));
        let tag = reply.header("Etag").expect("a tag");
        for known in [tag.to_owned(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let reply = fetch(kind, &format!("If-None-Match: {known}\r\n"));
            assert_eq!((reply.status, reply.body.as_str()), (304, ""), "{known}");
            assert_eq!(reply.header("Etag"), Some(tag));
        }
        assert_eq!(fetch(kind, "If-None-Match: \"x\"\r\n").status, 200);
    }
    assert_eq!(fetch("other", "").status, 404);
    let (code, _, error) = run(&mut program(&["schema", "other"]));
    assert_eq!(code, Some(2));
    assert!(error.contains("[possible values: seed, plan]"), "{error}");
}

#[test]
fn every_object_of_a_schema_lists_the_members_that_the_reader_accepts() {
    let tenant = tenant();
    let definitions = schema("seed")["$defs"].clone();
    let members = |name: &str| -> BTreeSet<String> {
        let properties = definitions[name]["properties"].as_object().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(definitions[name]["additionalProperties"], false, "{name}");
        properties.keys().cloned().collect()
    };
    let wrong = json!({ "colour": 1 });
    let rule = |of: &str| json!({ "faults": [{ "rule": { of: "*", "colour": 1 } }] });
    for (name, seed) in [
        ("Customer", json!({ "customers": [wrong] })),
        ("SeedAddress", json!({ "customers": [{ "PrimaryAddress": wrong }] })),
        ("CustomerRecord", json!({ "customers": [{ "record": wrong }] })),
        ("Placement", json!({ "customers": [{ "record": { "tree": wrong } }] })),
        ("StoredTypeChange", json!({ "customers": [{ "record": { "type_changes": [wrong] } }] })),
        ("StoredPoints", json!({ "customers": [{ "record": { "reward_points": [wrong] } }] })),
        ("StoredCompany", json!({ "customers": [{ "record": { "companies": [wrong] } }] })),
        ("Plan", json!({ "plan": wrong })),
        ("PasswordRule", json!({ "plan": { "password_rule": wrong } })),
        ("BackOfficeIds", json!({ "plan": { "back_office_id": wrong } })),
        ("RequestLimit", json!({ "plan": { "quota": wrong } })),
        ("StatPlan", json!({ "plan": { "stats": { "x": wrong } } })),
        ("ByDesignPlan", json!({ "plan": { "bydesign": wrong } })),
        ("StormPlan", json!({ "plan": { "storm": wrong } })),
        ("SeedExtension", json!({ "extension": wrong })),
        ("EventSettings", json!({ "events": wrong })),
        ("Subscription", json!({ "events": { "subscriptions": [wrong] } })),
        ("SeedFault", json!({ "faults": [wrong] })),
        ("Counters", json!({ "counters": wrong })),
        ("Population", json!({ "population": wrong })),
        ("RequestRule", rule("operation")),
        ("EventRule", rule("event")),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&seed)).problem(400);
        let (_, listed) = detail.split_once("unknown field `colour`, expected ").unwrap_or_else(|| panic!("{detail}"));
        // A name of a member has no space, which the position at the end of the message has.
        let listed = listed.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(members(name), listed, "{name}");
    }
}

/// The schema is written once, so that a plan is described by the same words in both.
#[test]
fn the_plan_in_a_seed_is_the_plan() {
    let (seed, plan) = (schema("seed"), schema("plan"));
    assert_eq!(seed["$defs"]["Plan"]["properties"], plan["properties"]);
    for (name, property) in plan["properties"].as_object().expect("members") {
        assert!(property["description"].is_string() || property["$ref"].is_string(), "{name} has no description");
    }
    let defaults: serde_json::Map<String, Value> = plan["properties"]
        .as_object()
        .expect("members")
        .iter()
        .filter_map(|(name, property)| Some((name.clone(), property.get("default")?.clone())))
        .collect();
    let tenant = tenant();
    tenant.control("PUT", "/plan", Some(&json!({}))).done(200);
    let mut plan = tenant.control("GET", "/plan", None).done(200);
    // A default of null is not written.
    plan.as_object_mut().expect("a plan").retain(|_, value| !value.is_null());
    assert_eq!(Value::Object(defaults), plan);
}

#[test]
fn a_file_may_name_its_schema_and_the_reader_ignores_it() {
    let tenant = tenant();
    let seed = json!({ "$schema": "seed.json", "plan": { "$schema": "plan.json", "minimum_age": 21 } });
    tenant.control("PUT", "/seed", Some(&seed)).done(200);
    let plan = tenant.control("PUT", "/plan", Some(&json!({ "$schema": "p", "minimum_age": 30 }))).done(200);
    assert_eq!((plan.get("$schema"), &plan["minimum_age"]), (None, &json!(30)));
    let file = |more: Value| {
        let seed = json!({ "version": 1, "tenants": [{ "name": format!("schema-{}", tenant.name()) }] });
        control("PUT", "/seed", Some(&with(&seed, more)))
    };
    file(json!({ "$schema": "seed.json" })).done(200);
    let detail = file(json!({ "$schema": 1 })).problem(400);
    assert!(detail.contains("invalid type: integer, expected a string"), "{detail}");
}
