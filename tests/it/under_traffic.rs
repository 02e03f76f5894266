//! Changes of a whole tenant while its requests run: resets, restores, plans, clocks, limits and deletion. `SECONDS` sets how long each
//! loop runs. On the embedded database the requests run one after the other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::hooks::token_of;
use crate::races::at_once;
use crate::support::control::control;
use crate::support::receiver::{Receiver, response};
use crate::support::server::server;
use crate::support::{Reply, Tenant, seeds, tenant, tenant_of, tenant_with, with};

const CALLERS: usize = 32;

/// How long a loop runs.
fn duration() -> Duration {
    let seconds = std::env::var("SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    Duration::from_secs(seconds)
}

/// Sends requests from all callers until `change` ends. Counts the responses by their status.
fn during(send: impl Fn(usize, usize) -> Reply + Sync, change: impl FnOnce()) -> BTreeMap<u16, usize> {
    let (stop, tally) = (AtomicBool::new(false), std::sync::Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (stop, tally, send) = (&stop, &tally, &send);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let reply = send(caller, number);
                    *tally.lock().expect("no panic").entry(reply.status).or_default() += 1;
                    number += 1;
                }
            });
        }
        let changed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(change));
        stop.store(true, Ordering::Relaxed);
        changed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    tally.into_inner().expect("no panic")
}

/// A rejection with status 500 is the vendor's; one without a message is a defect.
#[track_caller]
fn is_no_failure(reply: Reply) -> Reply {
    assert!(reply.status != 500 || reply.header("X-DirectScale-Message").is_some(), "{reply:?}");
    reply
}

/// One of the requests that read and write a customer.
fn request(tenant: &Tenant, caller: usize, number: usize) -> Reply {
    let id = 2 + (caller + number) % 3;
    let path = format!("/v1/customers/{id}");
    let name = format!("c{caller}n{number}");
    match number % 7 {
        0 => tenant.get(&path),
        1 => tenant.patch(&path, &json!({ "FirstName": name })),
        2 => tenant.patch(&path, &json!({ "EmailAddress": format!("{name}@x.example") })),
        3 => {
            let own = json!({ "Username": name, "EmailAddress": format!("{name}@x.example") });
            tenant.post("/v1/customers", &with(&seeds::retail(), own))
        }
        4 => tenant.post(&format!("{path}/reward-points"), &json!({ "pointsToAdd": 1 })),
        5 => tenant.put(&format!("{path}/reset-password"), &json!({ "Password": "PasswordHere2" })),
        _ => tenant.get(&format!("/v1/sso/{id}")),
    }
}

#[test]
fn limits_resets_plans_and_clocks_never_fail_under_traffic() {
    let limits = json!({ "rate_limit": { "calls": 4_000_000, "renewal_seconds": 1 }, "quota": { "calls": 4_000_000, "renewal_seconds": 60 } });
    let tenant = tenant_with(limits.clone());
    tenant.control("PUT", "/snapshots/other", None).done(200);
    let end = Instant::now() + duration();
    let tally = during(
        |caller, number| is_no_failure(request(&tenant, caller, number)),
        || {
            let mut turn = 0;
            while Instant::now() < end {
                match turn % 5 {
                    0 => tenant.control("POST", "/reset", None).done(200),
                    1 => tenant.control("POST", "/snapshots/other/restore", None).done(200),
                    2 => {
                        let unique = if turn % 2 == 0 { json!([]) } else { json!(["EmailAddress", "Username"]) };
                        let plan = with(&limits, json!({ "unique": unique, "minimum_age": turn % 3 }));
                        let reply = tenant.control("PUT", "/plan", Some(&plan));
                        assert!(matches!(reply.status, 200 | 400), "{reply:?}");
                        Value::Null
                    }
                    3 => tenant
                        .control("POST", "/clock/freeze", Some(&json!({ "at": "2030-01-01T00:00:00Z" })))
                        .done(200),
                    _ => tenant.control("DELETE", "/clock", None).done(200),
                };
                turn += 1;
            }
            println!("{turn} changes");
        },
    );
    println!("{tally:?}");
    // A customer of the seed is always there.
    assert!(!tally.contains_key(&404) && !tally.contains_key(&401), "{tally:?}");
    tenant.control("POST", "/reset", None).done(200);
    tenant.customer(3);
}

