//! The program: settings, exit codes, subcommands, signals.

mod journal;
mod output;
mod secrets;
mod start_up;
mod terminal;

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::Client;
use crate::support::process::{DEMO_KEY, Process, program};
use crate::support::seeds;

fn failing(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = program(arguments).envs(variables.iter().copied()).output().expect("the program");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn a_bad_value_is_named_and_ends_with_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:1\"").expect("a file");
    let bad = file.to_str().expect("a path");
    for (arguments, variables, name) in [
        (&["--listen", "8080"][..], &[][..], "--listen"),
        (&[], &[("EMULATOR_LISTEN", "localhost:99999")], "--listen"),
        (&["--password-cost", "cheap"], &[], "--password-cost"),
        (&["--database-connections", "0"], &[], "--database-connections"),
        (&["--database-url", "mysql://x"], &[], "--database-url"),
        (&["--log", "info=loud=very"], &[], "--log"),
        (&["--config", bad], &[], "listne"),
        (&["--config", "/nonexistent.toml"], &[], "nonexistent.toml"),
        (&["sevre"], &[], "sevre"),
    ] {
        let (code, text) = failing(arguments, variables);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(name), "{name} in {text}");
    }
}

#[test]
fn a_password_in_a_url_is_never_shown() {
    let url = "postgres://user:hidden-password@127.0.0.1:1/x";
    let output = program(&["config"]).env("DATABASE_URL", url).output().expect("the program");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("database_url\tvariable\tpostgres://127.0.0.1:1/x"), "{text}");
    let output =
        program(&["migrate", "--database-wait-seconds", "0"]).env("DATABASE_URL", url).output().expect("the program");
    assert_eq!(output.status.code(), Some(1));
    let output = format!("{output:?}");
    assert!(!output.contains("hidden-password"), "{output}");
}

#[test]
fn a_misspelled_variable_causes_a_warning() {
    let output = program(&["config"]).env("EMULATOR_LISTNE", "127.0.0.1:1").output().expect("the program");
    let text = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success() && text.contains("EMULATOR_LISTNE"), "{text}");
}

