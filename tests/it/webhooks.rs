//! Webhooks: events are written with the change and delivered after it, at least once and in order for each customer.

#![expect(clippy::similar_names, reason = "a receiver has received")]

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use directscale_emulator::clock::Clock;
use directscale_emulator::database::TenantId;
use directscale_emulator::webhooks::resend;
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::receiver::{Received, Receiver, response};
use crate::support::server::{database_url, server};
use crate::support::session::{connect, query};
use crate::support::{Client, Tenant, seeds, tenant, tenant_of, with};

fn subscribed(receiver: &Receiver, more: Value) -> Tenant {
    let subscriptions = json!([{ "url": receiver.url("/events"), "secret": "event-secret" }]);
    let events = json!({ "subscriptions": subscriptions, "retry_seconds": [1, 1, 1, 1, 1, 1, 1, 1] });
    tenant_of(json!({ "events": with(&events, more) }))
}

/// Waits until a condition holds.
#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn delivered(tenant: &Tenant) -> usize {
    tenant.rows("select 1 from event_deliveries where tenant_id = {tenant} and state = 'delivered'").len()
}

fn pending(tenant: &Tenant) -> usize {
    tenant.rows("select 1 from event_deliveries where tenant_id = {tenant} and state = 'pending'").len()
}

#[test]
fn a_new_customer_has_the_vendors_payloads() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver, json!({}));
    let id = tenant.create(&with(&seeds::full(), json!({ "SignUpDate": "2020-02-20T15:47:52" })));
    eventually("both events", || delivered(&tenant) == 2);

    let received = receiver.received();
    let [created, enrolled] = &received[..] else { panic!("{received:?}") };
    assert_eq!(created.path, "/events");
    assert_eq!(created.header("Content-Type"), Some("application/json; charset=UTF-8"));
    assert_eq!(created.header("Authorization"), Some("Bearer event-secret"));
    assert_eq!(created.header("X-Directscale-User"), Some("test-key"));
    let name = tenant.rows("select name from tenants where tenant_id = {tenant}");
    assert_eq!(created.header("X-Directscale-Client-Id"), name[0]["name"].as_str());
    assert!(created.headers.iter().any(|(name, _)| name == "X-Directscale-Message-Id"), "{created:?}");
    assert_ne!(created.header("X-Directscale-Message-Id"), enrolled.header("X-Directscale-Message-Id"));
    let at = created.json()["EventDateUtc"].clone();
    assert!(at.as_str().is_some_and(|at| at.len() == 20 && at.ends_with('Z')), "{at}");
    assert_eq!(
        created.json(),
        json!({
            "AssociateId": id, "Username": "TestUsername01", "FirstName": "Ryan", "LastName": "Testing",
            "CompanyName": "Test Company Name Inc.", "EmailAddress": "directScaleTest@testing.directscale.com",
            "AssociateStatus": 1, "AssociateType": 1, "WebAliases": ["TestWebAlias"],
            "BackOfficeId": "TestBackOfficeId01", "ExternalReferenceId": "EXT1234567890", "EventDateUtc": at,
            "EventType": "CreateAssociateEvent"
        })
    );
    assert_eq!(
        enrolled.json(),
        json!({
            "DistributorId": id.to_string(), "DistributorType": "1", "DistributorStatus": "1",
            "DistributorCountry": "US", "SponsorId": "2", "EnrollmentDateUtc": "2020-02-20T15:47:52Z",
            "EventDateUtc": at, "EventType": "Enrollment"
        })
    );
}

