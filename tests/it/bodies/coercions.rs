//! Values of another type than their member's.

use serde_json::{Value, json};

use super::{bydesign, storm};
use crate::support::{Tenant, seeds, tenant, tenant_with, with};

const STRING: &str = "must be a string.";
const INTEGER: &str = "must be an integer.";
const BOOLEAN: &str = "must be true or false.";

/// The value of a member in the customer that is created with this value.
fn created(tenant: &Tenant, member: &str, value: &Value) -> Result<Value, String> {
    let number = tenant.rows("select count(*) from customers where tenant_id = {tenant}")[0]["count"].clone();
    let body = with(
        &seeds::retail(),
        json!({ "EmailAddress": format!("{number}@x.example"), "Username": format!("u{number}") }),
    );
    let reply = tenant.post("/v1/customers", &with(&body, json!({ member: value })));
    if reply.status != 201 {
        return Err(reply.message().to_owned());
    }
    Ok(tenant.customer(reply.body.parse().expect("a number"))[member].clone())
}

#[test]
fn directscale_reads_values_as_json_net_does() {
    let tenant = tenant();
    for (member, value, returned) in [
        ("FirstName", json!(5), Ok(json!("5"))),
        ("FirstName", json!(-1.5), Ok(json!("-1.5"))),
        ("FirstName", json!(true), Ok(json!("true"))),
        ("PrimaryPhone", json!(18_015_551_111_u64), Ok(json!("18015551111"))),
        ("FirstName", json!(["a"]), Err(STRING)),
        ("FirstName", json!({}), Err(STRING)),
        ("CustomerStatus", json!("2"), Ok(json!(2))),
        ("CustomerStatus", json!(" 2 "), Ok(json!(2))),
        ("CustomerStatus", json!(2.0), Ok(json!(2))),
        ("CustomerStatus", json!("2.0"), Err(INTEGER)),
        ("CustomerStatus", json!(2.5), Err(INTEGER)),
        ("CustomerStatus", json!(true), Err(INTEGER)),
        ("CustomerStatus", json!("two"), Err(INTEGER)),
        ("SendEmails", json!("true"), Ok(json!(true))),
        ("SendEmails", json!("True"), Ok(json!(true))),
        ("SendEmails", json!(" FALSE "), Ok(json!(false))),
        ("SendEmails", json!(1), Ok(json!(true))),
        ("SendEmails", json!(0), Ok(json!(false))),
        ("SendEmails", json!(2), Ok(json!(true))),
        ("SendEmails", json!("1"), Err(BOOLEAN)),
        ("SendEmails", json!("yes"), Err(BOOLEAN)),
        ("SendEmails", json!([]), Err(BOOLEAN)),
        ("SendEmails", json!(null), Ok(json!(false))),
    ] {
        let expected = returned.map_err(|rule| format!("{member} {rule}"));
        assert_eq!(created(&tenant, member, &value), expected, "{member}: {value}");
    }
    let address = json!({ "Street1": 1, "Street2": "", "City": "Lindon", "Region": "UT", "PostalCode": 84042, "CountryCode": "US" });
    tenant.patch("/v1/customers/3", &json!({ "PrimaryAddress": address })).succeeds(200);
    let returned = tenant.customer(3)["PrimaryAddress"].clone();
    assert_eq!((&returned["Street1"], &returned["PostalCode"]), (&json!("1"), &json!("84042")));
    // More digits than a number keeps.
    let reply = tenant.call("PATCH", "/v1/customers/3", "", Some(r#"{"TaxId": 123456789012345678901}"#));
    reply.rejects(500, "TaxId must be a string.");
}

#[test]
fn other_operations_of_directscale_read_values_in_the_same_way() {
    let tenant = tenant();
    tenant
        .put("/v1/customers/3/reset-password", &json!({ "Password": true }))
        .rejects(500, "Password must be 8 to 30 characters long with at least a digit and a capital letter.");
    tenant.patch("/v1/customers/3", &json!({ "Username": 12_345 })).succeeds(200);
    tenant.post("/v1/validate/login", &json!({ "username": 12_345, "password": "PasswordHere1" })).succeeds(200);
    tenant.post("/v1/customers/3/reward-points", &json!({ "pointsToAdd": "5" })).succeeds(201);
    tenant.call("POST", "/v1/customers/3/reward-points", "", Some("{pointsToAdd: .5,}")).succeeds(201);
    let body = with(&seeds::distributor(), json!({ "TermsAccepted": "true", "SponsorId": "2", "CustomerType": 1.0 }));
    tenant.put("/v1/customers/upgrade/3", &body).succeeds(201);
}

#[test]
fn a_strict_plan_converts_no_types() {
    let tenant = tenant_with(json!({ "strict_json": true }));
    for (member, value, rule) in [
        ("FirstName", json!(5), STRING),
        ("CustomerStatus", json!("2"), INTEGER),
        ("CustomerStatus", json!(2.0), INTEGER),
        ("SendEmails", json!("true"), BOOLEAN),
        ("SendEmails", json!(1), BOOLEAN),
        ("BirthDate", json!("1973-05-12 00:00:00"), "must be a date such as 2020-02-20T15:47:52Z."),
        ("BirthDate", json!("/Date(106012800000)/"), "must be a date such as 2020-02-20T15:47:52Z."),
    ] {
        assert_eq!(created(&tenant, member, &value), Err(format!("{member} {rule}")), "{value}");
    }
    for (member, value) in [("FirstName", json!("5")), ("CustomerStatus", json!(2)), ("SendEmails", json!(true))] {
        assert_eq!(created(&tenant, member, &value), Ok(value));
    }
    let message = "The request body is not valid JSON: trailing comma at line 1 column 18.";
    tenant.call("PATCH", "/v1/customers/3", "", Some(r#"{"FirstName":"a",}"#)).rejects(500, message);
    tenant
        .post("/v1/customers/3/reward-points", &json!({ "pointsToAdd": "5" }))
        .rejects(400, "pointsToAdd must be a number other than 0, at most 999999999; negative ones cannot be added.");
    tenant
        .post("/v1/validate/login", &json!({ "username": 1, "password": "x" }))
        .rejects(500, "username must be a string.");

    let target = bydesign(&tenant);
    let json = "Content-Type: application/json\r\n";
    let reply =
        target.send(json, br#"{"FirstName":5,"CustomerType":"2","AgreedToTerms":1,"DateOfBirth":"05/12/1973"}"#);
    assert_eq!(reply.status, 400);
    for sentence in [
        "The value 'a number' is not valid for FirstName.",
        "The value 'a string' is not valid for CustomerType.",
        "The value 'a number' is not valid for AgreedToTerms.",
        "The value '05/12/1973' is not valid for DateOfBirth.",
    ] {
        assert!(reply.body.contains(sentence), "{sentence} in {reply:?}");
    }
    let reply =
        target.send(json, br#"{"FirstName":"5","CustomerType":2,"AgreedToTerms":true,"DateOfBirth":"1973-05-12"}"#);
    assert_eq!(reply.status, 200, "{reply:?}");
    // All values of forms and XML are texts.
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let reply = target.send(form, b"CustomerType=2&AgreedToTerms=True&DateOfBirth=05/12/1973");
    assert_eq!(reply.status, 200, "{reply:?}");

    let target = storm(&tenant);
    let reply = target.send("", br#"{"Id": 3, "FirstName": 5}"#);
    assert!(reply.status == 400 && reply.body.contains("FirstName must be a string."), "{reply:?}");
    assert_eq!(target.send("", br#"{"Id": 3, "FirstName": "5"}"#).status, 200);
    assert_eq!(target.send("", br#"{"Id": 3, "FirstName": "5",}"#).status, 400);
}

#[test]
fn bydesign_reads_values_as_json_net_does() {
    let tenant = tenant();
    let target = bydesign(&tenant);
    let send = |body: &Value| {
        target.send("Content-Type: application/json\r\nAccept: application/json\r\n", body.to_string().as_bytes())
    };
    for (member, value, returned, of) in [
        ("FirstName", json!(5), json!("5"), "FirstName"),
        ("BillingPostalCode", json!(84042), json!("84042"), "BillPostalCode"),
        ("CustomerType", json!("3"), json!(3), "CustomerTypeID"),
        ("CustomerType", json!(3.0), json!(3), "CustomerTypeID"),
        ("SendAutoresponders", json!(0), json!(true), "EmailOptOut_Company"),
        ("SendAutoresponders", json!(2), json!(false), "EmailOptOut_Company"),
        ("SendAutoresponders", json!("False"), json!(true), "EmailOptOut_Company"),
    ] {
        let reply = send(&json!({ member: value }));
        assert_eq!((reply.status, &reply.json()[of]), (200, &returned), "{member}: {value}");
    }
    for (member, value) in [
        ("FirstName", json!([1])),
        ("CustomerType", json!(2.5)),
        ("CustomerType", json!("2.0")),
        ("SendAutoresponders", json!("yes")),
        ("DateOfBirth", json!(106_012_800_000_u64)),
    ] {
        let before = tenant.everything();
        let reply = send(&json!({ member: value }));
        assert!(reply.status == 400 && reply.body.contains(member), "{reply:?}");
        assert_eq!(tenant.everything(), before);
    }
}

#[test]
fn storm_reads_values_as_the_data_contract_serializer_does() {
    let tenant = tenant();
    let target = storm(&tenant);
    let send = |member: &str, value: &Value| target.send("", json!({ "Id": 3, member: value }).to_string().as_bytes());
    for (member, value, returned) in [
        ("Id", json!("3"), json!(3)),
        ("Code", json!(5), json!("5")),
        ("Code", json!(true), json!("true")),
        ("Code", json!(1.5), json!("1.5")),
        ("ReferId", json!(" 7 "), json!(7)),
        ("IsActive", json!("false"), json!(false)),
        ("IsActive", json!("1"), json!(true)),
        ("IsActive", json!(0), json!(false)),
        ("IsActive", json!(1), json!(true)),
    ] {
        let reply = send(member, &value);
        assert_eq!((reply.status, &reply.json()[member]), (200, &returned), "{member}: {value}");
    }
    for (member, value, rule) in [
        ("Code", json!([5]), STRING),
        ("ReferId", json!(7.0), INTEGER),
        ("ReferId", json!(true), INTEGER),
        ("IsActive", json!("True"), BOOLEAN),
        ("IsActive", json!(2), BOOLEAN),
    ] {
        let reply = send(member, &value);
        assert!(reply.status == 400 && reply.body.contains(&format!("{member} {rule}")), "{reply:?}");
    }
}
