//! The journal moves into the database when another server starts, and what the end of a server loses.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::{Servers, events, number_of, request_ids};
use crate::support::control::as_request;

#[test]
fn nothing_is_lost_or_doubled_when_a_second_server_starts() {
    let Some(mut servers) = Servers::start("moving", 1, &["--journal-entries", "100000"]) else { return };
    assert!(servers.database.rows("select from journal_entries").is_empty());
    let status = servers.control(0, "GET", "/status").done(200);
    assert_eq!(status["journal"], "memory");
    let started_at = status["started_at"].clone();
    let early: Vec<String> = (0..300).map(|_| servers.send(0)).collect();
    assert!(servers.database.rows("select from journal_entries").is_empty(), "in memory while it is alone");
    let stream = servers.stream(0, "?since=0", "");
    let first = servers.servers[0].client();
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (ids, streamed) = thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut ids = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        ids.push(super::id_of(&first.get("/v1/customers/2").succeeds(200)));
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    ids
                })
            })
            .collect();
        servers.add(&["--journal-entries", "100000"]);
        servers.wait_until_moved();
        let after = sent.load(Ordering::Relaxed) + 200;
        while sent.load(Ordering::Relaxed) < after {
            thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        let written = writers.into_iter().flat_map(|writer| writer.join().expect("a writer"));
        let ids: HashSet<String> = early.into_iter().chain(written).collect();
        let streamed: Vec<Value> = events(stream).take(ids.len()).collect();
        (ids, streamed)
    });
    println!("{} requests, {} of them before the second server", ids.len(), 300);
    assert_eq!(request_ids(&streamed).into_iter().map(str::to_owned).collect::<HashSet<_>>(), ids);
    assert!(streamed.iter().map(number_of).is_sorted(), "a stream goes on in the order of the numbers");
    for server in [0, 1] {
        let found: Vec<Value> = events(servers.stream(server, "?since=0", "")).take(ids.len()).collect();
        assert_eq!(found.len(), ids.len(), "server {server}");
        assert_eq!(request_ids(&found).into_iter().map(str::to_owned).collect::<HashSet<_>>(), ids);
        let numbers: Vec<u64> = found.iter().map(number_of).collect();
        assert_eq!(numbers, (1..=u64::try_from(ids.len()).expect("small")).collect::<Vec<_>>());
        let status = servers.control(server, "GET", "/status").done(200);
        assert_eq!((&status["started_at"], status["requests"].as_u64()), (&started_at, numbers.last().copied()));
    }
}

#[test]
fn a_list_has_the_requests_before_it_while_the_journal_moves() {
    let Some(mut servers) = Servers::start("listed", 1, &["--journal-entries", "100000"]) else { return };
    for _ in 0..2_000 {
        servers.send(0);
    }
    let first = servers.servers[0].client();
    let (stop, listed) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let id = super::id_of(&first.get("/v1/customers/2").succeeds(200));
                let list = first.raw(&as_request("GET", "/tenants/demo/requests?limit=1", "", None)).done(200);
                assert_eq!(list[0]["request_id"], id.as_str(), "list {}: {list}", listed.load(Ordering::Relaxed));
                listed.fetch_add(1, Ordering::Relaxed);
            }
        });
        servers.add(&["--journal-entries", "100000"]);
        servers.wait_until_moved();
        let after = listed.load(Ordering::Relaxed) + 5;
        while listed.load(Ordering::Relaxed) < after && !reader.is_finished() {
            thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
    });
    println!("{} lists", listed.into_inner());
}

#[test]
fn a_killed_server_loses_its_last_batch_at_most() {
    let Some(mut servers) = Servers::start("killed", 2, &["--journal-entries", "100000"]) else { return };
    let client = servers.servers[0].client();
    let sent = AtomicUsize::new(0);
    let killed = servers.servers.remove(0);
    let ids: Vec<(String, std::time::Instant)> = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut ids = Vec::new();
                    while let Some(reply) = client.try_call("GET", "/v1/customers/2", None) {
                        ids.push((super::id_of(&reply), std::time::Instant::now()));
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    ids
                })
            })
            .collect();
        while sent.load(Ordering::Relaxed) < 1_500 {
            thread::sleep(Duration::from_millis(1));
        }
        killed.kill();
        writers.into_iter().flat_map(|writer| writer.join().expect("a writer")).collect()
    });
    let end = ids.iter().map(|(_, at)| *at).max().expect("requests");
    let stored = servers.database.rows("select request_id from journal_entries");
    let stored: HashSet<&str> = stored.iter().map(|row| row["request_id"].as_str().expect("an id")).collect();
    let lost: Vec<_> = ids.iter().filter(|(id, _)| !stored.contains(id.as_str())).map(|(_, at)| end - *at).collect();
    println!(
        "{} requests answered, {} lost by kill -9, the earliest {:?} before the end",
        ids.len(),
        lost.len(),
        lost.iter().max().copied().unwrap_or_default()
    );
    // A batch is written at the latest 40 ms after the last one, unless the machine is busy with other tests.
    assert!(lost.iter().all(|before| *before < Duration::from_secs(3)), "{lost:?}");
    assert!(lost.len() < 500, "{}", lost.len());
    // The other server goes on in the database, and has the rest.
    assert_eq!(servers.control(0, "GET", "/status").done(200)["journal"], "database");
    let newest = servers.send(0);
    assert_eq!(servers.requests(0, "?limit=1")[0]["request_id"], newest.as_str());
}

#[test]
fn a_server_that_stops_writes_its_last_requests() {
    let Some(mut servers) = Servers::start("stopped", 2, &[]) else { return };
    let stopped = servers.servers.remove(0);
    let client = stopped.client();
    let ids: Vec<String> = (0..20).map(|_| super::id_of(&client.get("/v1/customers/2").succeeds(200))).collect();
    stopped.signal("TERM");
    assert!(stopped.wait().success());
    let found = servers.requests(0, "");
    assert_eq!(request_ids(&found).into_iter().rev().collect::<Vec<_>>(), ids);
}

#[test]
fn a_server_that_starts_alone_begins_a_new_run() {
    let Some(mut servers) = Servers::start("runs", 2, &[]) else { return };
    servers.send(0);
    servers.send(1);
    let run = |servers: &Servers| servers.control(0, "GET", "/status").done(200)["started_at"].clone();
    let first = run(&servers);
    // One that starts beside another joins it.
    let stopped = servers.servers.remove(0);
    stopped.signal("TERM");
    assert!(stopped.wait().success());
    servers.add(&[]);
    assert_eq!((run(&servers), servers.requests(1, "").len()), (first.clone(), 2));
    for server in servers.servers.drain(..) {
        server.signal("TERM");
        assert!(server.wait().success());
    }
    servers.add(&[]);
    assert_ne!(run(&servers), first);
    assert_eq!(servers.requests(0, ""), Vec::<Value>::new());
    assert!(servers.database.rows("select from journal_entries").is_empty());
    servers.send(0);
    assert_eq!(number_of(&servers.requests(0, "")[0]), 1);
}
