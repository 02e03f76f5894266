//! More connections than a listener serves at once.

use super::*;
use crate::support::process::DEMO_KEY;

const PLACES: usize = 20;

const CROWDED: &str =
    r#"{ "statusCode": 503, "message": "The server has no room for another connection; try again." }"#;

const DISPLACED: &str = r#"{ "statusCode": 503, "message": "The server has no room for more connections, and this one waited longest for its client." }"#;

fn full() -> Own {
    Own::start(&["--max-connections", &PLACES.to_string()])
}

#[test]
fn the_connection_that_was_idle_longest_makes_room() {
    let server = full();
    let idle: Vec<TcpStream> = (0..PLACES)
        .map(|_| {
            let stream = server.connect();
            send(&stream, "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n");
            let mut chunk = [0; 1024];
            assert!((&stream).read(&mut chunk).expect("a response") > 0);
            stream
        })
        .collect();
    // More than one, because a connection of the server's start can be older.
    eventually(|| {
        assert_eq!(server.process.client().get("/livez").status, 200);
        is_closed(&idle[0])
    });
    assert!(!is_closed(&idle[PLACES / 2]) && !is_closed(&idle[PLACES - 1]), "only the oldest make room");
    assert!(server.metric("emulator_connections_closed_total{reason=\"displaced\"}") >= 1);
    let open = server.metric("emulator_connections");
    assert!((1..=PLACES as u64).contains(&open), "{open}");
    // Those that stay serve requests.
    send(&idle[PLACES - 1], "GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(last_reply(&idle[PLACES - 1]).status, 200);
}

#[test]
fn slow_heads_and_bodies_make_room_after_idle_connections() {
    let server = full();
    let head = "GET /livez HTTP/1.1\r\nHost: h\r\nA: b";
    let body = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: h\r\nOcp-Apim-Subscription-Key: {DEMO_KEY}\r\nContent-Length: 100\r\n\r\n{{"
    );
    let before = server.process.client().get("/v1/customers/customer-ids").body;
    let slow: Vec<TcpStream> = (0..PLACES - 1)
        .map(|number| {
            let stream = server.connect();
            send(&stream, if number == 0 { &body } else { head });
            // The order of the first ones matters.
            std::thread::sleep(Duration::from_millis(if number < 2 { 1_000 } else { 0 }));
            stream
        })
        .collect();
    let idle = server.connect();
    // Idle for so long that it does not count as new.
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(server.process.client().get("/livez").status, 200);
    eventually(|| is_closed(&idle));
    assert!(!is_closed(&slow[0]), "the idle one goes first");
    let more: Vec<TcpStream> = (0..4)
        .map(|_| {
            let stream = server.connect();
            send(&stream, "GET /v1/customers/3 HTTP/1.1\r\nHost: h\r\nA: b");
            stream
        })
        .collect();
    for stream in &slow[..2] {
        let reply = last_reply(stream);
        assert_eq!((reply.status, reply.body.as_str()), (503, DISPLACED), "{reply:?}");
    }
    assert!(!is_closed(&more[3]), "the newest stays");
    assert_eq!(server.process.client().get("/v1/customers/customer-ids").body, before, "nothing was created");
}

#[test]
fn a_listener_that_answers_all_its_connections_refuses_more() {
    let server = full();
    let wait = "/_emulator/tenants/demo/requests/wait?since=1000&timeout_ms=3000";
    let waiting: Vec<TcpStream> = (0..PLACES)
        .map(|_| {
            let stream = server.connect();
            send(&stream, &format!("GET {wait} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    let refused = last_reply(&server.connect());
    assert_eq!((refused.status, refused.body.as_str()), (503, CROWDED), "{refused:?}");
    for stream in &waiting {
        assert_eq!(last_reply(stream).status, 408, "the others are served to their end");
    }
    eventually(|| server.process.client().get("/livez").status == 200);
    assert!(server.metric("emulator_connections_refused_total") >= 1);
}

/// The process has fewer descriptors than connections are allowed.
#[test]
fn a_server_without_descriptors_serves_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let program = env!("CARGO_BIN_EXE_directscale-emulator");
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -n 600; exec \"$0\" \"$@\"", program, "--data", data.to_str().expect("a path")]);
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("EMULATOR_") || name.starts_with("DATABASE_URL"))
    {
        limited.env_remove(name);
    }
    let process = Process::start_as(limited, "127.0.0.1:0");
    let idle: Vec<TcpStream> = (0..700).map(|_| connect(process.address)).collect();
    for _ in 0..5 {
        assert_eq!(process.client().get("/v1/customers/3").status, 200);
    }
    assert!(idle.iter().filter(|stream| is_closed(stream)).count() > 500, "idle connections made room");
}
