//! Medians of requests before and after the data of the same or another tenant is written, on this run's kind of database.
//! `LATENCY_CUSTOMERS=100000` generates more customers; `-- --nocapture` shows the table.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use directscale_emulator::server::Origin;
use serde_json::json;

use super::measured::{MACHINE, MeasuredTenant, Medians, REQUESTS};
use super::{admin, exclusive, key, population, start_embedded};
use crate::restart::own_database;
use crate::support::process::{DEMO_KEY, Process, program};
use crate::support::server::server;
use crate::support::{Client, seeds, with};

#[test]
fn requests_stay_fast_through_populations_forks_resets_and_seeds() {
    let _guard = exclusive();
    let size = size();
    let (process, _folder) = start("latency");
    let demo = process.client();
    // Every statement is planned now, with few rows.
    let mut small = MeasuredTenant::new(&process, DEMO_KEY, 2, vec![]);
    for operation in small.operations().iter().filter(|operation| *operation != "upgrade") {
        small.measure(operation);
    }
    let retail: Vec<i64> = (0..REQUESTS * 16)
        .map(|number| {
            let changes = json!({ "Username": format!("r{number}"), "EmailAddress": format!("r{number}@x.example") });
            demo.create(&with(&seeds::retail(), changes))
        })
        .collect();
    let mut old = MeasuredTenant::new(&process, DEMO_KEY, 2, retail);
    old.medians();
    let before = old.medians();
    let mut table: Vec<(&str, Medians)> = vec![("before", before.clone())];
    let mut search = vec![old.measure("search")];

    let created = admin(&process, "POST", "/tenants", Some(&json!({ "name": "large", "seed": population(size, 1) })));
    let mut large = MeasuredTenant::population(&process, &key(&created), 1, size);
    table.push(("population: old", old.is_as_fast_as(&before, "next to a population")));
    table.push(("population: new", large.is_as_fast_as(&before, "in a population")));
    search.push(large.measure("search"));

    let created = admin(&process, "POST", "/tenants/large/fork", Some(&json!({ "name": "fork" })));
    let mut fork = MeasuredTenant::population(&process, &key(&created), 1, size);
    fork.upgradable.clone_from(&large.upgradable);
    table.push(("fork: old", old.is_as_fast_as(&before, "next to a fork")));
    table.push(("fork: new", fork.is_as_fast_as(&before, "in a fork")));

    admin(&process, "POST", "/tenants/large/reset", None);
    let mut large = MeasuredTenant::population(&process, &large.client.key, 1, size);
    table.push(("reset: old", old.is_as_fast_as(&before, "next to a reset")));
    table.push(("reset: new", large.is_as_fast_as(&before, "after a reset")));

    let created = admin(&process, "POST", "/tenants", Some(&json!({ "name": "seeded" })));
    admin(&process, "PUT", "/tenants/seeded/seed", Some(&population(size, 2)));
    let mut seeded = MeasuredTenant::population(&process, &key(&created), 1, size);
    table.push(("seed: old", old.is_as_fast_as(&before, "next to a seed")));
    table.push(("seed: new", seeded.is_as_fast_as(&before, "in a seeded tenant")));
    search.push(seeded.measure("search"));

    println!("\np50 in ms, {size} customers, {:?}\n", server().origin_name());
    println!("| request | {} |", table.iter().map(|(stage, _)| *stage).collect::<Vec<_>>().join(" | "));
    println!("| --- |{}", " --- |".repeat(table.len()));
    for operation in old.operations() {
        let cells: Vec<String> = table.iter().map(|(_, medians)| in_milliseconds(medians[&operation])).collect();
        println!("| {operation} | {} |", cells.join(" | "));
    }
    println!("search, which reads every customer: {:?}", search.into_iter().map(in_milliseconds).collect::<Vec<_>>());
}

fn size() -> usize {
    std::env::var("LATENCY_CUSTOMERS").map_or(10_000, |size| size.parse().expect("a number of customers"))
}

/// A server on a new database of the run's kind; the folder has an embedded one.
fn start(purpose: &str) -> (Process, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let process = match &server().origin {
        Origin::Embedded(_) => start_embedded(&folder),
        Origin::Server(url) => Process::start(&["--database-url", &own_database(url, purpose), "--seed", "demo"]),
    };
    (process, folder)
}

fn in_milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

