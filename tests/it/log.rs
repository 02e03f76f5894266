//! The log: one line for each request, without secrets at every level.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::documented::operations;
use crate::support::http::request;
use crate::support::process::{DEMO_KEY, program};
use crate::support::{Client, seeds, with};

/// The demo tenant's credentials of ByDesign's API.
const DEMO_BASIC: &str = "ZGVtbzowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg==";

/// Creations in each format of ByDesign's API.
fn send_to_bydesign(client: &Client) {
    for (kind, body) in [
        ("json", r#"{"Password":"Password-Of-ByDesign1","TaxID":"TAX-OF-BYDESIGN"}"#),
        ("xml", "<CustomerCreationViewModel><Password>Password-Of-ByDesign1</Password><TaxID2>TAX-OF-BYDESIGN"),
        ("x-www-form-urlencoded", "Password=Password-Of-ByDesign1&TaxID2=TAX-OF-BYDESIGN&Email=nobody"),
    ] {
        let headers = format!("Authorization: Basic {DEMO_BASIC}\r\nContent-Type: application/{kind}\r\n");
        client.raw(&request("POST", "/api/users/customer", &headers, Some(body)));
    }
}

#[test]
fn one_line_for_each_request_and_no_secret_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = program(&["--listen", "127.0.0.1:0", "--log", "trace", "--log-format", "json"])
        .args(["--data", folder.path().join("data").to_str().expect("a path")])
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(&err).expect("a file"))
        .spawn()
        .expect("the program");
    let read = |path| std::fs::read_to_string(path).expect("a file");
    let start = Instant::now();
    while !read(&out).contains("Ready.\n") {
        assert!(start.elapsed() < Duration::from_mins(2), "{}", read(&out));
        std::thread::sleep(Duration::from_millis(50));
    }
    let banner = read(&out);
    let address = banner.lines().find_map(|line| line.trim().strip_prefix("address   http://")).expect("an address");
    let client = Client { address: address.parse().expect("an address"), key: DEMO_KEY.to_owned() };

    let upgrade = client.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    client.put("/v1/customers/upgrade/3", &seeds::distributor());
    client.post("/v1/customers", &with(&seeds::full(), json!({ "Password": "weak-and-secret" })));
    client.patch("/v1/customers/2", &json!({ "TaxId": seeds::distributor()["TaxId"] }));
    client.get("/livez");
    Client { key: "fedcba9876543210fedcba9876543210".to_owned(), ..client.clone() }.get("/v1/customers/3");
    client.get(&format!("/v1/customers/3?subscription-key={DEMO_KEY}"));
    client.get("/v1/nothing");
    // Secrets in paths, queries and responses.
    client.get("/v1/validate/tax-id/TAX-IN-THE-PATH");
    client.get("/v1/validate/login?username=dana&password=Password-In-The-Query1");
    client.put("/v1/customers/2/reset-password", &json!({ "Password": "Password-In-The-Body1" })).succeeds(200);
    let address = client.get("/v1/sso/2").succeeds(200).json();
    let token = address.as_str().and_then(|address| address.rsplit('=').next()).expect("a token").to_owned();
    client.get(&format!("/v1/sso/?token={token}")).succeeds(200);
    send_to_bydesign(&client);
    let by_hand = 15;
    for operation in operations() {
        let path = operation.address(|_| Some("9999".to_owned()));
        client.call(&operation.method, &path, "", None);
    }
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
    assert!(child.wait().expect("an end").success());

    let lines: Vec<Value> = read(&out)
        .lines()
        .skip_while(|line| *line != "Ready.")
        .skip(1)
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let access: Vec<&Value> = lines.iter().filter(|line| line["message"] == "request").collect();
    let requests: Vec<(&str, u64)> = access
        .iter()
        .map(|line| (line["operation"].as_str().expect("a name"), line["status"].as_u64().expect("a status")))
        .collect();
    assert_eq!(
        requests[..7],
        [
            ("UpgradeCustomer", 201),
            ("UpgradeCustomer", 500),
            ("CreateCustomer", 500),
            ("UpdateCustomerByParameter", 500),
            ("GetCustomer", 401),
            ("GetCustomer", 200),
            ("-", 404),
        ]
    );
    let logged: Vec<(&str, &str)> = access[by_hand..]
        .iter()
        .map(|line| (line["operation"].as_str().expect("a name"), line["route"].as_str().expect("a route")))
        .collect();
    let operations = operations();
    let documented: Vec<(&str, &str)> =
        operations.iter().map(|operation| (operation.id.as_str(), operation.route.as_str())).collect();
    assert_eq!(logged, documented);
    let first = access[0];
    assert_eq!(first["request.id"].as_str(), upgrade.header("X-DirectScale-RequestId"));
    assert_eq!(first["tenant.id"], 1);
    assert!(
        first["ms"].as_f64() >= first["database.ms"].as_f64() && first["database.ms"].as_f64() > Some(0.0),
        "{first}"
    );

    let logged = format!("{}{}", read(&out).split("Ready.").last().unwrap_or_default(), read(&err));
    assert!(logged.len() > 10_000, "the log is verbose");
    for secret in [
        DEMO_KEY,
        "fedcba9876543210",
        "Password123!",
        "weak-and-secret",
        "TAX-TEST-3333",
        "$test-sha256",
        "TAX-IN-THE-PATH",
        "Password-In-The-Query1",
        "Password-In-The-Body1",
        "Password-Of-ByDesign1",
        "TAX-OF-BYDESIGN",
        DEMO_BASIC,
        &token,
    ] {
        assert!(!logged.contains(secret), "{secret} in the log");
    }
}

