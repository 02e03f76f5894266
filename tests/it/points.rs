//! Reward points.

use chrono::{Days, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::support::{Reply, Tenant, tenant};

const BROKEN: &str = "The request body is not valid JSON: EOF while parsing a list at line 1 column 1.";

const PATH: &str = "/v1/customers/3/reward-points";

fn deduct(tenant: &Tenant, body: &str) -> Reply {
    tenant.call("DELETE", PATH, "", Some(body))
}

fn balance(tenant: &Tenant, query: &str) -> Value {
    let stats = tenant.get(&format!("/v1/customers/3/stats{query}")).succeeds(200).json();
    stats["Stats"]["RewardPoints"]["Value"].clone()
}

#[test]
fn points_are_added_and_deducted() {
    let tenant = tenant();
    assert_eq!(tenant.post(PATH, &json!({ "pointsToAdd": 100 })).succeeds(201).body, "");
    tenant.post(PATH, &json!({ "PointsToAdd": "0.25" })).succeeds(201);
    assert_eq!(balance(&tenant, ""), 100.25);
    assert_eq!(deduct(&tenant, r#"{"pointsToDeduct": -30}"#).succeeds(200).body, "", "the sign does not count");
    assert_eq!(balance(&tenant, ""), 70.25);
    deduct(&tenant, r#"{"pointsToDeduct": 100}"#).succeeds(200);
    assert_eq!(balance(&tenant, ""), -29.75, "a balance may go below zero");
}

#[test]
fn points_expire_after_365_days() {
    let tenant = tenant();
    tenant.post(PATH, &json!({ "pointsToAdd": 10 })).succeeds(201);
    let in_days = |days| {
        #[expect(clippy::disallowed_methods, reason = "the tests' own clock")]
        let then = Utc::now() + Days::new(days);
        balance(&tenant, &format!("?date={}", then.to_rfc3339_opts(SecondsFormat::Secs, true)))
    };
    assert_eq!(in_days(364), 10.0);
    assert_eq!(in_days(366), 0.0);
}

/// The operations' page lists 400, whatever the plan's status of other rejections is.
#[test]
fn an_invalid_number_of_points_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let message =
        |name: &str| format!("{name} must be a number other than 0, at most 999999999; negative ones cannot be added.");
    for body in [
        "{}",
        r#"{"pointsToAdd": 0}"#,
        r#"{"pointsToAdd": -5}"#,
        r#"{"pointsToAdd": null}"#,
        r#"{"pointsToAdd": "many"}"#,
        r#"{"pointsToAdd": "inf"}"#,
        r#"{"pointsToAdd": 1e12}"#,
        r#"{"pointsToAdd": [1]}"#,
    ] {
        tenant.call("POST", PATH, "", Some(body)).rejects(400, &message("pointsToAdd"));
    }
    for body in [r#"{"pointsToAdd": 5}"#, r#"{"pointsToDeduct": 0}"#, r#"{"pointsToDeduct": "NaN"}"#] {
        deduct(&tenant, body).rejects(400, &message("pointsToDeduct"));
    }
    tenant.call("POST", PATH, "", None).rejects(400, "The request body is empty.");
    deduct(&tenant, "[]").rejects(400, "The request body must be a JSON object.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_unknown_customer_has_no_points() {
    let tenant = tenant();
    let message = "A Customer with the given Customer ID was not found.";
    tenant.post("/v1/customers/99/reward-points", &json!({ "pointsToAdd": 1 })).rejects(404, message);
    // An unreadable body is reported first, then an unknown customer, then an invalid number.
    tenant.post("/v1/customers/99/reward-points", &json!({ "pointsToAdd": 0 })).rejects(404, message);
    tenant.post("/v1/customers/abc/reward-points", &json!({ "pointsToAdd": 0 })).rejects(404, message);
    for id in ["99", "abc"] {
        let path = format!("/v1/customers/{id}/reward-points");
        tenant.call("POST", &path, "", Some("[")).rejects(400, BROKEN);
    }
    let body = Some(r#"{"pointsToDeduct": 1}"#);
    tenant.call("DELETE", "/v1/customers/99/reward-points", "", body).rejects(404, message);
}
