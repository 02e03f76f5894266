//! `record`, and recordings that are kept: the coverage shows what they found.

mod coverage;
mod limits;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use directscale_emulator::verify::{Recording, read_har};
use serde_json::{Value, json};

use crate::support::compress::gzip;
use crate::support::process::{program, run};
use crate::support::receiver::{Receiver, response};
use crate::support::{Client, Reply, seeds, tenant, with};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// `record` as a process.
struct Recorder {
    child: Child,
    address: SocketAddr,
    file: PathBuf,
    lines: mpsc::Receiver<String>,
    _folder: tempfile::TempDir,
}

impl Drop for Recorder {
    /// A failing test ends its recorder.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Recorder {
    fn start(to: SocketAddr) -> Self {
        Self::start_as(program(&["record"]), to)
    }

    /// The same for a program that ends with these arguments.
    fn start_as(mut command: Command, to: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.har");
        command.args(["--to", &format!("http://{to}"), "--listen", "127.0.0.1:0", "--out"]).arg(&file);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program");
        let output = BufReader::new(child.stderr.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let line = lines.recv_timeout(Duration::from_mins(1)).expect("the first line");
        let address = line.split_once("Requests to http://").and_then(|(_, rest)| rest.split_once(" go to "));
        let (address, target) = address.unwrap_or_else(|| panic!("an address in {line}"));
        assert_eq!(target, format!("http://{to}."));
        Self { address: address.parse().expect("an address"), child, file, lines, _folder: folder }
    }

    fn client(&self, key: &str) -> Client {
        Client { address: self.address, key: key.to_owned() }
    }

    /// What the file has now. It is valid JSON for every reader.
    fn recording(&self) -> Recording {
        let text = std::fs::read(&self.file).expect("a file");
        let _: Value = serde_json::from_slice(&text).expect("JSON");
        read_har(&self.file).expect("a HAR file")
    }

    /// Ends it with a signal: its exit code, and all lines that it printed.
    fn end(&mut self, signal: &str) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().expect("kill").success());
        let status = self.child.wait().expect("an end");
        (status.code(), self.lines.iter().collect::<Vec<_>>().join("\n"))
    }
}

#[test]
fn a_program_and_a_server_are_recorded_without_their_secrets() {
    const PASSWORD: &str = "Canary-Password-4711";
    const TAX_ID: &str = "CANARY-TAX-4711";
    let tenant = tenant();
    let mut recorder = Recorder::start(tenant.address);
    let client = recorder.client(&tenant.key);
    assert!(recorder.recording().exchanges.is_empty(), "a file from the beginning");

    let body = with(&seeds::distributor(), json!({ "Password": PASSWORD, "TaxId": TAX_ID }));
    let id = client.create(&body);
    assert_eq!(recorder.recording().exchanges.len(), 1);
    let read = client.get(&format!("/v1/customers/{id}"));
    assert_eq!(recorder.recording().exchanges.len(), 2);
    let direct = tenant.get(&format!("/v1/customers/{id}"));
    assert_eq!((read.status, &read.body), (direct.status, &direct.body), "as received");
    assert_eq!(read.header("Content-Type"), direct.header("Content-Type"));
    client.post("/v1/customers", &body);
    client.get(&format!("/v1/validate/tax-id/{TAX_ID}"));
    client.get(&format!("/v1/validate/login?username=YodaIAm&password={PASSWORD}"));
    client.get(&format!("/v1/customers/{id}?subscription-key={}", tenant.key));
    client.call("GET", &format!("/v1/customers/{id}"), &format!("Cookie: session={PASSWORD}\r\n"), None);
    client.patch(&format!("/v1/customers/{id}"), &json!({ "TaxId": TAX_ID, "FirstName": "Zoë \\u00e9" })).succeeds(200);

    let recording = recorder.recording();
    let seen: Vec<(&str, u16)> = recording
        .exchanges
        .iter()
        .map(|one| (one.exchange.request.method.as_str(), one.exchange.response.status))
        .collect();
    assert_eq!((seen.len(), seen[0], seen[2], seen[7]), (8, ("POST", 201), ("POST", 500), ("PATCH", 200)), "{seen:?}");
    let created = &recording.exchanges[0];
    assert_eq!(created.host, tenant.address.to_string());
    assert_eq!(created.exchange.response.body, id.to_string().as_bytes());
    assert!(created.is_masked && !created.lacks_request_body && !created.lacks_response_body);
    let sent: Value = serde_json::from_slice(&created.exchange.request.body).expect("JSON");
    assert_eq!(sent, with(&body, json!({ "Password": "•••", "TaxId": "•••" })), "the rest is as it was");

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&recorder.file).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let file = std::fs::read_to_string(&recorder.file).expect("a file");
    let (code, printed) = recorder.end("TERM");
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.contains("8 exchanges are stored in ") && printed.contains("500 POST /v1/customers"), "{printed}");
    for canary in [PASSWORD, TAX_ID, tenant.key.as_str(), &tenant.key[8..24]] {
        assert!(!file.contains(canary) && !printed.contains(canary), "{canary} in {file} {printed}");
    }
}

