//! The emulator's own features with Storm's API: journal, injected faults, dry runs, webhooks, limits, clock, hooks.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::support::receiver::Receiver;
use crate::support::{tenant, tenant_of, tenant_with, with};

fn tables(entry: &Value) -> Vec<&str> {
    let changes = entry["changes"].as_array().expect("changes").iter();
    changes.map(|change| change["table"].as_str().expect("a name")).collect()
}

#[test]
fn the_journal_contains_an_update_without_its_secrets() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = created(&storm, &full("eva"));
    let entry = &tenant.requests("")[0];
    assert_eq!(
        (&entry["operation"], &entry["customer"], &entry["status"]),
        (&json!("StormCreateCustomer"), &json!(5), &json!(200))
    );
    assert_eq!(tables(entry), ["customers", "customer_profiles", "companies", "companies"]);

    let path_and_query =
        "/StormAPI/1.1/customerservice.svc/rest/updatecustomer3?updatedBy=1&password=Secret-12&format=json";
    let body = json!({
        "Id": returned["Id"], "SSN": "19121212-1212", "FirstName": "Ebba", "Flags": [{ "Id": 6, "IsSelected": true }],
        "Companies": [{ "Id": 1, "Phone": "2" }]
    });
    read(storm.post(path_and_query, &body));
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["operation"], &entry["method"]), (&json!("StormUpdateCustomer3"), &json!("POST")));
    assert_eq!(entry["path"], path_and_query.replace("Secret-12", "•••"));
    assert_eq!((&entry["customer"], &entry["reasons"]), (&json!(5), &json!([])));
    assert_eq!(tables(entry), ["customers", "customer_profiles", "companies"]);
    let field = |name: &str| {
        let fields = entry["changes"][0]["fields"].as_array().expect("fields");
        fields.iter().find(|field| field["field"] == name).cloned().unwrap_or_else(|| panic!("{name} in {entry}"))
    };
    assert_eq!(field("first_name"), json!({ "field": "first_name", "before": "Eva", "after": "Ebba" }));
    assert_eq!(field("tax_id")["after"], "••• (changed)");
    assert_eq!(field("password_hash")["after"], "••• (changed)");

    // A rejection has its error codes, and changes nothing.
    update(&storm, &json!({ "Id": 3, "Email": "dana@demo.example", "SSN": "19121212-1212", "Nonsense": 1 }));
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["status"], tables(entry)), (&json!(400), Vec::new()));
    let reasons = [("Email"), ("SSN")].map(|name| {
        let message = format!("There already exists a customer with the specified {name}.");
        json!({ "field": "$", "rule": "CustomerAlreadyExists", "message": message })
    });
    assert_eq!(entry["reasons"], json!(reasons));
    update(&storm, &json!({ "Id": 3, "InvoiceAddress": { "Zip": "", "Country": "Narnia" }, "FirstName": [7] }));
    let rules: Vec<Value> = tenant.requests("")[0]["reasons"]
        .as_array()
        .expect("reasons")
        .iter()
        .map(|reason| reason["rule"].clone())
        .collect();
    let expected =
        ["InvalidValue", "InvoiceAddressZipMissing", "InvoiceAddressCityMissing", "InvoiceAddressCountryMissing"];
    let mut rules: Vec<&str> = rules.iter().filter_map(Value::as_str).collect();
    rules.sort_unstable_by_key(|rule| expected.iter().position(|expected| expected == rule));
    assert_eq!(rules, expected);
    storm.call("POST", &path("UpdateCustomer", "&updatedBy=1"), "", Some("{"));
    assert_eq!(tenant.requests("")[0]["reasons"][0]["rule"], "unreadable");
    // Ignored members are listed.
    update(&storm, &json!({ "Id": 3, "Nonsense": 1, "PricelistIds": [1] })).says(200, JSON);
    assert_eq!(tenant.requests("")[0]["ignored"], json!(["Nonsense", "PricelistIds"]));
    // An unknown operation lists similar ones.
    storm.get("/api/1.1/CustomerService.svc/rest/GetCustomers?id=3");
    let entry = &tenant.requests("")[0];
    assert_eq!((&entry["operation"], &entry["status"]), (&json!("-"), &json!(404)));
    assert!(entry["did_you_mean"].to_string().contains("StormGetCustomer"), "{entry}");

    let journal = tenant.control("GET", "/requests?limit=1000", None).body;
    for secret in ["19121212", "SSN-eva", "Secret-12", "$test-sha256"] {
        assert!(!journal.contains(secret), "{secret} in {journal}");
    }
}

