//! Unusual combinations of the vendor APIs.

use serde_json::json;

use crate::support::{seeds, tenant, with};

const UPDATE: &str = "/CustomerService.svc/rest/UpdateCustomer?updatedBy=1";

fn address(line: &str) -> serde_json::Value {
    json!({ "Line1": line, "Zip": "111 22", "City": "Stockholm", "Country": "SE" })
}

#[test]
fn an_address_that_another_vendor_removed_stays_removed_after_an_update_without_it() {
    let tenant = tenant();
    let storm = tenant.storm();
    let two = json!({ "Id": 3, "DeliveryAddresses": [address("A 1"), address("B 1")] });
    assert_eq!(storm.post(UPDATE, &two).status, 200);
    let cleared = with(&seeds::retail(), json!({ "SponsorId": 2 }));
    tenant.put("/v1/customers/3", &cleared).succeeds(200);
    let before = tenant.everything();
    let returned = storm.post(UPDATE, &json!({ "Id": 3 })).json();
    let lines: Vec<_> =
        returned["DeliveryAddresses"].as_array().expect("a list").iter().map(|at| &at["Line1"]).collect();
    assert_eq!(lines, [&json!("B 1")]);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn values_without_an_id_are_found_by_their_code() {
    let tenant = tenant();
    let storm = tenant.storm();
    let info = json!([{ "Code": "A", "Value": "1" }, { "Code": "B", "Value": "2" }]);
    let returned = storm.post(UPDATE, &json!({ "Id": 3, "Info": info })).json();
    assert_eq!((&returned["Info"][0]["Value"], &returned["Info"][1]["Value"]), (&json!("1"), &json!("2")));
    let returned = storm.post(UPDATE, &json!({ "Id": 3, "Info": [{ "Code": "B", "Value": "3" }] })).json();
    assert_eq!((&returned["Info"][0]["Value"], &returned["Info"][1]["Value"]), (&json!("3"), &json!("1")));
}

#[test]
fn a_number_in_a_response_finds_its_own_customer() {
    let tenant = tenant();
    tenant.create(&with(&seeds::retail(), json!({ "BackOfficeId": "3" })));
    let returned = tenant.bydesign().get("/api/customer/PublicInfo/GetInfo?CustomerDID=3").json();
    assert_eq!((&returned["CustomerDID"], &returned["FirstName"]), (&json!("3"), &json!("Riley")));
}

#[test]
fn the_default_sponsor_may_sponsor() {
    let tenant = tenant();
    tenant.patch("/v1/customers/1", &json!({ "CustomerType": 2 })).succeeds(200);
    let created = tenant.bydesign().post("/api/users/customer", &json!({ "FirstName": "A", "RepDID": "1" }));
    assert_eq!(created.status, 200, "{created:?}");
    assert_eq!(tenant.customer(created.json()["CustomerID"].as_i64().expect("an id"))["SponsorId"], 0);
}

#[test]
fn a_generated_key_cannot_be_chosen() {
    let tenant = tenant();
    let before = tenant.everything();
    let key = "00000000-0000-8000-8000-000000000063";
    let reply = tenant.storm().post("/CustomerService.svc/rest/CreateCustomer", &json!({ "Key": key }));
    assert_eq!((reply.status, &reply.json()["Messages"][0]["Key"]), (400, &json!("InvalidValue")));
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_with_a_million_errors_gets_a_short_response() {
    let tenant = tenant();
    let addresses = vec![0; 1000];
    let companies = vec![json!({ "Name": "A", "DeliveryAddresses": addresses }); 20];
    let reply = tenant.storm().post(UPDATE, &json!({ "Id": 3, "Companies": companies }));
    assert_eq!(reply.status, 400);
    assert!(reply.body.len() < 50_000, "{}", reply.body.len());
    let name = "x".repeat(50_000);
    let reply = tenant.storm().post(UPDATE, &json!({ "Id": 3, "Phone": "1", name: 1 }));
    assert_eq!(reply.status, 200);
    let entry = &tenant.requests("?operation=StormUpdateCustomer")[0];
    assert!(entry["ignored"][0].as_str().expect("a name").len() <= 64, "{entry}");
}

#[test]
fn no_secret_of_a_multipart_body_or_of_a_path_is_kept() {
    let tenant = tenant();
    let part = "--b\r\nContent-Disposition: form-data; name=\"Password\"\r\n\r\nMultipart-Secret\r\n--b--\r\n";
    let reply = tenant.bydesign().call(
        "POST",
        "/api/users/customer",
        "Content-Type: multipart/form-data; boundary=b\r\n",
        Some(part),
    );
    assert_eq!(reply.status, 415);
    let reply = tenant.bydesign().get("/api/nothing/password/Path-Secret");
    assert!(reply.status == 404 && reply.body.contains("Path-Secret"));
    let journal = serde_json::to_string(&tenant.requests("")).expect("JSON");
    assert!(journal.contains("multipart: not shown"), "{journal}");
    assert!(!journal.contains("Multipart-Secret") && !journal.contains("Path-Secret"), "{journal}");
}
