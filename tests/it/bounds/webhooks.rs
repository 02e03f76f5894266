//! The webhooks that a tenant can have, and what is kept of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::receiver::{Receiver, response};
use crate::support::server::server;
use crate::support::{Tenant, tenant_of};

/// A tenant with a subscriber at this address.
fn subscribed(url: &str) -> Tenant {
    tenant_of(
        json!({ "events": { "subscriptions": [{ "url": url, "types": ["UpdateAssociateEvent"] }], "retry_seconds": [] } }),
    )
}

/// Rows in place of that number of requests.
fn insert(statement: &str, tenant: i64) {
    server().execute(&statement.replace("{tenant}", &tenant.to_string()));
}

#[test]
fn pending_ones_have_a_maximum_and_those_that_ended_an_age() {
    let tenant = subscribed("http://127.0.0.1:9/");
    insert(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
         select {tenant}, gen_random_uuid(), 'http://x.example/', 2, n, 'UpdateAssociateEvent', '', '', now(), 'pending',
                now() + interval '1 day' + n * interval '1 ms'
           from generate_series(1, 100050) n",
        tenant.id,
    );
    // Eight days ago and six days ago.
    insert(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
         select {tenant}, gen_random_uuid(), 'http://x.example/', 4, n, 'UpdateAssociateEvent', '', '', now() - n * interval '1 day',
                'delivered', now()
           from generate_series(6, 8, 2) n",
        tenant.id,
    );
    // The attempt of this event is why the tenant's deliveries are counted.
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    let failed = || {
        tenant.rows(
            "select sequence from event_deliveries where tenant_id = {tenant} and state = 'failed' and customer_id = 2",
        )
    };
    let start = Instant::now();
    while failed().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(150), "no delivery has failed");
        std::thread::sleep(Duration::from_secs(1));
    }
    let pending = "select count(*) as n from event_deliveries where tenant_id = {tenant} and state = 'pending'";
    assert_eq!(tenant.rows(pending)[0]["n"], 100_000);
    let last = failed().iter().filter_map(|row| row["sequence"].as_i64()).max();
    assert!(last.is_some_and(|last| last < 100), "those fail that are due first, not {last:?}");
    let old = || {
        tenant.rows(
            "select sequence from event_deliveries where tenant_id = {tenant} and customer_id = 4 order by sequence",
        )
    };
    while old().len() > 1 {
        assert!(start.elapsed() < Duration::from_secs(150), "the old one is kept");
        std::thread::sleep(Duration::from_secs(1));
    }
    assert_eq!(old(), [json!({ "sequence": 6 })]);
}

#[test]
fn a_list_has_a_maximum_number_and_a_response_a_maximum_length() {
    let receiver = Receiver::start(|_| response(500, "", &"x".repeat(5_000)));
    let tenant = subscribed(&receiver.url("/"));
    insert(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
         select {tenant}, gen_random_uuid(), 'http://x.example/', 2, n, 'UpdateAssociateEvent', '', '', now() - interval '1 hour',
                'failed', now()
           from generate_series(1, 1005) n",
        tenant.id,
    );
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    let attempts = || tenant.rows("select length(response) as length from event_attempts where tenant_id = {tenant}");
    let start = Instant::now();
    while attempts().is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "no attempt");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(attempts(), [json!({ "length": 1_000 })]);
    let listed = tenant.control("GET", "/webhooks?limit=5000", None).done(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1_000));
    assert_eq!(listed[0]["url"], Value::from(receiver.url("/")), "the newest first");
}
