//! `requests`: shown, waited for, followed, cleared.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Client;
use crate::support::process::{Process, program};
use crate::support::seeds;

fn demo_server() -> (tempfile::TempDir, Process) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&["--data", folder.path().join("data").to_str().expect("a path")]);
    (folder, server)
}

#[test]
fn a_request_is_shown_with_reasons_and_bodies() {
    let (_folder, server) = demo_server();
    let client = server.client();
    let id = client.patch("/v1/customers/3", &json!({ "FirstName": "Zed\u{202e}", "LastName": "First" })).succeeds(200);
    let id = id.header("X-DirectScale-RequestId").expect("an id").to_owned();
    client.put("/v1/customers/upgrade/3", &json!({ "CustomerType": 1 }));
    for arguments in [vec!["demo", "1"], vec!["1"], vec!["demo", &id], vec![&id]] {
        let (code, shown, error) = server.run(&[&["requests", "show"][..], &arguments].concat());
        assert_eq!(code, Some(0), "{error}");
        for part in [
            "1 PATCH /v1/customers/3 -> 200",
            &format!("request id   {id}"),
            "\nChanges\n  customers 3 ",
            "  customers 3 first_name: Riley -> Zed\\u{202e}",
            "\nRequest\n",
            "\n  {\n    \"FirstName\": \"Zed\\u{202e}\",\n    \"LastName\": \"First\"\n  }\n",
            "\nResponse\n",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
    let (_, shown, _) = server.run(&["requests", "show", "demo", "2"]);
    assert!(shown.contains("\nWhy\n  ") && shown.contains("(LastName: required)"), "{shown}");
    let (code, _, error) = server.run(&["requests", "show", "99"]);
    assert_eq!(
        (code, error.as_str()),
        (Some(1), "error: no tenant's journal has a request '99', or no longer has it\n")
    );
    // A request without a valid key.
    Client { key: "f".repeat(32), ..client.clone() }.get("/v1/customers/3");
    let (code, shown, error) = server.run(&["requests", "show", "3"]);
    assert!(code == Some(0) && shown.contains("3 GET /v1/customers/3 -> 401"), "{shown}{error}");

    let (_, last, _) = server.run(&["requests", "list", "demo", "--last"]);
    assert_eq!(last, "2\n");
    let (_, listed, _) = server.run(&["requests", "list", "demo", "--limit", "1"]);
    let first: Vec<&str> = listed.lines().next().expect("a line").split('\t').collect();
    assert_eq!((first[0], &first[2..6]), ("2", &["500", "PUT", "/v1/customers/upgrade/3", "UpgradeCustomer"][..]));
    assert_eq!(server.run(&["requests", "clear", "demo"]).0, Some(0));
    assert_eq!(server.run(&["requests", "list", "demo"]).1, "");
    assert_eq!(server.run(&["requests", "list", "demo", "--last"]).1, "0\n");
}

#[test]
fn wait_needs_a_new_request_unless_since_includes_old_ones() {
    let (_folder, server) = demo_server();
    let client = server.client();
    client.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let wait = ["requests", "wait", "demo", "--operation", "UpgradeCustomer"];
    let start = Instant::now();
    let (code, out, error) = server.run(&[&wait[..], &["--timeout", "700ms"]].concat());
    assert_eq!((code, out.as_str(), error.as_str()), (Some(1), "", "error: no request matched within 700 ms\n"));
    assert!(start.elapsed() >= Duration::from_millis(700));
    let (code, out, error) = server.run(&[&wait[..], &["--timeout", "10s", "--since", "0"]].concat());
    assert!(code == Some(0) && out.starts_with("1\t"), "{out}{error}");

    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| server.run(&[&wait[..], &["--timeout", "1m"]].concat()));
        while !waiting.is_finished() {
            std::thread::sleep(Duration::from_millis(200));
            client.put("/v1/customers/upgrade/3", &seeds::distributor());
        }
        waiting.join().expect("it ends")
    });
    assert_eq!(waiting.0, Some(0), "{}", waiting.2);
    let number: u64 = waiting.1.split('\t').next().and_then(|number| number.parse().ok()).expect("a number");
    assert!(number > 1, "{}", waiting.1);
}

