//! Many idle connections, slow senders and slow readers at once, while others are served. `CROWD=10000` has the size of the figures in
//! bench/README.md.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use directscale_emulator::server::connections_for_descriptors;

use super::*;
use crate::support::process::DEMO_KEY;

/// How long each measurement takes. The best of three counts, because other programs use the machine too.
const TIME: Duration = Duration::from_secs(2);

const ROUNDS: usize = 3;

const CALLERS: usize = 4;

/// How much slower a request may be on a machine that does other things too.
const NOISE: Duration = Duration::from_millis(20);

/// The median and the 99th percentile of requests that callers send one after another.
fn measured(address: SocketAddr) -> (Duration, Duration, usize) {
    let rounds = (0..ROUNDS).map(|_| measured_once(address));
    rounds.min_by_key(|(_, p99, _)| *p99).expect("a round")
}

fn measured_once(address: SocketAddr) -> (Duration, Duration, usize) {
    let caller = || {
        let stream = connect(address);
        let request =
            format!("GET /v1/customers/3 HTTP/1.1\r\nHost: h\r\nOcp-Apim-Subscription-Key: {DEMO_KEY}\r\n\r\n");
        let (mut times, mut chunk) = (Vec::new(), vec![0; 16 * 1024]);
        let start = Instant::now();
        while start.elapsed() < TIME {
            let sent = Instant::now();
            send(&stream, &request);
            let length = (&stream).read(&mut chunk).expect("a response");
            times.push(sent.elapsed());
            assert!(chunk[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&chunk[..length]));
        }
        times
    };
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(caller)).collect();
        callers.into_iter().flat_map(|caller| caller.join().expect("times")).collect()
    });
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100], times.len())
}

fn resident_megabytes(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|size| size.parse::<usize>().ok()).unwrap_or_default() / 1024
}

#[test]
fn idle_and_slow_clients_do_not_slow_others_down() {
    let size: usize = std::env::var("CROWD").map_or(1_000, |size| size.parse().expect("a number"));
    let (senders, readers) = (size / 10, size / 100);
    let all = size + senders + readers;
    if connections_for_descriptors(all + 200, 1) < all + 200 {
        println!("skipped: the limit of file descriptors is too low for {all} connections in one process");
        return;
    }
    let server = Own::start(&["--max-connections", &(all + 200).to_string()]);
    let address = server.process.address;
    let before = measured(address);
    let idle: Vec<TcpStream> = (0..size).map(|_| connect(address)).collect();
    let senders: Vec<TcpStream> = (0..senders)
        .map(|number| {
            let stream = connect(address);
            let key = format!("Ocp-Apim-Subscription-Key: {DEMO_KEY}\r\n");
            let head = "POST /v1/customers HTTP/1.1\r\nHost: h\r\n";
            let slow_body = format!("{head}{key}Content-Length: 1000\r\n\r\n");
            send(&stream, if number % 2 == 0 { &slow_body } else { head });
            stream
        })
        .collect();
    let readers: Vec<TcpStream> = (0..readers)
        .map(|_| {
            let stream = connect(address);
            send(&stream, &"GET /_emulator/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(60));
            stream
        })
        .collect();
    let is_over = AtomicBool::new(false);
    let during = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                for mut stream in &senders {
                    let _ = stream.write_all(b"a");
                }
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        std::thread::sleep(Duration::from_secs(1));
        let during = measured(address);
        is_over.store(true, Ordering::Relaxed);
        during
    });
    println!(
        "{size} idle, {} slow senders, {} slow readers: p50 {:?}, p99 {:?} of {} requests; alone p50 {:?}, p99 {:?} of {}; {} MB",
        senders.len(),
        readers.len(),
        during.0,
        during.1,
        during.2,
        before.0,
        before.1,
        before.2,
        resident_megabytes(server.process.id())
    );
    assert!(server.metric("emulator_connections") > size as u64);
    assert!(idle.iter().all(|stream| !is_closed(stream)), "no idle connection was closed");
    send(&idle[0], "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(last_reply(&idle[0]).status, 200);
    assert!(during.1 <= before.1 * 2 + NOISE, "p99 {:?} instead of {:?}", during.1, before.1);
}
