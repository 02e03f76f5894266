//! The forms in which endpoints accept a seed.

use serde_json::{Value, json};

use super::{created_from, send, yaml};
use crate::support::compress::gzip;
use crate::support::control::control;
use crate::support::server::server;
use crate::support::{Client, tenant, with};

#[test]
fn every_endpoint_accepts_every_form_of_a_seed() {
    let tenant = tenant();
    let name = tenant.name();
    let plan = || tenant.control("GET", "/plan", None).done(200)["minimum_age"].clone();
    let postal_code = |client: &Client| client.customer(6)["PrimaryAddress"]["PostalCode"].clone();
    for (number, (content_type, text)) in forms(&name).into_iter().enumerate() {
        tenant.control("POST", "/reset", None).done(200);
        tenant.control("PUT", "/seed", Some(&json!({}))).done(200);
        tenant.control("PUT", "/plan", Some(&json!({}))).done(200);
        send("PUT", &format!("/tenants/{name}/seed"), content_type, &text).done(200);
        assert_eq!((plan(), postal_code(&tenant)), (json!(44), json!("00042")), "{text}");

        let other = format!("{name}-{number}");
        let client = created_from(&other, &text.trim_start_matches('\u{feff}').replace(&name, &other).into());
        assert_eq!(postal_code(&client), "00042", "{text}");
        if content_type == "application/json" {
            let value: Value =
                serde_json::from_str(&text.trim_start_matches('\u{feff}').replace(&name, &format!("{other}-value")))
                    .expect("JSON");
            assert_eq!(postal_code(&created_from(&format!("{other}-value"), &value)), "00042", "{text}");
        }

        // A body with only the members of an integration must not have other members.
        tenant.control("PUT", "/integration", Some(&json!({}))).done(204);
        let connected = send("PUT", &format!("/tenants/{name}/integration"), content_type, &text);
        if text.contains("version") {
            connected.done(204);
            let integration = tenant.control("GET", "/integration", None).done(200);
            assert_eq!(integration["events"]["subscriptions"][0]["url"], "http://127.0.0.1:9/shape", "{text}");
        } else {
            assert!(connected.problem(400).contains("unknown field"), "{text}");
        }
    }
    let part = json!({ "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/part" }] } });
    tenant.control("PUT", "/integration", Some(&part)).done(204);
}

/// The same seed in each accepted form, as `(content type, text)`.
fn forms(name: &str) -> Vec<(&'static str, String)> {
    let part = json!({
        "plan": { "minimum_age": 44 },
        "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/shape" }] },
        "customers": [{ "id": 6, "CustomerType": 1, "Username": "shaped", "PrimaryAddress": { "PostalCode": "00042" } }]
    });
    let named = |name: &str| with(&part, json!({ "name": name, "keys": [{ "name": "x", "key": "0".repeat(32) }] }));
    let only = json!({ "version": 1, "tenants": [named("another-name")] });
    let several = json!({ "version": 1, "tenants": [{ "name": "other" }, named(name), { "name": "third" }] });
    let plain = "# A comment first.\nversion: 1\ntenants:\n  - name: any\n    plan: {minimum_age: 44}\n    events: {subscriptions: [{url: 'http://127.0.0.1:9/shape'}]}\n    customers:\n      - {id: 6, CustomerType: 1, Username: shaped, PrimaryAddress: {PostalCode: 00042}}\n";
    let mut all = vec![("application/yaml", plain.to_owned())];
    for value in [part.clone(), only, several] {
        let text = value.to_string();
        all.push(("application/yaml", format!("\u{feff}{text}")));
        all.push(("application/json", format!("\u{feff}{text}")));
        all.push(("application/json", text));
    }
    all
}

#[test]
fn a_file_without_the_tenant_is_rejected_with_its_names() {
    let tenant = tenant();
    let name = tenant.name();
    let before = tenant.everything();
    let two = json!({ "version": 1, "tenants": [{ "name": "acme" }, { "name": "beta" }] });
    let none = json!({ "version": 1, "tenants": [] });
    for (seed, why) in [
        (&two, format!("the seed file has no tenant '{name}'; its tenants are 'acme', 'beta'")),
        (&none, "the seed file has no tenant".to_owned()),
    ] {
        assert_eq!(tenant.control("PUT", "/seed", Some(seed)).problem(400), why);
        assert_eq!(tenant.control("PUT", "/integration", Some(seed)).problem(400), why);
        let new = json!({ "name": format!("{name}-x"), "seed": seed });
        let detail = control("POST", "/tenants", Some(&new)).problem(400);
        assert_eq!(detail, why.replace(&name, &format!("{name}-x")));
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_that_is_too_long_is_rejected_before_it_is_sent() {
    let head =
        "PUT /_emulator/seed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 268435457\r\nConnection: close\r\n\r\n";
    let client = Client { address: server().address, key: String::new() };
    let expected = "the request's body is longer than the limit of 268435456 bytes";
    assert_eq!(client.raw(head.as_bytes()).problem(413), expected);
}

#[test]
fn many_addresses_can_share_one_yaml_anchor() {
    let mut text = "customers:\n  - {CustomerType: 1, PrimaryAddress: &a {City: Lindon, CountryCode: US}}\n".to_owned();
    for _ in 0..300 {
        text += "  - {CustomerType: 2, SponsorId: 1, PrimaryAddress: *a}\n";
    }
    let tenant = tenant();
    yaml("PUT", &format!("/tenants/{}/seed", tenant.name()), &text).done(200);
    assert_eq!(tenant.customer(301)["PrimaryAddress"]["City"], "Lindon");
}

/// A request whose body is compressed.
fn compressed(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "PUT /_emulator{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.to_vec()].concat()
}

#[test]
fn a_seed_can_be_compressed() {
    let tenant = tenant();
    let customer = |id: u64| {
        // Digits that compress badly.
        let name =
            format!("u{:016x}{:016x}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15), id.wrapping_mul(0xd6e8_feb8_6659_fd93));
        json!({ "id": id, "CustomerType": 2, "Username": name })
    };
    let seed = json!({ "customers": (1..=1_500).map(customer).collect::<Vec<_>>() });
    let body = gzip(seed.to_string().as_bytes());
    assert!(body.len() > 20_000, "{} bytes", body.len());
    let client = Client { address: server().address, key: String::new() };
    client.raw(&compressed(&format!("/tenants/{}/seed", tenant.name()), &body)).done(200);
    assert_eq!(tenant.customer(1_500)["Username"], customer(1_500)["Username"]);
}

#[test]
fn a_compressed_seed_stops_at_the_limit_and_keeps_no_tenant_waiting() {
    let tenant = tenant();
    let bomb = gzip(&vec![b' '; 1024 * 1024]).repeat(300);
    let client = Client { address: server().address, key: String::new() };
    let request = compressed("/seed", &bomb);
    let sent = std::thread::spawn(move || client.raw(&request));
    while !sent.is_finished() {
        let start = std::time::Instant::now();
        let large = format!("{}{{\"FirstName\":\"Riley\"}}", " ".repeat(30_000));
        assert_eq!(tenant.call("PATCH", "/v1/customers/3", "", Some(&large)).status, 200);
        assert!(start.elapsed().as_secs() < 4, "{:?}", start.elapsed());
    }
    let expected = "the request's body is longer than the limit of 268435456 bytes";
    assert_eq!(sent.join().expect("a response").problem(413), expected);
}
