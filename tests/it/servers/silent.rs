//! Servers that do not answer: stopped for a while, or dead.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{control, database, eventually, names, start};
use crate::support::process::Process;

/// Sets the status of rejections at a server. Returns the servers that do not know it and how long the answer took.
fn set_status(server: &Process, status: u16) -> (Option<String>, Duration) {
    let (begun, plan) = (Instant::now(), json!({ "rejection_status": status }));
    let reply = control(server, "PUT", "/tenants/demo/plan", Some(&plan));
    assert_eq!(reply.status, 200, "{reply:?}");
    (reply.header("X-Emulator-Pending").map(str::to_owned), begun.elapsed())
}

fn status_at(server: &Process) -> u16 {
    server.client().post("/v1/customers", &json!({})).status
}

#[test]
fn a_stopped_server_delays_a_change_for_a_second_and_then_acts_on_it() {
    let Some(database) = database("stopped") else { return };
    let (first, second) = (start(&database, "a"), start(&database, "b"));
    // Once it continues before the others count it as dead, once after that.
    for (stopped_for, new, old) in [(0, 400, 500), (5, 500, 400)] {
        assert_eq!((set_status(&first, old).0, status_at(&second)), (None, old));
        second.signal("STOP");
        let (pending, took) = set_status(&first, new);
        println!("with a stopped server a change was answered after {took:?}");
        assert_eq!(pending.as_deref(), Some("b"));
        assert!(took >= Duration::from_millis(900) && took < Duration::from_millis(1_900), "{took:?}");
        thread::sleep(Duration::from_secs(stopped_for));
        if stopped_for > 0 {
            let (pending, took) = set_status(&first, new);
            assert_eq!(pending, None, "it counts as dead");
            assert!(took < Duration::from_millis(700), "{took:?}");
            assert_eq!(names(&first), ["a"]);
        }
        second.signal("CONT");
        for number in 0..50 {
            assert_eq!(status_at(&second), new, "request {number} after it continued");
        }
        eventually(Duration::from_secs(3), || names(&first) == ["a", "b"]);
    }
}

#[test]
fn a_dead_server_delays_no_change_after_three_seconds_and_a_stopped_one_none() {
    let Some(database) = database("dead") else { return };
    let first = start(&database, "a");
    let killed = start(&database, "b");
    killed.kill();
    let (pending, took) = set_status(&first, 400);
    assert_eq!(pending.as_deref(), Some("b"));
    assert!(took < Duration::from_millis(1_900), "{took:?}");
    eventually(Duration::from_secs(5), || names(&first) == ["a"]);
    let (pending, took) = set_status(&first, 500);
    assert_eq!(pending, None);
    assert!(took < Duration::from_millis(700), "{took:?}");
    // One that ends by a signal deletes its row.
    let stopped = start(&database, "c");
    stopped.signal("TERM");
    assert!(stopped.wait().success() || names(&first) == ["a"]);
    assert_eq!(names(&first), ["a"]);
    let (pending, took) = set_status(&first, 400);
    assert_eq!(pending, None);
    assert!(took < Duration::from_millis(700), "{took:?}");
}

#[test]
fn a_server_alone_does_not_wait_and_does_little_while_it_is_idle() {
    let Some(database) = database("alone") else { return };
    let server = start(&database, "a");
    let mut took: Vec<Duration> = (0..20).map(|round| set_status(&server, [400, 500][round % 2]).1).collect();
    took.sort_unstable();
    let transactions = || -> i64 {
        let rows: Vec<Value> =
            database.rows("select xact_commit as n from pg_stat_database where datname = current_database()");
        rows[0]["n"].as_i64().expect("a number")
    };
    // The statistics of Postgres are up to a second late.
    thread::sleep(Duration::from_secs(2));
    let before = transactions();
    thread::sleep(Duration::from_secs(10));
    let idle = transactions() - before;
    println!("alone a change took {:?} (median); {idle} transactions in ten idle seconds", took[10]);
    assert!(took[10] < Duration::from_millis(200), "{took:?}");
    // In a second: four questions for changes, two signs of life, deliveries, expiry.
    assert!(idle < 150, "{idle}");
}
