//! PATCH /v1/customers/{id}

use serde_json::{Value, json};

use crate::support::{seeds, tenant, tenant_with, with};

#[test]
fn the_sample_changes_only_the_fields_that_it_contains() {
    let tenant = tenant();
    let before = tenant.customer(3);

    let reply = tenant.patch("/v1/customers/3", &seeds::patch()).succeeds(200);

    assert_eq!(reply.body, "");
    let changes = json!({ "WebAlias": "my-web-alias", "Username": "myUsername", "CustomerType": 1 });
    assert_eq!(tenant.customer(3), with(&before, changes));
    assert!(tenant.rows("select 1 from CRM_AssociateTypeChanges where tenant_id = {tenant}").is_empty());
    assert!(tenant.rows("select 1 from sponsor_tree where tenant_id = {tenant} and customer_id = 3").is_empty());
    let row = &tenant
        .rows("select upgrade_date, modified_at from customers where tenant_id = {tenant} and customer_id = 3")[0];
    assert_eq!(row["upgrade_date"], row["modified_at"]);
}

#[test]
fn each_supported_field_can_be_set_alone_and_cleared() {
    let tenant = tenant();
    let full = seeds::full();
    for (field, value, cleared) in [
        ("WebAlias", json!("alias"), Value::Null),
        ("CustomerStatus", json!(2), json!("required")),
        ("BirthDate", json!("1973-05-12T00:00:00Z"), json!("1900-01-01T00:00:00Z")),
        ("CompanyName", json!("Company"), Value::Null),
        ("LanguageCode", json!("de"), json!("en")),
        ("PrimaryPhone", json!("+1"), Value::Null),
        ("SecondaryPhone", json!("+2"), Value::Null),
        ("TaxId", json!("TAX"), Value::Null),
        ("TextPhone", json!("+3"), Value::Null),
    ] {
        let before = tenant.customer(3);
        tenant.patch("/v1/customers/3", &json!({ field: value })).succeeds(200);
        let after = tenant.customer(3);
        let mut expected = before;
        expected[field] = value;
        if field == "CustomerStatus" {
            assert_ne!(after["InactiveDate"], "1900-01-01T00:00:00Z");
            expected["InactiveDate"] = after["InactiveDate"].clone();
        }
        assert_eq!(after, expected, "{field}");
        if cleared == json!("required") {
            tenant.patch("/v1/customers/3", &json!({ field: null })).rejects(500, &format!("{field} is required."));
        } else {
            for blank in [Value::Null, json!(" ")] {
                tenant.patch("/v1/customers/3", &json!({ field: expected[field] })).succeeds(200);
                tenant.patch("/v1/customers/3", &json!({ field: blank })).succeeds(200);
                assert_eq!(tenant.customer(3)[field], cleared, "{field}");
            }
        }
    }
    for field in ["CustomerType", "EmailAddress", "FirstName", "LastName", "Username"] {
        tenant.patch("/v1/customers/3", &json!({ field: full[field] })).succeeds(200);
        assert_eq!(tenant.customer(3)[field], full[field]);
        for blank in [Value::Null, json!("")] {
            tenant.patch("/v1/customers/3", &json!({ field: blank })).rejects(500, &format!("{field} is required."));
        }
    }
}

