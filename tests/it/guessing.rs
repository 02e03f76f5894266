//! Credentials that are not valid: what the log, the metrics and the limit on guesses do with them.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::database::OwnDatabase;
use crate::support::http::request;
use crate::support::process::{DEMO_KEY, Process, program};
use crate::support::{Client, Reply};

const TOKEN: &str = "a-long-secret-of-mine";

/// The default of `EMULATOR_GUESS_LIMIT`.
const LIMIT: usize = 20;

/// A server with a log.
struct Logging {
    child: Child,
    client: Client,
    folder: tempfile::TempDir,
}

impl Logging {
    fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (out, err) = (folder.path().join("out"), folder.path().join("err"));
        let child = program(&["--listen", "127.0.0.1:0", "--log-format", "json", "--admin-token", TOKEN])
            .args(["--data", folder.path().join("data").to_str().expect("a path")])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(File::create(&out).expect("a file"))
            .stderr(File::create(&err).expect("a file"))
            .spawn()
            .expect("the program");
        let start = Instant::now();
        let banner = loop {
            let banner = std::fs::read_to_string(&out).expect("a file");
            if banner.contains("Ready.\n") {
                break banner;
            }
            assert!(start.elapsed() < Duration::from_mins(2), "{banner}");
            std::thread::sleep(Duration::from_millis(50));
        };
        let address = banner.lines().find_map(|line| line.trim().strip_prefix("address   http://"));
        let address = address.expect("an address").parse().expect("an address");
        Self { child, client: Client { address, key: DEMO_KEY.to_owned() }, folder }
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: Option<&str>) -> Reply {
        let bytes = String::from_utf8(request(method, path, headers, body)).expect("text");
        self.client.raw(bytes.replacen("Host: test.example", "Host: localhost", 1).as_bytes())
    }

    fn with_token(&self, token: &str) -> Reply {
        self.send("GET", "/_emulator/tenants", &format!("Authorization: Bearer {token}\r\n"), None)
    }

    fn bydesign(&self, user: &str, password: &str) -> Reply {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        self.send("GET", "/api/Admin/CustomerType", &format!("Authorization: Basic {pair}\r\n"), None)
    }

    fn storm(&self, secret: &str) -> Reply {
        let form = format!("grant_type=client_credentials&client_id=demo&client_secret={secret}");
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.send("POST", "/1.0/connect/token", headers, Some(&form))
    }

    /// The lines of the audit so far, and the whole log. The log is written after the responses, so it is read when it no longer grows.
    fn audit(&self) -> (Vec<Value>, String) {
        let read = |name: &str| std::fs::read_to_string(self.folder.path().join(name)).expect("a file");
        let mut log = String::new();
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let now = read("err");
            if now.len() == log.len() {
                break;
            }
            log = now;
        }
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        (lines.filter(|line| line["target"] == "audit").collect(), log + &read("out"))
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn guesses_are_limited_and_whoever_was_accepted_goes_on() {
    let server = Logging::start(&[]);
    // Those who use the server before the guessing begins.
    server.with_token(TOKEN).done(200);
    assert_eq!(server.bydesign("demo", DEMO_KEY).status, 200);
    assert_eq!(server.storm(DEMO_KEY).status, 200);
    assert_eq!(server.client.get("/v1/customers/2").status, 200);

    let first = server.bydesign("demo", "wrong-password");
    let (tokens, refused) = guess(LIMIT, |number| server.with_token(&format!("wrong-token-number-{number}")));
    assert!(refused.problem(429).contains("too many wrong credentials"));
    let login = server.send("POST", "/_emulator/login", "", Some("token=wrong"));
    assert_eq!((login.status, login.header("Retry-After").is_some()), (429, true), "{login:?}");
    // The vendors' own 401, but for the header.
    let (passwords, refused) = guess(LIMIT - 1, |number| server.bydesign("demo", &format!("wrong-password-{number}")));
    assert_eq!((refused.status, &refused.body), (401, &first.body));
    assert_eq!(refused.header("WWW-Authenticate"), Some("Basic"));
    let (secrets, refused) = guess(LIMIT, |number| server.storm(&format!("wrong-secret-{number}")));
    assert_eq!((refused.status, refused.json()["error"].as_str()), (401, Some("invalid_client")));

    server.with_token(TOKEN).done(200);
    assert_eq!(server.bydesign("demo", DEMO_KEY).status, 200);
    assert_eq!(server.storm(DEMO_KEY).status, 200);
    assert_eq!(server.client.get("/v1/customers/2").status, 200);
    assert_eq!(server.bydesign("other", "wrong-password").header("Retry-After"), None, "another account");

    let unknown =
        |number: usize| Client { key: format!("{number:032x}"), ..server.client.clone() }.get("/v1/customers/2");
    let first = unknown(0);
    let (keys, refused) = guess(10 * LIMIT - 1, |number| unknown(number + 1));
    assert_eq!((refused.status, &refused.body), (401, &first.body));
    assert_eq!(server.client.get("/v1/customers/2").status, 200);

    let metrics = server.send("GET", "/metrics", "", None).metrics();
    let count = |kind: &str| {
        let line = format!("emulator_rejected_credentials_total{{credential=\"{kind}\"}} ");
        metrics.lines().find_map(|found| found.strip_prefix(&line)?.parse::<usize>().ok())
    };
    assert_eq!(count("admin-token"), Some(tokens + 1), "{metrics}");
    assert_eq!((count("basic"), count("oauth-client")), (Some(passwords + 2), Some(secrets)));
    assert_eq!(count("subscription-key"), Some(keys + 1));
}