#[test]
fn extra_headers_can_be_switched_off_and_an_origin_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let server = Process::start(&["--data", data, "--extra-headers", "off", "--cors-origin", "http://app.example"]);
    let client = server.client();

    let reply = client.patch("/v1/customers/3", &json!({ "Shoesize": 43 })).succeeds(200);
    assert!(reply.header("X-Emulator-Ignored").is_none(), "{reply:?}");
    let reply = client.patch("/v1/customers/3", &json!({ "FirstName": "" })).rejects(500, "FirstName is required.");
    assert_eq!(reply.json().as_object().map(serde_json::Map::len), Some(3), "{reply:?}");

    let preflight = "Origin: http://app.example\r\nAccess-Control-Request-Method: PUT\r\n\
                 Access-Control-Request-Headers: ocp-apim-subscription-key\r\n";
    let reply = client.call("OPTIONS", "/v1/customers/3", preflight, None);
    assert_eq!((reply.status, reply.header("Access-Control-Allow-Origin")), (200, Some("http://app.example")));
    assert_eq!(reply.header("Access-Control-Allow-Headers"), Some("ocp-apim-subscription-key"));
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn flag_beats_variable_beats_file_beats_default() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("emulator.toml");
    std::fs::write(&file, "max_body_bytes = 1\ndatabase_connections = 2\nlisten = \"localhost:3\"\n").expect("a file");
    let output = program(&["config", "--config", file.to_str().expect("a path"), "--max-body-bytes", "11"])
        .envs([("EMULATOR_MAX_BODY_BYTES", "12"), ("EMULATOR_DATABASE_CONNECTIONS", "22")])
        .output()
        .expect("the program");
    let text = String::from_utf8(output.stdout).expect("text");
    for line in [
        "max_body_bytes\tflag\t11",
        "database_connections\tvariable\t22",
        "listen\tfile\tlocalhost:3",
        "password_cost\tdefault\tauto",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

/// A server on the embedded database: banner, demo data, keys, restart, signal.
#[test]
fn a_server_starts_serves_and_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");

    let server = Process::start(&["--data", data]);
    let banner = server.banner.join("\n");
    for part in [&format!("address   http://{}", server.address), data, DEMO_KEY, "curl -H", "seeded    demo"] {
        assert!(banner.contains(part), "{part} in {banner}");
    }
    let client = server.client();
    client.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    assert_eq!(client.customer(2)["BackOfficeId"], "15F92");
    let listen = server.address.to_string();
    assert!(program(&["healthcheck", "--listen", &listen]).status().expect("the program").success());

    // One process at a time.
    let (code, text) = failing(&["migrate", "--data", data], &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("another process uses it"), "{text}");

    let key = |arguments: &[&str]| {
        let output = program(arguments).args(["--listen", &listen]).output().expect("the program");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("text"),
            String::from_utf8(output.stderr).expect("text"),
        )
    };
    let (code, added, _) = key(&["keys", "add", "demo", "--name", "ci"]);
    assert_eq!((code, added.trim().len()), (Some(0), 32));
    let (_, all_keys, _) = key(&["keys", "list"]);
    assert!(all_keys.contains(&added.trim()[28..]) && !all_keys.contains(added.trim()), "{all_keys}");
    assert_eq!(key(&["keys", "revoke", "demo", "--name", "demo"]).0, Some(0));
    let (code, _, text) = key(&["keys", "revoke", "demo", "--name", "unknown"]);
    assert_eq!((code, text.trim()), (Some(1), "error: tenant 'demo' has no key 'unknown'"));
    let (code, secondary, _) = key(&["keys", "rotate", "demo", "--name", "ci", "--slot", "secondary"]);
    assert_eq!((code, secondary.trim().len()), (Some(0), 32));
    let (_, all_keys, _) = key(&["keys", "list", "demo"]);
    assert!(all_keys.contains(&format!("secondary\t{}", &secondary.trim()[28..])), "{all_keys}");
    let (code, _, text) = key(&["keys", "rotate", "demo", "--name", "unknown"]);
    assert_eq!((code, text.trim()), (Some(1), "error: tenant 'demo' has no key 'unknown'"));
    let (code, _, text) = key(&["keys", "add", "demo", "--name", "other", "--key", "tooshort"]);
    assert_eq!((code, text.trim()), (Some(1), "error: a subscription key is 32 hexadecimal digits"));

    server.signal("TERM");
    assert!(server.wait().success());
    assert_eq!(program(&["healthcheck", "--listen", &listen]).status().expect("the program").code(), Some(1));
    let (code, _, text) = key(&["keys", "list"]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains(&format!("no server answers at http://{listen} ("))
            && text.contains("start one, or name it with --server"),
        "{text}"
    );

    let server = Process::start(&["--data", data]);
    let renewed = Client { address: server.address, key: added.trim().to_owned() };
    assert_eq!(renewed.customer(3)["CustomerType"], 1);
    assert_eq!(server.client().get("/v1/customers/3").status, 401);
    assert!(!server.banner.join("\n").contains(DEMO_KEY));
    server.signal("INT");
    assert!(server.wait().success());
}

#[test]
fn a_request_in_progress_ends_before_the_server_does() {
    use std::io::{Read as _, Write as _};

    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&["--data", folder.path().to_str().expect("a path")]);
    let body = seeds::distributor().to_string();
    let (first, second) = body.split_at(50);
    let mut stream = std::net::TcpStream::connect(server.address).expect("a connection");
    let head = format!(
        "PUT /v1/customers/upgrade/3 HTTP/1.1\r\nHost: x\r\nOcp-Apim-Subscription-Key: {DEMO_KEY}\r\nContent-Length: {}\r\n\r\n{first}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("it takes the request");
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(second.as_bytes()).expect("it takes the rest");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(server.wait().success());
}