#[test]
fn an_address_must_be_sent_as_a_whole() {
    let tenant = tenant();
    let whole = json!({
        "Street1": "1 New Street", "Street2": "", "City": "Salt Lake City", "Region": "UT", "PostalCode": "84101",
        "CountryCode": "us"
    });
    for (field, address_id) in [("PrimaryAddress", 5), ("DefaultShippingAddress", 6)] {
        tenant.patch("/v1/customers/3", &json!({ field: whole })).succeeds(200);
        assert_eq!(
            tenant.customer(3)[field],
            json!({
                "AddressId": address_id, "Street1": "1 New Street", "Street2": "", "Street3": "",
                "City": "Salt Lake City", "Region": "UT", "PostalCode": "84101", "CountryCode": "US"
            })
        );
        let before = tenant.everything();
        tenant.patch("/v1/customers/3", &json!({ field: { "City": "Lindon", "street1": "x" } })).rejects(
            500,
            &["Street2", "PostalCode", "Region", "CountryCode"]
                .map(|part| format!("{field}.{part} must be sent with the rest of the address."))
                .join("; "),
        );
        assert_eq!(tenant.everything(), before);
    }
    tenant.patch("/v1/customers/3", &json!({ "DefaultShippingAddress": null })).succeeds(200);
    let customer = tenant.customer(3);
    assert_eq!(customer["DefaultShippingAddress"], customer["PrimaryAddress"]);
    tenant.patch("/v1/customers/3", &json!({ "PrimaryAddress": null })).rejects(500, "PrimaryAddress is required.");
}

#[test]
fn each_custom_field_changes_separately() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    let path = format!("/v1/customers/{id}");
    tenant.patch(&path, &json!({ "AssociateCustom": { "Field2": null, "field10": "ten" } })).succeeds(200);
    let custom = tenant.customer(id)["AssociateCustom"].clone();
    assert_eq!(custom["Field1"], "CustomField Content");
    assert_eq!((&custom["Field2"], &custom["Field10"]), (&Value::Null, &json!("ten")));
    tenant.patch(&path, &json!({ "AssociateCustom": null })).succeeds(200);
    assert_eq!(tenant.customer(id)["AssociateCustom"]["Field10"], Value::Null);
}

#[test]
fn a_customer_without_custom_fields_gets_one() {
    let tenant = tenant();
    tenant.patch("/v1/customers/3", &json!({ "AssociateCustom": { "Field3": "three" } })).succeeds(200);
    assert_eq!(tenant.customer(3)["AssociateCustom"]["Field3"], "three");
}

#[test]
fn an_empty_patch_changes_nothing() {
    let tenant = tenant();
    let before = tenant.everything();
    tenant.patch("/v1/customers/3", &json!({})).succeeds(200);
    assert_eq!(tenant.everything(), before);
    tenant.patch("/v1/customers/99", &json!({})).rejects(404, "A Customer with the given Customer ID was not found.");
}

#[test]
fn a_header_names_the_unsupported_fields_that_were_ignored() {
    let tenant = tenant();
    let before = tenant.customer(3);
    let body = json!({ "Password": "Another12", "SponsorId": 1, "FirstName": "Rey", "Shoesize": 43 });
    let reply = tenant.patch("/v1/customers/3", &body).succeeds(200);
    let mut ignored: Vec<&str> = reply.header("X-Emulator-Ignored").expect("a header").split(", ").collect();
    ignored.sort_unstable();
    assert_eq!(ignored, ["Password (PATCH does not change it)", "Shoesize", "SponsorId (PATCH does not change it)"]);
    assert_eq!(tenant.customer(3), with(&before, json!({ "FirstName": "Rey" })));
}

#[test]
fn the_list_of_ignored_names_is_bounded() {
    let tenant = tenant();
    let mut body = serde_json::Map::new();
    for number in 0..1000 {
        body.insert(format!("{}{number:04}\n", "x".repeat(30)), json!(1));
    }
    let reply = tenant.patch("/v1/customers/3", &Value::Object(body)).succeeds(200);
    let ignored = reply.header("X-Emulator-Ignored").expect("a header");
    assert!(ignored.len() < 1000 && ignored.ends_with("and 980 more"), "{ignored}");
}

