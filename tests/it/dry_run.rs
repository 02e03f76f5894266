//! Dry runs (`Prefer: tx=rollback`): the whole request, rolled back at the end.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Reply, Tenant, seeds, tenant, with};

const PREFER: &str = "Prefer: tx=rollback\r\n";

fn dry_run(tenant: &Tenant, method: &str, path: &str, body: &Value) -> Reply {
    let body = body.to_string();
    let reply = tenant.call(method, path, PREFER, Some(&body));
    assert_eq!(reply.header("Preference-Applied"), Some("tx=rollback"), "{reply:?}");
    reply
}

#[test]
fn every_dry_run_has_the_response_of_the_write_and_changes_nothing() {
    let tenant = tenant();
    let before = tenant.everything();
    for (method, path, body, status, answer) in [
        ("POST", "/v1/customers", seeds::full(), 201, "5"),
        ("PUT", "/v1/customers/3", seeds::retail(), 200, ""),
        ("PATCH", "/v1/customers/3", seeds::patch(), 200, ""),
        ("PUT", "/v1/customers/upgrade/3", seeds::distributor(), 201, ""),
        ("DELETE", "/v1/customers/3", json!({}), 200, ""),
        ("PUT", "/v1/customers/3/reset-password", json!({ "Password": "AnotherOne2" }), 200, ""),
        ("POST", "/v1/customers/3/reward-points", json!({ "pointsToAdd": 5 }), 201, ""),
        ("DELETE", "/v1/customers/3/reward-points", json!({ "pointsToDeduct": 5 }), 200, ""),
        ("POST", "/v1/customers/3/downline/placenode?toUplineId=1", json!({}), 200, ""),
        ("POST", "/v1/customers/3/downline/placenode?toUplineId=1&tree=Enrollment", json!({}), 200, ""),
    ] {
        let reply = dry_run(&tenant, method, path, &body).succeeds(status);
        assert_eq!(reply.body, answer, "{method} {path}");
        assert_eq!(tenant.everything(), before, "{method} {path}");
    }
    // The write itself has the same response.
    assert_eq!(tenant.create(&seeds::full()), 5);
}

#[test]
fn the_journal_shows_a_dry_run() {
    let tenant = tenant();
    let both = "Prefer: tx=rollback, return=representation\r\n";
    let body = seeds::distributor().to_string();
    let reply = tenant.call("PUT", "/v1/customers/upgrade/3", both, Some(&body)).succeeds(201);
    assert_eq!(reply.header("Preference-Applied"), Some("return=representation, tx=rollback"));
    let previewed = reply.json();
    assert_eq!((&previewed["CustomerType"], &previewed["Username"]), (&json!(1), &json!("YodaIAm")));
    assert_eq!(tenant.customer(3)["CustomerType"], 2);
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    assert_eq!(tenant.customer(3), previewed);
}

/// A statement that Postgres rejects does not end the transaction: the violations are still found.
#[test]
fn a_dry_run_is_rejected_with_every_violation() {
    let tenant = tenant();
    let before = tenant.everything();
    let conflicting = json!({ "EmailAddress": "dana@demo.example", "Username": "dana", "TaxId": "DEMO-TAX-0001" });
    let message = "EmailAddress 'dana@demo.example' is already in use.; TaxId is already in use.; \
                   Username 'dana' is already in use.";
    dry_run(&tenant, "POST", "/v1/customers", &with(&seeds::full(), conflicting.clone())).rejects(500, message);
    dry_run(&tenant, "PATCH", "/v1/customers/3", &conflicting).rejects(500, message);
    dry_run(&tenant, "PUT", "/v1/customers/upgrade/3", &with(&seeds::distributor(), conflicting)).rejects(500, message);
    dry_run(&tenant, "PUT", "/v1/customers/upgrade/3", &json!({ "CustomerType": 1 }));
    dry_run(&tenant, "PATCH", "/v1/customers/99", &seeds::patch())
        .rejects(404, "A Customer with the given Customer ID was not found.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_read_is_not_a_dry_run() {
    let tenant = tenant();
    let reply = tenant.call("GET", "/v1/customers/3", PREFER, None).succeeds(200);
    assert_eq!(reply.header("Preference-Applied"), None);
}

#[test]
fn dry_runs_and_writes_at_once_do_not_interfere() {
    let tenant = tenant();
    thread::scope(|scope| {
        for number in 0..8 {
            let tenant = &tenant;
            scope.spawn(move || {
                for round in 0..5 {
                    let own = json!({
                        "Username": format!("u{number}-{round}"), "EmailAddress": format!("{number}-{round}@x.example")
                    });
                    let body = with(&seeds::retail(), own);
                    if number % 2 == 0 {
                        tenant.create(&body);
                    } else {
                        dry_run(tenant, "POST", "/v1/customers", &body).succeeds(201);
                    }
                }
            });
        }
    });
    assert_eq!(tenant.rows("select 1 from customers where tenant_id = {tenant}").len(), 4 + 20);
    let counter = tenant.rows("select last_customer_id from tenant_counters where tenant_id = {tenant}");
    assert_eq!(counter, [json!({ "last_customer_id": 24 })], "a dry run uses up no id");
}
