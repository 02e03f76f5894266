//! A service that differs in ways that no plan explains: every planted difference is listed, and nothing else.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Comparison;
use crate::support::receiver::{Received, Receiver, response};
use crate::support::{Reply, tenant};

const SCENARIO: &str = r#"
title: One step for each planted difference
bodies:
  retail:
    CustomerType: 2
    FirstName: "${prefix}"
    LastName: Verify
    Username: "${prefix}${n}"
    EmailAddress: "${prefix}${n}@example.com"
    Password: Password123!
    SponsorId: 1
    PrimaryAddress: { Street1: 1 Main Street, Region: UT, CountryCode: US }
steps:
  - { name: create, send: POST /v1/customers, body: retail, capture: { id: "" }, creates: customer }
  - { name: untouched, send: "GET /v1/customers/${id}" }
  - { name: a member is missing, send: "GET /v1/customers/${id}?step=1" }
  - { name: a member is added, send: "GET /v1/customers/${id}?step=2" }
  - { name: a type differs, send: "GET /v1/customers/${id}?step=3" }
  - { name: a value differs, send: "GET /v1/customers/${id}?step=4" }
  - { name: a date has another form, send: "GET /v1/customers/${id}?step=5" }
  - { name: an id is another customer's, send: "GET /v1/customers/${id}?step=6" }
  - { name: a header differs, send: "GET /v1/customers/${id}?step=7" }
  - { name: a status differs, send: "GET /v1/customers/${id}?step=8" }
  - { name: a list is longer, send: "GET /v1/customers?username=${prefix}1&step=9" }
  - { name: a text instead of JSON, send: "GET /v1/customers/${id}?step=10" }
  - { name: a rejection has another text, send: GET /v1/customers/999999?step=11 }
  - { name: a nested member differs, send: "GET /v1/customers/${id}?step=12" }
  - { name: untouched again, send: "GET /v1/customers/${id}" }
"#;

/// Each planted difference: the step, and how it is listed.
const PLANTED: [(&str, &str, &str); 12] = [
    ("a member is missing", "body/LastName", "only_emulator"),
    ("a member is added", "body/Nickname", "only_real"),
    ("a type differs", "body/CustomerType", "type"),
    ("a value differs", "body/FirstName", "value"),
    ("a date has another form", "body/SignupDate", "format"),
    ("an id is another customer's", "body/SponsorId", "value"),
    ("a header differs", "header Content-Type", "header"),
    ("a status differs", "status", "status"),
    ("a list is longer", "body", "length"),
    ("a text instead of JSON", "body", "type"),
    ("a rejection has another text", "body/message", "value"),
    ("a nested member differs", "body/PrimaryAddress/Street1", "value"),
];

fn planted(received: &Received, reply: &Reply) -> Vec<u8> {
    let step = received.path.split("step=").nth(1).unwrap_or_default();
    let mut headers = "Content-Type: application/json\r\n".to_owned();
    let mut status = reply.status;
    if let Some(message) = reply.header("X-DirectScale-Message") {
        headers = format!("{headers}X-DirectScale-Message: {message}\r\n");
    }
    let mut body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    match step {
        "1" => drop(body.as_object_mut().expect("an object").remove("LastName")),
        "2" => body["Nickname"] = json!("Al"),
        "3" => body["CustomerType"] = json!("2"),
        "4" => body["FirstName"] = json!("Somebody Else"),
        "5" => body["SignupDate"] = json!("11/26/2026 10:00:00 AM"),
        "6" => body["SponsorId"] = json!(2),
        "7" => headers = headers.replace("application/json", "text/json"),
        "8" => status = 203,
        "9" => {
            let items = body.as_array_mut().expect("a list");
            items.push(items[0].clone());
        }
        "10" => return response(status, &headers, "It is here."),
        "11" => body["message"] = json!("No such person."),
        "12" => body["PrimaryAddress"]["Street1"] = json!("2 Main Street"),
        _ => return response(status, &headers, &reply.body),
    }
    response(status, &headers, &body.to_string())
}

#[test]
fn every_planted_difference_is_a_gap_and_nothing_else() {
    let (real, emulated) = (tenant(), tenant());
    let behind = real.client.clone();
    let service = Receiver::start(move |received| {
        let body = Some(received.body.as_str()).filter(|body| !body.is_empty());
        let content_type = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
        planted(received, &behind.call(&received.method, &received.path, content_type, body))
    });
    let comparison = Comparison::new(&emulated);
    let scenario = comparison.file("planted.yaml", SCENARIO);
    let arguments = ["--scenario", &scenario, "--allow-writes", "--json"];
    let outcome = comparison.with(service.address, &real.key, &arguments);
    let report = outcome.report();
    assert_eq!(outcome.code, Some(1), "{}", outcome.text());
    assert_eq!(report["switches"], json!([]), "{}", outcome.text());
    let gaps = report["gaps"].as_array().expect("gaps").iter();
    let found: BTreeSet<(String, String, String)> = gaps
        .flat_map(|gap| {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let differences = gap["differences"].as_array().expect("differences");
            differences
                .iter()
                .map(move |difference| (text(&gap["step"]), text(&difference["place"]), text(&difference["kind"])))
        })
        .collect();
    let expected: BTreeSet<(String, String, String)> =
        PLANTED.into_iter().map(|(step, place, kind)| (step.to_owned(), place.to_owned(), kind.to_owned())).collect();
    assert_eq!(found, expected);

    // Both answers stand side by side, for people too.
    let shown = comparison.with(service.address, &real.key, &["--scenario", &scenario, "--allow-writes"]);
    assert!(shown.output.contains("a rejection has another text"), "{}", shown.output);
    for text in ["No such person.", "A Customer with the given Customer ID was not found."] {
        assert!(shown.output.contains(text), "{}", shown.output);
    }
}

/// What real people have entered is masked; the format stays visible.
#[test]
fn personal_data_of_the_real_service_is_masked() {
    let emulated = tenant();
    let service = Receiver::with_json(|_| {
        let person = json!({
            "CustomerId": 3, "FirstName": "Wilhelmina", "EmailAddress": "mina@harker.example", "PrimaryPhone": "+44 20 7946 0000",
            "BirthDate": "1870-05-03T00:00:00", "TaxId": "987654321",
            "Message": "Write to mina@harker.example."
        });
        (200, person)
    });
    let comparison = Comparison::new(&emulated);
    let scenario = comparison.file("one.yaml", "title: One\nsteps:\n  - { name: read, send: GET /v1/customers/3 }\n");
    for arguments in [&["--scenario", &scenario][..], &["--scenario", &scenario, "--json"]] {
        let text = comparison.with(service.address, "0123456789abcdef0123456789abcdef", arguments).text();
        for secret in ["Wilhelmina", "mina@harker", "7946", "1870", "987654321"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains("Xxxxxxxxxx") && text.contains("xxxx@xxxxxx.xxxxxxx"), "{text}");
    }
}
