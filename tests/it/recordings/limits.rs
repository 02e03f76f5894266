//! The limits of `record`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use super::{KEY, Recorder, get, service};
use crate::support::http::parse;
use crate::support::process::program;
use crate::support::receiver::{Receiver, response};

#[test]
fn a_body_that_is_too_long_is_passed_on_and_not_stored() {
    let service = Receiver::start(|received| response(200, "", &"y".repeat(received.body.len())));
    let mut recorder = Recorder::start(service.address);
    let long = "x".repeat(5 * 1024 * 1024);
    let reply = recorder.client(KEY).call("POST", "/echo", "", Some(&long));
    assert_eq!((reply.status, reply.body.len()), (200, long.len()));
    assert_eq!(service.received()[0].body.len(), long.len());
    // As long as the limit.
    let most = "x".repeat(4 * 1024 * 1024);
    assert_eq!(recorder.client(KEY).call("POST", "/echo", "", Some(&most)).body.len(), most.len());

    let recording = recorder.recording();
    let [left_out, stored] = &recording.exchanges[..] else { panic!("{} exchanges", recording.exchanges.len()) };
    assert!(left_out.lacks_request_body && left_out.lacks_response_body);
    assert!(!stored.lacks_request_body && stored.exchange.response.body.len() == most.len());
    assert_eq!(recorder.end("INT").0, Some(0));
}

#[test]
fn a_bomb_is_not_stored() {
    let packed = crate::support::compress::gzip(&vec![b' '; 64 * 1024 * 1024]);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len());
    let service = Receiver::start(move |_| [head.as_bytes(), &packed].concat());
    let recorder = Recorder::start(service.address);
    assert_eq!(get(&recorder, "/", "").status, 200);
    assert!(recorder.recording().exchanges[0].lacks_response_body);
}

#[test]
fn further_connections_of_a_recorder_wait() {
    let service = service();
    let recorder = Recorder::start(service.address);
    let mut idle: Vec<TcpStream> =
        (0..256).map(|_| TcpStream::connect(recorder.address).expect("a connection")).collect();
    let mut waiting = TcpStream::connect(recorder.address).expect("a connection");
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    waiting.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    assert!(waiting.read(&mut [0; 1]).is_err(), "it waits");
    idle.pop();
    waiting.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    let mut answer = Vec::new();
    waiting.read_to_end(&mut answer).expect("an answer");
    assert_eq!(parse(&answer).expect("a response").status, 200);
}

/// The limit of the size of files stands for a full disk: writing fails in the same way.
#[cfg(unix)]
#[test]
fn a_full_disk_is_reported_and_requests_are_passed_on() {
    let service = Receiver::start(|_| response(200, "", &"z".repeat(3000)));
    let command = format!("trap '' XFSZ; ulimit -f 16; exec {} record \"$@\"", program(&[]).get_program().display());
    let mut shell = Command::new("sh");
    shell.args(["-c", &command, "sh"]);
    let mut recorder = Recorder::start_as(shell, service.address);
    for number in 0..6 {
        assert_eq!(get(&recorder, &format!("/{number}"), "").status, 200, "passed on");
        assert!(!recorder.recording().is_cut_off, "valid after each");
    }
    let stored = recorder.recording().exchanges.len();
    assert!((1..6).contains(&stored), "{stored}");
    let (code, printed) = recorder.end("INT");
    assert_eq!(code, Some(1), "{printed}");
    assert_eq!(printed.matches("warning: not stored: File too large").count(), 1, "{printed}");
    assert!(printed.contains(&format!("error: {} more could not be stored", 6 - stored)), "{printed}");
}
