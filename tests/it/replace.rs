//! PUT /v1/customers/{id}

use serde_json::{Value, json};

use crate::support::{seeds, tenant, tenant_with, with};

#[test]
fn the_response_is_200_without_a_body() {
    let tenant = tenant();
    let reply = tenant.put("/v1/customers/3", &seeds::retail()).succeeds(200);
    assert_eq!(reply.body, "");
    assert_eq!(tenant.customer(3)["FirstName"], "Sheev");
}

#[test]
fn all_printed_samples_except_the_one_without_a_username_are_accepted() {
    let tenant = tenant();
    for sample in [seeds::retail(), seeds::distributor(), seeds::full()] {
        tenant.put("/v1/customers/3", &sample).succeeds(200);
        assert_eq!(tenant.customer(3)["EmailAddress"], sample["EmailAddress"]);
    }
    tenant.put("/v1/customers/3", &seeds::preferred()).rejects(500, "Username is required for CustomerType 3.");
}

#[test]
fn absent_and_blank_fields_are_cleared() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    let path = format!("/v1/customers/{id}");
    tenant
        .put(&path, &with(&seeds::full(), json!({ "CompanyName": " ", "WebAlias": "", "AssociateCustom": {} })))
        .succeeds(200);
    let customer = tenant.customer(id);
    assert_eq!(customer["CompanyName"], Value::Null);
    assert_eq!(customer["WebAlias"], Value::Null);
    assert_eq!(customer["AssociateCustom"]["Field1"], Value::Null);
    assert_eq!(customer["PrimaryPhone"], "+1 801 555-1111");
}

#[test]
fn the_stored_password_stays_when_none_is_sent_and_required() {
    let tenant = tenant();
    let id = tenant.create(&with(&seeds::preferred(), json!({ "Username": "boba", "Password": "PasswordHere1" })));
    let hash = || {
        tenant.rows(&format!("select password_hash from customers where tenant_id = {{tenant}} and customer_id = {id}"))
    };
    let before = hash();
    let path = format!("/v1/customers/{id}");
    tenant.put(&path, &with(&seeds::preferred(), json!({ "Username": "boba" }))).succeeds(200);
    assert_eq!(hash(), before);
    tenant.put(&path, &with(&seeds::preferred(), json!({ "Username": "boba", "Password": "Another12" }))).succeeds(200);
    assert_ne!(hash(), before);
}

#[test]
fn the_response_of_get_is_a_valid_body_of_put() {
    let tenant = tenant();
    let customer = tenant.customer(3);
    tenant.put("/v1/customers/3", &with(&customer, json!({ "Password": "PasswordHere1" }))).succeeds(200);
    let mut expected = customer;
    // GET showed the primary address as the shipping address, and now it is stored separately.
    expected["DefaultShippingAddress"]["AddressId"] = json!(6);
    assert_eq!(tenant.customer(3), expected);
}

#[test]
fn a_changed_type_is_neither_logged_nor_placed() {
    let tenant = tenant();
    tenant.put("/v1/customers/3", &seeds::distributor()).succeeds(200);
    assert_eq!(tenant.customer(3)["CustomerType"], 1);
    assert!(tenant.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant}").is_empty());
    assert!(tenant.rows("select 1 from sponsor_tree where tenant_id = {tenant} and customer_id = 3").is_empty());
    let row = &tenant
        .rows("select upgrade_date, modified_at from customers where tenant_id = {tenant} and customer_id = 3")[0];
    assert_eq!(row["upgrade_date"], row["modified_at"]);
}

#[test]
fn a_new_sponsor_does_not_place_an_unplaced_customer() {
    let tenant = tenant();
    tenant.put("/v1/customers/3", &with(&seeds::retail(), json!({ "SponsorId": 1 }))).succeeds(200);
    let customer = tenant.customer(3);
    assert_eq!((&customer["SponsorId"], &customer["EnrollerId"]), (&json!(1), &json!(2)));
    assert!(tenant.rows("select 1 from sponsor_tree where tenant_id = {tenant} and customer_id = 3").is_empty());
}

#[test]
fn rejections_change_nothing() {
    let tenant = tenant();
    let before = tenant.everything();
    tenant
        .put("/v1/customers/3", &with(&seeds::retail(), json!({ "FirstName": "" })))
        .rejects(500, "FirstName is required for CustomerType 2.");
    tenant
        .put("/v1/customers/3", &with(&seeds::retail(), json!({ "Username": "dana", "WebAlias": "dana" })))
        .rejects(500, "Username 'dana' is already in use.; WebAlias 'dana' is already in use.");
    tenant
        .put("/v1/customers/99", &seeds::retail())
        .rejects(404, "A Customer with the given Customer ID was not found.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_plan_may_make_the_type_of_a_customer_optional_but_not_absent() {
    let tenant = tenant_with(json!({ "required": { "CustomerType": [] } }));
    tenant
        .put("/v1/customers/3", &with(&seeds::retail(), json!({ "CustomerType": null })))
        .rejects(500, "CustomerType is required.");
}
