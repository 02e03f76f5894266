//! `CreateCustomer` to `CreateCustomer3`.

use serde_json::{Value, json};

use super::*;
use crate::support::{tenant, with};

#[test]
fn a_response_contains_the_customer_that_was_sent() {
    let tenant = tenant();
    let storm = tenant.storm();
    for (operation, name) in [("CreateCustomer", "one"), ("CreateCustomer2", "two"), ("CreateCustomer3", "three")] {
        let reply = storm.post(&path(operation, "&createdBy=7"), &full(name));
        assert_eq!(reply.header("X-Emulator-Ignored"), None);
        let returned = read(reply);
        let id = returned["Id"].as_i64().expect("an id");
        assert_eq!(returned["Key"], format!("00000000-0000-8000-8000-{id:012x}"));
        assert_eq!(customer(&storm, id), returned);
        let stored = tenant.rows(&format!(
            "select customer_type, customer_status, password_hash is not null as has_password from customers
              where tenant_id = {{tenant}} and customer_id = {id}"
        ));
        assert_eq!(stored, [json!({ "customer_type": 2, "customer_status": 1, "has_password": true })]);
        let fields = tenant.rows(&format!(
            "select fields->'UpdatedBy' as by from customer_profiles where tenant_id = {{tenant}} and customer_id = {id}"
        ));
        assert_eq!(fields[0]["by"], 7);
    }
}

#[test]
fn a_customer_without_values_is_created() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    let expected = format!(
        r#"{{"Id":5,"Key":"00000000-0000-8000-8000-000000000005","Code":null,"Email":null,"SSN":null,"FirstName":null,{}{}"#,
        r#""LastName":null,"Phone":null,"CellPhone":null,"ReferId":null,"ReferUrl":null,"Account":null,"Companies":[],"DeliveryAddresses":[],"#,
        format_args!(
            r#""InvoiceAddress":null,"Flags":[],"UseInvoiceAddressAsDeliveryAddress":false,"Info":[],"PricelistIds":[],"CrmId":null,"IsActive":true,"Created":"{FROZEN}","Updated":"{FROZEN}"}}"#
        ),
    );
    let reply = storm.post(&path("CreateCustomer", ""), &json!({}));
    assert_eq!(reply.says(200, JSON), expected);
    // As a client that sends every member; the service assigns the Id.
    let reply = storm.post(&path("CreateCustomer", ""), &with(&zeros(), json!({ "Id": 3, "IsActive": false })));
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Id"));
    let returned = read(reply);
    assert_eq!((&returned["Id"], &returned["IsActive"]), (&json!(6), &json!(false)));
    assert_eq!(tenant.customer(6)["CustomerStatus"], 2);
    // No body is no customer.
    let before = tenant.everything();
    for body in [None, Some(""), Some("null")] {
        let reply = storm.call("POST", &path("CreateCustomer2", "&password=Secret-12"), "", body);
        assert_eq!(reply.says(400, JSON), error_bytes(&[("CustomerMissing", "The customer is missing.")]));
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_key_belongs_to_one_customer() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = created(&storm, &with(&full("one"), json!({ "Key": UNUSED_KEY.to_uppercase() })));
    assert_eq!(returned["Key"], UNUSED_KEY);
    assert_eq!(read(storm.get(&path("GetCustomerByKey", &format!("&key={UNUSED_KEY}")))), returned);
    // The default key of its Id belongs to no customer, and no request can set such a key.
    let derived = "00000000-0000-8000-8000-000000000005";
    assert_eq!(storm.get(&path("GetCustomerByKey", &format!("&key={derived}"))).body, "");
    let before = tenant.everything();
    let conflict = ("CustomerAlreadyExists", "There already exists a customer with the specified key.");
    let reserved =
        ("InvalidValue", "Key must not begin with 00000000-0000-8000-8000: such keys are made of a customer's Id.");
    for (key, (code, text)) in
        [(UNUSED_KEY, conflict), (derived, reserved), ("00000000-0000-8000-8000-000000000006", reserved)]
    {
        let reply = storm.post(&path("CreateCustomer", ""), &json!({ "Key": key, "FirstName": "Second" }));
        assert_eq!(rejection(reply), [(code.to_owned(), text.to_owned())], "{key}");
        assert_eq!(tenant.everything(), before);
    }
    // The e-mail address is a conflict too.
    let reply = storm.post(&path("CreateCustomer", ""), &json!({ "Key": UNUSED_KEY, "Email": "one@storm.example" }));
    assert_eq!(rejection(reply)[0].0, "CustomerAlreadyExists");
    assert_eq!(tenant.everything(), before);
    // An update by the key finds the customer, and the key never changes.
    assert_eq!(updated(&storm, &json!({ "Key": UNUSED_KEY, "FirstName": "A" }))["Id"], returned["Id"]);
    assert_eq!(
        tenant.rows("select customer_id from customer_keys where tenant_id = {tenant}"),
        [json!({ "customer_id": 5 })]
    );
    // Another tenant can use the same key.
    let other = crate::support::tenant();
    assert_eq!(created(&other.storm(), &json!({ "Key": UNUSED_KEY }))["Id"], 5);
}

#[test]
fn created_by_is_optional() {
    let tenant = tenant();
    let storm = tenant.storm();
    for query in ["", "&createdBy=", "&createdBy=somebody"] {
        let id = read(storm.post(&path("CreateCustomer", query), &json!({ "FirstName": "A" })))["Id"].clone();
        let fields = tenant
            .rows(&format!("select fields from customer_profiles where tenant_id = {{tenant}} and customer_id = {id}"));
        assert_eq!(fields[0]["fields"]["UpdatedBy"], Value::Null);
    }
}
