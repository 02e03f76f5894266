//! Comparisons with recordings, and with what a program has sent to the emulator.

use serde_json::{Value, json};

use super::Comparison;
use crate::support::{seeds, tenant, tenant_with, with};

/// An entry of a HAR file as developer tools write it.
fn entry(method: &str, url: &str, body: Option<&Value>, status: u16, response: &Value) -> Value {
    let mut request = json!({ "method": method, "url": url, "headers": [], "queryString": [] });
    if let Some(body) = body {
        request["postData"] = json!({ "mimeType": "application/json", "text": body.to_string() });
    }
    let headers = json!([{ "name": "content-type", "value": "application/json" }]);
    let content = json!({ "mimeType": "application/json", "text": response.to_string(), "size": 1 });
    json!({
        "startedDateTime": "2026-11-20T10:00:00.000Z", "time": 12, "request": request,
        "response": { "status": status, "headers": headers, "content": content }
    })
}

#[test]
fn a_recording_is_compared_without_the_network() {
    let (real, emulated) = (tenant_with(json!({ "rejection_status": 400 })), tenant());
    let comparison = Comparison::new(&emulated);
    // What a program sent to the real service.
    let host = "https://api.example.com";
    let person = with(&seeds::retail(), json!({ "Username": "recorded", "EmailAddress": "recorded@example.com" }));
    let created = real.post("/v1/customers", &person).succeeds(201).json();
    let change = json!({ "FirstName": "Changed" });
    let place = format!("/v1/customers/{created}");
    real.patch(&place, &change).succeeds(200);
    let shown = real.get(&place).succeeds(200).json();
    let rejected = real.post("/v1/customers", &json!({})).json();
    let log = json!({ "log": { "version": "1.2", "creator": { "name": "x", "version": "1" }, "entries": [
        entry("GET", "https://cdn.example/x.js", None, 200, &json!({})),
        entry("POST", &format!("{host}/v1/customers"), Some(&person), 201, &created),
        entry("PATCH", &format!("{host}{place}"), Some(&change), 200, &Value::Null),
        entry("GET", &format!("{host}{place}"), None, 200, &shown),
        entry("POST", &format!("{host}/v1/customers"), Some(&json!({})), 400, &rejected),
    ] } });
    let file = comparison.file("browser.har", &log.to_string());
    let kept = super::text_of(&comparison.path("kept"));
    let outcome = comparison.verify(&["--recording", &file, "--json", "--keep", &kept]);
    let report = outcome.report();
    assert_eq!(report["against"], "api.example.com");
    let of = |operation: &str| {
        let operations = report["operations"].as_array().expect("operations");
        operations.iter().find(|known| known["operation"] == operation).cloned().unwrap_or_default()
    };
    assert_eq!((&of("GetCustomer")["equal"], &of("GetCustomer")["different"]), (&json!(1), &json!(0)), "{report:#}");
    assert_eq!(of("CreateCustomer")["different"], 1, "{report:#}");
    let switch = json!([{ "entry": "rejection_status", "emulator": 500, "real": 400 }]);
    assert_eq!(report["switches"], switch, "{report:#}");
    // The file has a body of the PATCH where the service sends none, and not all headers of the rejection.
    let gaps = report["gaps"].as_array().expect("gaps").iter();
    let gaps: Vec<&Value> = gaps.map(|gap| &gap["operation"]).collect();
    assert_eq!(gaps, ["UpdateCustomerByParameter", "CreateCustomer"], "{report:#}");
    // The coverage shows what was found.
    let coverage =
        crate::support::process::program(&["coverage", "--recordings", &kept]).output().expect("the program");
    let coverage = String::from_utf8(coverage.stdout).expect("text");
    assert!(coverage.contains("verified on 2026-11-20"), "{coverage}");
    assert!(coverage.contains("differs on 2026-11-20"), "{coverage}");
}

#[test]
fn what_a_program_sent_is_sent_to_both() {
    let (real, emulated) = (tenant_with(json!({ "unsupported_patch_fields": "reject" })), tenant());
    // The user's program.
    let id = emulated.create(&seeds::full());
    emulated.patch(&format!("/v1/customers/{id}"), &json!({ "FirstName": "Ada" })).succeeds(200);
    emulated.patch(&format!("/v1/customers/{id}"), &json!({ "SignUpDate": "2020-01-01T00:00:00Z" })).succeeds(200);
    emulated.get(&format!("/v1/customers/{id}")).succeeds(200);
    let comparison = Comparison::new(&emulated);
    let name = emulated.name();
    let refused = comparison.with(real.address, &real.key, &["--journal", &name]);
    assert_eq!(refused.code, Some(2), "{}", refused.text());
    assert!(refused.errors.contains("confirm with --allow-writes"), "{}", refused.text());
    let outcome = comparison.with(real.address, &real.key, &["--journal", &name, "--allow-writes", "--json"]);
    let report = outcome.report();
    assert_eq!(report["steps"], super::counts(3, 1, 0), "{report:#}");
    let switch = json!([{ "entry": "unsupported_patch_fields", "emulator": "ignore", "real": "reject" }]);
    assert_eq!((&report["switches"], &report["gaps"]), (&switch, &json!([])), "{report:#}");
    // The customer at the real service can be recognized, and is listed.
    let names =
        real.rows("select first_name, username from customers where tenant_id = {tenant} and username like 'emv%'");
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(comparison.created().iter().filter(|line| line["created"] == true).count(), 1);
}

/// A HAR file of a browser holds secrets and people; neither is printed. One of `record` has masks in their place.
#[test]
fn a_recording_shows_no_secret_and_no_person() {
    let emulated = tenant();
    let comparison = Comparison::new(&emulated);
    let host = "https://api.example.com";
    let body = json!({ "Password": "CANARYpw1", "TaxId": "CANARYtax1", "LastName": "Canaryman", "CustomerType": 2 });
    let message = json!({ "message": "Password CANARYpw1 and TaxId CANARYtax1 of canary@people.example" });
    let log = json!({ "log": { "version": "1.2", "creator": { "name": "x", "version": "1" }, "entries": [
        entry("POST", &format!("{host}/v1/customers"), Some(&body), 400, &message),
        entry("GET", &format!("{host}/v1/validate/login?username=x&password=CANARYpw3"), None, 418, &json!("CANARYpw3")),
        entry("GET", &format!("{host}/v1/validate/tax-id/CANARYtax3"), None, 418, &json!({})),
        entry("GET", &format!("{host}/v1/sso?token=CANARYtok4"), None, 418, &json!({})),
    ] } });
    let file = comparison.file("browser.har", &log.to_string());
    for arguments in [&["--recording", &file][..], &["--recording", &file, "--json"]] {
        let text = comparison.verify(arguments).text();
        assert!(!text.to_lowercase().contains("canary"), "{text}");
    }
    // The first customer of the demo data has a tax id, which a recording hides.
    let read = emulated.get("/v1/customers/1").succeeds(200).body.replace("\"TaxId\":null", "\"TaxId\":\"•••\"");
    let read: Value = serde_json::from_str(&read).expect("JSON");
    let log = json!({ "log": { "version": "1.2", "creator": { "name": "x", "version": "1" }, "entries": [
        entry("GET", &format!("{host}/v1/customers/1"), None, 200, &read),
    ] } });
    let file = comparison.file("recorded.har", &log.to_string());
    let outcome = comparison.verify(&["--recording", &file]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.text());
}
