//! The numbers of all servers are one order.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Servers, events, id_of, number_of, request_ids};

#[test]
fn since_gives_each_number_once_over_three_servers() {
    const WRITERS: usize = 6;
    const EACH: usize = 100;
    let Some(servers) = Servers::start("since", 3, &["--journal-entries", "5000"]) else { return };
    let servers = &servers;
    let done = &AtomicBool::new(false);
    thread::scope(|scope| {
        // Each reader asks another server every time.
        let readers: Vec<_> = (0..3)
            .map(|reader: usize| {
                scope.spawn(move || {
                    let (mut numbers, mut turn) = (Vec::new(), reader);
                    loop {
                        let is_last = done.load(Ordering::Relaxed);
                        let since = numbers.last().copied().unwrap_or(0);
                        let found = servers.requests(turn % 3, &format!("?limit=1000&since={since}"));
                        numbers.extend(found.iter().rev().map(number_of));
                        turn += 1;
                        if is_last {
                            return numbers;
                        }
                    }
                })
            })
            .collect();
        let streams: Vec<_> = (0..3)
            .map(|server| {
                let stream = servers.stream(server, "?since=0", "");
                scope.spawn(move || -> Vec<u64> {
                    events(stream).take(WRITERS * EACH).map(|event| number_of(&event)).collect()
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| scope.spawn(move || (0..EACH).for_each(|_| drop(servers.send(writer % 3)))))
            .collect();
        for writer in writers {
            writer.join().expect("a writer");
        }
        done.store(true, Ordering::Relaxed);
        let all: Vec<u64> = (1..=600).collect();
        for reader in readers {
            assert_eq!(reader.join().expect("a reader"), all);
        }
        for stream in streams {
            assert_eq!(stream.join().expect("a stream"), all);
        }
    });
}

#[test]
fn requests_one_after_the_other_are_in_that_order_whichever_servers_had_them() {
    const REQUESTS: usize = 200;
    let Some(servers) = Servers::start("sequence", 3, &[]) else { return };
    let servers = &servers;
    let live = servers.stream(2, "", "");
    let done = &AtomicBool::new(false);
    let (sent, polled, heard) = thread::scope(|scope| {
        let heard = scope.spawn(|| events(live).take(REQUESTS).collect::<Vec<_>>());
        // Reads while they are written, so that some have their numbers before others are there.
        let polling = scope.spawn(|| {
            let mut polled = Vec::new();
            loop {
                let is_last = done.load(Ordering::Relaxed);
                let since = polled.last().map_or(0, number_of);
                polled.extend(servers.requests(1, &format!("?limit=1000&since={since}")).into_iter().rev());
                if is_last {
                    return polled;
                }
            }
        });
        let sent: Vec<String> = (0..REQUESTS).map(|turn| servers.send([0, 1, 2, 1, 0][turn % 5])).collect();
        done.store(true, Ordering::Relaxed);
        (sent, polling.join().expect("a reader"), heard.join().expect("a stream"))
    });
    assert_eq!(request_ids(&polled), sent, "lists while they were written");
    assert_eq!(request_ids(&heard), sent, "a stream while they were written");
    let numbers: Vec<u64> = (1..=200).collect();
    for server in [0, 1, 2] {
        let found = servers.requests(server, "?limit=1000");
        assert_eq!(request_ids(&found).into_iter().rev().collect::<Vec<_>>(), sent, "server {server}");
        assert_eq!(found.iter().rev().map(number_of).collect::<Vec<_>>(), numbers);
        let streamed: Vec<_> = events(servers.stream(server, "?since=50", "")).take(REQUESTS - 50).collect();
        assert_eq!(request_ids(&streamed), sent[50..], "a stream of server {server} after a number");
    }
    // One after the other, each at another server.
    let mut since = 0;
    for (turn, id) in sent.iter().enumerate().take(30) {
        let next = servers.control(turn % 3, "GET", &format!("/tenants/demo/requests/wait?since={since}")).done(200);
        assert_eq!(next["request_id"], id.as_str());
        since = number_of(&next);
        let by_number = servers.control(turn % 3, "GET", &format!("/tenants/demo/requests/{since}")).done(200);
        assert_eq!(by_number["request_id"], id.as_str());
    }
}

#[test]
fn a_request_that_is_written_late_is_not_missed() {
    let Some(servers) = Servers::start("late", 2, &[]) else { return };
    let stream = servers.stream(1, "", "");
    let (first, late) = (servers.send(0), servers.send(1));
    assert_eq!(request_ids(&servers.requests(0, "")), [&late, &first]);
    // As if another server had been held up for a second before it wrote its batch: the later request has its number already.
    servers.database.execute(
        "update journal_entries set place = place + 60000000 where number = 2;
         update journal_tenants set sealed = sealed + 60000000",
    );
    let sent = servers.send(0);
    assert_eq!(request_ids(&servers.requests(1, "")), [&sent, &late, &first]);
    assert_eq!(servers.requests(1, "?since=2").len(), 1);
    let heard: Vec<_> = events(stream).take(3).collect();
    assert_eq!(request_ids(&heard), [&first, &late, &sent]);
}

#[test]
fn a_stream_hears_every_request_of_another_server_soon() {
    const THREADS: usize = 4;
    const EACH: usize = 250;
    let Some(servers) = Servers::start("soon", 2, &["--journal-entries", "5000"]) else { return };
    let servers = &servers;
    let ended: &Mutex<HashMap<String, Instant>> = &Mutex::default();
    let stream = servers.stream(1, "", "");
    let heard: Vec<(String, Instant)> = thread::scope(|scope| {
        let listening = scope.spawn(|| {
            let events = events(stream).take(THREADS * EACH);
            events.map(|event| (event["request_id"].as_str().expect("an id").to_owned(), Instant::now())).collect()
        });
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    let id = id_of(&servers.servers[0].client().get("/v1/customers/2"));
                    ended.lock().expect("no panic").insert(id, Instant::now());
                    thread::sleep(Duration::from_millis(5));
                }
            });
        }
        listening.join().expect("all events")
    });
    let ended = ended.lock().expect("no panic");
    assert_eq!(heard.iter().map(|(id, _)| id).collect::<HashSet<_>>().len(), THREADS * EACH, "each of them once");
    let mut delays: Vec<Duration> = heard.iter().map(|(id, at)| at.saturating_duration_since(ended[id])).collect();
    delays.sort_unstable();
    let percentile = |part: usize| delays[(delays.len() - 1) * part / 100];
    println!(
        "{} of {} requests heard at another server after: median {:?}, 90 % {:?}, 99 % {:?}, longest {:?}",
        delays.len(),
        THREADS * EACH,
        percentile(50),
        percentile(90),
        percentile(99),
        percentile(100)
    );
    // Other tests and programs run at the same time, which delays some.
    assert!(percentile(50) < Duration::from_millis(250) && percentile(100) < Duration::from_secs(2));
}
