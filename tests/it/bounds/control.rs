//! The longest lists, forms and tasks of the control API.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::restart::own_database;
use crate::support::control::{as_request, control};
use crate::support::http::request;
use crate::support::process::Process;
use crate::support::server::{database_url, on_real_postgres, server};
use crate::support::{Client, tenant};

#[test]
fn a_list_of_requests_has_a_maximum_number_and_size() {
    if !on_real_postgres() {
        return;
    }
    let url = own_database(&database_url().expect("Postgres"), "listed");
    let process = Process::start(&["--database-url", &url, "--journal-entries", "1300", "--journal-bytes", "20000000"]);
    let client = Client { address: process.address, key: String::new() };
    let listed = || {
        let path = "/unauthenticated-requests?limit=1000000";
        let requests = client.raw(&as_request("GET", path, "", None)).done(200);
        requests.as_array().expect("requests").clone()
    };
    for _ in 0..1_010 {
        assert_eq!(client.raw(&request("GET", "/x", "", None)).status, 404);
    }
    assert_eq!(listed().len(), 1_000);
    // Of each, 16 KiB of the path and 32 KiB of the headers are kept.
    let path = format!("/{}", "x".repeat(17_000));
    let headers = format!("A: {}\r\n", "x".repeat(1_300)).repeat(24);
    for _ in 0..250 {
        assert_eq!(client.raw(&request("GET", &path, &headers, None)).status, 404);
    }
    let requests = listed();
    let bytes = Value::from(requests.clone()).to_string().len();
    // 8 MiB in memory are a little less as JSON.
    assert!((4_000_000..8_400_000).contains(&bytes), "{} requests, {bytes} bytes", requests.len());
    assert!(requests.len() < 250, "{}", requests.len());
    let numbers: Vec<i64> = requests.iter().filter_map(|request| request["number"].as_i64()).collect();
    assert!(numbers.len() == requests.len() && numbers.is_sorted_by(|one, next| *one == next + 1), "the newest first");
    assert_eq!(numbers[0], 1_260);
}

#[test]
fn a_diff_lists_a_maximum_size_and_counts_all() {
    let tenant = tenant();
    tenant.control("PUT", "/snapshots/before", None).done(200);
    // Of each value, 16 KiB are listed.
    server().execute(&format!(
        "insert into customer_profiles (tenant_id, customer_id, owner, fields)
         select {}, 1000 + n, 'storm', jsonb_build_object('a', repeat('x', 20000)) from generate_series(1, 1200) n",
        tenant.id
    ));
    let name = tenant.name();
    let reply = control("GET", &format!("/diff?from={name}@before&to={name}&limit=5000"), None);
    let bytes = reply.body.len();
    let diff = reply.done(200);
    assert_eq!((&diff["differing"], &diff["tables"][0]["differing"]), (&json!(1_200), &json!(1_200)));
    let rows = diff["tables"][0]["rows"].as_array().map_or(0, Vec::len);
    assert!((950..1_050).contains(&rows) && bytes < 18_000_000, "{rows} rows, {bytes} bytes");
}

#[test]
fn a_form_of_the_inspector_has_a_maximum_size() {
    const MAX: usize = 16 * 1024 * 1024;
    let tenant = tenant();
    tenant.get("/v1/customers/3").succeeds(200);
    let path = format!("/_emulator/t/{}/requests/clear", tenant.name());
    let send = |length: usize, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}");
        tenant.client.raw(format!("{head}\r\n\r\n{body}").as_bytes()).status
    };
    assert_eq!(send(MAX + 1, ""), 413, "the body is not awaited");
    assert_eq!(tenant.requests("").len(), 1, "nothing was deleted");
    assert_eq!(send(MAX, &"x".repeat(MAX)), 303);
    assert_eq!(tenant.requests("").len(), 0);
}

#[test]
fn a_transaction_of_a_task_has_a_maximum_duration() {
    if !on_real_postgres() {
        return;
    }
    let url = own_database(&database_url().expect("Postgres"), "long_task");
    let process = Process::start(&["--database-url", &url, "--seed", "demo", "--database-task-timeout-ms", "1000"]);
    let client = process.client();
    client.patch("/v1/customers/3", &json!({ "FirstName": "Changed" })).succeeds(200);
    let before = client.customer(3);
    let reset = || client.raw(&as_request("POST", "/tenants/demo/reset", "", None));
    let runtime = &server().runtime;
    let mut session = runtime.block_on(PgConnection::connect(&url)).expect("a connection");
    let mut run = |statement: &'static str| {
        runtime.block_on(session.execute(sqlx::raw_sql(statement))).expect("a result");
    };
    run("begin; select pg_advisory_xact_lock(tenant_lock_key(), tenant_id) from tenants where name = 'demo'");
    let start = Instant::now();
    assert_eq!(reset().problem(500), "the database failed; the server's log says why");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    run("rollback");
    assert_eq!(client.customer(3), before, "nothing changed");
    reset().done(200);
    assert_ne!(client.customer(3), before);
}