#[test]
fn injected_faults_have_the_shape_of_the_service() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    let body =
        |name: &str| json!({ "Id": 3, "FirstName": name, "Companies": [{ "Name": name }], "Flags": [{ "Id": 1 }] });
    let add_fault = |point: &str, status: Value| {
        let rule = json!({
            "operation": "StormUpdateCustomer", "when": { "first": 1 }, "point": point, "response": { "status": status }
        });
        tenant.control("DELETE", "/faults", None).done(204);
        tenant.add_fault(&rule)
    };
    let before = tenant.everything();
    for point in ["before", "inside"] {
        let id = add_fault(point, json!({ "code": 400, "message": "Not today." }));
        let reply = update(&storm, &body("A"));
        assert_eq!(reply.header("X-Emulator-Fault"), Some(id.to_string().as_str()));
        assert_eq!(reply.says(400, JSON), error_bytes(&[("CustomerMissing", "Not today.")]), "{point}");
        assert_eq!(tenant.everything(), before, "{point}");
    }
    let broken = error_bytes(&[]).replace(r#""Message":"""#, r#""Message":"An internal error occurred.""#);
    add_fault("inside", json!({ "code": 500 }));
    assert_eq!(update(&storm, &body("A")).says(500, JSON), broken);
    assert_eq!(tenant.everything(), before);
    let id = add_fault("before", json!({ "code": 429, "retry_after": 42 }));
    let reply = update(&storm, &body("A"));
    assert_eq!(
        (reply.header("Retry-After"), reply.header("X-Emulator-Fault")),
        (Some("42"), Some(id.to_string().as_str()))
    );
    assert_eq!(reply.says(429, JSON), r#"{"Message":"Too many requests. Try again in 42 seconds."}"#);
    add_fault("before", json!({ "code": 401 }));
    assert_eq!(update(&storm, &body("A")).header("WWW-Authenticate"), Some("Bearer"));
    assert_eq!(tenant.everything(), before);
    // A fault after the commit keeps the write, and a retry finds it.
    add_fault("after", json!({ "code": 500, "message": "Lost." }));
    let lost = error_bytes(&[("CustomerMissing", "Lost.")]);
    let reply = update(&storm, &body("After"));
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("Lost."), "{reply:?} {lost}");
    assert_eq!(customer(&storm, 3)["FirstName"], "After");
    assert_eq!(customer(&storm, 3)["Companies"][0]["Name"], "After");
    // Every documented status can be injected.
    for code in [400, 401, 403, 404, 405, 413, 429, 500] {
        let rule = json!({ "operation": "StormUpdateCustomer", "response": { "status": { "code": code } } });
        if tenant.control("POST", "/faults", Some(&rule)).status != 201 {
            assert!(matches!(code, 404 | 405), "{code} is documented");
            continue;
        }
        assert_eq!(update(&storm, &body("A")).status, code);
        tenant.control("DELETE", "/faults", None).done(204);
    }
}

