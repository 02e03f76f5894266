//! PUT /v1/customers/upgrade/{id}

use serde_json::{Value, json};

use crate::support::{Tenant, seeds, tenant, tenant_with, with};

const RILEY: &str = "/v1/customers/upgrade/3";

fn log(tenant: &Tenant) -> Vec<Value> {
    tenant.rows(
        "select AssociateID, OldAssociateType, NewAssociateType, ChangedBy, RequestId, recordnumber
           from CRM_AssociateTypeChanges where tenant_id = {tenant} order by recordnumber",
    )
}

#[test]
fn an_upgrade_changes_the_type_places_the_customer_and_logs_the_change() {
    let tenant = tenant();

    let reply = tenant.put(RILEY, &seeds::distributor()).succeeds(201);

    assert_eq!(reply.body, "");
    let customer = tenant.customer(3);
    assert_eq!((&customer["CustomerType"], &customer["Username"]), (&json!(1), &json!("YodaIAm")));
    let nodes = tenant.rows("select upline_id from sponsor_tree where tenant_id = {tenant} and customer_id = 3");
    assert_eq!(nodes, [json!({ "upline_id": 2 })]);
    let log = log(&tenant);
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["associateid"], 3);
    assert_eq!((&log[0]["oldassociatetype"], &log[0]["newassociatetype"]), (&json!(2), &json!(1)));
    assert_eq!(log[0]["changedby"], "test-key");
    assert_eq!(log[0]["requestid"].as_str(), reply.header("X-DirectScale-RequestId"));
}

#[test]
fn the_full_sample_is_accepted_as_printed() {
    let tenant = tenant();
    tenant.put(RILEY, &seeds::full()).succeeds(201);
    assert_eq!(tenant.customer(3)["BackOfficeId"], "TestBackOfficeId01");
}

#[test]
fn a_slash_at_the_end_and_any_query_are_accepted() {
    let tenant = tenant();
    tenant.put("/v1/customers/upgrade/3/?entities=true", &seeds::distributor()).succeeds(201);
}

#[test]
fn absent_fields_are_cleared_and_the_systems_values_stay() {
    let tenant = tenant();
    let id = tenant.create(&with(&seeds::full(), json!({ "CustomerType": 2, "CustomerStatus": 4 })));
    let upgrade = with(&seeds::distributor(), json!({ "SponsorId": 1, "TaxExempt": null }));

    tenant.put(&format!("/v1/customers/upgrade/{id}"), &upgrade).succeeds(201);

    let customer = tenant.customer(id);
    for cleared in
        ["CompanyName", "ExternalReferenceId", "PrimaryPhone", "SecondaryPhone", "TaxExemptId", "TextPhone", "WebAlias"]
    {
        assert_eq!(customer[cleared], Value::Null, "{cleared}");
    }
    assert_eq!(customer["AssociateCustom"]["Field1"], Value::Null);
    assert_eq!((&customer["SendEmails"], &customer["TaxExempt"]), (&json!(false), &json!(false)));
    assert_eq!(customer["LanguageCode"], "en");
    assert_eq!(customer["PrimaryAddress"]["Street2"], "");
    for (kept, value) in [
        ("BackOfficeId", json!("TestBackOfficeId01")),
        ("EnrollerId", json!(2)),
        ("CustomerStatus", json!(4)),
        ("SignupDate", json!("1988-01-01T00:00:00Z")),
        ("SponsorId", json!(1)),
    ] {
        assert_eq!(customer[kept], value, "{kept}");
    }
}

