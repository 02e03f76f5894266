//! What a tenant's plan can switch at this door.

use serde_json::{Value, json};

use super::{Format, JSON, PATH, XML, casey, freeze, possible};
use crate::support::{tenant_with, with};

#[test]
fn rejections_may_be_the_frameworks() {
    let tenant = tenant_with(json!({ "bydesign": { "error": "model_state" } }));
    let door = tenant.bydesign();
    let before = tenant.everything();
    let body = json!({ "FirstName": "a".repeat(51), "Email": "nobody", "BillingCountry": "<CA>" });
    let long = "The field FirstName must be a string or array type with a maximum length of '50'.";
    let expected = format!(r#"{{"Message":"The request is invalid.","ModelState":{{"model.FirstName":["{long}"],"#)
        + r#""model.Email":["The field Email must be an e-mail address."],"model.BillingCountry":["The value '<CA>' is not valid for BillingCountry."]}}"#;
    assert_eq!(door.post(PATH, &body).says(400, JSON), expected);
    let reply = door.call("POST", PATH, "Content-Type: application/json\r\nAccept: text/xml\r\n", Some("{"));
    assert_eq!(
        reply.says(400, "text/xml; charset=utf-8"),
        "<Error><Message>The request is invalid.</Message><ModelState><model>The request body is not valid JSON: EOF \
         while parsing an object at line 1 column 1.</model></ModelState></Error>"
    );
    tenant.add_fault(
        &json!({ "operation": "ByDesignCreateCustomer", "response": { "status": { "code": 400, "message": "No." } } }),
    );
    assert_eq!(
        door.post(PATH, &body).says(400, JSON),
        r#"{"Message":"The request is invalid.","ModelState":{"model":["No."]}}"#
    );
    assert_eq!(tenant.everything(), before);
}

#[test]
fn answers_may_be_xml_by_default_as_the_frameworks_order_suggests() {
    let tenant = tenant_with(json!({ "bydesign": { "default_format": "xml" } }));
    let door = tenant.bydesign();
    door.post(PATH, &json!({})).says(200, XML);
    door.post(PATH, &json!({ "Email": "nobody" })).says(400, XML);
    door.get("/api/Admin/CustomerType").says(200, XML);
    door.get("/api/Admin/CustomerType/77").says(404, XML);
    assert!(door.create_in(Format::Form, "FirstName=A").says(200, JSON).contains("\"FirstName\":\"A\""));
    // Who calls is not known yet.
    let json = tenant_with(json!({ "bydesign": { "default_format": "json" } }));
    json.bydesign().call("POST", PATH, Format::Xml.header(), Some("<CustomerCreationViewModel/>")).says(200, JSON);
}

#[test]
fn countries_may_go_by_other_names() {
    let countries = json!({ "CA": "CA", "Scotland": "GB", "USA": null });
    let tenant = tenant_with(json!({ "bydesign": { "countries": countries } }));
    let door = tenant.bydesign();
    for (sent, code) in [("ca", "CA"), ("SCOTLAND", "GB"), ("CANADA", "CA"), ("US", "US")] {
        let created = door.created(&json!({ "ShippingCountry": sent }));
        assert_eq!(created["ShipCountry"], sent);
        assert_eq!(tenant.customer(super::id_of(&created))["DefaultShippingAddress"]["CountryCode"], code, "{sent}");
    }
    let before = tenant.everything();
    let body = door.post(PATH, &json!({ "ShippingCountry": "USA" })).says(400, JSON);
    assert!(body.contains("The value 'USA' is not valid for ShippingCountry."), "{body}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn e_mail_addresses_may_be_shared() {
    let tenant = tenant_with(json!({ "unique": ["Username"] }));
    let door = tenant.bydesign();
    let first = door.created(&possible());
    let second = door.created(&possible());
    assert_eq!((super::id_of(&first), super::id_of(&second)), (5, 6));
    let found = door.post(super::LOOK_UP, &json!({ "Email": "sample@bydesign.example" })).json();
    let ids: Vec<&Value> = found.as_array().expect("customers").iter().map(|found| &found["CustomerID"]).collect();
    assert_eq!(ids, [5, 6]);
}

#[test]
fn dates_may_be_of_another_zone() {
    let tenant = tenant_with(json!({ "bydesign": { "time_zone": "Asia/Kolkata" } }));
    freeze(&tenant, "2025-11-03T20:40:09Z");
    let door = tenant.bydesign();
    let created = door.created(&json!({ "DateOfBirth": "1980-05-01T00:00:00Z" }));
    assert_eq!(created["ApplicationDate"], "2025-11-04T02:10:09+05:30");
    assert_eq!(created["DateOfBirth"], "1980-05-01T00:00:00+05:30", "a day is the same day");
    assert_eq!(tenant.customer(super::id_of(&created))["BirthDate"], "1980-05-01T00:00:00Z");
    let reply = door.call("POST", PATH, Format::Xml.header(), Some("<CustomerCreationViewModel/>"));
    assert!(reply.body.contains("<ApplicationDate>11/04/2025 02:10:09</ApplicationDate>"), "{reply:?}");
}

#[test]
fn types_sponsors_ages_and_passwords_are_the_plans_here_too() {
    let tenant = tenant_with(json!({
        "types": { "31": "Wholesale Club" }, "sponsor_must_be_distributor": false, "minimum_age": 3,
        "password_rule": { "capital": false, "min_length": 1 }, "max_length": { "PrimaryPhone": 3 }
    }));
    let door = tenant.bydesign();
    let body = json!({ "CustomerType": 31, "RepDID": "4", "ReciprocalRepDID": "3", "Password": "sample string 4" });
    let created = door.created(&with(&casey(), body));
    assert_eq!((&created["CustomerTypeID"], &created["ReciprocalRepID"]), (&json!(31), &json!(3)));
    assert_eq!(tenant.customer(super::id_of(&created))["SponsorId"], 4);
    door.created(&json!({ "CustomerType": 1, "DateOfBirth": "2020-01-01" }));
    let body = door.post(PATH, &json!({ "Phone1": "1234" })).says(400, JSON);
    assert!(body.contains("The field Phone1 must be a string or array type with a maximum length of '3'."), "{body}");
    let types = door.get("/api/Admin/CustomerType").says(200, JSON);
    assert!(types.contains(r#"{"ID":31,"Description":"Wholesale Club","Abbreviation":"WC","#), "{types}");
}

#[test]
fn a_plan_that_says_what_there_is_not_is_rejected() {
    let tenant = tenant_with(json!({}));
    for bydesign in [
        json!({ "error": "html" }),
        json!({ "default_format": "yaml" }),
        json!({ "time_zone": "Mars/Olympus" }),
        json!({ "countries": { "X": "XX" } }),
        json!({ "colour": "red" }),
    ] {
        tenant.control("PUT", "/plan", Some(&json!({ "bydesign": bydesign }))).problem(400);
    }
}
