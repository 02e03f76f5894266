//! Parts that run in the background: they are watched, and one tenant does not hold up the webhooks of others.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use directscale_emulator::config::ListenAddress;
use directscale_emulator::control::Access;
use directscale_emulator::gateway::ResponseOptions;
use directscale_emulator::journal::{JournalOptions, JournalPlace};
use directscale_emulator::random::Random;
use directscale_emulator::server::{Listener, Server, ServerOptions};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::restart::own_database;
use crate::support::process::Process;
use crate::support::receiver::{Receiver, response};
use crate::support::server::{database_url, server};
use crate::support::{Client, seeds, tenant, tenant_of, with};

/// Waits until a condition holds.
#[track_caller]
fn eventually(what: &str, within: Duration, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < within, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A server without a database, whose parts are the test's.
fn own_server() -> (Server, Client) {
    server().runtime.block_on(async {
        let options = ServerOptions {
            name: "test".to_owned(),
            responses: ResponseOptions { max_body_bytes: 1_000, extra_headers: false },
            cors_origin: None,
            journal: JournalOptions { place: JournalPlace::Auto, entries: 0, bytes: 0, total_bytes: 0 },
            access: Access::default(),
            body_memory_bytes: 1_000_000,
            guess_limit: 0,
            has_admin_listener: false,
        };
        let server = Server::new(options, Arc::new(Random::default())).await.expect("a server");
        let listen: ListenAddress = "127.0.0.1:0".parse().expect("an address");
        let listener = Listener::bind(&listen).await.expect("a port");
        let client = Client { address: listener.address(), key: String::new() };
        let (shutdown, serving) = listener.serve(server.clone());
        tokio::spawn(async move {
            serving.await;
            drop(shutdown);
        });
        (server, client)
    })
}

/// What `/readyz` says is missing.
fn missing(client: &Client) -> Vec<String> {
    let reply = client.get("/readyz");
    let missing: Vec<String> = serde_json::from_value(reply.json()["pending"].clone()).unwrap_or_default();
    assert_eq!(reply.status, if missing.is_empty() { 200 } else { 503 }, "{reply:?}");
    missing
}

#[test]
fn a_part_that_ends_makes_the_server_unready_and_is_started_again() {
    let (server_of_test, client) = own_server();
    assert_eq!(missing(&client), ["database", "migrations", "seed"]);
    let _inside = server().runtime.enter();
    let starts = Arc::<std::sync::atomic::AtomicUsize>::default();
    let counted = Arc::clone(&starts);
    server_of_test.supervisor().restarting("flaky part", move || {
        let number = counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move {
            assert!(number > 0, "the first run panics, on purpose");
            std::future::pending::<()>().await;
        }
    });
    let names = |name: &str| missing(&client).iter().any(|missing| missing == name);
    eventually("unready", Duration::from_millis(900), || names("flaky part"));
    eventually("ready again", Duration::from_secs(10), || !names("flaky part"));
    assert_eq!(starts.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn a_part_that_cannot_be_started_again_leaves_the_server_unready_and_is_reported() {
    let (server_of_test, client) = own_server();
    let supervisor = server_of_test.supervisor().clone();
    server().runtime.block_on(async {
        let part = supervisor.vital("vital part", async { panic!("on purpose") });
        assert_eq!(supervisor.failed().await, "vital part");
        part.await.expect("the end is no panic of its own");
    });
    assert!(missing(&client).contains(&"vital part".to_owned()), "{:?}", missing(&client));
    // At a shutdown parts may end.
    let (server_of_test, client) = own_server();
    let supervisor = server_of_test.supervisor().clone();
    supervisor.stop();
    server().runtime.block_on(async { supervisor.vital("vital part", async {}).await.expect("an end") });
    assert!(!missing(&client).contains(&"vital part".to_owned()));
}

/// A tenant in a seed file, with its own key and a subscriber.
fn seeded(name: &str, key: &str, url: &str) -> Value {
    json!({
        "name": name,
        "keys": [{ "name": name, "key": key }],
        "events": { "subscriptions": [{ "url": url, "types": ["UpdateAssociateEvent"] }], "timeout_seconds": 30 },
        "customers": (1..=20).map(|id| json!({ "id": id, "CustomerType": 2, "Username": format!("u{id}") }))
            .collect::<Vec<_>>(),
    })
}

fn key(number: usize) -> String {
    format!("{number:0>32}")
}

/// Changes customers 1 to `customers`, each of which is an event.
fn change(client: &Client, customers: usize) {
    for id in 1..=customers {
        client.patch(&format!("/v1/customers/{id}"), &json!({ "CompanyName": "Changed" })).succeeds(200);
    }
}

#[test]
fn targets_that_hang_and_a_failing_tenant_do_not_hold_up_others() {
    const HANGING: usize = 6;
    let Some(url) = database_url() else { return };
    let database = own_database(&url, "background");
    let hanging = Receiver::start(|_| {
        thread::sleep(Duration::from_mins(1));
        Vec::new()
    });
    let prompt = Receiver::start(|_| response(200, "", ""));
    let mut tenants: Vec<Value> =
        (0..HANGING).map(|number| seeded(&format!("hanging-{number}"), &key(number), &hanging.url("/"))).collect();
    tenants.push(seeded("failing", &key(90), &prompt.url("/failing")));
    tenants.push(seeded("prompt", &key(91), &prompt.url("/prompt")));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seed.json");
    std::fs::write(&path, json!({ "version": 1, "tenants": tenants }).to_string()).expect("a file");
    let process = Process::start(&["--database-url", &database, "--seed", path.to_str().expect("a path")]);
    let client = |number: usize| Client { address: process.address, key: key(number) };

    // Each statement that leases deliveries of this tenant fails.
    server().runtime.block_on(async {
        let mut connection = PgConnection::connect(&database).await.expect("a connection");
        let statements =
            "create function fail() returns trigger language plpgsql as $$ begin raise exception 'on purpose'; end $$;
            create trigger fail before update on event_deliveries for each row
              when (new.url like '%/failing') execute function fail()";
        connection.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await.expect("a trigger");
    });
    change(&client(90), 1);
    for number in 0..HANGING {
        change(&client(number), 10);
    }
    eventually("attempts hang", Duration::from_secs(10), || !hanging.received().is_empty());
    thread::sleep(Duration::from_secs(1));
    let start = Instant::now();
    change(&client(91), 20);
    let received = || prompt.received().len();
    eventually("all of the prompt tenant's events", Duration::from_secs(10), || received() == 20);
    println!("delivered within {:?}, {} attempts hang", start.elapsed(), hanging.received().len());
    assert!(prompt.received().iter().all(|event| event.path == "/prompt"));
    assert_eq!(hanging.received().len(), 2 * HANGING);
    assert!(missing(&client(91)).is_empty());
}

#[test]
fn events_that_wait_for_an_earlier_one_do_not_hold_up_other_customers() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let subscriptions = json!([{ "url": receiver.url("/"), "types": ["UpdateAssociateEvent"] }]);
    let tenant = tenant_of(json!({ "events": { "subscriptions": subscriptions } }));
    // 500 events of one customer, of which the first is retried in an hour.
    let url = receiver.url("/");
    server().execute(&format!(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state,
                                       attempts, due_at)
         select {}, gen_random_uuid(), '{url}', 3, n, 'UpdateAssociateEvent', n::text, 'test', now(), 'pending',
                case n when 1 then 1 else 0 end, now() + case n when 1 then interval '1 hour' else interval '-1 hour' end
           from generate_series(1, 500) n",
        tenant.id
    ));
    tenant.patch("/v1/customers/4", &json!({ "FirstName": "Prompt" })).succeeds(200);
    eventually("the other customer's event", Duration::from_secs(20), || receiver.received().len() == 1);
    let due = || {
        tenant
            .rows("select 1 from event_deliveries where tenant_id = {tenant} and state = 'pending' and due_at <= now()")
    };
    eventually("those that wait are not read again", Duration::from_secs(20), || due().is_empty());
    let first =
        tenant.rows("select id from event_deliveries where tenant_id = {tenant} and sequence = 1 and customer_id = 3");
    let id = first[0]["id"].as_str().expect("an id").to_owned();
    tenant.control("POST", &format!("/webhooks/{id}/resend"), None).done(200);
    eventually("all of them", Duration::from_mins(1), || receiver.received().len() == 501);
    let bodies: Vec<String> = receiver.received()[1..].iter().map(|event| event.body.clone()).collect();
    assert_eq!(bodies, (1..=500).map(|n| n.to_string()).collect::<Vec<_>>(), "in order");
}

#[test]
fn a_clock_set_back_leaves_nothing_waiting() {
    let count = Arc::<std::sync::atomic::AtomicUsize>::default();
    let receiver = Receiver::start(move |_| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => response(500, "", "not now"),
        _ => response(200, "", ""),
    });
    let subscriptions = json!([{ "url": receiver.url("/"), "types": ["UpdateAssociateEvent"] }]);
    let tenant = tenant_of(json!({
        "events": { "subscriptions": subscriptions, "retry_seconds": [3_600] },
        "plan": { "rate_limit": { "calls": 6, "renewal_seconds": 60 } }
    }));
    let set = |verb: &str, body: Value| tenant.control("POST", &format!("/clock/{verb}"), Some(&body)).done(200);
    set("freeze", json!({ "at": "2040-01-01T00:00:00Z" }));
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    let link = tenant.get("/v1/sso/2").succeeds(200).body;
    let token = link.trim_matches('"').rsplit('=').next().expect("a token").to_owned();
    let attempts = || tenant.rows("select 1 from event_attempts where tenant_id = {tenant}").len();
    eventually("the first attempt", Duration::from_secs(20), || attempts() == 1);

    set("set", json!({ "at": "2030-01-01T00:00:00Z" }));
    let redeem = || tenant.get(&format!("/v1/sso?token={token}")).status;
    let valid = redeem();
    set("advance", json!({ "seconds": 61 }));
    assert_ne!(redeem(), valid, "its minute is over");
    assert_eq!(attempts(), 1, "its hour is not");
    set("advance", json!({ "seconds": 3_600 * 11 / 10 }));
    eventually("the second attempt", Duration::from_secs(20), || attempts() == 2);
    // The window of the rate limit began at the earlier time.
    (0..5).for_each(|_| drop(tenant.get("/v1/customers/3").succeeds(200)));
}