#[test]
fn a_dry_run_responds_and_changes_nothing() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = created(&storm, &full("one"));
    let before = tenant.everything();
    let dry_run = |operation: &str, body: &Value| {
        let reply = storm.call(
            "POST",
            &path(operation, "&updatedBy=1&password=Secret-12"),
            "Prefer: tx=rollback\r\n",
            Some(&body.to_string()),
        );
        assert_eq!(reply.header("Preference-Applied"), Some("tx=rollback"), "{reply:?}");
        assert_eq!(tenant.everything(), before);
        reply
    };
    let previewed = read(dry_run("CreateCustomer3", &with(&full("two"), json!({ "Key": UNUSED_KEY }))));
    assert_eq!((&previewed["Id"], &previewed["Companies"][1]["Id"]), (&json!(6), &json!(4)));
    let changed = json!({ "Id": returned["Id"], "FirstName": "A", "Companies": [{ "Name": "New", "OrgNo": "1" }] });
    let previewed = read(dry_run("UpdateCustomer3", &changed));
    assert_eq!((&previewed["FirstName"], &previewed["Companies"][0]["Id"]), (&json!("A"), &json!(3)));
    // A conflict that the database finds is explained too.
    let body = json!({
        "Id": 3, "Email": "one@storm.example", "Companies": [{ "Name": "Ek one", "OrgNo": "556" }, { "Name": "New", "OrgNo": "1" }]
    });
    let keys: Vec<String> = rejection(dry_run("UpdateCustomer", &body)).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["CompanyAlreadyExists", "CustomerAlreadyExists"]);
    // The real request returns the same as the dry run.
    assert_eq!(undated(&updated(&storm, &changed))["Companies"][0]["Id"], previewed["Companies"][0]["Id"]);
}

#[track_caller]
fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn every_change_sends_one_webhook_and_nothing_else_does() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant =
        tenant_of(json!({ "events": { "subscriptions": [{ "url": receiver.url("/") }], "retry_seconds": [1] } }));
    let storm = tenant.storm();
    let webhook = |count: usize| -> Value {
        eventually("the event", || receiver.received().len() >= count);
        assert_eq!(tenant.rows("select 1 from event_deliveries where tenant_id = {tenant}").len(), count);
        receiver.received().last().expect("an event").json()
    };
    let returned = created(&storm, &full("one"));
    eventually("both events", || receiver.received().len() == 2);
    let types: Vec<Value> = receiver.received().iter().map(|event| event.json()["EventType"].clone()).collect();
    assert_eq!(types, ["CreateAssociateEvent", "Enrollment"]);
    let id = returned["Id"].clone();
    let of = |more: Value| with(&more, json!({ "Id": id }));
    updated(&storm, &of(json!({ "FirstName": "Ebba", "Companies": [{ "Name": "New" }], "Flags": [{ "Id": 1 }] })));
    let event = webhook(3);
    assert_eq!((&event["EventType"], &event["FirstName"]), (&json!("UpdateAssociateEvent"), &json!("Ebba")));
    assert_eq!((&event["AssociateId"], &event["CompanyName"]), (&id, &json!("New")));
    // A change of the profile is a change of the customer too.
    updated(&storm, &of(json!({ "Flags": [{ "Id": 2 }] })));
    assert_eq!(webhook(4)["EventType"], "UpdateAssociateEvent");
    updated(&storm, &of(json!({ "Companies": [{ "Id": 1, "Phone": "9" }, { "Id": 2 }] })));
    webhook(5);
    read(storm.post(&path("UpdateCustomer3", "&updatedBy=1&password=Secret-12"), &of(json!({}))));
    webhook(6);
    // Without a change, in a dry run and after a rejection, no webhook is sent.
    updated(&storm, &of(json!({ "FirstName": "Ebba", "Flags": [{ "Id": 2 }, { "Id": 1 }] })));
    updated(&storm, &of(zeros()));
    update(&storm, &of(json!({ "Email": "dana@demo.example" })));
    update(&storm, &of(json!({ "FirstName": "A", "Companies": [{}] })));
    let dry_run = of(json!({ "FirstName": "A" })).to_string();
    storm.call("POST", &path("UpdateCustomer", "&updatedBy=1"), "Prefer: tx=rollback\r\n", Some(&dry_run));
    customer(&storm, 5);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!((webhook(6)["AssociateId"].clone(), receiver.received().len()), (id, 6));
}