#[test]
fn a_plan_may_reject_unsupported_fields() {
    let tenant = tenant_with(json!({ "unsupported_patch_fields": "reject" }));
    let before = tenant.everything();
    let body = json!({ "Password": "Another12", "SponsorId": 1, "FirstName": "Rey" });
    tenant
        .patch("/v1/customers/3", &body)
        .rejects(500, "Password cannot be changed by this call.; SponsorId cannot be changed by this call.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_value_that_is_sent_is_validated() {
    let tenant = tenant();
    let before = tenant.everything();
    tenant.patch("/v1/customers/3", &json!({ "EmailAddress": "x", "CustomerType": 7, "FirstName": [1] })).rejects(
        500,
        "CustomerType must be one of 1, 2, 3.; EmailAddress must be an e-mail address.; FirstName must be a string.",
    );
    tenant
        .patch("/v1/customers/3", &json!({ "EmailAddress": "DANA@demo.example", "WebAlias": "dana" }))
        .rejects(500, "EmailAddress 'DANA@demo.example' is already in use.; WebAlias 'dana' is already in use.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_distributor_keeps_the_minimum_age() {
    let tenant = tenant();
    let young = json!({ "BirthDate": "2020-01-01" });
    let rejection = "BirthDate must be at least 18 years ago for CustomerType 1.";
    tenant.patch("/v1/customers/3", &young).succeeds(200);
    tenant.patch("/v1/customers/2", &young).rejects(500, rejection);
    tenant.patch("/v1/customers/3", &with(&young, json!({ "CustomerType": 1 }))).rejects(500, rejection);
    tenant.patch("/v1/customers/2", &with(&young, json!({ "CustomerType": 2 }))).succeeds(200);
    tenant.patch("/v1/customers/99", &young).rejects(404, "A Customer with the given Customer ID was not found.");
}

#[test]
fn the_merged_customer_need_not_have_the_required_fields() {
    let tenant = tenant();
    // Customer 3 has neither a birth date nor a tax id.
    tenant.patch("/v1/customers/3", &json!({ "CustomerType": 1 })).succeeds(200);
}

#[test]
fn the_customers_own_values_are_no_conflict() {
    let tenant = tenant();
    let same = json!({ "EmailAddress": "RILEY@demo.example", "Username": "Riley", "WebAlias": "riley" });
    tenant.patch("/v1/customers/3", &same).succeeds(200);
    assert_eq!(tenant.customer(3)["EmailAddress"], "RILEY@demo.example");
}

#[test]
fn the_response_is_the_customer_if_the_client_prefers_it() {
    let tenant = tenant();
    let reply = tenant
        .call("PATCH", "/v1/customers/3/", "Prefer: return=representation\r\n", Some(r#"{"firstname":"Rey"}"#))
        .succeeds(200);
    assert_eq!(reply.header("Preference-Applied"), Some("return=representation"));
    assert_eq!(reply.json()["FirstName"], "Rey");
}

/// A type that a plan adds has no required fields of its own, and does not change those of the other types.
#[test]
fn an_added_type_does_not_change_the_required_fields_of_the_others() {
    let plan = json!({ "types": { "4": "Employee", "9": "Partner" }, "required": { "TaxId": [1, 4] } });
    let tenant = tenant_with(plan);
    for field in ["EmailAddress", "FirstName", "LastName", "Username", "CustomerType"] {
        for blank in [Value::Null, json!(" ")] {
            let before = tenant.everything();
            for id in 2..=4 {
                let path = format!("/v1/customers/{id}");
                tenant.patch(&path, &json!({ field: blank })).rejects(500, &format!("{field} is required."));
            }
            assert_eq!(tenant.everything(), before, "{field}");
        }
    }
    let before = tenant.everything();
    tenant.patch("/v1/customers/3", &json!({ "PrimaryAddress": null })).rejects(500, "PrimaryAddress is required.");
    assert_eq!(tenant.everything(), before);
    // A field that not every type of the vendor requires can be cleared, and the new types require only what the plan lists for them.
    tenant.patch("/v1/customers/2", &json!({ "TaxId": null })).succeeds(200);
    let id = tenant.create(&json!({ "CustomerType": 9 }));
    assert_eq!(tenant.customer(id)["CustomerType"], 9);
    tenant.post("/v1/customers", &json!({ "CustomerType": 4 })).rejects(500, "TaxId is required for CustomerType 4.");
    // A plan can still make a field optional.
    let tenant = tenant_with(json!({ "types": { "4": "Employee" }, "required": { "EmailAddress": [1, 2] } }));
    tenant.patch("/v1/customers/4", &json!({ "EmailAddress": "" })).succeeds(200);
}

/// `InactiveDate` is the time since which a customer has not been active, whichever operation changed its status.
#[test]
fn the_inactive_date_follows_the_status() {
    const UNSET: &str = "1900-01-01T00:00:00Z";
    let tenant = tenant();
    let day = |day: u32| format!("2026-03-{day:02}T12:00:00Z");
    let freeze = |at: &str| tenant.control("POST", "/clock/freeze", Some(&json!({ "at": at }))).done(200);
    let put = |status: Value| with(&seeds::retail(), json!({ "CustomerStatus": status }));
    let status_and_date = || {
        let customer = tenant.customer(3);
        (
            customer["CustomerStatus"].as_i64().expect("a status"),
            customer["InactiveDate"].as_str().expect("a date").to_owned(),
        )
    };
    let path = "/v1/customers/3";
    for (number, (method, body, status, since)) in (1..).zip([
        ("PATCH", json!({ "CustomerStatus": 1 }), 1, UNSET.to_owned()),
        ("PATCH", json!({ "CustomerStatus": 2 }), 2, day(2)),
        // The date stays while the customer is inactive.
        ("PATCH", json!({ "CustomerStatus": 2 }), 2, day(2)),
        ("PATCH", json!({ "CustomerStatus": 4, "FirstName": "A" }), 4, day(2)),
        ("PATCH", json!({ "FirstName": "B" }), 4, day(2)),
        ("PATCH", json!({ "CustomerStatus": 1 }), 1, UNSET.to_owned()),
        ("PUT", put(json!(5)), 5, day(7)),
        ("PUT", put(Value::Null), 5, day(7)),
        ("PUT", put(json!(2)), 2, day(7)),
        ("DELETE", Value::Null, 3, day(7)),
        ("DELETE", Value::Null, 3, day(7)),
        ("PUT", put(json!(1)), 1, UNSET.to_owned()),
        ("DELETE", Value::Null, 3, day(13)),
        ("PATCH", json!({ "CustomerStatus": 1 }), 1, UNSET.to_owned()),
    ]) {
        freeze(&day(number));
        let body = (method != "DELETE").then(|| body.to_string());
        tenant.call(method, path, "", body.as_deref()).succeeds(200);
        assert_eq!(status_and_date(), (status, since), "step {number}, {method} {body:?}");
    }
    // An upgrade, a rejection, which changes nothing, and a creation.
    freeze(&day(20));
    let upgrade = with(&seeds::distributor(), json!({ "CustomerStatus": 2 }));
    tenant.put("/v1/customers/upgrade/3", &upgrade).succeeds(201);
    assert_eq!(status_and_date(), (2, day(20)));
    let before = tenant.everything();
    tenant.patch(path, &json!({ "CustomerStatus": 9 })).rejects(500, "CustomerStatus must be one of 1, 2, 3, 4, 5.");
    assert_eq!(tenant.everything(), before);
    let inactive = json!({ "Username": "b", "EmailAddress": "b@x.example", "CustomerStatus": 4 });
    let id = tenant.create(&with(&seeds::retail(), inactive));
    assert_eq!(tenant.customer(id)["InactiveDate"], day(20));
    // Through Storm's API.
    let storm = tenant.storm();
    for (body, since) in
        [(json!({ "Id": 4, "IsActive": false }), day(20)), (json!({ "Id": 4, "IsActive": true }), UNSET.to_owned())]
    {
        let path = "/api/1.1/CustomerService.svc/rest/UpdateCustomer?updatedBy=1&format=json";
        assert_eq!(storm.post(path, &body).status, 200);
        assert_eq!(tenant.customer(4)["InactiveDate"], since);
    }
}
