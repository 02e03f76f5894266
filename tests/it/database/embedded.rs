//! The embedded database: no request keeps its only connection for long, and its end is noticed.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use directscale_emulator::database::{Database, DatabaseOptions, EmbeddedPostgres, LoginSource};
use serde_json::json;

use super::{admin, other_tenant};
use crate::support::process::Process;
use crate::support::server::{server, timeouts};

#[test]
fn a_delay_inside_does_not_hold_the_only_connection() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(&["--data", folder.path().join("data").to_str().expect("a path")]);
    let other = other_tenant(&process, "other");
    let rule = json!({ "operation": "UpdateCustomerByParameter", "point": "inside", "delay_ms": 3_000,
                       "response": { "status": { "code": 500 } } });
    admin(&process, "POST", "/tenants/demo/faults", Some(&rule)).done(201);
    let client = process.client();
    let before = client.customer(3);
    let body = json!({ "FirstName": "Delayed" });
    thread::scope(|scope| {
        let asked = Instant::now();
        let delayed: Vec<_> = (0..4).map(|_| scope.spawn(|| client.patch("/v1/customers/3", &body))).collect();
        thread::sleep(Duration::from_millis(500));
        other.get("/v1/customers/3").succeeds(200);
        assert_eq!(other.get("/readyz").status, 200);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        for reply in delayed {
            assert_eq!(reply.join().expect("a reply").status, 500);
        }
        assert!(asked.elapsed() > Duration::from_secs(3), "{:?}", asked.elapsed());
    });
    assert_eq!(client.customer(3), before, "the changes are rolled back");
}

/// A client that breaks off in the middle of a message ends the thread of the embedded database.
#[test]
fn the_end_of_the_embedded_database_is_noticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let embedded = EmbeddedPostgres::open(&folder.path().join("data")).expect("a database");
    let url = embedded.url();
    let socket = url.split_once("host=").and_then(|(_, rest)| rest.split('&').next()).expect("a Unix socket");
    let socket = percent_encoding::percent_decode_str(socket).decode_utf8().expect("a path").into_owned();
    let mut broken = UnixStream::connect(format!("{socket}/.s.PGSQL.5432")).expect("a connection");
    let _ = broken.write_all(&[0, 0, 0, 4, 0, 0, 0, 0]);
    drop(broken);

    let options =
        DatabaseOptions { url, login: LoginSource::Url, connections: 1, timeouts: timeouts(), is_embedded: true };
    server().runtime.block_on(async {
        let database = Database::new(&options).expect("a database");
        let deadline = Instant::now() + Duration::from_secs(10);
        let ended = database.ended();
        tokio::pin!(ended);
        loop {
            let done = database.run(async |connection| sqlx::query("select 1").execute(connection).await).await;
            let noticed = tokio::time::timeout(Duration::from_millis(50), &mut ended).await;
            if noticed.is_ok() {
                assert!(done.is_err(), "{done:?}");
                break;
            }
            assert!(Instant::now() < deadline, "{done:?}");
        }
        database.close();
    });
    drop(embedded);
}