#[test]
fn only_type_2_can_be_upgraded_and_only_to_type_1() {
    let tenant = tenant();
    let before = tenant.everything();
    tenant
        .put("/v1/customers/upgrade/4", &seeds::distributor())
        .rejects(500, "An upgrade from CustomerType 3 to CustomerType 1 was asked for; allowed: 2 to 1.");
    tenant
        .put(RILEY, &with(&seeds::retail(), json!({ "SponsorId": 2 })))
        .rejects(500, "An upgrade from CustomerType 2 to CustomerType 2 was asked for; allowed: 2 to 1.");
    let body = with(&seeds::distributor(), json!({ "SponsorId": 1 }));
    tenant
        .put("/v1/customers/upgrade/2", &body)
        .rejects(500, "An upgrade from CustomerType 1 to CustomerType 1 was asked for; allowed: 2 to 1.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn validation_or_the_hook_rejects_the_samples_of_the_other_types() {
    let tenant = tenant();
    let before = tenant.everything();
    tenant.put(RILEY, &seeds::preferred()).rejects(500, "Username is required for CustomerType 3.");
    tenant
        .put(RILEY, &with(&seeds::preferred(), json!({ "Username": "boba" })))
        .rejects(500, "An upgrade from CustomerType 2 to CustomerType 3 was asked for; allowed: 2 to 1.");
    // The older version of the page has blank e-mail addresses.
    tenant
        .put(RILEY, &with(&seeds::full(), json!({ "EmailAddress": "" })))
        .rejects(500, "EmailAddress is required for CustomerType 1.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_plan_may_allow_other_transitions() {
    let tenant = tenant_with(json!({ "upgrade_transitions": [[2, 1], [3, 1]] }));
    tenant.put("/v1/customers/upgrade/4", &seeds::distributor()).succeeds(201);
    assert_eq!(log(&tenant)[0]["oldassociatetype"], 3);
}

#[test]
fn a_second_upgrade_is_rejected() {
    let tenant = tenant();
    tenant.put(RILEY, &seeds::distributor()).succeeds(201);
    let before = tenant.everything();
    tenant
        .put(RILEY, &seeds::distributor())
        .rejects(500, "An upgrade from CustomerType 1 to CustomerType 1 was asked for; allowed: 2 to 1.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn conflicts_are_reported_before_the_hook_rejects_the_type() {
    let tenant = tenant();
    let before = tenant.everything();
    let conflicting = with(&seeds::distributor(), json!({ "EmailAddress": "dana@demo.example" }));
    tenant
        .put("/v1/customers/upgrade/4", &conflicting)
        .rejects(500, "EmailAddress 'dana@demo.example' is already in use.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_rejection_names_each_missing_field() {
    let tenant = tenant();
    let before = tenant.everything();
    for field in [
        "BirthDate",
        "EmailAddress",
        "FirstName",
        "LastName",
        "Password",
        "SponsorId",
        "TaxId",
        "TermsAccepted",
        "Username",
    ] {
        let body = with(&seeds::distributor(), json!({ field: null }));
        tenant.put(RILEY, &body).rejects(500, &format!("{field} is required for CustomerType 1."));
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_rejection_names_each_conflicting_field_and_the_customers_own_values_are_no_conflict() {
    let tenant = tenant();
    tenant.create(&seeds::full());
    let before = tenant.everything();
    for (field, value, message) in [
        ("BackOfficeId", "TestBackOfficeId01", "BackOfficeId 'TestBackOfficeId01' is already in use."),
        ("EmailAddress", "dana@demo.example", "EmailAddress 'dana@demo.example' is already in use."),
        ("TaxId", "demo-tax-0002", "TaxId is already in use."),
        ("Username", "Dana", "Username 'Dana' is already in use."),
        ("WebAlias", "DANA", "WebAlias 'DANA' is already in use."),
    ] {
        tenant.put(RILEY, &with(&seeds::distributor(), json!({ field: value }))).rejects(500, message);
    }
    assert_eq!(tenant.everything(), before);
    let same = json!({ "EmailAddress": "riley@demo.example", "Username": "riley", "BackOfficeId": "15F93" });
    tenant.put(RILEY, &with(&seeds::distributor(), same)).succeeds(201);
}

#[test]
fn the_sponsor_is_checked() {
    let tenant = tenant();
    let before = tenant.everything();
    let sponsored = |by: i32| tenant.put(RILEY, &with(&seeds::distributor(), json!({ "SponsorId": by })));
    sponsored(99).rejects(500, "SponsorId 99 is not an existing customer.");
    sponsored(4).rejects(500, "SponsorId 4 is not a customer of CustomerType 1.");
    sponsored(3).rejects(500, "SponsorId must not be the customer itself.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_unknown_customer_is_reported_before_violations() {
    let tenant = tenant();
    let message = "A Customer with the given Customer ID was not found.";
    for id in ["99", "0", "-1", "2147483648", "99999999999999999999", "seven", "3x", "%33%00"] {
        for body in [seeds::distributor(), json!({})] {
            tenant.put(&format!("/v1/customers/upgrade/{id}"), &body).rejects(404, message);
        }
    }
    let tenant = tenant_with(json!({ "unknown_on_upgrade_status": 500 }));
    tenant.put("/v1/customers/upgrade/99", &seeds::distributor()).rejects(500, message);
    tenant.put("/v1/customers/99", &seeds::distributor()).rejects(404, message);
}

#[test]
fn a_plan_may_allow_the_upgrade_of_an_unplaced_distributor() {
    let tenant = tenant_with(json!({ "upgrade_transitions": [[1, 1]] }));
    tenant.patch("/v1/customers/3", &json!({ "CustomerType": 1 })).succeeds(200);
    tenant.put(RILEY, &seeds::distributor()).succeeds(201);
    assert_eq!(log(&tenant).len(), 1);
    let nodes = tenant.rows("select upline_id from sponsor_tree where tenant_id = {tenant} and customer_id = 3");
    assert_eq!(nodes, [json!({ "upline_id": 2 })]);
}

#[test]
fn the_response_is_the_customer_if_the_client_prefers_it() {
    let tenant = tenant();
    let body = seeds::distributor().to_string();
    let reply = tenant.call("PUT", RILEY, "prefer: Return=Representation\r\n", Some(&body)).succeeds(201);
    assert_eq!(reply.header("Preference-Applied"), Some("return=representation"));
    assert_eq!(reply.json(), tenant.customer(3));
}
