//! The journal's bounds in bytes.

use serde_json::{Value, json};

use crate::restart::own_database;
use crate::support::control::as_request;
use crate::support::process::Process;
use crate::support::server::{database_url, on_real_postgres};
use crate::support::{Client, seeds, tenant, with};

#[test]
fn long_values_are_kept_in_part() {
    let tenant = tenant();
    let storm = tenant.storm();
    let post = |operation: &str, body: &Value| {
        let path = format!("/api/1.1/CustomerService.svc/rest/{operation}?format=json&updatedBy=1&createdBy=1");
        let reply = storm.post(&path, body);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let values: Vec<Value> = (1..=12).map(|id| json!({ "Id": id, "Value": "x".repeat(4_000) })).collect();
    let id = post("CreateCustomer", &json!({ "Info": values }))["Id"].clone();
    post("UpdateCustomer", &json!({ "Id": id, "CrmId": "2" }));
    let entry = &tenant.requests("?operation=StormUpdateCustomer&limit=1")[0];
    let change =
        entry["changes"].as_array().expect("changes").iter().find(|change| change["table"] == "customer_profiles");
    let field = &change.expect("the profile")["fields"][0];
    assert_eq!(field["field"], "fields");
    for version in ["before", "after"] {
        let text = field[version].as_str().expect("a text, because it is not whole");
        assert!(text.len() < 16 * 1024 + 30 && text.ends_with(" bytes)") && text.contains("… (48"), "{}", text.len());
    }
}

#[test]
fn one_tenant_does_not_push_out_the_requests_of_others() {
    if !on_real_postgres() {
        return;
    }
    let url = own_database(&database_url().expect("Postgres"), "journal_bytes");
    let process = Process::start(&[
        "--database-url",
        &url,
        "--seed",
        "demo",
        "--journal-bytes",
        "400000",
        "--journal-total-bytes",
        "500000",
    ]);
    let admin = Client { address: process.address, key: String::new() };
    let control = |method: &str, path: &str, body: Option<&Value>| admin.raw(&as_request(method, path, "", body));
    let clients: Vec<Client> = ["small", "large"]
        .into_iter()
        .map(|name| {
            let created = control("POST", "/tenants/demo/fork", Some(&json!({ "name": name }))).done(201);
            Client { address: process.address, key: created["key"].as_str().expect("a key").to_owned() }
        })
        .collect();
    let [small, large] = &clients[..] else { panic!("two clients") };
    let patch = |client: &Client, length: usize| {
        client.patch("/v1/customers/2", &with(&json!({}), json!({ "FirstName": "x".repeat(length) })));
    };
    let requests = |name: &str| control("GET", &format!("/tenants/{name}/requests?limit=1000"), None).done(200);
    let count = |name: &str| requests(name).as_array().map_or(0, Vec::len);
    for _ in 0..20 {
        patch(small, 10);
    }
    let demo = process.client();
    for _ in 0..40 {
        patch(&demo, 10_000);
    }
    let kept = count("demo");
    for _ in 0..100 {
        patch(large, 10_000);
    }
    assert_eq!(count("small"), 20, "the others lost nothing");
    assert!(count("demo") < kept, "the tenant with the most bytes makes room");
    assert!(count("large") > 5 && count("demo") > 5, "{} and {}", count("large"), count("demo"));
    let bytes: usize = ["small", "large", "demo"].iter().map(|name| requests(name).to_string().len()).sum();
    assert!(bytes < 600_000, "{bytes} bytes");
    small.create(&seeds::retail());
    assert_eq!(count("small"), 21);
}