#[test]
fn a_second_signal_quits_at_once() {
    use std::io::Write as _;

    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::start(&["--data", folder.path().to_str().expect("a path")]);
    let mut stream = std::net::TcpStream::connect(server.address).expect("a connection");
    let head = format!(
        "PUT /v1/customers/3 HTTP/1.1\r\nHost: x\r\nOcp-Apim-Subscription-Key: {DEMO_KEY}\r\nContent-Length: 9\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it takes the request");
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    server.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    server.signal("TERM");
    let status = server.wait();
    assert_eq!(status.code(), Some(143));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn a_seed_file_is_loaded_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let seed = |name: &str, content: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, content).expect("a file");
        let output = program(&["seed", file.to_str().expect("a path"), "--offline", "--data", data])
            .output()
            .expect("the program");
        (
            output.status.code(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    let good = "version: 1\ntenants:\n  - name: acme\n    customers:\n      - {ref: root, id: 7, CustomerType: 1, Username: r}\n      - {CustomerType: 2, Sponsor: root, AssociateCustom: {Field3: x}}\n";
    assert_eq!(seed("good.yaml", good), (Some(0), "acme: created\n".to_owned()));
    assert_eq!(seed("good.yaml", good), (Some(0), "acme: exists already, unchanged\n".to_owned()));
    let as_json = json!({ "version": 1, "tenants": [{ "name": "json", "plan": { "minimum_age": 21 } }] }).to_string();
    assert_eq!(seed("seed.json", &as_json), (Some(0), "json: created\n".to_owned()));
    for (content, message) in [
        ("version: 2\ntenants: []\n", "the version must be 1"),
        ("version: 1\ntenants: [{name: x, colour: red}]\n", "colour"),
        ("version: 1\ntenants: [{name: x, plan: {minimum_agee: 1}}]\n", "minimum_agee"),
        ("version: 1\ntenants: [{name: x, keys: [{name: k, key: short}]}]\n", "32 hexadecimal digits"),
        (
            "version: 1\ntenants: [{name: x, customers: [{CustomerType: 1, Sponsor: unknown}]}]\n",
            "no customer above it has the ref 'unknown'",
        ),
        ("version: 1\ntenants: [{name: x, customers: [{ref: a, CustomerType: 9}]}]\n", "customer a: CustomerType"),
        (
            "version: 1\ntenants: [{name: x, customers: [{CustomerType: 2, BirthDate: soon}]}]\n",
            "BirthDate is not a date",
        ),
        (
            "version: 1\ntenants: [{name: x, customers: [{CustomerType: 2, Username: u}, {CustomerType: 2, Username: U}]}]\n",
            "Username",
        ),
    ] {
        let (code, text) = seed("bad.yaml", content);
        assert_eq!(code, Some(1), "{content}: {text}");
        assert!(text.contains(message), "{message} in {text}");
    }
    let (code, text) = seed("x.yaml", "version: 1\ntenants: [{name: x}]\n");
    assert_eq!((code, text.as_str()), (Some(0), "x: created\n"), "a rejected seed leaves no tenant");
}

#[test]
fn a_hook_can_be_tried_and_webhooks_resent() {
    use crate::support::receiver::Receiver;
    use serde_json::json;

    let receiver = Receiver::with_json(|received| {
        let status = if received.path == "/events" { 500 } else { 200 };
        (status, json!({ "ApplicationResponse": { "AssociateId": 7 } }))
    });
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let seed = folder.path().join("seed.json");
    let seed = seed.to_str().expect("a path");
    let id = "Associates.Enrollment.UpdateAssociateBaseType";
    let tenants = json!({
        "version": 1,
        "tenants": [{
            "name": "demo",
            "keys": [{ "name": "demo", "key": DEMO_KEY }],
            "extension": {
                "extension_token": "sent-along", "directscale_token": "calls-back", "hooks": { id: receiver.url("/hook") }
            },
            "events": { "subscriptions": [{ "url": receiver.url("/events") }], "retry_seconds": [] },
            "customers": [{ "id": 1, "CustomerType": 2, "FirstName": "A", "Username": "a" }]
        }]
    });
    std::fs::write(seed, tenants.to_string()).expect("a file");
    let request = folder.path().join("request.json");
    std::fs::write(&request, r#"{"AssociateId": 7}"#).expect("a file");
    let server = Process::start(&["--data", data, "--seed", seed]);
    let url = format!("http://{}", server.address);
    let run = |arguments: &[&str]| {
        let output = program(arguments).args(["--server", &url]).output().expect("the program");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };

    let request = request.to_str().expect("a path");
    let (code, shown, error) = run(&["hook", "try", id, request]);
    assert_eq!(code, Some(0), "{error}");
    assert!(shown.contains(&format!("POST {}", receiver.url("/hook"))) && shown.contains("\n200\n"), "{shown}");
    assert!(shown.contains("ApplicationResponse") && !shown.contains("sent-along"), "{shown}");
    assert_eq!(receiver.received()[0].json(), json!({ "AssociateId": 7 }));
    assert_eq!(receiver.received()[0].header("Authorization"), Some("Bearer sent-along"));
    let (code, _, error) = run(&["hook", "try", "Associates.UpdateAssociate", request]);
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("does not answer Associates.UpdateAssociate"), "{error}");
    let (code, _, error) = run(&["hook", "try", "Associates.Nothing", request]);
    assert_eq!(code, Some(1));
    assert!(error.contains("'Associates.Nothing' is not a hook that is called here"), "{error}");

    // A new connection replaces all of the old one.
    let file = folder.path().join("connect.yaml");
    let connect = |content: &str| {
        std::fs::write(&file, content).expect("a file");
        run(&["hook", "connect", "demo", file.to_str().expect("a path")])
    };
    let url = receiver.url("/events");
    let (code, _, error) = connect(&format!("events: {{subscriptions: [{{url: '{url}'}}, {{url: '{url}'}}]}}"));
    assert_eq!((code, error), (Some(1), format!("error: two subscriptions have the address {url}\n")));
    assert_eq!(connect("extensions: {}").0, Some(1));
    let (code, shown, error) = connect(&format!("events: {{subscriptions: [{{url: '{url}'}}], retry_seconds: []}}"));
    assert_eq!((code, shown.as_str(), error.as_str()), (Some(0), "", "Connected tenant 'demo'.\n"));
    let (code, _, error) = run(&["hook", "try", id, request]);
    assert_eq!((code, error.trim()), (Some(1), "error: tenant 'demo' has no extension"));
    let (code, _, error) = run(&["hook", "connect", "unknown", file.to_str().expect("a path")]);
    assert_eq!((code, error.trim()), (Some(1), "error: there is no tenant 'unknown'"));

    server.client().patch("/v1/customers/1", &json!({ "FirstName": "B" })).succeeds(200);
    let start = std::time::Instant::now();
    while receiver.received().len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "the event is delivered");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let (_, failed, _) = run(&["webhooks", "list", "demo", "--state", "failed"]);
    assert!(failed.contains("\tfailed\tUpdateAssociateEvent\t1\t1\t500\t"), "{failed}");
    let resent = run(&["webhooks", "resend", "demo"]);
    assert_eq!((resent.1.as_str(), resent.2.as_str()), ("1\n", "1 delivery pending again.\n"));
    let start = std::time::Instant::now();
    while receiver.received().len() < 3 {
        assert!(start.elapsed() < Duration::from_secs(20), "the event is delivered again");
        std::thread::sleep(Duration::from_millis(20));
    }
    server.signal("TERM");
    assert!(server.wait().success());
}
