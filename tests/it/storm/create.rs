//! `CreateCustomer` to `CreateCustomer3`.

use serde_json::{Value, json};

use super::*;
use crate::support::{tenant, with};

#[test]
fn a_customer_comes_back_as_it_was_sent() {
    let tenant = tenant();
    let door = tenant.storm();
    for (operation, name) in [("CreateCustomer", "one"), ("CreateCustomer2", "two"), ("CreateCustomer3", "three")] {
        let reply = door.post(&path(operation, "&createdBy=7"), &full(name));
        assert_eq!(reply.header("X-Emulator-Ignored"), None);
        let shown = read(reply);
        let id = shown["Id"].as_i64().expect("an id");
        assert_eq!(shown["Key"], format!("00000000-0000-8000-8000-{id:012x}"));
        assert_eq!(customer(&door, id), shown);
        let kept = tenant.rows(&format!(
            "select customer_type, customer_status, password_hash is not null as has_password from customers
              where tenant_id = {{tenant}} and customer_id = {id}"
        ));
        assert_eq!(kept, [json!({ "customer_type": 2, "customer_status": 1, "has_password": true })]);
        let fields = tenant.rows(&format!(
            "select fields->'UpdatedBy' as by from customer_profiles where tenant_id = {{tenant}} and customer_id = {id}"
        ));
        assert_eq!(fields[0]["by"], 7);
    }
}

#[test]
fn a_customer_of_whom_nothing_is_said_is_one() {
    let tenant = tenant();
    let door = tenant.storm();
    freeze(&tenant);
    let expected = format!(
        r#"{{"Id":5,"Key":"00000000-0000-8000-8000-000000000005","Code":null,"Email":null,"SSN":null,"FirstName":null,{}{}"#,
        r#""LastName":null,"Phone":null,"CellPhone":null,"ReferId":null,"ReferUrl":null,"Account":null,"Companies":[],"DeliveryAddresses":[],"#,
        format_args!(
            r#""InvoiceAddress":null,"Flags":[],"UseInvoiceAddressAsDeliveryAddress":false,"Info":[],"PricelistIds":[],"CrmId":null,"IsActive":true,"Created":"{FROZEN}","Updated":"{FROZEN}"}}"#
        ),
    );
    let reply = door.post(&path("CreateCustomer", ""), &json!({}));
    assert_eq!(reply.says(200, JSON), expected);
    // As a client that sends every member; an Id is the service's to give.
    let reply = door.post(&path("CreateCustomer", ""), &with(&zeros(), json!({ "Id": 3, "IsActive": false })));
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("Id"));
    let shown = read(reply);
    assert_eq!((&shown["Id"], &shown["IsActive"]), (&json!(6), &json!(false)));
    assert_eq!(tenant.customer(6)["CustomerStatus"], 2);
    // No body is no customer.
    let before = tenant.everything();
    for body in [None, Some(""), Some("null")] {
        let reply = door.call("POST", &path("CreateCustomer2", "&password=Secret-12"), "", body);
        assert_eq!(reply.says(400, JSON), error_bytes(&[("CustomerMissing", "The customer is missing.")]));
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_key_that_is_brought_is_the_customers_alone() {
    let tenant = tenant();
    let door = tenant.storm();
    let shown = created(&door, &with(&full("one"), json!({ "Key": NOBODY.to_uppercase() })));
    assert_eq!(shown["Key"], NOBODY);
    assert_eq!(read(door.get(&path("GetCustomerByKey", &format!("&key={NOBODY}")))), shown);
    // The one that would have been made of its number is nobody's, and cannot be brought.
    let made = "00000000-0000-8000-8000-000000000005";
    assert_eq!(door.get(&path("GetCustomerByKey", &format!("&key={made}"))).body, "");
    let before = tenant.everything();
    let taken = ("CustomerAlreadyExists", "There already exists a customer with the specified key.");
    let reserved =
        ("InvalidValue", "Key must not begin with 00000000-0000-8000-8000: such keys are made of a customer's Id.");
    for (key, (wanted, text)) in [(NOBODY, taken), (made, reserved), ("00000000-0000-8000-8000-000000000006", reserved)]
    {
        let reply = door.post(&path("CreateCustomer", ""), &json!({ "Key": key, "FirstName": "Second" }));
        assert_eq!(rejection(reply), [(wanted.to_owned(), text.to_owned())], "{key}");
        assert_eq!(tenant.everything(), before);
    }
    // With all that is taken besides told in its turn.
    let reply = door.post(&path("CreateCustomer", ""), &json!({ "Key": NOBODY, "Email": "one@storm.example" }));
    assert_eq!(rejection(reply)[0].0, "CustomerAlreadyExists");
    assert_eq!(tenant.everything(), before);
    // An update by it finds the customer, and a key is given once.
    assert_eq!(updated(&door, &json!({ "Key": NOBODY, "FirstName": "A" }))["Id"], shown["Id"]);
    assert_eq!(
        tenant.rows("select customer_id from customer_keys where tenant_id = {tenant}"),
        [json!({ "customer_id": 5 })]
    );
    // Another tenant may have the same one.
    let other = crate::support::tenant();
    assert_eq!(created(&other.storm(), &json!({ "Key": NOBODY }))["Id"], 5);
}

#[test]
fn who_creates_is_optional() {
    let tenant = tenant();
    let door = tenant.storm();
    for query in ["", "&createdBy=", "&createdBy=somebody"] {
        let id = read(door.post(&path("CreateCustomer", query), &json!({ "FirstName": "A" })))["Id"].clone();
        let fields = tenant
            .rows(&format!("select fields from customer_profiles where tenant_id = {{tenant}} and customer_id = {id}"));
        assert_eq!(fields[0]["fields"]["UpdatedBy"], Value::Null);
    }
}