/// Over TCP with delayed acknowledgments, each response of the embedded database once took 44 ms after the first population. The
/// server uses a Unix socket, or TCP where no path is short enough for one.
#[test]
fn the_embedded_database_stays_fast_after_a_population() {
    let _guard = exclusive();
    for temporary in ["short", &"long".repeat(25)] {
        let folder = tempfile::tempdir().expect("a folder");
        let temporary = folder.path().join(temporary);
        std::fs::create_dir(&temporary).expect("a folder");
        let data = folder.path().join("data");
        let mut program = program(&["--data", data.to_str().expect("a path")]);
        program.env("TMPDIR", &temporary);
        let process = Process::start_as(program, "127.0.0.1:0");
        let sockets = std::fs::read_dir(&temporary).expect("a folder").count();
        assert_eq!(sockets, usize::from(temporary.as_os_str().len() < 90), "{}", temporary.display());

        let mut demo = MeasuredTenant::new(&process, DEMO_KEY, 2, vec![]);
        demo.measure("GET by id");
        let before = ["GET by id", MACHINE].map(|operation| (operation.to_owned(), demo.measure(operation))).into();
        admin(&process, "POST", "/tenants", Some(&json!({ "name": "large", "seed": population(10, 1) })));
        demo.operation_is_as_fast_as(&before, "after a population", "GET by id");
        process.signal("TERM");
        assert!(process.wait().success());
        assert_eq!(std::fs::read_dir(&temporary).expect("a folder").count(), 0, "all files are deleted");
    }
}

#[test]
fn other_tenants_are_served_while_a_large_tenant_is_written_copied_and_deleted() {
    let _guard = exclusive();
    let folder = tempfile::tempdir().expect("a folder");
    let process = start_embedded(&folder);
    let mut demo = MeasuredTenant::new(&process, DEMO_KEY, 2, vec![]);
    let size = 20_000;
    let large = json!({ "name": "large", "seed": population(size, 1), "key": OWN_KEY });
    for (method, path, body) in [
        ("POST", "/tenants", Some(large)),
        ("POST", "/tenants/large/reset", None),
        ("GET", "/tenants/large/export?format=json", None),
        ("GET", "/diff?from=large@seed&to=large", None),
        ("PUT", "/tenants/large/snapshots/kept", None),
        ("POST", "/tenants/large/fork", Some(json!({ "name": "fork" }))),
        ("PUT", "/tenants/large/seed", Some(population(size, 2))),
        ("POST", "/tenants/large/snapshots/kept/restore", None),
        ("DELETE", "/tenants/large/snapshots/kept", None),
        ("DELETE", "/tenants/fork", None),
    ] {
        let mut waits = Vec::new();
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let done = std::panic::catch_unwind(|| admin(&process, method, path, body.as_ref()));
                is_done.store(true, Ordering::Relaxed);
                drop(done.expect("the work"));
            });
            if path != "/tenants" {
                // Its own requests wait and never see incomplete data.
                scope.spawn(|| own_requests(&process, size, &is_done));
            }
            while !is_done.load(Ordering::Relaxed) {
                waits.push(demo.send("GET", "/v1/customers/3", None));
                let listed = admin(&process, "GET", "/tenants", None);
                assert!(listed.as_array().expect("tenants").iter().all(|row| row["name"].is_string()), "{listed}");
                thread::sleep(Duration::from_millis(5));
            }
        });
        waits.sort();
        let (p90, longest) = (waits[waits.len() * 9 / 10], waits[waits.len() - 1]);
        println!("{method} {path}: {} requests meanwhile, p90 {p90:?}, longest {longest:?}", waits.len());
        // Below 200 ms on an idle machine.
        assert!(p90 < Duration::from_millis(500), "one request in ten waited {p90:?} for {method} {path}");
        assert!(longest < Duration::from_secs(3), "a request waited {longest:?} for {method} {path}");
    }
}

const OWN_KEY: &str = "fedcba9876543210fedcba9876543210";

/// Sends requests to the tenant itself, which must see all its customers, until the work is done.
fn own_requests(process: &Process, size: usize, is_done: &AtomicBool) {
    let client = Client { address: process.address, key: OWN_KEY.to_owned() };
    while !is_done.load(Ordering::Relaxed) {
        let ids = client.get("/v1/customers/customer-ids").succeeds(200).json();
        assert_eq!(ids.as_array().expect("ids").len(), size);
        thread::sleep(Duration::from_millis(50));
    }
}
