//! What one tenant does, others do not notice.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{QUICK, admin, assert_failed, connect, has_clusters, other_tenant, query, start, wait_until_idle};
use crate::restart::own_database;
use crate::support::Client;
use crate::support::http::request;
use crate::support::process::Process;
use crate::support::server::database_url;

/// At once, on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(900);

/// A server on a database of its own, with a second tenant.
struct Shared {
    url: String,
    process: Process,
    other: Client,
}

impl Shared {
    fn start(purpose: &str, arguments: &[&str]) -> Self {
        let url = own_database(&database_url().expect("a server"), purpose);
        let process = start(&url, arguments);
        let other = other_tenant(&process, "other");
        Self { url, process, other }
    }

    /// Requests of the other tenant, the control API and health checks are answered at once.
    fn assert_others_are_served(&self) {
        let served = |what: &str, work: &dyn Fn() -> u16| {
            let asked = Instant::now();
            assert_eq!(work(), 200, "{what}");
            assert!(asked.elapsed() < AT_ONCE, "{what}: {:?}", asked.elapsed());
        };
        served("a write", &|| self.other.patch("/v1/customers/3", &json!({ "FirstName": "Served" })).status);
        served("a read", &|| self.other.get("/v1/customers/3").status);
        served("readiness", &|| self.other.get("/readyz").status);
        served("the control API", &|| admin(&self.process, "GET", "/tenants", None).status);
    }
}

#[test]
fn a_delay_inside_the_transaction_slows_only_its_own_tenant() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("inside", &["--database-acquire-timeout-ms", "1000"]);
    let rule = json!({ "operation": "*", "point": "inside", "delay_ms": 4_000 });
    let fault = admin(&shared.process, "POST", "/tenants/demo/faults", Some(&rule)).done(201)["id"].clone();
    let client = shared.process.client();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|number| {
                let client = &client;
                scope.spawn(move || client.get(&format!("/v1/customers/{}", number % 2 + 2)))
            })
            .collect();
        thread::sleep(Duration::from_millis(700));
        shared.assert_others_are_served();
        let asked = Instant::now();
        admin(&shared.process, "DELETE", &format!("/tenants/demo/faults/{fault}"), None).done(204);
        assert!(asked.elapsed() < AT_ONCE, "the fault is disarmed at once: {:?}", asked.elapsed());
        // A quarter of the pool is held; the others waited for it in vain.
        let statuses: Vec<u16> = callers.into_iter().map(|caller| caller.join().expect("a reply").status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 500).count(), 6, "{statuses:?}");
    });
    client.get("/v1/customers/3").succeeds(200);
    wait_until_idle(&shared.process);
}

#[test]
fn two_greedy_tenants_do_not_slow_a_third() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("greedy", &["--database-acquire-timeout-ms", "1000"]);
    let greedy = [shared.process.client(), other_tenant(&shared.process, "greedy")];
    let rule = json!({ "operation": "*", "point": "inside", "delay_ms": 4_000 });
    for name in ["demo", "greedy"] {
        admin(&shared.process, "POST", &format!("/tenants/{name}/faults"), Some(&rule)).done(201);
    }
    thread::scope(|scope| {
        for client in &greedy {
            for number in 0..8 {
                scope.spawn(move || client.get(&format!("/v1/customers/{}", number % 2 + 2)));
            }
        }
        thread::sleep(Duration::from_millis(700));
        shared.assert_others_are_served();
    });
    wait_until_idle(&shared.process);
}

#[test]
fn two_tenants_that_wait_for_locks_do_not_slow_a_third() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("two_locked", &QUICK);
    let locked = [shared.process.client(), other_tenant(&shared.process, "second")];
    let mut sessions = [lock(&shared, "demo"), lock(&shared, "second")];
    thread::scope(|scope| {
        for client in &locked {
            for _ in 0..8 {
                scope.spawn(|| client.patch("/v1/customers/3", &json!({ "FirstName": "Waited" })));
            }
        }
        thread::sleep(Duration::from_millis(300));
        shared.assert_others_are_served();
    });
    for session in &mut sessions {
        query(session, "rollback");
    }
    wait_until_idle(&shared.process);
}

#[test]
fn changes_of_a_locked_tenant_are_told_to_try_again_and_leave_others_alone() {
    if !has_clusters() {
        return;
    }
    // Below the timeout of a statement, so that it is the lock that ends the wait.
    let shared = Shared::start("control", &["--database-lock-timeout-ms", "1000"]);
    let before = admin(&shared.process, "GET", "/tenants/demo/plan", None).body;
    let mut session = lock(&shared, "demo");
    thread::scope(|scope| {
        let changes: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let at = json!({ "at": "2030-01-31T12:00:00Z" });
                    admin(&shared.process, "POST", "/tenants/demo/clock/freeze", Some(&at))
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        assert_eq!(shared.other.get("/readyz").status, 200);
        admin(&shared.process, "GET", "/tenants", None).done(200);
        let at = json!({ "at": "2030-01-31T12:00:00Z" });
        admin(&shared.process, "POST", "/tenants/other/clock/freeze", Some(&at)).done(200);
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
        let replies: Vec<_> = changes.into_iter().map(|change| change.join().expect("a reply")).collect();
        let told = |reply: &crate::support::Reply| reply.status == 409 && reply.body.contains("try again");
        // The others found no connection in time.
        assert!(replies.iter().filter(|reply| told(reply)).count() >= 2, "{replies:?}");
    });
    query(&mut session, "rollback");
    assert_eq!(admin(&shared.process, "GET", "/tenants/demo/plan", None).body, before);
}

