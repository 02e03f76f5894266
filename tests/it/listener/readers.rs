//! Clients that do not read their responses, or read them slowly.

use super::*;
use crate::connections::impatient;

/// How many responses of some hundred kilobytes are more than the operating system keeps for a client that reads nothing.
const MANY: usize = 60;

const REQUEST: &str = "GET /_emulator/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[test]
fn a_client_that_reads_nothing_is_cut_off() {
    let stream = connect(impatient());
    send(&stream, &REQUEST.repeat(MANY));
    std::thread::sleep(Duration::from_secs(8));
    let received = read_to_end(&stream).matches("HTTP/1.1 200").count();
    assert!((1..MANY).contains(&received), "{received} responses");
    let metrics = crate::support::Client { address: impatient(), key: String::new() }.get("/metrics").metrics();
    assert!(metrics.contains(r#"emulator_connections_closed_total{reason="response_not_read"}"#), "{metrics}");
}

#[test]
fn a_client_that_reads_slowly_gets_everything() {
    let stream = connect(impatient());
    send(&stream, &REQUEST.repeat(MANY - 1));
    send(&stream, &REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
    let (mut received, mut chunk) = (Vec::new(), vec![0; 1024 * 1024]);
    let start = Instant::now();
    loop {
        let length = (&stream).read(&mut chunk).expect("no reset");
        if length == 0 {
            break;
        }
        received.extend_from_slice(&chunk[..length]);
        if start.elapsed() < Duration::from_secs(6) {
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    assert_eq!(String::from_utf8_lossy(&received).matches("HTTP/1.1 200").count(), MANY);
}
