//! The listener's bounds: connections, clients that send or read slowly, bodies, and requests with unknown credentials or paths.

mod bodies;
mod crowd;
mod places;
mod readers;
mod unknown;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::Reply;
use crate::support::http::parse;
use crate::support::process::Process;

/// A server with these arguments on an embedded database of its own.
struct Own {
    process: Process,
    _folder: tempfile::TempDir,
}

impl Own {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let process = Process::start(&[&["--data", data.to_str().expect("a path")], arguments].concat());
        Self { process, _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        connect(self.process.address)
    }

    /// The value of a metric; 0 before it has one.
    fn metric(&self, name: &str) -> u64 {
        let text = self.process.client().get("/metrics").metrics();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("a number"))
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_mins(1))).expect("a timeout");
    stream
}

fn send(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("sent");
}

/// Everything until the connection ends in any way.
fn read_to_end(mut stream: &TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// The last response of a connection.
#[track_caller]
fn last_reply(stream: &TcpStream) -> Reply {
    let answer = read_to_end(stream);
    parse(answer.as_bytes()).unwrap_or_else(|| panic!("a response in {answer:?}"))
}

/// Whether the server has closed the connection, without waiting for it.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a mode");
    let read = stream.read(&mut [0; 1]);
    stream.set_nonblocking(false).expect("a mode");
    !matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[track_caller]
fn eventually(mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "it is not so after {:?}", start.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
}
