//! Rate limit, quota, and the two keys of a subscription.

use std::thread;
use std::time::{Duration, Instant};

use directscale_emulator::tenants::{Credential, CredentialSlot, NewCredential};
use serde_json::json;

use crate::support::server::server;
use crate::support::{Client, Tenant, seeds, tenant, tenant_with};

const PATH: &str = "/v1/customers/3";

#[test]
fn a_rate_limit_rejects_and_says_how_long() {
    let tenant = tenant_with(json!({ "rate_limit": { "calls": 3, "renewal_seconds": 60 } }));
    for _ in 0..3 {
        tenant.get(PATH).succeeds(200);
    }
    let before = tenant.everything();
    // The limit is checked before everything else.
    for reply in [tenant.get(PATH), tenant.put("/v1/customers/upgrade/3", &seeds::distributor())] {
        let seconds: u64 = reply.header("Retry-After").expect("seconds").parse().expect("a number");
        assert!((50..=60).contains(&seconds), "{reply:?}");
        let body =
            format!(r#"{{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in {seconds} seconds." }}"#);
        assert_eq!((reply.status, reply.body), (429, body.clone()));
        assert_eq!(body.len(), 84);
        assert_eq!(reply.head.lines().filter(|line| line.starts_with("X-DirectScale")).count(), 0);
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_rate_limit_is_renewed_and_counts_exactly() {
    let tenant = tenant_with(json!({ "rate_limit": { "calls": 5, "renewal_seconds": 1 } }));
    for _ in 0..3 {
        let statuses: Vec<u16> = thread::scope(|scope| {
            let requests: Vec<_> = (0..12).map(|_| scope.spawn(|| tenant.get(PATH).status)).collect();
            requests.into_iter().map(|request| request.join().expect("an answer")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 5, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 7, "{statuses:?}");
        thread::sleep(Duration::from_millis(1_100));
    }
}

#[test]
fn a_used_up_quota_rejects_until_it_is_replenished() {
    let tenant = tenant_with(json!({
        "rate_limit": { "calls": 1000, "renewal_seconds": 1 }, "quota": { "calls": 2, "renewal_seconds": 604_800 }
    }));
    tenant.get(PATH).succeeds(200);
    tenant.get("/v1/customers/99").rejects(404, "A Customer with the given Customer ID was not found.");
    let reply = tenant.get(PATH);
    assert_eq!(reply.status, 403);
    let text = reply.json()["message"].as_str().expect("a text").to_owned();
    let left = text.strip_prefix("Out of call volume quota. Quota will be replenished in ").expect("the text");
    assert!(left.starts_with("6.23:59:") || left.starts_with("7.00:00:00"), "{left}");
    let usage = tenant.rows("select kind, calls from subscription_usage where tenant_id = {tenant} order by kind");
    assert_eq!(usage[0], json!({ "kind": "quota", "calls": 2 }), "a rejected request is not counted");
    assert_eq!(usage[1], json!({ "kind": "rate_limit", "calls": 2 }), "by neither");
    assert!(reply.body.starts_with(r#"{ "statusCode": 403, "message": "Out of call"#), "{reply:?}");
    assert!(reply.header("Retry-After").is_some());
}

#[test]
fn limits_are_a_subscriptions_own() {
    let limit = json!({ "rate_limit": { "calls": 2, "renewal_seconds": 60 } });
    let (first, other_tenant) = (tenant_with(limit.clone()), tenant_with(limit));
    let name = name_of(&first);
    let server = server();
    let key = Credential::subscription_key(&server.random);
    let new =
        NewCredential { name: "second".to_owned(), secret: Some(key.reveal().to_owned()), ..NewCredential::default() };
    let added = server.started.tenants.add_credential(&name, new, None);
    server.runtime.block_on(added).expect("a second subscription");
    let second = Client { address: server.address, key: key.reveal().to_owned() };
    // Both keys of a subscription share its limit.
    let secondary = new_key(&name, CredentialSlot::Secondary);
    first.get(PATH).succeeds(200);
    secondary.get(PATH).succeeds(200);
    assert_eq!((first.get(PATH).status, secondary.get(PATH).status), (429, 429));
    second.get(PATH).succeeds(200);
    other_tenant.get(PATH).succeeds(200);
}

fn name_of(tenant: &Tenant) -> String {
    let rows = tenant.rows("select name from tenants where tenant_id = {tenant}");
    rows[0]["name"].as_str().expect("a name").to_owned()
}

fn new_key(tenant: &str, slot: CredentialSlot) -> Client {
    let server = server();
    let rotated = server.started.tenants.rotate_credential(tenant, "test-key", slot, None);
    let key = server.runtime.block_on(rotated).expect("a new key");
    Client { address: server.address, key: key.reveal().to_owned() }
}

/// How long a key is still accepted.
fn accepted_for(client: &Client) -> Duration {
    let start = Instant::now();
    while client.get(PATH).status == 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "the key is still accepted");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(client.get(PATH).status, 401);
    start.elapsed()
}

#[test]
fn both_keys_of_a_subscription_are_valid_and_one_is_rotated_at_a_time() {
    let tenant = tenant();
    let name = name_of(&tenant);
    let secondary = new_key(&name, CredentialSlot::Secondary);
    tenant.get(PATH).succeeds(200);
    secondary.get(PATH).succeeds(200);

    let primary = new_key(&name, CredentialSlot::Primary);
    primary.get(PATH).succeeds(200);
    let stale = accepted_for(&tenant.client);
    assert!(stale < Duration::from_secs(1), "{stale:?}");
    secondary.get(PATH).succeeds(200);

    // Both are one subscription to the log table.
    secondary.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let log = tenant.rows("select ChangedBy from CRM_AssociateTypeChanges where tenant_id = {tenant}");
    assert_eq!(log, [json!({ "changedby": "test-key" })]);
}

#[test]
fn a_revoked_key_is_rejected_within_a_second() {
    let tenant = tenant();
    let name = name_of(&tenant);
    let secondary = new_key(&name, CredentialSlot::Secondary);
    secondary.get(PATH).succeeds(200);
    tenant.get(PATH).succeeds(200);
    let server = server();
    let revoke = |slot| {
        let revoked = server.started.tenants.revoke_credential(&name, "test-key", slot);
        server.runtime.block_on(revoked).expect("revoked");
    };
    revoke(Some(CredentialSlot::Secondary));
    let stale = accepted_for(&secondary);
    assert!(stale < Duration::from_secs(1), "{stale:?}");
    tenant.get(PATH).succeeds(200);
    revoke(None);
    assert!(accepted_for(&tenant.client) < Duration::from_secs(1));
}

#[test]
fn a_key_that_is_in_use_elsewhere_is_rejected() {
    let (ours, theirs) = (tenant(), tenant());
    let server = server();
    let key = theirs.client.key.clone();
    let name = name_of(&ours);
    let rotated = server.started.tenants.rotate_credential(&name, "test-key", CredentialSlot::Secondary, Some(key));
    let error = server.runtime.block_on(rotated).expect_err("a rejection");
    assert_eq!(error.to_string(), "the key or its name 'test-key' is in use already");
    assert_eq!(ours.rows("select 1 from subscription_keys where tenant_id = {tenant}").len(), 1);
}