#[test]
fn every_change_is_delivered_once_and_nothing_else() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver, json!({}));
    let delivered_event = |changes: usize| {
        eventually("the event", || delivered(&tenant) == changes);
        receiver.received().last().expect("an event").json()
    };
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "Rey" })).succeeds(200);
    let event = delivered_event(1);
    assert_eq!((&event["EventType"], &event["FirstName"]), (&json!("UpdateAssociateEvent"), &json!("Rey")));
    tenant.put("/v1/customers/3", &seeds::retail()).succeeds(200);
    assert_eq!(delivered_event(2)["Username"], "Emperor Palpatine");
    tenant.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    assert_eq!(delivered_event(3)["AssociateType"], 1);
    tenant.put("/v1/customers/3/reset-password", &json!({ "Password": "AnotherOne2" })).succeeds(200);
    assert_eq!(delivered_event(4)["AssociateId"], 3);
    tenant.call("DELETE", "/v1/customers/3", "", None).succeeds(200);
    assert_eq!(delivered_event(5)["AssociateStatus"], 3);

    // Requests that change nothing, are rolled back, or are rejected.
    tenant.call("DELETE", "/v1/customers/3", "", None).succeeds(200);
    tenant.patch("/v1/customers/4", &json!({})).succeeds(200);
    tenant.patch("/v1/customers/4", &json!({ "FirstName": "Pat" })).succeeds(200);
    tenant.call("PATCH", "/v1/customers/4", "Prefer: tx=rollback\r\n", Some(r#"{"FirstName": "Rey"}"#)).succeeds(200);
    tenant.patch("/v1/customers/4", &json!({ "EmailAddress": "dana@demo.example" }));
    tenant.post("/v1/customers", &json!({}));
    tenant.get("/v1/customers/4").succeeds(200);
    thread::sleep(Duration::from_secs(1));
    assert_eq!(tenant.rows("select 1 from event_deliveries where tenant_id = {tenant}").len(), 5);
    assert_eq!(receiver.received().len(), 5);
}

#[test]
fn a_url_with_two_subscriptions_is_rejected() {
    let events =
        json!({ "subscriptions": [{ "url": "http://a.example" }, { "url": "http://a.example/", "secret": "x" }] });
    let seed = json!({ "version": 1, "tenants": [{ "name": "doubled", "events": events }] });
    let rejected = server().seed(&seed).expect_err("a rejection");
    assert_eq!(rejected, "tenant 'doubled': two subscriptions have the address http://a.example/");
}

#[test]
fn without_subscriptions_nothing_is_written() {
    let tenant = tenant();
    tenant.create(&seeds::full());
    assert!(tenant.rows("select 1 from event_deliveries where tenant_id = {tenant}").is_empty());
}

#[test]
fn subscribers_receive_the_types_of_their_subscription() {
    let (first, second) = (Receiver::with_json(|_| (200, json!({}))), Receiver::with_json(|_| (204, json!({}))));
    let tenant = tenant_of(json!({
        "events": { "subscriptions": [
            { "url": first.url("/"), "types": ["Enrollment"] },
            { "url": second.url("/"), "types": ["CreateAssociateEvent", "Enrollment"] }
        ] }
    }));
    tenant.create(&seeds::full());
    eventually("three deliveries", || delivered(&tenant) == 3);
    assert_eq!((first.received().len(), second.received().len()), (1, 2));
    // One event has one id for all subscribers.
    let enrollment = |receiver: &Receiver| {
        let received = receiver.received();
        let found = received.iter().find(|event| event.json()["EventType"] == "Enrollment").expect("an enrolment");
        found.header("X-Directscale-Message-Id").expect("an id").to_owned()
    };
    assert_eq!(enrollment(&first), enrollment(&second));
    assert_eq!(first.received()[0].header("Authorization"), None);
}

#[test]
fn a_delivery_is_retried_in_order_and_fails_after_the_last_retry() {
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    // The first two attempts fail.
    let receiver = Receiver::start(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
        0 => response(500, "", "not now"),
        1 => response(302, "Location: http://127.0.0.1:1/\r\n", ""),
        _ => response(200, "", ""),
    });
    let tenant = subscribed(&receiver, json!({}));
    for name in ["A", "B"] {
        tenant.patch("/v1/customers/3", &json!({ "FirstName": name })).succeeds(200);
    }
    eventually("both events", || delivered(&tenant) == 2);
    let names: Vec<Value> = receiver.received().iter().map(|event| event.json()["FirstName"].clone()).collect();
    assert_eq!(names, ["A", "A", "A", "B"], "the second waits for the first");
    let attempts = tenant.rows(
        "select a.attempt, a.status, a.response from event_attempts a join event_deliveries d using (tenant_id, id, url)
          where a.tenant_id = {tenant} order by d.sequence, a.attempt",
    );
    assert_eq!(
        attempts,
        [
            json!({ "attempt": 1, "status": 500, "response": "not now" }),
            json!({ "attempt": 2, "status": null, "response": "it answered with a redirect, which is not followed" }),
            json!({ "attempt": 3, "status": 200, "response": "" }),
            json!({ "attempt": 1, "status": 200, "response": "" }),
        ]
    );

    let rejecting = Receiver::with_json(|_| (400, json!({ "no": 1 })));
    let tenant = subscribed(&rejecting, json!({ "retry_seconds": [1] }));
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    let failed =
        || tenant.rows("select attempts from event_deliveries where tenant_id = {tenant} and state = 'failed'");
    eventually("failed", || failed().len() == 1);
    assert_eq!((failed()[0]["attempts"].clone(), rejecting.received().len()), (json!(2), 2));
    // A failed delivery does not block later ones, and can be resent.
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "B" })).succeeds(200);
    eventually("failed too", || failed().len() == 2);
    let server = server();
    let id = TenantId(tenant.id.try_into().expect("a number"));
    let resent = server.runtime.block_on(resend(server.started.database(), id, None, Clock::Real.now()));
    assert_eq!(resent.expect("a number"), 2);
    // Each has its two attempts again.
    eventually("retried", || rejecting.received().len() == 8 && pending(&tenant) == 0);
    assert!(failed().iter().all(|delivery| delivery["attempts"] == 2), "{:?}", failed());
}