#[test]
fn an_exceeded_limit_rejects_in_the_shape_of_the_service() {
    // The request of the token counts too.
    let tenant = tenant_with(json!({ "rate_limit": { "calls": 4, "renewal_seconds": 60 } }));
    let storm = tenant.storm();
    for _ in 0..3 {
        customer(&storm, 3);
    }
    let before = tenant.everything();
    let reply = update(&storm, &json!({ "Id": 3, "FirstName": "A" }));
    let seconds: u64 = reply.header("Retry-After").expect("seconds").parse().expect("a number");
    assert!((1..=60).contains(&seconds), "{reply:?}");
    let expected = format!(r#"{{"Message":"Too many requests. Try again in {seconds} seconds."}}"#);
    assert_eq!(reply.says(429, JSON), expected);
    assert_eq!(tenant.everything(), before);
    let tenant = tenant_with(json!({ "quota": { "calls": 2, "renewal_seconds": 60 } }));
    let storm = tenant.storm();
    customer(&storm, 3);
    let reply = update(&storm, &json!({ "Id": 3, "FirstName": "A" }));
    let seconds = reply.header("Retry-After").expect("seconds").to_owned();
    let expected = format!(r#"{{"Message":"The quota is used up. It is replenished in {seconds} seconds."}}"#);
    assert_eq!(reply.says(403, JSON), expected);
}

#[test]
fn the_frozen_clock_sets_the_dates_of_creations_and_updates() {
    let tenant = tenant();
    let storm = tenant.storm();
    freeze(&tenant);
    let returned = created(&storm, &full("one"));
    let winter = json!("/Date(1704161045000+0100)/");
    assert_eq!((&returned["Created"], &returned["Updated"]), (&winter, &winter));
    tenant.control("POST", "/clock/set", Some(&json!({ "at": "2024-07-02T02:04:05Z" }))).done(200);
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2024-07-02T02:04:05Z" }))).done(200);
    let summer = json!("/Date(1719885845000+0200)/");
    // An update without a change does not set the date.
    assert_eq!(updated(&storm, &json!({ "Id": returned["Id"], "FirstName": "Eva" })), returned);
    for change in [
        json!({ "FirstName": "A" }),
        json!({ "Flags": [{ "Id": 9 }] }),
        json!({ "Companies": [{ "Id": 1, "Phone": "7" }] }),
    ] {
        tenant.control("POST", "/clock/advance", Some(&json!({ "seconds": 0 }))).done(200);
        let after = updated(&storm, &with(&change, json!({ "Id": returned["Id"] })));
        assert_eq!((&after["Created"], &after["Updated"]), (&winter, &summer), "{change}");
    }
    // A write through another vendor's API sets it too.
    tenant.control("POST", "/clock/advance", Some(&json!({ "seconds": 1 }))).done(200);
    tenant.patch("/v1/customers/5", &json!({ "FirstName": "B" })).succeeds(200);
    assert_eq!(customer(&storm, 5)["Updated"], "/Date(1719885846000+0200)/");
}

#[test]
fn an_extension_receives_an_update_and_changes_it() {
    let hook = "Associates.UpdateAssociate";
    let (tenant, receiver) = crate::hooks::extended_around(&[hook], |request| {
        let info = &mut request["UpdatedAssociateInfo"];
        assert_eq!((&info["ExternalId"], &info["TaxId"]), (&json!("E-2"), &json!("S-2")));
        info["DisplayLastName"] = json!("Altered");
        info["Address"]["City"] = json!("Orem");
    });
    let storm = tenant.storm();
    let returned = created(&storm, &full("one"));
    assert!(receiver.received().is_empty(), "a creation has other hooks");
    let body = json!({
        "Id": returned["Id"], "FirstName": "Ebba", "Code": "E-2", "SSN": "S-2", "Flags": [{ "Id": 9, "IsSelected": true }],
        "Companies": [{ "Name": "New", "OrgNo": "1" }], "CrmId": "C2"
    });
    let after = updated(&storm, &body);
    assert_eq!(receiver.received().len(), 1);
    let payload = receiver.received()[0].json();
    assert_eq!(
        (&payload["OldAssociateInfo"]["DisplayFirstName"], &payload["OldAssociateInfo"]["AssociateId"]),
        (&json!("Eva"), &json!(5))
    );
    assert_eq!(
        (&payload["UpdatedAssociateInfo"]["DisplayFirstName"], &payload["UpdatedAssociateInfo"]["CompanyName"]),
        (&json!("Ebba"), &json!("New"))
    );
    for (name, value) in
        [("FirstName", "Ebba"), ("LastName", "Altered"), ("Code", "E-2"), ("SSN", "S-2"), ("CrmId", "C2")]
    {
        assert_eq!(after[name], value, "{name}");
    }
    assert_eq!((&after["InvoiceAddress"]["City"], &after["InvoiceAddress"]["Line1"]), (&json!("Orem"), &json!("I 1")));
    assert_eq!((&after["Flags"][0]["Id"], &after["Companies"][0]["Name"]), (&json!(9), &json!("New")));
    assert_eq!(customer(&storm, 5), after);
    assert_eq!(tenant.requests("?operation=StormUpdateCustomer")[0]["hooks"][0]["hook"], hook);
    // An update without a change calls no hook.
    updated(&storm, &json!({ "Id": returned["Id"], "FirstName": "Ebba" }));
    assert_eq!(receiver.received().len(), 1);
}

/// A callback has the rules of the API that got the request: DirectScale's required fields are not Storm's.
#[test]
fn an_extension_receives_a_creation_without_fields_that_directscale_requires() {
    let hooks = ["Associates.Enrollment.ValidateApplication", "Associates.Enrollment.WriteApplication"];
    let (tenant, receiver) = crate::hooks::extended_around(&hooks, |request| {
        request["Application"]["CompanyName"] = json!("Altered");
    });
    let storm = tenant.storm();
    let body = json!({ "FirstName": "Eva", "Key": UNUSED_KEY, "Flags": [{ "Id": 1 }], "Companies": [{ "Name": "Ek", "OrgNo": "1" }] });
    let returned = created(&storm, &body);
    assert_eq!(receiver.received().len(), 2);
    assert_eq!(
        (&returned["FirstName"], &returned["Key"], &returned["Flags"][0]["Id"]),
        (&json!("Eva"), &json!(UNUSED_KEY), &json!(1))
    );
    assert_eq!(returned["Companies"][0]["Name"], "Ek");
    assert_eq!(tenant.customer(5)["CompanyName"], "Altered");
    // A customer of DirectScale has DirectScale's rules.
    let before = tenant.everything();
    assert_eq!(tenant.post("/v1/customers", &json!({ "CustomerType": 2, "FirstName": "A" })).status, 500);
    assert_eq!(with(&tenant.everything(), json!({ "hooks": null })), with(&before, json!({ "hooks": null })));
}

#[test]
fn an_extension_may_reject_an_update() {
    let receiver = Receiver::with_json(|_| {
        (500, json!({ "DiscoRemoteException": { "ErrorId": "1234abcd", "ErrorMessage": "Not this customer." } }))
    });
    let hooks = json!({ "Associates.UpdateAssociate": receiver.url("/hook") });
    let tenant = tenant_of(
        json!({ "extension": { "extension_token": "sent-to-it", "directscale_token": "b-storm", "hooks": hooks } }),
    );
    let storm = tenant.storm();
    let before = tenant.everything();
    let rejections = rejection(update(&storm, &json!({ "Id": 3, "FirstName": "A", "Companies": [{ "Name": "New" }] })));
    let [(key, text)] = &rejections[..] else { panic!("{rejections:?}") };
    assert_eq!(key, "InvalidValue");
    assert!(text.starts_with("Not this customer."), "{text}");
    assert_eq!(with(&tenant.everything(), json!({ "hooks": null })), with(&before, json!({ "hooks": null })));
}
