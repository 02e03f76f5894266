//! Members without effect are listed: in every response, in the journal and in the inspector.

use serde_json::{Value, json};

use super::{bydesign, storm};
use crate::support::http::request;
use crate::support::{Reply, Tenant, seeds, tenant, tenant_with, with};

const MISSPELLED: [&str; 5] = [
    "EmailAdress (did you mean EmailAddress?)",
    "FirstNam (did you mean FirstName?)",
    "DefaultShippingAddress.Stret2 (did you mean Street2?)",
    "AssociateCustom.Field11 (did you mean Field1?)",
    "Zzz",
];

/// A body with all required members, and misspelled ones.
fn misspelled(body: &Value) -> Value {
    let mut body = with(body, json!({ "EmailAdress": "x", "FirstNam": "x", "Zzz": { "a": 1 } }));
    body["DefaultShippingAddress"]["Stret2"] = json!("x");
    body["AssociateCustom"] = json!({ "Field1": "a", "Field11": "x" });
    body
}

/// The ignored members in the response, which are in the journal too.
#[track_caller]
fn ignored(tenant: &Tenant, reply: &Reply) -> Vec<String> {
    let header = reply.header("X-Emulator-Ignored").unwrap_or_else(|| panic!("ignored in {reply:?}"));
    let mut named: Vec<String> = header.split(", ").map(str::to_owned).collect();
    let entry = &tenant.requests("")[0];
    assert_eq!(entry["ignored"], json!(named), "{entry}");
    named.sort_unstable();
    named
}

#[track_caller]
fn ignores(tenant: &Tenant, reply: &Reply, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(ignored(tenant, reply), expected, "{reply:?}");
}

