//! Several servers on one database, each a process.

mod changes;
mod metrics;
mod operations;
mod silent;
mod start;

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::control::as_request;
use crate::support::database::OwnDatabase;
use crate::support::process::{Process, program};
use crate::support::{Client, Reply};

/// A database of one test, with the demo tenant; `None` on the embedded database.
fn database(purpose: &str) -> Option<OwnDatabase> {
    let database = OwnDatabase::create(purpose);
    if database.is_none() {
        println!("not run: it needs a Postgres server");
    }
    database
}

/// A server of a database, with this name.
fn start(database: &OwnDatabase, name: &str) -> Process {
    Process::start_as(program(&arguments(&database.url, name)), "127.0.0.1:0")
}

fn arguments<'a>(url: &'a str, name: &'a str) -> [&'a str; 6] {
    ["--database-url", url, "--seed", "demo", "--server-name", name]
}

/// A request to the control API of one server.
fn control(server: &Process, method: &str, path: &str, body: Option<&Value>) -> Reply {
    Client { address: server.address, key: String::new() }.raw(&as_request(method, path, "", body))
}

/// A change that all servers must know when it is answered. Returns how long the answer took.
#[track_caller]
fn change(server: &Process, method: &str, path: &str, body: Option<&Value>) -> Duration {
    let begun = Instant::now();
    let reply = control(server, method, path, body);
    let took = begun.elapsed();
    assert!((200..300).contains(&reply.status), "{reply:?}");
    assert_eq!(reply.header("X-Emulator-Pending"), None, "{reply:?}");
    took
}

/// The names of the live servers, as one of them knows them.
fn names(server: &Process) -> Vec<String> {
    let status = control(server, "GET", "/status", None).done(200);
    let servers = status["servers"].as_array().expect("servers");
    servers.iter().map(|server| server["name"].as_str().expect("a name").to_owned()).collect()
}

/// Waits until something is so.
#[track_caller]
fn eventually(limit: Duration, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < limit, "not within {limit:?}");
        thread::sleep(Duration::from_millis(20));
    }
}
