//! A tenant's clock: frozen, set, advanced, and independent of other tenants' clocks.

use serde_json::{Value, json};

use crate::support::{Tenant, seeds, tenant, with};

fn set(tenant: &Tenant, verb: &str, body: &Value) -> Value {
    tenant.control("POST", &format!("/clock/{verb}"), Some(body)).done(200)
}

#[test]
fn dates_follow_a_frozen_clock() {
    let (tenant, other) = (tenant(), tenant());
    let frozen = set(&tenant, "freeze", &json!({ "at": "2031-05-06T07:08:09Z" }));
    assert_eq!(frozen, json!({ "now": "2031-05-06T07:08:09Z", "mode": "frozen" }));
    let id = tenant.create(&seeds::retail());
    assert_eq!(tenant.customer(id)["SignupDate"], "2031-05-06T07:08:09Z");
    set(&tenant, "advance", &json!({ "seconds": 86_400 }));
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let log = tenant
        .rows("select ChangeDate::text as at, recordnumber from CRM_AssociateTypeChanges where tenant_id = {tenant}");
    assert_eq!(log[0]["at"], "2031-05-07 07:08:09+00");
    assert_eq!(log[0]["recordnumber"], 1_935_904_089_000_000_i64, "the number also follows a frozen clock");
    // Another tenant has the real time.
    other.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let log = other.rows(
        "select extract(year from ChangeDate)::int as year from CRM_AssociateTypeChanges where tenant_id = {tenant}",
    );
    assert!(log[0]["year"].as_i64() < Some(2031), "{log:?}");
}

#[test]
fn expiries_and_ages_follow_the_clock() {
    let tenant = tenant();
    set(&tenant, "freeze", &json!({ "at": "2030-01-01T00:00:00Z" }));
    let token = tenant.get("/v1/sso/2").succeeds(200).body;
    let token = token.trim_matches('"').rsplit('=').next().expect("a token").to_owned();
    let path = format!("/v1/sso?token={token}");
    let redeem = || tenant.get(&path).status;
    let first = redeem();
    set(&tenant, "advance", &json!({ "seconds": 59 }));
    assert_eq!(redeem(), first);
    set(&tenant, "advance", &json!({ "seconds": 2 }));
    assert_ne!((redeem(), first), (200, 200), "its minute is over");
    let born = json!({ "BirthDate": "2012-01-02T00:00:00Z" });
    let young = tenant.put("/v1/customers/upgrade/3", &with(&seeds::distributor(), born.clone()));
    assert!(young.message().contains("at least 18 years ago"), "{young:?}");
    set(&tenant, "set", &json!({ "at": "2030-01-02T00:00:00Z" }));
    tenant.put("/v1/customers/upgrade/3", &with(&seeds::distributor(), born)).succeeds(201);
}

#[test]
fn a_running_clock_can_be_set_and_returned_to_real_time() {
    let tenant = tenant();
    assert_eq!(tenant.control("GET", "/clock", None).done(200)["mode"], "real");
    let shifted = set(&tenant, "set", &json!({ "at": "2040-01-01T00:00:00Z" }));
    assert_eq!(shifted["mode"], "shifted");
    let id = tenant.create(&seeds::retail());
    assert!(tenant.customer(id)["SignupDate"].as_str().expect("a date").starts_with("2040-01-01T00:00:"));
    assert_eq!(tenant.control("DELETE", "/clock", None).done(200)["mode"], "real");
    assert!(tenant.control("GET", "/clock", None).done(200)["now"].as_str().expect("a time") < "2031");
    for (verb, body, why) in [
        ("set", json!({}), "missing field `at`"),
        ("set", json!({ "at": "soon" }), "at: it is not a time such as 2030-01-31T12:00:00Z"),
        ("set", json!({ "at": "9999-01-01T00:00:00Z" }), "between the years 1900 and 9000"),
        ("advance", json!({ "seconds": i64::MAX }), "between the years 1900 and 9000"),
        ("advance", json!({ "hours": 1 }), "unknown field `hours`"),
        ("freeze", json!({ "at": 5 }), "invalid type"),
    ] {
        let detail = tenant.control("POST", &format!("/clock/{verb}"), Some(&body)).problem(400);
        assert!(detail.contains(why), "{verb} {body}: {detail}");
    }
    assert_eq!(tenant.control("GET", "/clock", None).done(200)["mode"], "real");
}