#[test]
fn an_attempt_ends_after_its_timeout() {
    let receiver = Receiver::start(|_| {
        thread::sleep(Duration::from_secs(4));
        Vec::new()
    });
    let tenant = subscribed(&receiver, json!({ "timeout_seconds": 1, "retry_seconds": [] }));
    let start = Instant::now();
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    assert!(start.elapsed() < Duration::from_secs(1), "the change does not wait");
    let attempts = || tenant.rows("select status, response from event_attempts where tenant_id = {tenant}");
    eventually("failed", || attempts().len() == 1);
    assert_eq!(attempts(), [json!({ "status": null, "response": "it did not answer within 1 seconds" })]);
}

#[test]
fn an_attempt_that_ends_during_a_reset_leaves_no_row() {
    let Some(url) = database_url() else { return };
    if server().started.database().is_distributed() {
        println!("not run: the sessions that wait are on another node");
        return;
    }
    let (release, released) = std::sync::mpsc::channel();
    let released = Mutex::new(released);
    let receiver = Receiver::start(move |_| {
        let _ = released.lock().expect("the lock").recv();
        response(200, "", "")
    });
    let tenant = subscribed(&receiver, json!({}));
    let rule = json!({ "operation": "GetCustomer", "point": "before", "response": "reset" });
    tenant.control("POST", "/faults", Some(&rule)).done(201);
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    eventually("received", || receiver.received().len() == 1);
    // The reset has deleted the deliveries and waits for a row of a later table when the attempt ends.
    let mut session = connect(&url);
    query(&mut session, &format!("begin; select 1::text from faults where tenant_id = {} for update", tenant.id));
    let waiting = || {
        let waiting = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like $q$%{}%$q$";
        |part: &str| tenant.rows(&waiting.replace("{}", part)).len()
    };
    thread::scope(|scope| {
        let reset = scope.spawn(|| tenant.control("POST", "/reset", None).done(200));
        eventually("the reset waits", || waiting()("replace_rows") == 1);
        release.send(()).expect("a receiver");
        eventually("the attempt waits", || waiting()("event_attempts") == 1);
        query(&mut session, "rollback");
        reset.join().expect("a reset");
    });
    let rows = |table: &str| tenant.rows(&format!("select 1 from {table} where tenant_id = {{tenant}}")).len();
    eventually("the worker is free", || waiting()("event_attempts") == 0);
    assert_eq!((rows("event_deliveries"), rows("event_attempts")), (0, 0));
}

#[test]
fn several_servers_share_the_deliveries_without_duplicates() {
    let Some(url) = database_url() else { return };
    let others: Vec<Process> = (0..2).map(|_| Process::start(&["--database-url", &url])).collect();
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = subscribed(&receiver, json!({}));
    thread::scope(|scope| {
        for (number, address) in [tenant.client.address, others[0].address, others[1].address].into_iter().enumerate() {
            let client = Client { address, key: tenant.client.key.clone() };
            scope.spawn(move || {
                for round in 0..60 {
                    let own = json!({
                        "Username": format!("u{number}-{round}"), "EmailAddress": format!("{number}-{round}@x.example")
                    });
                    client.create(&with(&seeds::retail(), own));
                }
            });
        }
    });
    eventually("360 events", || delivered(&tenant) == 360);
    let ids: Vec<String> = receiver
        .received()
        .iter()
        .map(|event| event.header("X-Directscale-Message-Id").expect("an id").to_owned())
        .collect();
    assert_eq!((ids.len(), ids.iter().collect::<HashSet<_>>().len()), (360, 360));
}

