//! Connections: clients that send everything first, that wait, that send nothing, and that do not speak HTTP.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use directscale_emulator::server::{Listener, ShutdownHandle, Timeouts};

use crate::support::http::parse;
use crate::support::process::Process;
use crate::support::server::{MAX_BODY_BYTES, server};
use crate::support::{Reply, tenant};

const NOT_FOUND: &str = r#"{ "statusCode": 404, "message": "Resource not found" }"#;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    stream
}

/// Everything until the server closes the connection regularly.
#[track_caller]
fn read_to_end(mut stream: &TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("no reset");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One response on a connection that stays open.
#[track_caller]
fn read_answer(mut stream: &TcpStream) -> Reply {
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let length = stream.read(&mut chunk).expect("no reset");
        assert!(length > 0, "it ended after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..length]);
        if let Some(reply) = parse(&answer) {
            let length = reply.header("Content-Length").map_or(0, |length| length.parse().expect("a length"));
            if reply.body.len() >= length {
                return reply;
            }
        }
    }
}

/// A server like the shared one, with short timeouts.
pub fn impatient() -> SocketAddr {
    static IMPATIENT: OnceLock<(SocketAddr, ShutdownHandle)> = OnceLock::new();
    let (address, _) = IMPATIENT.get_or_init(|| {
        let timeouts = Timeouts {
            idle: Duration::from_secs(4),
            head: Duration::from_secs(1),
            discard: Duration::from_secs(3),
            write: Duration::from_secs(2),
        };
        let server = server();
        server.runtime.block_on(async {
            let listener = Listener::bind(&"127.0.0.1:0".parse().expect("an address")).await.expect("a port");
            let address = listener.address();
            let (shutdown, serving) = listener.with_timeouts(timeouts).serve(server.server.clone());
            tokio::spawn(serving);
            (address, shutdown)
        })
    });
    *address
}

/// A request that is answered before its body is read: its line and headers, and the status of the response.
fn early(key: &str) -> Vec<(String, u16)> {
    let key = format!("Ocp-Apim-Subscription-Key: {key}\r\n");
    [
        ("POST /v1/customers", key.as_str(), 413),
        ("PUT /v1/customers/upgrade/3", key.as_str(), 413),
        ("GET /v1/customers/3", key.as_str(), 200),
        ("POST /v1/customers", "", 401),
        ("POST /v1/customers", "Ocp-Apim-Subscription-Key: 00000000000000000000000000000000\r\n", 401),
        ("POST /v1/nothing", "", 404),
        ("POST /api/users/customer", "", 401),
        ("POST /_emulator/tenants/no-such-tenant/reset", "", 403),
        ("POST /livez", "", 404),
    ]
    .into_iter()
    .map(|(line, headers, status)| (format!("{line} HTTP/1.1\r\nHost: test.example\r\n{headers}"), status))
    .collect()
}

/// A body in one piece or in chunks, with its header.
fn sent(length: usize, is_chunked: bool) -> Vec<u8> {
    let body = vec![b'x'; length];
    if !is_chunked {
        return [format!("Content-Length: {length}\r\n\r\n").into_bytes(), body].concat();
    }
    let mut bytes = b"Transfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(100_000) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

#[test]
fn a_client_that_sends_everything_first_gets_its_response() {
    let tenant = tenant();
    let before = tenant.everything();
    for (head, status) in early(&tenant.client.key) {
        for (length, is_chunked) in [(1_100_000, false), (1_100_000, true), (40_000_000, false)] {
            let stream = connect(tenant.client.address);
            let bytes = [head.as_bytes(), b"Connection: close\r\n", &sent(length, is_chunked)].concat();
            (&stream).write_all(&bytes).expect("all is taken");
            let reply = parse(read_to_end(&stream).as_bytes()).expect("an answer");
            assert_eq!(reply.status, status, "{head} {length} {is_chunked}");
            assert_eq!(reply.header("Connection"), Some("close"), "{reply:?}");
        }
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn the_next_request_on_its_connection_is_answered_too() {
    let tenant = tenant();
    for (head, status) in early(&tenant.client.key) {
        let stream = connect(tenant.client.address);
        for (length, is_chunked) in [(1_100_000, false), (70_000, true), (1_100_000, true), (0, false)] {
            let bytes = [head.as_bytes(), &sent(length, is_chunked)].concat();
            (&stream).write_all(&bytes).expect("all is taken");
            let reply = read_answer(&stream);
            if length > 0 {
                assert_eq!(reply.status, status, "{head} {length} {is_chunked}");
            }
            assert_eq!(reply.header("Keep-Alive"), Some("timeout=75"), "{reply:?}");
        }
    }
}

#[test]
fn a_body_that_breaks_off_in_the_middle_of_much_more_is_answered() {
    let tenant = tenant();
    for (headers, status) in
        [(format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.client.key), 500), (String::new(), 401)]
    {
        let stream = connect(tenant.client.address);
        let head = format!(
            "PATCH /v1/customers/3 HTTP/1.1\r\nHost: test.example\r\n{headers}Transfer-Encoding: chunked\r\n\r\n\
             2\r\n{{}}\r\nno number\r\n"
        );
        (&stream).write_all(head.as_bytes()).expect("sent");
        (&stream).write_all(&vec![b'x'; 8_000_000]).expect("all is taken");
        assert_eq!(parse(read_to_end(&stream).as_bytes()).expect("an answer").status, status);
    }
}

#[test]
fn a_body_that_is_too_long_to_be_discarded_ends_the_connection() {
    let tenant = tenant();
    let stream = connect(tenant.client.address);
    let head = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: test.example\r\nOcp-Apim-Subscription-Key: {}\r\n\
         Content-Length: 100000000000\r\n\r\n{{",
        tenant.client.key
    );
    (&stream).write_all(head.as_bytes()).expect("sent");
    let reply = parse(read_to_end(&stream).as_bytes()).expect("an answer");
    assert_eq!((reply.status, reply.header("Connection")), (413, Some("close")), "{reply:?}");
    // The server still reads on for a while.
    (&stream).write_all(&vec![b'x'; 4_000_000]).expect("all is taken");
}

#[test]
fn a_body_that_is_discarded_is_not_awaited_for_long() {
    let stream = connect(impatient());
    let head = "POST /v1/nothing HTTP/1.1\r\nHost: test.example\r\nContent-Length: 10\r\n\r\n12345";
    let start = Instant::now();
    (&stream).write_all(head.as_bytes()).expect("sent");
    assert_eq!(parse(read_to_end(&stream).as_bytes()).expect("an answer").body, NOT_FOUND);
    assert!((2900..10_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[test]
fn a_body_that_is_not_read_gets_no_100_continue() {
    let tenant = tenant();
    let key = format!("Ocp-Apim-Subscription-Key: {}\r\n", tenant.client.key);
    let too_long = format!("Content-Length: {}\r\n", MAX_BODY_BYTES + 1);
    for (line, headers, status) in [
        ("POST /v1/customers", format!("{key}{too_long}"), 413),
        ("POST /v1/customers", too_long.clone(), 401),
        ("POST /v1/customers", "Content-Length: 5\r\n".to_owned(), 401),
        ("POST /v1/nothing", "Transfer-Encoding: chunked\r\n".to_owned(), 404),
        ("POST /api/users/customer", too_long.clone(), 401),
        ("PUT /_emulator/tenants/x/plan", too_long, 403),
    ] {
        let stream = connect(tenant.client.address);
        let head = format!("{line} HTTP/1.1\r\nHost: test.example\r\nExpect: 100-continue\r\n{headers}\r\n");
        let start = Instant::now();
        (&stream).write_all(head.as_bytes()).expect("sent");
        let answer = read_to_end(&stream);
        let reply = parse(answer.as_bytes()).expect("an answer");
        assert_eq!((reply.status, reply.header("Connection")), (status, Some("close")), "{head}: {answer}");
        // The server does not wait for a body that is not sent, and does not reset the connection if the body is sent nevertheless.
        assert!(start.elapsed() < Duration::from_secs(3), "{head}: {:?}", start.elapsed());
        (&stream).write_all(&vec![b'x'; MAX_BODY_BYTES + 1]).expect("all is taken");
    }
    let stream = connect(tenant.client.address);
    let head = format!(
        "PATCH /v1/customers/3 HTTP/1.1\r\nHost: test.example\r\nExpect: 100-continue\r\n{key}Content-Length: 21\r\n\r\n"
    );
    (&stream).write_all(head.as_bytes()).expect("sent");
    assert_eq!(read_answer(&stream).head, "HTTP/1.1 100 Continue");
    (&stream).write_all(br#"{"FirstName":"Riley"}"#).expect("sent");
    let reply = read_answer(&stream);
    assert_eq!((reply.status, reply.header("Connection")), (200, Some("keep-alive")), "{reply:?}");
}

#[test]
fn every_response_announces_how_long_its_connection_may_be_idle() {
    for (version, header, connection, keep_alive) in [
        ("HTTP/1.1", "", Some("keep-alive"), Some("timeout=75")),
        ("HTTP/1.1", "Connection: keep-alive\r\n", Some("keep-alive"), Some("timeout=75")),
        ("HTTP/1.1", "Connection: Upgrade, HTTP2-Settings\r\n", Some("keep-alive"), Some("timeout=75")),
        (
            "HTTP/1.1",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            Some("keep-alive"),
            Some("timeout=75"),
        ),
        ("HTTP/1.0", "Connection: Keep-Alive\r\n", Some("keep-alive"), Some("timeout=75")),
        ("HTTP/1.1", "Connection: TE, close\r\n", Some("close"), None),
        ("HTTP/1.0", "", None, None),
    ] {
        for path in ["/livez", "/v1/nothing", "/v1/customers/3"] {
            let stream = connect(server().address);
            let request = format!("GET {path} {version}\r\nHost: test.example\r\n{header}\r\n");
            (&stream).write_all(request.as_bytes()).expect("sent");
            let reply = read_answer(&stream);
            assert_eq!((reply.header("Connection"), reply.header("Keep-Alive")), (connection, keep_alive), "{reply:?}");
            if keep_alive.is_none() {
                assert_eq!(read_to_end(&stream), "");
            } else {
                (&stream).write_all(request.as_bytes()).expect("sent");
                read_answer(&stream);
            }
        }
    }
}

#[test]
fn an_idle_connection_may_wait_longer_than_a_request_that_has_begun() {
    let request = "GET /livez HTTP/1.1\r\nHost: test.example\r\n\r\n";
    let stream = connect(impatient());
    for wait in [0, 2400, 2400] {
        std::thread::sleep(Duration::from_millis(wait));
        (&stream).write_all(request.as_bytes()).expect("sent");
        assert_eq!(read_answer(&stream).header("Keep-Alive"), Some("timeout=4"));
    }
    let start = Instant::now();
    assert_eq!(read_to_end(&stream), "", "it ends without a response");
    assert!((3500..20_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    // A connection that never sent anything is idle too.
    let start = Instant::now();
    assert_eq!(read_to_end(&connect(impatient())), "");
    assert!((3500..20_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[test]
fn the_head_of_a_request_must_arrive_in_time() {
    let first = "GET /livez HTTP/1.1\r\nHost: test.example\r\n\r\n";
    for before in ["", first] {
        let stream = connect(impatient());
        if !before.is_empty() {
            (&stream).write_all(before.as_bytes()).expect("sent");
            read_answer(&stream);
            std::thread::sleep(Duration::from_millis(1600));
        }
        let start = Instant::now();
        (&stream).write_all(b"GET /livez HTTP/1.1\r\nHost: te").expect("sent");
        let reply = parse(read_to_end(&stream).as_bytes()).expect("an answer");
        assert!((900..3600).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
        assert_eq!((reply.status, reply.header("Connection")), (408, Some("close")));
        let reason = "The head of the request did not arrive within 1 seconds.";
        assert_eq!(reply.body, format!(r#"{{ "statusCode": 408, "message": "{reason}" }}"#));
    }
}

/// Its beginning arrives with the previous request, so that nothing arrives after the response to that one.
#[test]
fn a_head_that_begins_after_another_request_must_arrive_in_time_too() {
    let get = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n".to_owned();
    let post = "POST /v1/nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n12345".to_owned();
    let chunked =
        "POST /v1/nothing HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n".to_owned();
    for before in [&get, &post, &chunked, &format!("{get}{post}{chunked}")] {
        let stream = connect(impatient());
        let start = Instant::now();
        (&stream).write_all(format!("{before}GET /livez HTTP/1.1\r\nHost: te").as_bytes()).expect("sent");
        let answers = read_to_end(&stream);
        assert!((900..3600).contains(&start.elapsed().as_millis()), "{:?} {before}", start.elapsed());
        let last = answers.rsplit("HTTP/1.1 ").next().expect("an answer");
        assert!(last.starts_with("408 ") && last.contains("Connection: close"), "{answers}");
    }
    // A connection that ends there is malformed too.
    let stream = connect(impatient());
    (&stream).write_all(format!("{get}GET /livez HTTP/1.1\r\nHost: te").as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let answers = read_to_end(&stream);
    let last = answers.rsplit("HTTP/1.1 ").next().expect("an answer");
    assert!(last.starts_with("400 ") && last.contains("The request ended before"), "{answers}");
}

#[test]
fn a_response_that_takes_longer_than_a_connection_may_be_idle_is_complete() {
    let tenant = tenant();
    let stream = connect(impatient());
    let path = format!("/_emulator/tenants/{}/requests/wait?timeout_ms=6000", tenant.name());
    (&stream).write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).expect("sent");
    assert_eq!(read_answer(&stream).status, 408);
    // A stream of events that sends nothing for that long stays open too.
    let path = format!("/_emulator/tenants/{}/requests/stream", tenant.name());
    (&stream).write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).expect("sent");
    let mut chunk = [0; 4096];
    let length = (&stream).read(&mut chunk).expect("an answer");
    assert!(chunk[..length].starts_with(b"HTTP/1.1 200 OK\r\n"));
    std::thread::sleep(Duration::from_secs(6));
    tenant.get("/v1/customers/3").succeeds(200);
    let length = (&stream).read(&mut chunk).expect("an event");
    let text = String::from_utf8_lossy(&chunk[..length]);
    assert!(text.contains("event: request"), "{text}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let tenant = tenant();
    let stream = connect(tenant.client.address);
    let body = "x".repeat(200_000);
    let post = format!("POST /v1/customers HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let get = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    let last = "GET /v1/nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    (&stream).write_all(format!("{get}{post}{get}{post}{last}").as_bytes()).expect("all is taken");
    let answers = read_to_end(&stream);
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["200", "401", "200", "401", "404"], "{answers}");
}

/// Malformed requests, each with the status and reason of the response.
fn malformed() -> Vec<(Vec<u8>, u16, &'static str)> {
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(70_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101));
    let long_head = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(900_000));
    let token = "letters, digits and !#$%&'*+-.^_`|~";
    let method = format!("The method may only contain {token}, and one blank must follow it.");
    let name = format!("The name of a header may only contain {token}.");
    let (method, name): (&str, &str) = (method.leak(), name.leak());
    let bytes = |text: &str| text.as_bytes().to_vec();
    vec![
        (
            bytes("POST  /v1/customers HTTP/1.1\r\nHost: h\r\n\r\n"),
            400,
            "There is more than one blank between the method and the path.",
        ),
        (bytes("POST\t/v1/customers HTTP/1.1\r\nHost: h\r\n\r\n"), 400, method),
        (bytes("P(ST /v1/customers HTTP/1.1\r\nHost: h\r\n\r\n"), 400, method),
        (
            bytes("GET /v1/customers/search/John Smith HTTP/1.1\r\nHost: h\r\n\r\n"),
            400,
            "The path contains a blank; write it as %20.",
        ),
        (
            bytes("GET /v1/cust\x07omers HTTP/1.1\r\nHost: h\r\n\r\n"),
            400,
            "The path contains a control character; percent-encode it.",
        ),
        (bytes("GET /v1/customers\r\nHost: h\r\n\r\n"), 400, "The request line must end with HTTP/1.1."),
        (
            bytes("GET /v1/customers HTTP/3.0\r\nHost: h\r\n\r\n"),
            400,
            "The request line must end with HTTP/1.1 or HTTP/1.0, with nothing after it.",
        ),
        (bytes("GET / HTTP/1.1\r\nHost h\r\n\r\n"), 400, "A line among the headers has no colon."),
        (bytes("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400, "There is a blank before the colon of the header Host."),
        (bytes("GET / HTTP/1.1\r\nHo st: h\r\n\r\n"), 400, name),
        (bytes("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"), 400, "A header has no name."),
        (
            bytes("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n"),
            400,
            "A header continues on another line, which HTTP no longer allows.",
        ),
        (
            bytes("GET / HTTP/1.1\r\nHost: h\r\nA: b\x01\r\n\r\n"),
            400,
            "The value of the header A contains a control character.",
        ),
        (
            bytes("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: many\r\n\r\n"),
            400,
            "Content-Length must be one whole number.",
        ),
        (
            bytes("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
            400,
            "Content-Length must be one whole number.",
        ),
        // The body in the same packet is not mistaken for a request line.
        (
            bytes("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\n{}"),
            400,
            "Content-Length must be one whole number.",
        ),
        (
            bytes("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: foo\r\n\r\n{}"),
            400,
            "Transfer-Encoding must end with chunked.",
        ),
        (
            bytes("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n"),
            400,
            "Transfer-Encoding must end with chunked.",
        ),
        (
            bytes("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400,
            "A request with HTTP/1.0 cannot have a Transfer-Encoding.",
        ),
        (
            bytes("\x16\x03\x01\x02\x00\x01\x00\x01\u{7c}\x03\x03"),
            400,
            "This port speaks plain HTTP and was sent a TLS handshake; use http:// instead of https://.",
        ),
        (
            bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
            505,
            "HTTP/2 is not supported; send the request with HTTP/1.1.",
        ),
        (bytes("{\"FirstName\":\"Riley\"}\r\n\r\n"), 400, method),
        (long_path.into_bytes(), 414, "The path and query do not fit into a head of 65536 bytes."),
        (many.into_bytes(), 431, "The request has more than 100 headers."),
        (long_head.into_bytes(), 431, "The head of the request is longer than 65536 bytes."),
    ]
}

#[test]
fn a_malformed_request_is_rejected_with_the_reason() {
    let address = server().address;
    let good = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    for (bytes, status, reason) in malformed() {
        for before in ["", good] {
            let stream = connect(address);
            if !before.is_empty() {
                (&stream).write_all(before.as_bytes()).expect("sent");
                assert_eq!(read_answer(&stream).status, 200);
            }
            (&stream).write_all(&bytes).expect("all is taken");
            let reply = parse(read_to_end(&stream).as_bytes()).expect("an answer");
            let body = format!(r#"{{ "statusCode": {status}, "message": "{reason}" }}"#);
            assert_eq!((reply.status, reply.body.as_str()), (status, body.as_str()), "{}", reply.head);
            assert_eq!(reply.header("Content-Type"), Some("application/json"), "{}", reply.head);
            assert_eq!(reply.header("Connection"), Some("close"), "{}", reply.head);
            assert_eq!(reply.header("Content-Length"), Some(body.len().to_string().as_str()), "{}", reply.head);
            assert!(
                reply.header("Date").is_some_and(|date| date.ends_with(" GMT") && date.len() == 29),
                "{}",
                reply.head
            );
        }
    }
    // A head that ends in the middle.
    let stream = connect(address);
    (&stream).write_all(b"GET /livez HTTP/1.1\r\nHost: h\r\n").expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let reply = parse(read_to_end(&stream).as_bytes()).expect("an answer");
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("The request ended before the empty line that ends its head."), "{reply:?}");
    // A connection without a request is not an error.
    let stream = connect(address);
    stream.shutdown(Shutdown::Write).expect("half closed");
    assert_eq!(read_to_end(&stream), "");
}

/// The responses on a connection.
fn answers(mut text: &str) -> Vec<Reply> {
    let mut answers = Vec::new();
    while let Some(mut reply) = parse(text.as_bytes()) {
        let length = reply.header("Content-Length").map_or(0, |length| length.parse().expect("a length"));
        let end = reply.head.len() + 4 + length;
        reply.body.truncate(length);
        answers.push(reply);
        text = &text[end..];
    }
    assert_eq!(text, "");
    answers
}

/// The rejection has a body for every wrong byte of a request.
#[test]
fn every_rejection_has_a_body() {
    let address = impatient();
    let request = b"POST /v1/nothing?a=b HTTP/1.0\r\nHost: test.example\r\nContent-Length: 2\r\n\r\n{}";
    let bad = [0, b'\t', b'\n', b'\r', b' ', b'(', b':', b'9', b'H', 0x7f, 0x80, 0xff];
    let cases: Vec<(usize, u8)> = (0..request.len()).flat_map(|place| bad.map(|byte| (place, byte))).collect();
    let rejected = std::thread::scope(|scope| {
        let threads: Vec<_> = cases
            .chunks(cases.len().div_ceil(64))
            .map(|cases| {
                scope.spawn(move || {
                    let rejects = |&(place, byte): &(usize, u8)| {
                        let mut bytes = request.to_vec();
                        bytes[place] = byte;
                        let stream = connect(address);
                        (&stream).write_all(&bytes).expect("sent");
                        let shown = String::from_utf8_lossy(&bytes);
                        let answers = answers(&read_to_end(&stream));
                        assert!(!answers.is_empty(), "{shown:?}");
                        for answer in &answers {
                            assert!(answer.body.starts_with(r#"{ "statusCode": 4"#), "{shown:?}: {answer:?}");
                        }
                        answers.iter().any(|answer| answer.status == 400)
                    };
                    cases.iter().filter(|case| rejects(case)).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no failure")).sum::<usize>()
    });
    assert!(rejected > 200, "{rejected}");
}

#[test]
fn a_malformed_request_is_in_the_log_and_in_the_metrics() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let server = Process::start_with_log(&["--data", data.to_str().expect("a path")]);
    let stream = connect(server.address);
    (&stream).write_all(b"POST  /v1/customers?subscription-key=secret HTTP/1.1\r\nA: secret\r\n\r\n").expect("sent");
    assert_eq!(parse(read_to_end(&stream).as_bytes()).expect("an answer").status, 400);
    let line = server.line_with("malformed request");
    for part in
        ["\"status\":400", "\"peer\":\"127.0.0.1\"", "There is more than one blank between the method and the path."]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("secret"), "{line}");
    let metrics = server.client().get("/metrics").metrics();
    assert!(metrics.contains(r#"emulator_requests_total{operation="-",status="400"} 1"#), "{metrics}");
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn a_page_of_another_origin_can_read_every_response_errors_included() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let server = Process::start(&["--data", data, "--cors-origin", "http://app.example", "--max-body-bytes", "1000"]);
    let client = server.client();
    let origin = "Origin: http://app.example\r\n";
    let long = "x".repeat(2000);
    let raw = |head: &str| client.raw(format!("{head}{origin}Connection: close\r\n\r\n").as_bytes());
    let key = format!("Ocp-Apim-Subscription-Key: {}\r\n", client.key);
    for (reply, status) in [
        (client.call("GET", "/v1/customers/3", origin, None), 200),
        (client.call("PATCH", "/v1/customers/3", origin, Some("{")), 500),
        (client.call("PATCH", "/v1/customers/3", origin, Some(&long)), 413),
        (client.call("GET", "/v1/nothing", origin, None), 404),
        (client.call("DELETE", "/v1/validate/login", origin, None), 404),
        (client.call("GET", "/v1/customers/99", origin, None), 404),
        (client.call("GET", "/v1/customers/3/orders", origin, None), 501),
        (client.call("GET", "/livez", origin, None), 200),
        (raw("GET /v1/customers/3 HTTP/1.1\r\nHost: h\r\n"), 401),
        (raw("POST /api/users/customer HTTP/1.1\r\nHost: h\r\n"), 401),
        (raw("POST /connect/token HTTP/1.1\r\nHost: h\r\n"), 400),
        (raw("GET  / HTTP/1.1\r\nHost: h\r\n"), 400),
    ] {
        assert_eq!(reply.status, status, "{reply:?}");
        assert_eq!(reply.header("Access-Control-Allow-Origin"), Some("http://app.example"), "{reply:?}");
        assert_eq!(reply.header("Access-Control-Expose-Headers"), Some("*"), "{reply:?}");
    }
    // The preflight of a browser: for every path, and once in two hours.
    for path in ["/v1/customers/3", "/v1/nothing", "/api/users/customer"] {
        let preflight = format!("{origin}Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: {key}");
        let preflight = preflight.replace(&key, "ocp-apim-subscription-key\r\n");
        let reply = client.call("OPTIONS", path, &preflight, None);
        assert_eq!((reply.status, reply.header("Access-Control-Max-Age")), (200, Some("7200")), "{reply:?}");
        assert_eq!(reply.header("Access-Control-Allow-Methods"), Some("PUT"), "{reply:?}");
        assert_eq!(reply.header("Access-Control-Allow-Headers"), Some("ocp-apim-subscription-key"), "{reply:?}");
    }
    // Pages of other origins cannot read the control API.
    for path in ["/_emulator/tenants", "/_emulator", "/_emulator/openapi.json"] {
        let reply =
            client.raw(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!(reply.status, 200);
        assert!(!reply.head.to_ascii_lowercase().contains("access-control"), "{reply:?}");
    }
    server.signal("TERM");
    assert!(server.wait().success());
}
