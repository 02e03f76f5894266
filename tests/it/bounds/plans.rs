//! The numbers of a plan, and of an extension and its subscribers.

use serde_json::{Value, json};

use crate::support::server::server;
use crate::support::{seeds, tenant, tenant_with, with};

#[test]
fn a_plan_with_an_impossible_number_is_rejected_and_changes_nothing() {
    let tenant = tenant();
    let plan = tenant.control("GET", "/plan", None).body;
    let trillion = 1_000_000_000_000_u64;
    for (sent, why) in [
        (
            json!({ "password_rule": { "min_length": trillion, "max_length": trillion } }),
            "plan: password_rule.max_length must be from 2 to 1000, not 1000000000000",
        ),
        (
            json!({ "password_rule": { "min_length": 31 } }),
            "plan: password_rule.min_length must be from 1 to 30, not 31",
        ),
        (json!({ "max_length": { "Username": 601 } }), "plan: max_length.Username must be from 1 to 600, not 601"),
        (json!({ "max_length": { "FirstName": 4001 } }), "plan: max_length.FirstName must be from 1 to 4000, not 4001"),
        (json!({ "minimum_age": 200 }), "plan: minimum_age must be from 0 to 150, not 200"),
        (
            json!({ "quota": { "calls": 1, "renewal_seconds": 4_294_967_295_u32 } }),
            "plan: quota.renewal_seconds must be from 1 to 31622400, not 4294967295",
        ),
        (json!({ "types": { "7": "x".repeat(101) } }), "plan: the length of types.7 must be from 0 to 100, not 101"),
    ] {
        assert_eq!(tenant.control("PUT", "/plan", Some(&sent)).problem(400), why);
        let before = tenant.everything();
        let detail = tenant.control("PUT", "/seed", Some(&json!({ "plan": sent }))).problem(400);
        assert!(detail.ends_with(why), "{detail}");
        assert_eq!(tenant.everything(), before);
        assert_eq!(tenant.control("GET", "/plan", None).body, plan);
        let name = format!("{}-new", tenant.name());
        let error = server().seed(&json!({ "version": 1, "tenants": [{ "name": name, "plan": sent }] }));
        assert!(error.is_err_and(|error| error.ends_with(why)));
    }
}

#[test]
fn texts_of_the_longest_allowed_lengths_can_be_stored() {
    let lengths = json!({
        "Username": 600, "EmailAddress": 600, "BackOfficeId": 600, "TaxId": 600, "WebAlias": 600, "ExternalReferenceId": 600,
        "FirstName": 4000
    });
    let tenant = tenant_with(json!({ "max_length": lengths }));
    // Characters of four bytes that do not compress.
    let text = |seed: u32, length: u32| -> String {
        let letter =
            |number: u32| char::from_u32(0x1F300 + number.wrapping_mul(seed).wrapping_mul(2_654_435_761) % 700);
        (1..=length).filter_map(letter).collect()
    };
    let body = with(
        &seeds::retail(),
        json!({
            "Username": text(1, 600), "BackOfficeId": text(3, 600), "TaxId": text(7, 600), "WebAlias": text(11, 600),
            "ExternalReferenceId": text(13, 600), "FirstName": text(17, 4_000)
        }),
    );
    let id = tenant.create(&body);
    let stored = tenant.customer(id);
    for field in ["Username", "TaxId", "ExternalReferenceId", "FirstName"] {
        assert_eq!(stored[field], body[field], "{field}");
    }
    let long = with(&body, json!({ "Username": "x".repeat(601) }));
    let reply = tenant.put(&format!("/v1/customers/{id}"), &long);
    assert!(reply.message().contains("Username must be at most 600 characters long."), "{reply:?}");
}

#[test]
fn a_plan_that_an_older_version_stored_cannot_exhaust_the_memory() {
    let tenant = tenant();
    let rule = r#"{"min_length": 1000000000000, "max_length": 1000000000000, "digit": false, "capital": false, "symbol": false}"#;
    server().execute(&format!(
        r#"update tenants set plan = plan || '{{"password_rule": {rule}}}' where tenant_id = {}"#,
        tenant.id
    ));
    // Any change makes the server read the tenant again.
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2026-01-01T00:00:00Z" }))).done(200);
    let body = json!({ "Email": "old@storm.example", "Account": {} });
    let reply = tenant.storm().post("/api/1.1/CustomerService.svc/rest/CreateCustomer?format=json&createdBy=1", &body);
    assert!(matches!(reply.status, 200 | 400), "{reply:?}");
    tenant.get("/v1/customers/2").succeeds(200);
}

#[test]
fn an_id_at_the_end_of_the_numbers_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let customer = with(&seeds::retail(), json!({ "id": 2_147_483_647, "SponsorId": null }));
    let detail = tenant.control("PUT", "/seed", Some(&json!({ "customers": [customer] }))).problem(400);
    assert!(detail.contains("an id is at most 2000000000"), "{detail}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn timeouts_and_subscribers_have_ranges() {
    let tenant = tenant();
    let extension = |timeout: u32| json!({ "extension": { "extension_token": "sent-to-it", "directscale_token": "d", "hooks": {}, "timeout_seconds": timeout } });
    let events = |changes: Value| json!({ "events": with(&json!({ "subscriptions": [] }), changes) });
    let urls = |count: usize| -> Vec<Value> {
        (0..count).map(|number| json!({ "url": format!("http://{number}.example/") })).collect()
    };
    tenant.control("PUT", "/integration", Some(&extension(60))).done(204);
    tenant.control("PUT", "/integration", Some(&events(json!({ "subscriptions": urls(50) })))).done(204);
    let settings = tenant.control("GET", "/integration", None).body;
    for (sent, why) in [
        (extension(61), "extension.timeout_seconds must be from 1 to 60, not 61"),
        (extension(4_294_967_295), "extension.timeout_seconds must be from 1 to 60, not 4294967295"),
        (events(json!({ "timeout_seconds": 61 })), "events.timeout_seconds must be from 1 to 60, not 61"),
        (events(json!({ "retry_seconds": [5, 604_801] })), "events.retry_seconds must be from 1 to 604800, not 604801"),
        (events(json!({ "retry_seconds": vec![1; 51] })), "events.retry_seconds must have at most 50 entries, not 51"),
        (events(json!({ "subscriptions": urls(51) })), "events.subscriptions must have at most 50 entries, not 51"),
        (
            events(json!({ "subscriptions": [{ "url": format!("http://h/{}", "x".repeat(2_000)) }] })),
            "events.subscriptions: an address must be at most 2000 bytes long, not 2009",
        ),
    ] {
        assert_eq!(tenant.control("PUT", "/integration", Some(&sent)).problem(400), why);
        assert_eq!(tenant.control("GET", "/integration", None).body, settings);
    }
    // What an older version stored is cut when it is read.
    tenant.control("PUT", "/integration", Some(&extension(60))).done(204);
    server().execute(&format!(
        r#"update tenants set extension = extension || '{{"timeout_seconds": 4294967295}}' where tenant_id = {}"#,
        tenant.id
    ));
    let shown = tenant.control("GET", "/integration", None).done(200);
    assert_eq!(shown["extension"]["timeout_seconds"], 60);
}
