//! The numbers of all servers are one order.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::{Servers, events, id_of, number_of};

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
