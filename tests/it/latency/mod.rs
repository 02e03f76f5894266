//! Requests stay as fast as before, and see complete data, while tenants are filled, copied, restored and deleted.

mod database;
mod growth;
mod measured;
mod populations;
mod resets;
mod speed;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use directscale_emulator::database::{Database, DatabaseOptions, EmbeddedPostgres, LoginSource};
use serde_json::{Value, json};
use sqlx::{Executor as _, Row as _};

use crate::support::Client;
use crate::support::process::Process;
use crate::support::server::{server, timeouts};

/// Tests that measure durations hold it exclusively. Tests that load the machine share it.
static MACHINE_LOCK: RwLock<()> = RwLock::new(());

fn exclusive() -> RwLockWriteGuard<'static, ()> {
    MACHINE_LOCK.write().unwrap_or_else(PoisonError::into_inner)
}

fn shared() -> RwLockReadGuard<'static, ()> {
    MACHINE_LOCK.read().unwrap_or_else(PoisonError::into_inner)
}

fn start_embedded(folder: &tempfile::TempDir) -> Process {
    Process::start(&["--data", folder.path().join("data").to_str().expect("a path")])
}

fn admin(process: &Process, method: &str, path: &str, body: Option<&Value>) -> Value {
    let client = Client { address: process.address, key: String::new() };
    let bytes = crate::support::control::as_request(method, path, "", body);
    let reply = client.raw(&bytes);
    assert!((200..300).contains(&reply.status), "{method} {path}: {reply:?}");
    if reply.body.is_empty() { Value::Null } else { reply.json() }
}

fn population(size: usize, seed: u32) -> Value {
    json!({ "population": { "distributors": size / 10, "retail": size - size / 10, "random_seed": seed } })
}

fn key(created: &Value) -> String {
    created["key"].as_str().expect("a key").to_owned()
}

/// Starts a task and returns its path.
fn begin(process: &Process, method: &str, path: &str, body: Option<&Value>) -> String {
    let bytes = crate::support::control::as_request(method, path, "Prefer: respond-async\r\n", body);
    let response = Client { address: process.address, key: String::new() }.raw(&bytes);
    assert_eq!(response.status, 202, "{response:?}");
    response.header("Location").expect("a task").trim_start_matches("/_emulator").to_owned()
}

/// Waits until the task has written this number of customers.
fn wait_for_rows(process: &Process, task: &str, rows: u64) {
    loop {
        let status = admin(process, "GET", task, None);
        assert_eq!(status["state"], "running", "{status}");
        if status["step"] == "customers" && status["done"].as_u64() >= Some(rows) {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Runs statements in an embedded database that no process uses, and returns the number that the last one returns.
fn in_folder(folder: &tempfile::TempDir, statements: &'static str) -> i64 {
    let embedded = EmbeddedPostgres::open(&folder.path().join("data")).expect("a database");
    let url = embedded.url();
    let options =
        DatabaseOptions { url, login: LoginSource::Url, connections: 1, timeouts: timeouts(), is_embedded: true };
    let number = server().runtime.block_on(async {
        let database = Database::new(&options).expect("a database");
        let mut session = database.session().await.expect("a connection");
        let rows = session.connection().fetch_all(sqlx::raw_sql(statements)).await;
        let rows = session.end(rows).expect(statements);
        database.close();
        rows.last().map_or(0, |row| row.get::<i64, _>(0))
    });
    drop(embedded);
    number
}
