//! The database as a whole: a database that is silent, read-only, full or loses connections, tenants that use more than their
//! share of it, other programs' tables, and several versions of this program.

mod embedded;
mod failover;
mod logins;
mod outages;
mod own_tables;
mod released_schemas;
mod shares;
mod starts;
mod tls;
mod versions;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::control::as_request;
use crate::support::process::Process;
use crate::support::server::on_real_postgres;
use crate::support::session::{connect, query};
use crate::support::{Client, Reply};

/// Timeouts of one second each, for a server that a test starts.
const QUICK: [&str; 6] = [
    "--database-acquire-timeout-ms",
    "1000",
    "--database-statement-timeout-ms",
    "1000",
    "--database-lock-timeout-ms",
    "1000",
];

/// The stated limit under `QUICK` (acquire, statement and one second, together three), and a second for a busy machine.
const BOUND: Duration = Duration::from_secs(4);

/// False, with a message, where a test's Postgres cannot be started.
fn has_clusters() -> bool {
    let has = on_real_postgres() && Cluster::programs().is_some();
    if !has {
        println!("not run: it needs its own Postgres server");
    }
    has
}

fn start(url: &str, arguments: &[&str]) -> Process {
    Process::start(&[&["--database-url", url, "--seed", "demo"], arguments].concat())
}

fn admin(process: &Process, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let client = Client { address: process.address, key: String::new() };
    client.raw(&as_request(method, path, "", body))
}

/// Another tenant of the server, with the customers of `demo`.
fn other_tenant(process: &Process, name: &str) -> Client {
    let forked = admin(process, "POST", "/tenants/demo/fork", Some(&json!({ "name": name }))).done(201);
    Client { address: process.address, key: forked["key"].as_str().expect("a key").to_owned() }
}

/// The gateway's 500, in its exact bytes.
#[track_caller]
fn assert_failed(reply: &Reply) {
    assert_eq!(reply.status, 500, "{reply:?}");
    let activity = reply.json()["activityId"].as_str().expect("an id").to_owned();
    let body = format!(r#"{{ "statusCode": 500, "message": "Internal server error", "activityId": "{activity}" }}"#);
    assert_eq!(reply.body, body);
}

/// Waits until no connection is in use, and so none is lost.
fn wait_until_idle(process: &Process) {
    let client = process.client();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let metrics = client.get("/metrics").metrics();
        if metrics.lines().any(|line| line == "emulator_database_connections_in_use 0") {
            return;
        }
        assert!(Instant::now() < deadline, "{metrics}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// What callers saw.
#[derive(Debug, Default)]
struct Seen {
    succeeded: usize,
    failed: usize,
    slowest: Duration,
    /// The last first names that were acknowledged, by customer, and all sent after them.
    names: Vec<Vec<String>>,
}

/// Runs `trouble` while callers write and read. Each request is answered with 200 or with the gateway's 500.
fn under_traffic(client: &Client, trouble: impl FnOnce()) -> Seen {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|customer| {
                let (client, stop) = (client, &stop);
                scope.spawn(move || {
                    let (mut seen, mut names) = (Seen::default(), vec![String::new()]);
                    let path = format!("/v1/customers/{}", customer % 2 + 2);
                    for number in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let start = Instant::now();
                        let name = format!("N{number}");
                        let reply = if customer < 2 {
                            client.patch(&path, &json!({ "FirstName": name }))
                        } else {
                            client.get(&path)
                        };
                        seen.slowest = seen.slowest.max(start.elapsed());
                        if reply.status == 200 {
                            seen.succeeded += 1;
                            names.clear();
                        } else {
                            assert_failed(&reply);
                            seen.failed += 1;
                            thread::sleep(Duration::from_millis(5));
                        }
                        names.push(name);
                    }
                    if customer < 2 {
                        seen.names.push(names);
                    }
                    seen
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(300));
        trouble();
        stop.store(true, Ordering::Relaxed);
        callers.into_iter().map(|caller| caller.join().expect("a caller")).fold(Seen::default(), |mut all, one| {
            all.succeeded += one.succeeded;
            all.failed += one.failed;
            all.slowest = all.slowest.max(one.slowest);
            all.names.extend(one.names);
            all
        })
    })
}

/// No acknowledged write is missing. A write that failed may be stored or not.
fn assert_nothing_lost(client: &Client, seen: &Seen) {
    for (names, customer) in seen.names.iter().zip([2, 3]) {
        let stored = client.customer(customer)["FirstName"].as_str().expect("a name").to_owned();
        assert!(names.contains(&stored), "{stored} is stored, after {names:?}");
    }
}