/// `requests tail`, with its lines as they arrive.
struct Following {
    child: Child,
    out: mpsc::Receiver<String>,
    error: mpsc::Receiver<String>,
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Following {
    fn start(arguments: &[&str]) -> Self {
        let mut child = program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program");
        let out = lines(child.stdout.take().expect("a pipe"));
        let error = lines(child.stderr.take().expect("a pipe"));
        Self { child, out, error }
    }
}

fn lines(read: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, received) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(read).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    received
}

fn next(lines: &mpsc::Receiver<String>) -> String {
    lines.recv_timeout(Duration::from_mins(1)).expect("a line")
}

#[test]
fn tail_continues_after_a_restart_and_gives_up_after_the_limit() {
    let (folder, server) = demo_server();
    let address = server.address.to_string();
    let following = Following::start(&["requests", "tail", "demo", "--server", &address, "--give-up-after", "20s"]);
    assert_eq!(next(&following.error), format!("Following demo on http://{address} (Ctrl-C to stop)"));
    server.client().get("/v1/customers/3").succeeds(200);
    let line = next(&following.out);
    assert!(line.starts_with("1\t") && line.contains("\t200\tGET\t/v1/customers/3\tGetCustomer\t"), "{line}");
    server.client().get("/v1/customers/99");
    assert!(next(&following.out).starts_with("2\t"));
    assert!(next(&following.out).starts_with("    why: "));
    // A misspelled member is the most frequent mistake.
    server.client().patch("/v1/customers/4", &json!({ "FirstNam": "A" })).succeeds(200);
    assert!(next(&following.out).starts_with("3\t"));
    assert_eq!(next(&following.out), "    ignored: FirstNam (did you mean FirstName?)");

    server.signal("TERM");
    server.wait();
    assert!(next(&following.error).starts_with("Lost the server ("));
    let data = folder.path().join("data");
    let server = Process::start_on(&address, &["--data", data.to_str().expect("a path")]);
    // Requests before and after the reconnect: none is missing, and none is printed twice.
    server.client().get("/v1/customers/2").succeeds(200);
    assert_eq!(next(&following.error), format!("Following again demo on http://{address} (Ctrl-C to stop)"));
    server.client().get("/v1/customers/4").succeeds(200);
    let of_new: Vec<String> = (0..2).map(|_| next(&following.out)).collect();
    assert!(of_new[0].starts_with("1\t") && of_new[0].contains("/v1/customers/2\t"), "{of_new:?}");
    assert!(of_new[1].starts_with("2\t") && of_new[1].contains("/v1/customers/4\t"), "{of_new:?}");
    drop(following);

    let mut following = Following::start(&[
        "requests",
        "tail",
        "demo",
        "--server",
        &address,
        "--give-up-after",
        "1s",
        "--since",
        "0",
        "--json",
    ]);
    next(&following.error);
    let numbers: Vec<u64> = (0..2)
        .map(|_| {
            serde_json::from_str::<serde_json::Value>(&next(&following.out)).expect("JSON")["number"]
                .as_u64()
                .expect("a number")
        })
        .collect();
    assert_eq!(numbers, [1, 2]);
    server.signal("TERM");
    server.wait();
    assert!(next(&following.error).starts_with("Lost the server ("));
    let start = Instant::now();
    assert_eq!(following.child.wait().expect("an end").code(), Some(1));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(next(&following.error).starts_with("error: lost the server: no server answers at "));
    // A server that is unreachable from the beginning is not waited for.
    let (code, _, error) =
        crate::support::process::run(&mut program(&["requests", "tail", "demo", "--server", &address]));
    assert!(code == Some(1) && error.starts_with("error: no server answers at "), "{error}");
}