#[test]
fn tokens_of_a_frozen_clock_do_not_pile_up() {
    let tenant = tenant();
    tenant.control("POST", "/clock/freeze", Some(&json!({ "at": "2030-01-01T00:00:00Z" }))).done(200);
    server().execute(&format!(
        "insert into sso_tokens (tenant_id, digest, customer_id, expires_at)
         select {}, sha256(n::text::bytea), 2, '2030-01-01T00:01:00Z' from generate_series(1, 10050) n",
        tenant.id
    ));
    tenant.get("/v1/sso/2").succeeds(200);
    assert_eq!(tenant.rows("select count(*) from sso_tokens where tenant_id = {tenant}"), [json!({ "count": 10_000 })]);
}

#[test]
fn deliveries_that_ended_are_bounded() {
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let subscriptions = json!([{ "url": receiver.url("/"), "types": ["UpdateAssociateEvent"] }]);
    let tenant = tenant_of(json!({ "events": { "subscriptions": subscriptions } }));
    tenant.create(&with(&seeds::retail(), json!({})));
    server().execute(&format!(
        "insert into event_deliveries (tenant_id, id, url, customer_id, sequence, event_type, body, caller, created_at, state, due_at)
         select {}, gen_random_uuid(), 'http://x.example/', 2, n, 'UpdateAssociateEvent', '', '', now() - interval '1 hour', 'failed', now()
           from generate_series(1, 10100) n",
        tenant.id
    ));
    tenant.patch("/v1/customers/3", &json!({ "FirstName": "A" })).succeeds(200);
    let ended =
        || tenant.rows("select 1 from event_deliveries where tenant_id = {tenant} and state <> 'pending'").len();
    eventually("the oldest are deleted", Duration::from_secs(150), || ended() <= 10_000);
}
