//! The bounds of handshakes, and clients that do not speak TLS.

use std::net::Shutdown;
use std::time::Instant;

use directscale_emulator::server::{Listener, ShutdownHandle, Timeouts};
use directscale_emulator::tls::{CertificateFiles, CertificateSource, ServerTls, SettingFile};

use super::*;
use crate::support::server::server;

/// A listener of the shared server with TLS, a second for handshakes, and this number of places.
fn impatient(places: usize) -> (SocketAddr, Authority, ShutdownHandle) {
    let (files, authority) = (Files::new(), Authority::new("test"));
    files.write_pair(&authority.issue(&["localhost"]));
    let file = |setting: &str, name: &str| SettingFile { setting: setting.to_owned(), path: files.path(name) };
    let source = CertificateSource::Files(CertificateFiles {
        certificate: file("--tls-cert", "server.pem"),
        key: file("--tls-key", "server.key"),
    });
    let tls = ServerTls::new(source).expect("a certificate");
    let timeouts = Timeouts {
        idle: Duration::from_secs(4),
        head: Duration::from_secs(1),
        discard: Duration::from_secs(3),
        write: Duration::from_secs(2),
    };
    let server = server();
    server.runtime.block_on(async {
        let listener = Listener::bind(&"127.0.0.1:0".parse().expect("an address")).await.expect("a port");
        let listener = listener.with_timeouts(timeouts).with_max_connections(places).with_tls(Some(tls.acceptor()));
        let address = listener.address();
        let (shutdown, serving) = listener.serve(server.server.clone());
        tokio::spawn(serving);
        (address, authority, shutdown)
    })
}

/// Everything until the connection ends in any way.
fn read_to_end(mut stream: &TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn plain_http_is_answered_with_the_way_to_https() {
    let (address, _authority, _shutdown) = impatient(50);
    let long = format!("POST /v1/customers HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n{}", "x".repeat(3_000_000));
    for request in ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "get", "PROPFIND / HTTP/1.1\r\n\r\n", &long] {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(request.as_bytes()).expect("sent");
        let _ = stream.shutdown(Shutdown::Write);
        let answer = read_to_end(&stream);
        let reply = parse(&answer).expect("a response");
        assert_eq!((reply.status, reply.header("Connection")), (400, Some("close")));
        let body = r#"{ "statusCode": 400, "message": "This port speaks HTTPS and was sent plain HTTP; use https:// instead of http://." }"#;
        assert_eq!(reply.body, body);
    }
}

#[test]
fn a_handshake_has_as_much_time_as_a_head() {
    let (address, authority, _shutdown) = impatient(50);
    // A client that sends nothing, one that sends a part of its first message, and one that sends it slowly.
    for sent in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut stream = TcpStream::connect(address).expect("a connection");
        stream.write_all(sent).expect("sent");
        let start = Instant::now();
        assert_eq!(read_to_end(&stream), b"");
        assert!((800..3_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }
    let (stream, start) = (TcpStream::connect(address).expect("a connection"), Instant::now());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".iter().cycle().take(40) {
                if (&stream).write_all(&[*byte]).is_err() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        assert_eq!(read_to_end(&stream), b"");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    });
    // Between requests a connection has the longer time.
    let mut stream = connect(&all_versions(&authority.pem), address, "localhost").expect("TLS");
    std::thread::sleep(Duration::from_secs(2));
    let reply = exchange(&mut stream, "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(reply.status, 200);
}

#[test]
fn unfinished_handshakes_count_as_connections_and_make_room() {
    const PLACES: usize = 5;
    let (address, authority, _shutdown) = impatient(PLACES);
    for _ in 0..5 {
        let silent: Vec<TcpStream> = (0..PLACES).map(|_| TcpStream::connect(address).expect("a connection")).collect();
        let start = Instant::now();
        let mut stream = connect(&all_versions(&authority.pem), address, "localhost").expect("a place");
        let reply = exchange(&mut stream, "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!(reply.status, 200);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        drop(silent);
    }
}

#[test]
fn a_client_that_does_not_take_its_response_loses_the_connection() {
    let (address, authority, _shutdown) = impatient(50);
    let mut stream = connect(&all_versions(&authority.pem), address, "localhost").expect("TLS");
    // More than the buffers of both sides hold.
    let get = "GET /_emulator/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    stream.write_all(get.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_secs(5));
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "after {} bytes", answer.len());
}

#[test]
fn what_is_no_tls_is_counted_and_not_logged() {
    let (files, authority) = (Files::new(), Authority::new("test"));
    files.write_pair(&authority.issue(&["localhost"]));
    let (data, cert, key) = (files.text("data"), files.text("server.pem"), files.text("server.key"));
    let mut command = program(&["--data", &data, "--tls-cert", &cert, "--tls-key", &key, "--log-format", "json"]);
    command.stderr(std::fs::File::create(files.path("log")).expect("a file"));
    let server = Process::start_logging(command);
    for garbage in [
        &b"\x00\x01\x02\x03garbage"[..],
        b"\x16\x03\x01\xff\xff\xff\xff",
        b"\x80\x2e\x01\x00\x02",
        b"\xff\xff\xff\xff\xff\xff",
    ] {
        let mut stream = TcpStream::connect(server.address).expect("a connection");
        stream.write_all(garbage).expect("sent");
        let _ = stream.shutdown(Shutdown::Write);
        read_to_end(&stream);
    }
    let _ = connect(&all_versions(&Authority::new("foreign").pem), server.address, "localhost").expect_err("refused");
    let config = all_versions(&authority.pem);
    eventually(|| {
        let mut stream = connect(&config, server.address, "localhost").expect("TLS");
        let get = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let metrics = exchange(&mut stream, get).metrics();
        metrics.contains("emulator_connections_closed_total{reason=\"tls_failed\"} 5\n")
    });
    let log = std::fs::read_to_string(files.path("log")).expect("a log");
    assert!(!log.to_lowercase().contains("tls") && !log.contains("ERROR") && !log.contains("WARN"), "{log}");
}