#[test]
fn tokens_of_a_locked_tenant_do_not_stop_the_look_ups_of_others() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("tokens", &["--database-acquire-timeout-ms", "1000"]);
    let key = json!({ "name": "client", "kind": "oauth-client" });
    let made = admin(&shared.process, "POST", "/tenants/demo/keys", Some(&key)).done(201);
    let (id, secret) = (made["account"].as_str().expect("an id"), made["key"].as_str().expect("a secret"));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let bytes = format!(
        "POST /1.0/connect/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut session = lock(&shared, "demo");
    let streams: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(shared.process.address).expect("a connection");
            stream.write_all(bytes.as_bytes()).expect("sent");
            stream
        })
        .collect();
    // Longer than a credential is cached.
    thread::sleep(Duration::from_millis(700));
    shared.assert_others_are_served();
    query(&mut session, "rollback");
    for mut stream in streams {
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("a reply");
        // The share of the tenant serves some; the others waited for it in vain.
        assert!(reply.starts_with("HTTP/1.1 "), "{reply}");
    }
    wait_until_idle(&shared.process);
}

/// Locks the tenant `demo` as a reset does, and its rows.
fn lock_demo(shared: &Shared) -> sqlx::PgConnection {
    lock(shared, "demo")
}

/// Locks a tenant as a reset does, and its rows.
fn lock(shared: &Shared, name: &str) -> sqlx::PgConnection {
    let mut session = connect(&shared.url);
    let tenant = format!("(select tenant_id from tenants where name = '{name}')");
    let lock = format!(
        "begin; select pg_advisory_xact_lock(tenant_lock_key(), {tenant});
         select from customers where tenant_id = {tenant} for update"
    );
    query(&mut session, &lock);
    session
}

#[test]
fn writers_that_wait_for_a_lock_slow_only_their_own_tenant() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("locked", &QUICK);
    let client = shared.process.client();
    let before = client.customer(3);
    let mut session = lock_demo(&shared);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| client.patch("/v1/customers/3", &json!({ "FirstName": "Waited" }))))
            .collect();
        thread::sleep(Duration::from_millis(300));
        shared.assert_others_are_served();
        for writer in writers {
            assert_failed(&writer.join().expect("a reply"));
        }
    });
    assert_eq!(client.customer(3), before, "nothing changed");
    query(&mut session, "rollback");
    client.patch("/v1/customers/3", &json!({ "FirstName": "After" })).succeeds(200);
    wait_until_idle(&shared.process);
}

#[test]
fn a_client_that_hangs_up_ends_its_statement() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("hung_up", &[]);
    let mut session = lock_demo(&shared);
    let mut observer = connect(&shared.url);
    let waiting = "select count(*)::text from pg_stat_activity
                    where application_name = 'directscale-emulator' and wait_event_type = 'Lock'";
    let headers = format!("Ocp-Apim-Subscription-Key: {}\r\n", shared.process.client().key);
    let bytes = request("PATCH", "/v1/customers/3", &headers, Some(r#"{"FirstName":"Gone"}"#));
    for _ in 0..3 {
        let streams: Vec<TcpStream> = (0..8)
            .map(|_| {
                let mut stream = TcpStream::connect(shared.process.address).expect("a connection");
                stream.write_all(&bytes).expect("sent");
                stream
            })
            .collect();
        let deadline = Instant::now() + Duration::from_secs(5);
        while query(&mut observer, waiting).as_deref() != Some("5") {
            assert!(Instant::now() < deadline, "half of the pool waits for the lock");
            thread::sleep(Duration::from_millis(20));
        }
        drop(streams);
        shared.assert_others_are_served();
        // The same tenant is served soon, although the lock is still held: reads do not need it.
        let asked = Instant::now();
        shared.process.client().get("/v1/customers/3").succeeds(200);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        let deadline = Instant::now() + Duration::from_secs(2);
        while query(&mut observer, waiting).as_deref() != Some("0") {
            assert!(Instant::now() < deadline, "Postgres canceled the statements");
            thread::sleep(Duration::from_millis(20));
        }
    }
    query(&mut session, "rollback");
    assert_ne!(shared.process.client().customer(3)["FirstName"], "Gone");
    wait_until_idle(&shared.process);
}

/// The hashes queue, one per core. Meanwhile a dry run uses no connection.
#[test]
fn a_login_holds_no_connection_while_it_verifies_a_password() {
    if !has_clusters() {
        return;
    }
    let shared = Shared::start("hashed", &["--password-cost", "owasp"]);
    let client = shared.process.client();
    let in_use = || {
        let metrics = client.get("/metrics").metrics();
        let line =
            metrics.lines().find(|line| line.starts_with("emulator_database_connections_in_use ")).expect("a line");
        line.rsplit(' ').next().and_then(|number| number.parse::<u32>().ok()).expect("a number")
    };
    let headers = format!("Ocp-Apim-Subscription-Key: {}\r\nPrefer: tx=rollback\r\n", client.key);
    let body = r#"{"username":"nobody at all","password":"wrong"}"#;
    let bytes = request("POST", "/v1/validate/login", &headers, Some(body));
    let mut streams: Vec<TcpStream> = (0..24)
        .map(|_| {
            let mut stream = TcpStream::connect(shared.process.address).expect("a connection");
            stream.write_all(&bytes).expect("sent");
            stream
        })
        .collect();
    let mut samples = Vec::new();
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            for stream in &mut streams {
                let mut reply = String::new();
                stream.read_to_string(&mut reply).expect("a reply");
                assert!(reply.starts_with("HTTP/1.1 400"), "{reply}");
            }
        });
        while !reading.is_finished() {
            samples.push(in_use());
            thread::sleep(Duration::from_millis(10));
        }
    });
    let idle = samples.iter().filter(|in_use| **in_use == 0).count();
    assert!(samples.len() > 5 && idle * 2 > samples.len(), "{samples:?}");
}