/// A service with responses that no emulator gives.
fn service() -> Receiver {
    Receiver::start(|received| match received.path.as_str() {
        "/moved" => response(302, "Location: https://elsewhere.example/?token=canary-token\r\n", ""),
        "/gzip" => {
            let body = gzip(br#"{"Id":7}"#);
            let head = format!(
                "HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\
                 Connection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=1\r\n\r\n",
                body.len()
            );
            [head.as_bytes(), &body].concat()
        }
        "/chunked" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec(),
        "/long" => response(200, "", &"x".repeat(5 * 1024 * 1024)),
        "/cut" => b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".to_vec(),
        "/twice" => response(200, "Set-Cookie: a=canary-a\r\nSet-Cookie: b=canary-b\r\n", "ok"),
        _ => response(200, "", ""),
    })
}

fn get(recorder: &Recorder, path: &str, headers: &str) -> Reply {
    recorder.client(KEY).call("GET", path, headers, None)
}

#[test]
fn responses_are_passed_on_as_they_are_received() {
    let service = service();
    let mut recorder = Recorder::start(service.address);

    let moved = get(&recorder, "/moved", "");
    assert_eq!((moved.status, moved.header("Location")), (302, Some("https://elsewhere.example/?token=canary-token")));
    let packed = get(&recorder, "/gzip", "Accept-Encoding: gzip\r\nX-Own: a\r\nConnection: X-Hop\r\nX-Hop: 1\r\n");
    assert!(packed.head.starts_with("HTTP/1.1 200 Fine"), "{packed:?}");
    assert_eq!((packed.header("Content-Encoding"), packed.header("X-Private")), (Some("gzip"), None));
    assert_eq!(packed.header("Keep-Alive"), None);
    assert!(packed.body.starts_with('\u{1f}'), "still compressed");
    assert_eq!(get(&recorder, "/chunked", "").body, "abcde");
    let twice = get(&recorder, "/twice", "");
    assert_eq!(twice.head.matches("Set-Cookie: ").count(), 2, "{twice:?}");
    let cut = get(&recorder, "/cut", "");
    assert!(cut.status == 502 && cut.body.contains("the service gave no complete response"), "{cut:?}");

    let received = service.received();
    let of_packed = received.iter().find(|received| received.path == "/gzip").expect("a request");
    assert_eq!(of_packed.header("Host"), Some(service.address.to_string().as_str()), "of the service");
    assert_eq!((of_packed.header("X-Own"), of_packed.header("X-Hop")), (Some("a"), None));
    assert_eq!(of_packed.header("Ocp-Apim-Subscription-Key"), Some("0123456789abcdef0123456789abcdef"));

    let recording = recorder.recording();
    let bodies: Vec<_> = recording.exchanges.iter().map(|one| one.exchange.response.body.as_slice()).collect();
    assert_eq!(bodies, [&b""[..], br#"{"Id":7}"#, b"abcde", b"ok"], "decoded, and no incomplete one");
    let file = std::fs::read_to_string(&recorder.file).expect("a file");
    let (code, printed) = recorder.end("INT");
    assert_eq!(code, Some(0));
    assert!(printed.contains("failed: GET /cut: the service gave no complete response"), "{printed}");
    assert!(!file.contains("canary"), "{file}");
}

#[test]
fn a_service_that_does_not_answer_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let mut recorder = Recorder::start(address);
    let reply = get(&recorder, "/v1/customers/1?subscription-key=canary-key", "");
    assert!(reply.status == 502 && reply.body.contains("error") && !reply.body.contains("canary"), "{reply:?}");
    let tunnel = recorder
        .client(KEY)
        .raw(b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\nConnection: close\r\n\r\n");
    assert!(tunnel.status == 405 && tunnel.body.contains("reverse proxy"), "{tunnel:?}");
    assert!(recorder.recording().exchanges.is_empty());
    let (code, printed) = recorder.end("INT");
    assert_eq!(code, Some(0));
    assert!(printed.contains("0 exchanges are stored") && !printed.contains("canary"), "{printed}");
}

#[test]
fn a_recording_that_is_killed_can_be_read() {
    let service = Receiver::start(|received| response(200, "", &received.path.repeat(100_000)));
    for round in 0..3 {
        let recorder = Recorder::start(service.address);
        let (answered, client) = (mpsc::channel(), recorder.client(KEY));
        let sender = answered.0;
        let requests = std::thread::spawn(move || {
            for number in 0..1000 {
                if client.try_call("GET", &format!("/{number}"), None).is_none_or(|reply| reply.status != 200) {
                    break;
                }
                let _ = sender.send(());
            }
        });
        for _ in 0..10 + round {
            answered.1.recv_timeout(Duration::from_secs(30)).expect("an answer");
        }
        let id = recorder.child.id().to_string();
        assert!(Command::new("kill").args(["-9", &id]).status().expect("kill").success());
        requests.join().expect("no panic");
        let count = 10 + round + answered.1.try_iter().count();
        let recording = read_har(&recorder.file).expect("a HAR file");
        assert!(recording.exchanges.len() >= count, "{} of {count}", recording.exchanges.len());
        assert!(recording.exchanges.iter().all(|one| one.exchange.response.body.len() >= 200_000));
    }
}

#[test]
fn a_file_is_not_overwritten_by_chance() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.har");
    std::fs::write(&file, "precious").expect("a file");
    let arguments = |path: &Path, more: &[&str]| {
        let mut command = program(&["record", "--to", "http://127.0.0.1:9", "--listen", "127.0.0.1:0"]);
        command.arg("--out").arg(path).args(more);
        run(&mut command)
    };
    let (code, _, printed) = arguments(&file, &[]);
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("x.har exists: name another file, or replace it with --overwrite"), "{printed}");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), "precious");
    for (path, more) in [(folder.path().to_owned(), &["--overwrite"][..]), (folder.path().join("none/x.har"), &[])] {
        let (code, _, printed) = arguments(&path, more);
        assert!(code == Some(1) && printed.contains("cannot be written"), "{printed}");
    }
    for to in ["http://api.example", "https://user:canary-secret@api.example", "https://api.example/v1", "api.example"]
    {
        let (code, _, printed) = run(program(&["record", "--to", to, "--out"]).arg(folder.path().join("y.har")));
        assert_eq!(code, Some(2), "{printed}");
        assert!(!folder.path().join("y.har").exists());
    }
}