#[test]
fn a_tenant_that_is_deleted_under_limited_traffic_rejects_its_key() {
    for _ in 0..5 {
        let tenant = tenant_with(json!({ "rate_limit": { "calls": 4_000_000, "renewal_seconds": 1 } }));
        let name = tenant.name();
        let tally = during(
            |caller, number| is_no_failure(request(&tenant, caller, number)),
            || {
                thread::sleep(Duration::from_millis(150));
                control("DELETE", &format!("/tenants/{name}"), None).done(200);
                assert_eq!(tenant.get("/v1/customers/3").status, 401, "at once");
                thread::sleep(Duration::from_millis(100));
            },
        );
        assert!(tally.get(&401) > Some(&0), "{tally:?}");
        assert_nothing_left(&tenant);
    }
}

/// No table has a row of a deleted tenant.
fn assert_nothing_left(tenant: &Tenant) {
    for row in server().rows("select table_name as name from emulator_tables() where table_name <> 'tenants'") {
        let table = row["name"].as_str().expect("a name");
        assert!(tenant.rows(&format!("select 1 from {table} where tenant_id = {{tenant}}")).is_empty(), "{table}");
    }
}

#[test]
fn a_unique_value_stays_unique_when_the_plan_changes_under_traffic() {
    let plan = |unique: Value| with(&json!({}), json!({ "unique": unique }));
    let mut duplicates = 0;
    for round in 0..20 {
        let tenant = tenant_with(plan(json!(["Username"])));
        // The snapshot has another plan than the tenant.
        tenant.control("PUT", "/snapshots/shared", None).done(200);
        let is_restore = round % 2 == 1;
        if is_restore {
            tenant.control("PUT", "/plan", Some(&plan(json!(["Username", "EmailAddress"])))).done(200);
            tenant.control("PUT", "/snapshots/unique", None).done(200);
            tenant.control("POST", "/snapshots/shared/restore", None).done(200);
        }
        let replies = at_once(9, |number| {
            if number == 8 {
                return if is_restore {
                    tenant.control("POST", "/snapshots/unique/restore", None)
                } else {
                    tenant.control("PUT", "/plan", Some(&plan(json!(["Username", "EmailAddress"]))))
                };
            }
            let address = json!({ "EmailAddress": "One@x.example" });
            match number % 4 {
                0 => tenant.patch("/v1/customers/3", &address),
                1 => tenant.patch("/v1/customers/4", &address),
                _ => {
                    let own = json!({ "Username": format!("u{number}") });
                    is_no_failure(tenant.post("/v1/customers", &with(&with(&seeds::retail(), own), address)))
                }
            }
        });
        let is_unique = replies[8].status == 200;
        assert!(is_unique || replies[8].status == 400, "{:?}", replies[8]);
        let found = tenant.rows("select customer_id, email_address_key as key from customers where tenant_id = {tenant} and email_address = 'One@x.example'");
        if is_unique {
            assert!(found.len() <= 1, "{found:?} {replies:?}");
            assert!(found.iter().all(|row| row["key"] == "one@x.example"), "{found:?}");
            let got = tenant.get("/v1/customers/?emailAddress=one@x.example");
            assert_eq!((got.status, got.body == "[]"), (200, found.is_empty()), "{got:?}");
        } else {
            duplicates += 1;
            assert!(found.iter().all(|row| row["key"] == Value::Null), "{found:?}");
        }
    }
    println!("{duplicates} of 20 changes came after the duplicates");
}

/// A request that the plan was changed under, or that another server received with an older plan, finds a value that was unique.
#[test]
fn a_look_up_with_an_older_plan_finds_a_value_that_is_no_longer_unique() {
    let tenant = tenant();
    tenant.get("/v1/customers/?emailAddress=riley@demo.example").succeeds(200);
    // Changed behind the cache, as another server does.
    server()
        .execute(&format!("update tenants set plan = plan || '{{\"unique\": []}}' where tenant_id = {0};", tenant.id));
    server().execute(&format!(
        "update customers set email_address_key = null, username_key = null, back_office_id_key = null, web_alias_key = null,
                tax_id_key = null where tenant_id = {}",
        tenant.id
    ));
    let found = tenant.get("/v1/customers/?emailAddress=RILEY@demo.example").succeeds(200);
    assert_ne!(found.body, "[]");
}