#[test]
fn every_write_of_directscale_lists_them() {
    let tenant = tenant();
    let created = tenant.post("/v1/customers", &misspelled(&seeds::full())).succeeds(201);
    ignores(&tenant, &created, &MISSPELLED);
    let path = format!("/v1/customers/{}", created.body);
    ignores(&tenant, &tenant.put(&path, &misspelled(&seeds::full())).succeeds(200), &MISSPELLED);
    ignores(
        &tenant,
        &tenant.put("/v1/customers/upgrade/3", &misspelled(&seeds::distributor())).succeeds(201),
        &MISSPELLED,
    );
    let changes =
        json!({ "FirstNam": "x", "Stret1": 1, "Street1": "x", "AssociateCustom": { "Fields1": 1 }, "Password": "x" });
    let expected = [
        "FirstNam (did you mean FirstName?)",
        "Stret1",
        "Street1 (did you mean PrimaryAddress.Street1?)",
        "AssociateCustom.Fields1 (did you mean Field1?)",
        "Password (PATCH does not change it)",
    ];
    ignores(&tenant, &tenant.patch(&path, &changes).succeeds(200), &expected);
    let reply =
        tenant.put(&format!("{path}/reset-password"), &json!({ "Password": "Another12", "Pasword": 1, "Username": 1 }));
    ignores(
        &tenant,
        &reply.succeeds(200),
        &["Pasword (did you mean Password?)", "Username (this operation does not read it)"],
    );
    let points = format!("{path}/reward-points");
    let reply = tenant.post(&points, &json!({ "pointsToAdd": 1, "pointToAdd": 2, "pointsToDeduct": 3 })).succeeds(201);
    let expected = ["pointToAdd (did you mean pointsToAdd?)", "pointsToDeduct (this operation does not read it)"];
    ignores(&tenant, &reply, &expected);
    let reply = tenant.call("DELETE", &points, "", Some(r#"{"pointsToDeduct":1,"x":1}"#)).succeeds(200);
    ignores(&tenant, &reply, &["x"]);
    let login = json!({ "username": "riley", "password": "wrong", "UserNam": "x" });
    ignores(&tenant, &tenant.post("/v1/validate/login", &login), &["UserNam (did you mean username?)"]);
}

#[test]
fn rejections_list_them_too() {
    let tenant = tenant();
    let before = tenant.everything();
    let body = with(&misspelled(&seeds::full()), json!({ "FirstName": null, "LastName": [] }));
    let message = "FirstName is required for CustomerType 1.; LastName must be a string.";
    ignores(&tenant, &tenant.post("/v1/customers", &body).rejects(500, message), &MISSPELLED);
    // Values that conflict, and unknown customers.
    let conflicting = with(&misspelled(&seeds::full()), json!({ "EmailAddress": "dana@demo.example" }));
    ignores(&tenant, &tenant.post("/v1/customers", &conflicting), &MISSPELLED);
    ignores(&tenant, &tenant.put("/v1/customers/99", &misspelled(&seeds::full())), &MISSPELLED);
    ignores(&tenant, &tenant.put("/v1/customers/upgrade/99", &misspelled(&seeds::full())), &MISSPELLED);
    ignores(&tenant, &tenant.patch("/v1/customers/99", &json!({ "FirstNam": 1 })), &[MISSPELLED[1]]);
    let reply = tenant.put("/v1/customers/3/reset-password", &json!({ "Pasword": "Another12" }));
    ignores(&tenant, &reply.rejects(500, "Password is required."), &["Pasword (did you mean Password?)"]);
    let reply = tenant.post("/v1/customers/3/reward-points", &json!({ "pointToAdd": 2 }));
    assert_eq!(reply.status, 400);
    ignores(&tenant, &reply, &["pointToAdd (did you mean pointsToAdd?)"]);
    let reply =
        tenant.call("POST", "/v1/customers", "Prefer: tx=rollback\r\n", Some(&misspelled(&seeds::full()).to_string()));
    ignores(&tenant, &reply.succeeds(201), &MISSPELLED);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn the_body_of_a_get_can_be_put_and_lists_the_members_of_responses() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    let returned = with(&tenant.customer(id), json!({ "Password": "PasswordHere1" }));
    let reply = tenant.put(&format!("/v1/customers/{id}"), &returned).succeeds(200);
    let expected = [
        "CustomerId (only answers have it)",
        "EnrollerId (only answers have it)",
        "InactiveDate (only answers have it)",
        "DefaultShippingAddress.AddressId (only answers have it)",
        "PrimaryAddress.AddressId (only answers have it)",
    ];
    ignores(&tenant, &reply, &expected);
}

#[test]
fn without_ignored_members_there_is_no_header() {
    let tenant = tenant();
    let reply = tenant.post("/v1/customers", &seeds::full()).succeeds(201);
    assert_eq!(reply.header("X-Emulator-Ignored"), None);
    assert_eq!(tenant.requests("")[0]["ignored"], json!([]));
    let lower = json!({ "firstname": "x", "primaryphone": "1" });
    assert_eq!(tenant.patch("/v1/customers/3", &lower).succeeds(200).header("X-Emulator-Ignored"), None);
}

#[test]
fn a_plan_that_rejects_unsupported_fields_still_names_unknown_ones() {
    let tenant = tenant_with(json!({ "unsupported_patch_fields": "reject" }));
    let reply = tenant.patch("/v1/customers/3", &json!({ "SponsorId": 1, "FirstNam": "x" }));
    ignores(&tenant, &reply.rejects(500, "SponsorId cannot be changed by this call."), &[MISSPELLED[1]]);
}

#[test]
fn bydesign_lists_them_in_every_format() {
    let tenant = tenant();
    let target = bydesign(&tenant);
    let expected = ["FirstNam (did you mean FirstName?)", "BillStreet1 (did you mean BillingStreet1?)", "Zzz"];
    for (content_type, body) in [
        ("application/json", r#"{"FirstNam":"a","BillStreet1":1,"Zzz":{},"CustomerType":TYPE}"#),
        (
            "text/xml",
            "<CustomerCreationViewModel><FirstNam>a</FirstNam><BillStreet1/><Zzz/><CustomerType>TYPE</CustomerType>\
             </CustomerCreationViewModel>",
        ),
        ("application/x-www-form-urlencoded", "FirstNam=a&BillStreet1=b&Zzz=&CustomerType=TYPE"),
    ] {
        for (customer_type, status) in [("2", 200), ("99", 400)] {
            let headers = format!("Content-Type: {content_type}\r\n");
            let reply = target.send(&headers, body.replace("TYPE", customer_type).as_bytes());
            assert_eq!(reply.status, status, "{reply:?}");
            ignores(&tenant, &reply, &expected);
        }
    }
    let look_up = super::of_vendor(&tenant, &tenant.bydesign(), "/api/users/customer/CustomerLookup");
    let reply = look_up.send("Content-Type: application/json\r\n", br#"{"Emial":"x","FirstName":"y"}"#);
    assert_eq!(reply.status, 400);
    ignores(&tenant, &reply, &["Emial (did you mean Email?)", "FirstName (this operation does not read it)"]);
}

#[test]
fn storm_lists_them_at_every_depth() {
    let tenant = tenant();
    let target = storm(&tenant);
    let create = super::of_vendor(&tenant, &tenant.storm(), "/CustomerService.svc/rest/CreateCustomer");
    let body = json!({
        "Id": 3, "firstName": "x", "InvoiceAddress": { "Zip": "1", "City": "A", "CountryId": 752, "Line3": "x" },
        "Companies": [{ "Name": "A", "Info": [{ "Id": 1, "Valeu": "x" }] }], "__type": "Customer"
    });
    let expected = [
        "firstName (did you mean FirstName?)",
        "InvoiceAddress.Line3 (did you mean Line1?)",
        "Companies[0].Info[0].Valeu",
    ];
    for (body, status) in [
        (body.clone(), 200),
        (with(&body, json!({ "Email": "no-address" })), 400),
        (with(&body, json!({ "Id": 99 })), 400),
    ] {
        let reply = target.send("", body.to_string().as_bytes());
        assert_eq!(reply.status, status, "{reply:?}");
        let found = ignored(&tenant, &reply);
        for name in expected {
            assert!(found.iter().any(|found| found.starts_with(name)), "{name} in {found:?}");
        }
    }
    let no_account = super::of_vendor(&tenant, &tenant.storm(), "/CustomerService.svc/rest/UpdateCustomer");
    let reply = no_account.send("", br#"{"Id":3,"FirstNam":"x"}"#);
    assert_eq!(reply.status, 400);
    ignores(&tenant, &reply, &["FirstNam (did you mean FirstName?)"]);
    let reply = create.send("", br#"{"Nam":"x","Email":"x"}"#);
    assert_eq!(reply.status, 400);
    ignores(&tenant, &reply, &["Nam"]);
}

#[test]
fn the_list_is_bounded_and_quick() {
    let tenant = tenant();
    let start = std::time::Instant::now();
    let many: serde_json::Map<String, Value> = (0..4000).map(|number| (format!("Unknown{number}"), json!(1))).collect();
    let reply = tenant.patch("/v1/customers/3", &Value::Object(many)).succeeds(200);
    let header = reply.header("X-Emulator-Ignored").expect("a header");
    assert!(header.ends_with(", and 3980 more") && header.len() < 4_000, "{header}");
    assert_eq!(tenant.requests("")[0]["ignored"].as_array().map(Vec::len), Some(50));
    let long = json!({ "é".repeat(20_000): 1, "a\r\nX-Injected: 1": 1 });
    let reply = tenant.patch("/v1/customers/3", &long).succeeds(200);
    assert_eq!(reply.header("X-Injected"), None);
    assert!(reply.head.len() < 2_000, "{}", reply.head.len());
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn the_inspector_shows_them() {
    let tenant = tenant();
    let reply = tenant.patch("/v1/customers/99", &json!({ "FirstNam": "x" }));
    let id = reply.header("X-DirectScale-RequestId").expect("an id");
    let path = format!("/_emulator/t/{}/requests/{id}", tenant.name());
    let page = tenant.raw(&localhost(request("GET", &path, "", None)));
    assert!(page.status == 200 && page.body.contains("FirstNam (did you mean FirstName?)"), "{page:?}");
}

fn localhost(bytes: Vec<u8>) -> Vec<u8> {
    String::from_utf8(bytes).expect("text").replacen("Host: test.example", "Host: localhost", 1).into_bytes()
}
