//! DELETE /v1/customers/{id}

use serde_json::json;

use crate::support::{seeds, tenant, with};

#[test]
fn a_soft_delete_marks_the_customer() {
    let tenant = tenant();
    let before = tenant.customer(2);

    let reply = tenant.call("DELETE", "/v1/customers/2", "", None).succeeds(200);

    assert_eq!(reply.body, "");
    let after = tenant.customer(2);
    assert_ne!(after["InactiveDate"], "1900-01-01T00:00:00Z");
    let changed = json!({ "CustomerStatus": 3, "InactiveDate": after["InactiveDate"] });
    assert_eq!(after, with(&before, changed));
    assert_eq!(tenant.rows("select 1 from sponsor_tree where tenant_id = {tenant} and customer_id = 2").len(), 1);
}

#[test]
fn a_second_delete_succeeds_and_changes_nothing() {
    let tenant = tenant();
    tenant.call("DELETE", "/v1/customers/3/", "", None).succeeds(200);
    let before = tenant.everything();
    tenant.call("DELETE", "/v1/customers/3", "", Some("{}")).succeeds(200);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn unique_values_stay_in_use() {
    let tenant = tenant();
    tenant.call("DELETE", "/v1/customers/3", "", None).succeeds(200);
    tenant
        .post("/v1/customers", &with(&seeds::retail(), json!({ "EmailAddress": "riley@demo.example" })))
        .rejects(500, "EmailAddress 'riley@demo.example' is already in use.");
}

#[test]
fn an_unknown_customer_is_not_found() {
    let tenant = tenant();
    for id in ["99", "0", "x"] {
        tenant
            .call("DELETE", &format!("/v1/customers/{id}"), "", None)
            .rejects(404, "A Customer with the given Customer ID was not found.");
    }
}
