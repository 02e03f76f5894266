//! Seed files: one format for all commands and endpoints that accept a seed, and for exports.

mod exports;
mod forms;
mod load;
mod messages;

use serde_json::{Value, json};

use crate::support::control::control;
use crate::support::http::request;
use crate::support::server::server;
use crate::support::{Client, Reply};

/// A request to the control API with a body of this type.
fn send(method: &str, path: &str, content_type: &str, body: &str) -> Reply {
    let client = Client { address: server().address, key: String::new() };
    let headers = format!("Content-Type: {content_type}\r\n");
    let bytes = String::from_utf8(request(method, &format!("/_emulator{path}"), &headers, Some(body))).expect("text");
    client.raw(bytes.replacen("Host: test.example", "Host: localhost", 1).as_bytes())
}

fn yaml(method: &str, path: &str, body: &str) -> Reply {
    send(method, path, "application/yaml", body)
}

fn diff(from: &str, to: &str) -> Value {
    control("GET", &format!("/diff?from={from}&to={to}"), None).done(200)
}

fn assert_equal(from: &str, to: &str) {
    let changes = diff(from, to);
    assert_eq!(changes["differing"], 0, "{changes:#}");
}

fn export(name: &str, query: &str) -> String {
    let reply = control("GET", &format!("/tenants/{name}/export{query}"), None);
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

/// Creates a tenant from a seed.
fn created_from(name: &str, seed: &Value) -> Client {
    let created = control("POST", "/tenants", Some(&json!({ "name": name, "seed": seed }))).done(201);
    Client { address: server().address, key: created["key"].as_str().expect("a key").to_owned() }
}

/// A customer with a record, as an export writes it.
fn stored(id: i32) -> Value {
    json!({
        "id": id, "BackOfficeId": format!("B{id}"), "CustomerType": 1, "CustomerStatus": 1, "LanguageCode": "en",
        "SignUpDate": "2020-01-01", "record": { "modified_at": "2020-01-01T00:00:00Z" }
    })
}