/// What a receiver that fails half of the time has received of each customer, in order.
#[derive(Debug, Default)]
struct Accepted {
    requests: usize,
    /// The events that it accepted, by customer.
    events: BTreeMap<i64, Vec<String>>,
    /// Events whose change was not visible yet.
    too_early: Vec<String>,
}

#[test]
fn no_event_is_lost_when_the_server_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let accepted = Arc::<Mutex<Accepted>>::default();
    let server_address = Arc::<Mutex<Option<Client>>>::default();
    let (accepting, asking) = (Arc::clone(&accepted), Arc::clone(&server_address));
    let receiver = Receiver::start(move |received: &Received| {
        let event = received.json();
        let id = event["AssociateId"].as_i64().expect("an id");
        let name = event["CompanyName"].as_str().unwrap_or_default().to_owned();
        let requests = {
            let mut accepted = accepting.lock().expect("no panic");
            accepted.requests += 1;
            accepted.requests
        };
        // Checks from time to time that the change is visible.
        if requests % 10 == 0
            && let Some(client) = asking.lock().expect("no panic").clone()
            && let Some(seen) = client.try_call("GET", &format!("/v1/customers/{id}"), None)
            && seen.status == 200
            && seen.json()["CompanyName"].as_str().unwrap_or_default() < name.as_str()
        {
            accepting.lock().expect("no panic").too_early.push(format!("{id} {name}"));
        }
        match requests % 4 {
            0 => response(500, "", "not now"),
            1 if requests % 40 == 1 => {
                thread::sleep(Duration::from_secs(3));
                Vec::new()
            }
            2 => response(503, "", ""),
            _ => {
                accepting.lock().expect("no panic").events.entry(id).or_default().push(name);
                response(200, "", "")
            }
        }
    });
    let seed = json!({
        "version": 1,
        "tenants": [{
            "name": "subscribed",
            "keys": [{ "name": "subscribed", "key": "0123456789abcdef0123456789abcdef" }],
            "events": {
                "subscriptions": [{ "url": receiver.url("/"), "types": ["UpdateAssociateEvent"] }],
                "retry_seconds": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
                "timeout_seconds": 2
            },
            "customers": (1..=200).map(|id| json!({ "id": id, "CustomerType": 2, "Username": format!("u{id}") }))
                .collect::<Vec<_>>(),
        }]
    });
    let path = folder.path().join("seed.json");
    std::fs::write(&path, seed.to_string()).expect("a file");
    let data = folder.path().join("data");
    let arguments = ["--data", data.to_str().expect("a path"), "--seed", path.to_str().expect("a path")];

    let server = Process::start(&arguments);
    *server_address.lock().expect("no panic") = Some(server.client());
    // 1,000 changes, five of each customer, and the server is killed before most of them are delivered.
    let client = server.client();
    for round in 1..=5 {
        thread::scope(|scope| {
            for worker in 0..8 {
                let client = &client;
                scope.spawn(move || {
                    for id in (1..=200).filter(|id| id % 8 == worker) {
                        let body = json!({ "CompanyName": format!("{round}") });
                        client.patch(&format!("/v1/customers/{id}"), &body).succeeds(200);
                    }
                });
            }
        });
    }
    *server_address.lock().expect("no panic") = None;
    server.kill();
    let before = accepted.lock().expect("no panic").events.values().map(Vec::len).sum::<usize>();
    // At least the last event of each of the two hundred customers is pending.
    assert!(before < 800, "{before} were delivered before the server was killed");

    let server = Process::start(&arguments);
    *server_address.lock().expect("no panic") = Some(server.client());
    let start = Instant::now();
    let is_complete = || {
        let accepted = accepted.lock().expect("no panic");
        accepted.events.len() == 200
            && accepted.events.values().all(|names| names.last().is_some_and(|name| name == "5"))
    };
    while !is_complete() {
        assert!(
            start.elapsed() < Duration::from_secs(150),
            "not all were delivered: {:?}",
            accepted.lock().expect("no panic")
        );
        thread::sleep(Duration::from_millis(100));
    }
    let accepted = accepted.lock().expect("no panic");
    println!("{before} delivered before, {} requests in total", accepted.requests);
    assert!(accepted.too_early.is_empty(), "{:?}", accepted.too_early);
    for (id, names) in &accepted.events {
        // Each at least once, and never an older one after a newer one.
        let mut once = names.clone();
        once.dedup();
        assert_eq!(once, ["1", "2", "3", "4", "5"], "customer {id}");
    }
}