/// Tokens and passwords go to an extension and a subscriber and come back; the log has none of them.
#[test]
fn no_secret_of_an_extension_or_a_subscriber_is_logged() {
    use crate::support::receiver::{Receiver, response};

    let folder = tempfile::tempdir().expect("a folder");
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let hook = "Associates.Enrollment.UpdateAssociateBaseType";
    let emulator = std::sync::Arc::<std::sync::Mutex<Option<Client>>>::default();
    let of_receiver = std::sync::Arc::clone(&emulator);
    let receiver = Receiver::start(move |received| {
        if received.path == "/events" {
            return response(200, "", "");
        }
        let token = received.header("X-DirectScale-CallbackToken").expect("a token");
        let headers = format!("Authorization: Bearer calls-back-secret\r\nX-DirectScale-CallbackToken: {token}\r\n");
        let client = of_receiver.lock().expect("no panic").clone().expect("a server");
        let path = format!("/api/extension/hooks/{hook}");
        response(200, "", &client.raw(&request("POST", &path, &headers, Some(&received.body))).body)
    });
    let seed = folder.path().join("seed.json");
    let tenants = json!({
        "version": 1,
        "tenants": [{
            "name": "demo",
            "keys": [{ "name": "demo", "key": DEMO_KEY }],
            "extension": {
                "extension_token": "sent-to-secret", "directscale_token": "calls-back-secret",
                "hooks": { hook: receiver.url("/hook") }
            },
            "events": { "subscriptions": [{ "url": receiver.url("/events"), "secret": "event-secret" }] },
            "customers": [
                { "CustomerType": 1, "Username": "root" }, { "CustomerType": 1, "Username": "sponsor", "SponsorId": 1 },
                { "CustomerType": 2, "Username": "retail", "SponsorId": 2 }
            ]
        }]
    });
    std::fs::write(&seed, tenants.to_string()).expect("a file");
    let mut child = program(&["--listen", "127.0.0.1:0", "--log", "trace", "--log-format", "json"])
        .args(["--data", folder.path().join("data").to_str().expect("a path")])
        .args(["--seed", seed.to_str().expect("a path")])
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(&err).expect("a file"))
        .spawn()
        .expect("the program");
    let read = |path| std::fs::read_to_string(path).expect("a file");
    let start = Instant::now();
    while !read(&out).contains("Ready.\n") {
        assert!(start.elapsed() < Duration::from_mins(2), "{}", read(&out));
        std::thread::sleep(Duration::from_millis(50));
    }
    let banner = read(&out);
    let address = banner.lines().find_map(|line| line.trim().strip_prefix("address   http://")).expect("an address");
    let client = Client { address: address.parse().expect("an address"), key: DEMO_KEY.to_owned() };
    *emulator.lock().expect("no panic") = Some(client.clone());

    client.put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let start = Instant::now();
    while receiver.received().len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(20), "the event is delivered");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
    assert!(child.wait().expect("an end").success());

    let logged = format!("{}{}", read(&out).split("Ready.").last().unwrap_or_default(), read(&err));
    assert!(logged.contains("ExtensionHookCallback") && logged.len() > 10_000, "the log is verbose");
    let token = receiver.received()[0].header("X-DirectScale-CallbackToken").expect("a token").to_owned();
    for secret in ["sent-to-secret", "calls-back-secret", "event-secret", "Password123!", "TAX-TEST-3333", &token] {
        assert!(!logged.contains(secret), "{secret} in the log");
    }
}

#[test]
fn a_reader_of_the_log_that_pauses_stops_no_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = program(&["--listen", "127.0.0.1:0", "--log-format", "json"])
        .args(["--data", folder.path().join("data").to_str().expect("a path")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("a line"));
    let address = lines.find_map(|line| Some(line.trim().strip_prefix("address   http://")?.to_owned()));
    let client = Client { address: address.expect("an address").parse().expect("an address"), key: "wrong".to_owned() };
    // Nothing is read from here on. A pipe holds 64 KiB, and each request has a line in both.
    for _ in 0..1_000 {
        assert_eq!(client.get("/v1/customers/3").status, 401);
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    let start = Instant::now();
    while child.try_wait().expect("a state").is_none() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
}