#[test]
fn wrong_passwords_at_once_are_no_more_than_the_limit() {
    let server = Logging::start(&[]);
    let looked_up = std::thread::scope(|scope| {
        let (server, per_thread) = (&server, 2);
        let threads: Vec<_> = (0..40)
            .map(|thread| {
                scope.spawn(move || {
                    let replies =
                        (0..per_thread).map(|number| server.bydesign("demo", &format!("wrong-{thread}-{number}")));
                    replies.filter(|reply| reply.header("Retry-After").is_none()).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("replies")).sum::<usize>()
    });
    // A few more where this takes seconds.
    assert!((LIMIT..=LIMIT + 5).contains(&looked_up), "{looked_up}");
    // Unknown paths are no way around the limit.
    let pair = STANDARD.encode("other:wrong-password");
    for _ in 0..=LIMIT {
        let reply = server.send("GET", "/api/no/such/path", &format!("Authorization: Basic {pair}\r\n"), None);
        assert_eq!(reply.status, 404, "{reply:?}");
    }
    assert!(server.bydesign("other", "wrong-password").header("Retry-After").is_some());
}

#[test]
fn few_unknown_credentials_are_looked_up_at_once() {
    let Some(database) = OwnDatabase::create("lookups") else { return };
    let server = Process::start(&["--database-url", &database.url, "--seed", "demo"]);
    let client = server.client();
    client.get("/v1/customers/2").succeeds(200);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            database.execute("begin; lock table access_tokens in access exclusive mode; select pg_sleep(3); commit");
        });
        std::thread::sleep(Duration::from_millis(300));
        let unknown = |path: &'static str, number: u32| {
            let client = Client { key: format!("{number:032x}"), ..client.clone() };
            scope.spawn(move || client.get(path))
        };
        let first = [unknown("/v1/customers/2", 1), unknown("/v1/customers/2", 2)];
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        let refused: Vec<_> = (3..6).map(|number| unknown("/v1/customers/2", number)).collect();
        let no_path = unknown("/v1/no/such/path", 6).join().expect("a reply");
        assert_eq!(no_path.status, 404, "{no_path:?}");
        for reply in refused {
            let reply = reply.join().expect("a reply");
            assert_eq!((reply.status, reply.header("Retry-After")), (503, Some("1")), "{reply:?}");
            let text = "The server is looking up too many credentials at the moment; try again.";
            assert_eq!(reply.body, format!(r#"{{ "statusCode": 503, "message": "{text}" }}"#));
        }
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        // One that was valid waits for the database, and not for its turn.
        client.get("/v1/customers/2").succeeds(200);
        assert!(first.into_iter().all(|reply| reply.join().expect("a reply").status == 401));
    });
}