#[test]
fn a_password_is_reset_during_resets_of_the_tenant() {
    let tenant = tenant();
    let end = Instant::now() + duration().min(Duration::from_secs(2));
    let tally = during(
        |_, _| tenant.put("/v1/customers/3/reset-password", &json!({ "Password": "PasswordHere2" })),
        || {
            while Instant::now() < end {
                tenant.control("POST", "/reset", None).done(200);
            }
        },
    );
    assert_eq!(tally.keys().copied().collect::<Vec<_>>(), [200], "{tally:?}");
}

/// The hook that returns a BackOfficeId gets the id of the new customer, and the tenant is reset before the customer is written.
#[test]
fn a_customer_whose_id_was_reserved_before_a_reset_gets_another_one() {
    const HOOK: &str = "Associates.Enrollment.GetNewBackOfficeId";
    let (gate, count) = (std::sync::Arc::new(AtomicBool::new(false)), std::sync::Arc::new(AtomicUsize::new(0)));
    let receiver = Receiver::start({
        let (gate, count) = (std::sync::Arc::clone(&gate), std::sync::Arc::clone(&count));
        move |received| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            assert!(!token_of(received).is_empty());
            // The first request waits for the reset.
            while number == 0 && !gate.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(5));
            }
            response(200, "", &json!({ "BackOfficeId": format!("own{number}") }).to_string())
        }
    });
    let extension = json!({ "extension_token": "sent-to-it", "directscale_token": format!("reserved-{}", receiver.address.port()),
        "hooks": { HOOK: receiver.url("/hooks") } });
    let tenant = tenant_of(json!({ "extension": extension }));
    let body = |number: usize| {
        let own = json!({ "Username": format!("u{number}"), "EmailAddress": format!("u{number}@x.example"), "BackOfficeId": null });
        with(&seeds::retail(), own)
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| tenant.post("/v1/customers", &body(1)));
        while count.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        tenant.control("POST", "/reset", None).done(200);
        // Takes the id that the first request reserved.
        assert_eq!(tenant.create(&body(2)), 5);
        gate.store(true, Ordering::SeqCst);
        let first = first.join().expect("a response").succeeds(201);
        assert_eq!(first.body, "6");
    });
    assert_eq!(tenant.create(&body(3)), 7, "no id is used twice");
}

/// The tenant is deleted while a hook runs.
#[test]
fn a_request_whose_tenant_is_deleted_during_its_hook_is_rejected() {
    const HOOK: &str = "Associates.Enrollment.GetNewBackOfficeId";
    let gate = std::sync::Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::start({
        let gate = std::sync::Arc::clone(&gate);
        move |_| {
            gate.fetch_add(1, Ordering::SeqCst);
            while gate.load(Ordering::SeqCst) < 2 {
                thread::sleep(Duration::from_millis(5));
            }
            response(200, "", &json!({ "BackOfficeId": "own" }).to_string())
        }
    });
    let extension = json!({ "extension_token": "sent-to-it", "directscale_token": format!("deleted-{}", receiver.address.port()),
        "hooks": { HOOK: receiver.url("/hooks") } });
    let tenant = tenant_of(json!({ "extension": extension }));
    let name = tenant.name();
    thread::scope(|scope| {
        let request = scope.spawn(|| {
            let own = json!({ "Username": "u", "EmailAddress": "u@x.example", "BackOfficeId": null });
            tenant.post("/v1/customers", &with(&seeds::retail(), own))
        });
        while gate.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        control("DELETE", &format!("/tenants/{name}"), None).done(200);
        gate.fetch_add(1, Ordering::SeqCst);
        assert_eq!(request.join().expect("a response").status, 401);
    });
    assert_nothing_left(&tenant);
}
