//! Two tenants on one server: whatever happens to the data of one, the other has the same responses and rows as a tenant alone.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::model::{Step, steps};
use crate::support::control::control;
use crate::support::server::server;
use crate::support::{Client, Reply, Tenant, tenant_of};

/// The duration of the test; the variable `SIDE_BY_SIDE_SECONDS` changes it.
const SECONDS: u64 = 6;

/// Endless steps, the same for the same random seed.
fn endless(random_seed: u8) -> impl Iterator<Item = Step> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[random_seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    std::iter::from_fn(move || steps().new_tree(&mut runner).ok().map(|tree| tree.current())).flatten()
}

fn send(client: &Client, step: &Step) -> Reply {
    let (method, path, body) = step.request();
    client.call(method, &path, "", body.map(|body| body.to_string()).as_deref())
}

/// A response without what differs between two equal requests.
fn comparable(reply: &Reply) -> (u16, String, String) {
    let id = reply.header("X-DirectScale-RequestId").unwrap_or_default().to_owned();
    let head: Vec<&str> = reply.head.lines().filter(|line| !line.starts_with("Date: ")).collect();
    (reply.status, head.join("\n").replace(&id, "<id>"), reply.body.replace(&id, "<id>"))
}

/// A tenant with a frozen clock, so that dates and numbers can be compared as well.
fn frozen() -> Tenant {
    let tenant =
        tenant_of(json!({ "events": { "subscriptions": [{ "url": "http://127.0.0.1:9/" }], "retry_seconds": [60] } }));
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2028-02-29T12:00:00Z" }))).done(200);
    // The seed was loaded in real time, so its dates differ.
    for (table, dates) in [
        ("customers", "modified_at = '2027-01-01Z', sign_up_date = '2027-01-01Z'"),
        ("sponsor_tree", "placed_at = '2027-01-01Z'"),
    ] {
        server().execute(&format!("update {table} set {dates} where tenant_id = {}", tenant.id));
    }
    tenant
}

fn rows(tenant: &Tenant) -> Value {
    let of = |query: &str| Value::from(tenant.rows(query));
    json!({
        "customers": of("select to_jsonb(c) - 'tenant_id' - 'password_hash' - 'version' as row from customers c where tenant_id = {tenant} order by customer_id"),
        "tree": of("select to_jsonb(t) - 'tenant_id' as row from sponsor_tree t where tenant_id = {tenant} order by customer_id"),
        "log": of("select to_jsonb(l) - 'tenant_id' - 'id' - 'requestid' as row from CRM_AssociateTypeChanges l where tenant_id = {tenant} order by recordnumber"),
        "counter": of("select last_customer_id from tenant_counters where tenant_id = {tenant}"),
        "events": of("select customer_id, sequence, event_type, body, created_at from event_deliveries where tenant_id = {tenant} order by customer_id, sequence, event_type"),
        "settings": of("select plan, extension, events, clock from tenants where tenant_id = {tenant}"),
        "faults": of("select * from faults where tenant_id = {tenant}"),
    })
}

/// Changes a tenant's data in every possible way, until `stop`. Returns the number of turns.
fn disturb(noisy: &Tenant, stop: &AtomicBool) -> usize {
    let mut turn = 0;
    for step in endless(2) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        turn += 1;
        let (method, path, body) = step.request();
        // Fault rules are active, so any response is valid.
        let _ = noisy.try_call(method, &path, body.map(|body| body.to_string()).as_deref());
        let control = |method: &str, path: &str, body: Value| noisy.control(method, path, Some(&body)).status;
        let status = match turn % 40 {
            3 => control(
                "POST",
                "/faults",
                json!({ "operation": "*", "when": { "probability": { "p": 0.5, "random_seed": turn } }, "point": "after", "response": "reset" }),
            ),
            6 => control(
                "POST",
                "/faults",
                json!({ "operation": "CreateCustomer", "point": "inside", "response": { "status": { "code": 500 } } }),
            ),
            8 => control("POST", "/faults", json!({ "event": "*", "action": "duplicate" })),
            10 => control("POST", "/clock/advance", json!({ "seconds": 86_400 })),
            12 => control("POST", "/clock/freeze", json!({ "at": "2099-01-01T00:00:00Z" })),
            14 => control("PUT", "/snapshots/mid", json!({})),
            16 => control("PUT", "/plan", json!({ "rejection_status": 400, "unique": [] })),
            18 | 38 => control("POST", "/reset", json!({})),
            22 => {
                let name = format!("{}-fork", noisy.name());
                let forked = control("POST", "/fork", json!({ "name": name }));
                self::control("DELETE", &format!("/tenants/{name}"), None).done(200);
                forked
            }
            26 => control("POST", "/snapshots/mid/restore", json!({})),
            30 => control("POST", "/keys", json!({ "name": format!("key-{turn}") })),
            34 => control(
                "PUT",
                "/seed",
                json!({ "customers": [{ "CustomerType": 1, "Username": "root" }], "population": { "distributors": 200 } }),
            ),
            _ => 200,
        };
        assert!(status < 300, "turn {turn}: {status}");
    }
    turn
}

#[test]
fn a_tenant_does_not_notice_changes_of_another_tenant() {
    let seconds =
        std::env::var("SIDE_BY_SIDE_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(SECONDS);
    let (observed, noisy, alone) = (frozen(), frozen(), frozen());
    let stop = AtomicBool::new(false);
    let (responses, disturbances) = std::thread::scope(|scope| {
        let disturbing = scope.spawn(|| disturb(&noisy, &stop));
        let start = Instant::now();
        let mut responses = Vec::new();
        for step in endless(1) {
            if start.elapsed() > Duration::from_secs(seconds) {
                break;
            }
            responses.push(comparable(&send(&observed.client, &step)));
        }
        stop.store(true, Ordering::Relaxed);
        (responses, disturbing.join().expect("the other tenant's thread"))
    });
    for (number, step) in endless(1).take(responses.len()).enumerate() {
        let response = comparable(&send(&alone.client, &step));
        assert_eq!(response, responses[number], "step {number}: {step:?}");
    }
    assert_eq!(rows(&observed), rows(&alone));
    // The journal in the database keeps up to an eighth more than its limit of 500.
    let paths = |tenant: &Tenant| {
        tenant.requests("?limit=1000").iter().take(500).map(|entry| entry["path"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&observed), paths(&alone));
    println!("{} steps during {disturbances} of another tenant", responses.len());
    assert!(responses.len() > 50 && disturbances > 40, "{} {disturbances}", responses.len());
}