#[test]
fn a_change_whose_client_hangs_up_is_in_the_audit() {
    let server = Logging::start(&[]);
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    for number in 0..10 {
        let path = format!("/_emulator/tenants/left-{number}");
        let body = json!({ "name": format!("left-{number}") }).to_string();
        server.send("POST", "/_emulator/tenants", &right, Some(&body)).done(201);
        let bytes = String::from_utf8(request("DELETE", &path, &right, None)).expect("text");
        let bytes = bytes.replacen("Host: test.example", "Host: localhost", 1);
        let mut stream = TcpStream::connect(server.client.address).expect("a connection");
        stream.write_all(bytes.as_bytes()).expect("it is sent");
        drop(stream);
    }
    let start = Instant::now();
    loop {
        let left = server.send("GET", "/_emulator/tenants", &right, None).done(200).to_string();
        let (lines, _) = server.audit();
        let deleted = |number: &usize| !left.contains(&format!("left-{number}"));
        let logged = |number: usize| {
            let tenant = format!("left-{number}");
            let mut lines = lines.iter().filter(|line| line["method"] == "DELETE");
            lines.any(|line| {
                line["tenant"] == tenant.as_str() && (line["status"].is_number() || line["result"] == "hung up")
            })
        };
        let deleted: Vec<usize> = (0..10).filter(deleted).collect();
        // Whether a request had begun its work when its client hung up is a matter of chance. What it did is logged.
        let has_hung_up = lines.iter().any(|line| line["result"] == "hung up");
        if has_hung_up && deleted.iter().all(|number| logged(*number)) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{deleted:?} {lines:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(server.audit().0.iter().any(|line| line["result"] == "hung up"));
}

#[test]
fn a_logout_with_an_invented_cookie_is_no_session() {
    let server = Logging::start(&[]);
    let reply = server.send("POST", "/_emulator/logout", "Cookie: emulator_admin=invented\r\n", Some(""));
    assert_eq!(reply.status, 303, "{reply:?}");
    let (lines, _) = server.audit();
    let logout = lines.iter().find(|line| line["path"] == "/_emulator/logout").expect("a line");
    assert_eq!((&logout["client"], logout["session"].is_null()), (&json!("rejected"), true), "{logout}");
}

/// Sends wrong credentials until one is not looked up: how many there were, and the response to the last one. At least `limit` of them
/// are looked up; a few more where this takes seconds.
#[track_caller]
fn guess(limit: usize, send: impl Fn(usize) -> Reply) -> (usize, Reply) {
    for number in 0..4 * limit {
        let reply = send(number);
        if let Some(seconds) = reply.header("Retry-After") {
            let seconds: u64 = seconds.parse().expect("seconds");
            assert!((1..=60).contains(&seconds) && number >= limit, "{number}: {reply:?}");
            return (number + 1, reply);
        }
        assert_eq!(reply.status, 401, "{reply:?}");
    }
    panic!("there is no limit");
}

#[test]
fn every_wrong_credential_and_every_change_is_in_the_audit() {
    let server = Logging::start(&["--guess-limit", "0"]);
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    server.with_token("wrong-token-in-the-header");
    server.with_token("wrong-token-in-the-header");
    server.bydesign("user-in-the-log", "password-in-the-log");
    Client { key: "fedcba9876543210fedcba9876543210".to_owned(), ..server.client.clone() }.get("/v1/customers/2");
    server.send("POST", "/api/extension/hooks/x", "Authorization: Bearer extension-in-the-log\r\n", Some("{}"));
    server.send("POST", "/_emulator/tenants", &right, Some(r#"{"name":"mine"}"#)).done(201);
    let key = json!({ "name": "ci", "kind": "basic", "key": "password-of-ci-in-the-log" }).to_string();
    server.send("POST", "/_emulator/tenants/demo/keys", &right, Some(&key)).done(201);
    server.send("POST", "/_emulator/tenants/demo%1b%5b2J/reset", &right, None).problem(404);
    let endless = "x".repeat(300);
    server.send("POST", &format!("/_emulator/tenants/{endless}/reset"), &right, None).problem(404);
    server.send("DELETE", "/_emulator/tenants/mine", "", None).problem(401);
    let login = server.send("POST", "/_emulator/login", "", Some(&format!("token={TOKEN}")));
    let cookie = login.header("Set-Cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
    let session = format!("Cookie: {cookie}\r\n");
    server.send("POST", "/_emulator/t/mine/requests/clear", &session, Some(""));
    server.send("GET", "/_emulator/tenants", &right, None).done(200);

    let (lines, log) = server.audit();
    let rejected: Vec<&Value> = lines.iter().filter(|line| line["message"] == "rejected credential").collect();
    let kinds: Vec<&str> = rejected.iter().filter_map(|line| line["credential"].as_str()).collect();
    assert_eq!(kinds, ["admin-token", "admin-token", "basic", "subscription-key", "extension-token"], "{lines:?}");
    assert!(rejected.iter().all(|line| line["peer"] == "127.0.0.1" && line["level"] == "INFO"), "{rejected:?}");
    assert_eq!(rejected[0]["fingerprint"], rejected[1]["fingerprint"]);
    assert_ne!(rejected[0]["fingerprint"], rejected[2]["fingerprint"]);
    assert_eq!(rejected[2]["operation"], "ByDesignListCustomerTypes");
    let writes: Vec<Value> = lines
        .iter()
        .filter(|line| line["message"] == "control API")
        .map(|line| json!([line["client"], line["method"], line["path"], line["tenant"], line["status"]]))
        .collect();
    assert_eq!(
        writes,
        [
            json!(["token", "POST", "/_emulator/tenants", "mine", 201]),
            json!(["token", "POST", "/_emulator/tenants/demo/keys", "demo", 201]),
            json!(["token", "POST", "/_emulator/tenants/demo%1b%5b2J/reset", "demo\u{1b}[2J", 404]),
            // Both are cut.
            json!(["token", "POST", format!("/_emulator/tenants/{endless}")[..200], endless[..100], 404]),
            json!(["rejected", "DELETE", "/_emulator/tenants/mine", "mine", 401]),
            json!(["session", "POST", "/_emulator/login", null, 303]),
            json!(["session", "POST", "/_emulator/t/mine/requests/clear", "mine", 303]),
        ]
    );
    assert!(!log.contains('\u{1b}'));
    for secret in [
        TOKEN,
        "wrong-token",
        "user-in-the-log",
        "password-in-the-log",
        "fedcba98",
        "extension-in-the-log",
        "password-of-ci",
        cookie.split('=').next_back().expect("an id"),
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
