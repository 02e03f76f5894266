//! The memory of the process while a tenant sends as much as it can.

use serde_json::{Value, json};

use crate::restart::own_database;
use crate::support::control::as_request;
use crate::support::http::request;
use crate::support::process::{DEMO_KEY, Process};
use crate::support::server::{database_url, on_real_postgres};
use crate::support::{Client, Reply};

/// How much the memory of the process may grow, in KiB.
const MAX_GROWTH: u64 = 64 * 1024;

/// The resident memory of a process in KiB.
fn resident(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn send(process: &Process, path: &str, headers: &str, body: &str) -> Reply {
    let client = Client { address: process.address, key: String::new() };
    client.raw(&request("POST", path, headers, Some(body)))
}

fn storm_headers(process: &Process) -> String {
    let form = format!("client_id=demo&client_secret={DEMO_KEY}&grant_type=client_credentials&scope=lab");
    let token = send(process, "/1.0/connect/token", "", &form).json();
    let token = token["access_token"].as_str().expect("a token");
    format!("Authorization: Bearer {token}\r\nApplicationId: 1\r\nContent-Type: application/json\r\n")
}

#[test]
fn long_texts_do_not_fill_the_memory() {
    if !on_real_postgres() {
        return;
    }
    let url = own_database(&database_url().expect("Postgres"), "memory");
    let process = Process::start(&["--database-url", &url, "--seed", "demo"]);
    let bydesign = "Authorization: Basic ZGVtbzowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==\r\nContent-Type: application/json\r\n";
    let create = |number: usize, length: usize| {
        let text = "x".repeat(length);
        let body =
            json!({ "FirstName": format!("F{number}"), "Phone4": text, "BillingCounty": text, "ShippingCounty": text });
        send(&process, "/api/users/customer", bydesign, &body.to_string()).status
    };
    let storm = storm_headers(&process);
    let operation = |operation: &str, body: &Value| {
        let path = format!("/api/1.1/CustomerService.svc/rest/{operation}?format=json&updatedBy=1&createdBy=1");
        send(&process, &path, &storm, &body.to_string())
    };
    assert_eq!(create(0, 1_000), 200);
    let id = operation("CreateCustomer", &json!({})).json()["Id"].clone();
    let update = |number: usize, length: usize| {
        let value = json!({ "Id": number, "Value": "x".repeat(length) });
        operation("UpdateCustomer", &json!({ "Id": id, "Info": [value] })).status
    };
    assert_eq!(update(1, 4_000), 200);
    let before = resident(&process);

    for number in 1..=500 {
        assert_eq!(create(number, 340_000), 400);
    }
    for number in 2..=61 {
        assert_eq!(update(number, 1_040_000), 400);
    }
    let rejected = resident(&process);
    // The longest texts that are accepted. Each update of Storm holds the whole profile, before and after.
    for number in 501..=800 {
        assert_eq!(create(number, 1_000), 200);
    }
    for number in 2..=400 {
        let status = update(number, 4_000);
        assert!(matches!(status, 200 | 400), "{status}");
    }
    let accepted = resident(&process);
    let client = Client { address: process.address, key: String::new() };
    let listed = client.raw(&as_request("GET", "/tenants/demo/requests?limit=1000", "", None));
    assert!(listed.status == 200 && listed.body.len() < 32 * 1024 * 1024, "{} bytes", listed.body.len());
    let after = resident(&process);
    println!("resident KiB: {before}, rejected {rejected}, accepted {accepted}, listed {after}");
    for grown in [rejected, accepted, after] {
        assert!(grown.saturating_sub(before) < MAX_GROWTH, "{before} to {rejected}, {accepted} and {after} KiB");
    }
    process.signal("TERM");
    assert!(process.wait().success());
}
