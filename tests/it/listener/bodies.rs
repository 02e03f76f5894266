//! Bodies: whose are read, how long the server waits for them, and how many there are at once.

use std::io::Write as _;

use serde_json::json;

use super::*;
use crate::support::control::{as_request, control};
use crate::support::process::DEMO_KEY;
use crate::support::server::server;
use crate::support::{Client, tenant_of};

const TOKEN: &str = "an-admin-token-of-a-test";

/// A request whose body does not come gets its response at once: the body is not read.
#[track_caller]
fn is_answered_unread(address: SocketAddr, line: &str, headers: &str, status: u16) -> Reply {
    let stream = connect(address);
    let start = Instant::now();
    send(&stream, &format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Expect: 100-continue\r\n\r\n"));
    let reply = last_reply(&stream);
    assert_eq!(reply.status, status, "{line} {headers} {reply:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{line}: {:?}", start.elapsed());
    reply
}

#[test]
fn a_body_is_read_only_for_a_known_client() {
    let address = server().address;
    let hooks = json!({ "Associates.Enrollment.WriteApplication": "http://127.0.0.1:9/hooks" });
    let extension =
        json!({ "extension_token": "sent-to-it", "directscale_token": "known-extension-token", "hooks": hooks });
    let _tenant = tenant_of(json!({ "extension": extension }));
    let hook = "POST /api/extension/hooks/Associates.Enrollment.WriteApplication";
    let length = "Content-Length: 1000\r\n";
    let known = "Authorization: Bearer known-extension-token\r\n";
    let callback = "X-DirectScale-CallbackToken: x\r\n";
    for (line, headers, status) in [
        (hook, length.to_owned(), 403),
        (hook, format!("{length}Authorization: Bearer wrong\r\n{callback}"), 403),
        (hook, format!("{length}{known}"), 403),
        ("POST /api/extension/hooks/Unknown", format!("{length}{known}{callback}"), 403),
        ("POST /1.0/connect/token", format!("{length}Authorization: Basic YTpi\r\n"), 401),
        ("POST /1.0/connect/token", "Content-Length: 8193\r\n".to_owned(), 400),
        ("POST /_emulator/login", length.to_owned(), 303),
    ] {
        is_answered_unread(address, line, &headers, status);
    }
    let closed = Own::start(&["--admin-token", TOKEN]);
    let address = closed.process.address;
    for (line, headers, status) in [
        ("POST /_emulator/login", "Content-Length: 4097\r\n", 413),
        ("POST /_emulator/login", "Content-Length: 100\r\nOrigin: http://evil.example\r\n", 403),
        ("POST /_emulator/tenants", length, 401),
        ("POST /_emulator/tenants", "Content-Length: 100\r\nAuthorization: Bearer wrong\r\n", 401),
        ("POST /_emulator/t/demo/clock", length, 401),
    ] {
        is_answered_unread(address, line, headers, status);
    }
}

/// Nothing else can be said in less time: the constant is 30 seconds.
#[test]
fn a_body_must_arrive_in_time() {
    let closed = Own::start(&["--admin-token", TOKEN]);
    let admin = format!("Authorization: Bearer {TOKEN}\r\n");
    let key = format!("Ocp-Apim-Subscription-Key: {DEMO_KEY}\r\n");
    let cases = [
        ("POST /v1/customers", key.as_str(), 500),
        ("POST /1.0/connect/token", "", 400),
        ("POST /_emulator/login", "", 400),
        ("POST /_emulator/tenants", admin.as_str(), 400),
        ("POST /_emulator/t/demo/clock", admin.as_str(), 400),
    ];
    let start = Instant::now();
    let streams = cases.map(|(line, headers, _)| {
        let stream = connect(closed.process.address);
        send(&stream, &format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: 1000\r\n\r\na"));
        stream
    });
    // A client that sends a byte now and then does not get more time.
    while start.elapsed() < Duration::from_secs(29) {
        for mut stream in &streams {
            stream.write_all(b"a").expect("sent");
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    for ((line, _, status), stream) in cases.iter().zip(&streams) {
        let reply = last_reply(stream);
        assert_eq!(reply.status, *status, "{line} {reply:?}");
        assert!((29..45).contains(&start.elapsed().as_secs()), "{line}: {:?}", start.elapsed());
    }
}

#[test]
fn large_bodies_share_a_limited_memory_and_a_tenant_gets_half() {
    let own = Own::start(&["--body-memory-bytes", "400000", "--max-body-bytes", "100000"]);
    let client = own.process.client();
    let before = client.get("/v1/customers/3").body;
    let key = "fedcba9876543210fedcba9876543210";
    let fork = json!({ "name": "second", "key": key });
    client.raw(&as_request("POST", "/tenants/demo/fork", "", Some(&fork))).done(201);
    let second = Client { address: client.address, key: key.to_owned() };
    let held: Vec<TcpStream> = (0..2)
        .map(|_| {
            let stream = own.connect();
            let head = "POST /v1/customers HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
            send(&stream, &format!("{head}Ocp-Apim-Subscription-Key: {DEMO_KEY}\r\nContent-Length: 99000\r\n\r\n"));
            // All of it is reserved when the body begins.
            send(&stream, &" ".repeat(10));
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let large = format!("{}{{\"FirstName\":\"Riley\"}}", " ".repeat(90_000));
    let start = Instant::now();
    // Small bodies do not wait.
    assert_eq!(client.call("PATCH", "/v1/customers/3", "", Some(r#"{"FirstName":"Ari"}"#)).status, 200);
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    client.call("PATCH", "/v1/customers/3", "", Some(&before.replace('\n', ""))).succeeds(200);
    let full = client.call("PATCH", "/v1/customers/3", "", Some(&large));
    let text = "The server is reading too many large request bodies at the moment; try again.";
    assert_eq!((full.status, full.header("Retry-After")), (503, Some("1")), "{full:?}");
    assert_eq!(full.body, format!(r#"{{ "statusCode": 503, "message": "{text}" }}"#));
    // Other tenants have the other half, and the control API has memory of its own.
    assert_eq!(second.call("PATCH", "/v1/customers/3", "", Some(&large)).status, 200);
    let seed = |length: usize| {
        format!(
            "PUT /_emulator/seed HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let small = format!("{}{large}", seed(large.len()));
    assert!(client.raw(small.as_bytes()).problem(400).contains("unknown field"));
    let long = own.connect();
    send(&long, &seed(390_000));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(client.raw(small.as_bytes()).problem(503), text);
    drop(long);
    // The memory of a body that was read is free again.
    for stream in &held {
        send(stream, &" ".repeat(98_990));
        assert_eq!(last_reply(stream).status, 500);
    }
    assert_eq!(client.call("PATCH", "/v1/customers/3", "", Some(&large)).status, 200);
}

#[test]
fn extensions_of_chunks_and_trailers_are_limited() {
    let key = format!("Ocp-Apim-Subscription-Key: {DEMO_KEY}\r\n");
    let own = Own::start(&[]);
    let long = "x".repeat(20_000);
    for rest in [
        format!("2;{long}\r\n{{}}\r\n0\r\n\r\n"),
        format!("2\r\n{{}}\r\n0\r\nA: {long}\r\n\r\n"),
        format!("2\r\n{{}}\r\n0\r\n{}\r\n", "A: b\r\n".repeat(101)),
    ] {
        let stream = own.connect();
        let head = "PATCH /v1/customers/3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n";
        send(&stream, &format!("{head}{key}\r\n{rest}"));
        let reply = last_reply(&stream);
        assert_eq!(reply.status, 500, "{reply:?}");
        assert!(reply.body.contains("The request body did not arrive"), "{reply:?}");
    }
}

#[test]
fn a_callback_whose_body_breaks_off_is_journaled() {
    let hooks = json!({ "Associates.Enrollment.WriteApplication": "http://127.0.0.1:9/hooks" });
    let extension = json!({ "extension_token": "sent-to-it", "directscale_token": "hanging-up-token", "hooks": hooks });
    let _tenant = tenant_of(json!({ "extension": extension }));
    let stream = connect(server().address);
    let mark = "hung-up-callback";
    send(
        &stream,
        &format!(
            "POST /api/extension/hooks/Associates.Enrollment.WriteApplication?{mark} HTTP/1.1\r\nHost: h\r\n\
             Authorization: Bearer hanging-up-token\r\nX-DirectScale-CallbackToken: x\r\nContent-Length: 100\r\n\r\n{{"
        ),
    );
    std::thread::sleep(Duration::from_millis(500));
    stream.set_nonblocking(true).expect("a mode");
    let read = (&stream).read(&mut [0; 1]).expect_err("the server waits for the body");
    assert_eq!(read.kind(), std::io::ErrorKind::WouldBlock);
    drop(stream);
    eventually(|| {
        let entries =
            control("GET", "/unauthenticated-requests?operation=ExtensionHookCallback&limit=500", None).done(200);
        let entries = entries.as_array().expect("requests").clone();
        let entry = entries.iter().find(|entry| entry["path"].as_str().is_some_and(|path| path.contains(mark)));
        entry.is_some_and(|entry| entry["reasons"][0]["message"] == "The request body did not arrive: it broke off.")
    });
}
