//! Who may use the control API.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::control::control;
use crate::support::http::request;
use crate::support::process::{Process, program};
use crate::support::receiver::Receiver;
use crate::support::server::server;
use crate::support::{Client, Reply, tenant};

fn send(address: SocketAddr, method: &str, path: &str, host: &str, headers: &str) -> Reply {
    let bytes = String::from_utf8(request(method, path, headers, Some("{}"))).expect("text");
    let bytes = bytes.replacen("Host: test.example", &format!("Host: {host}"), 1);
    Client { address, key: String::new() }.raw(bytes.as_bytes())
}

/// An address of this machine that is not loopback. Connecting a UDP socket sends nothing.
fn other_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn a_foreign_host_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let path = format!("/_emulator/tenants/{}", tenant.name());
    for host in ["evil.example", "evil.example:8080", "localhost.evil.example", ""] {
        for (method, path) in
            [("GET", "/_emulator/tenants".to_owned()), ("DELETE", path.clone()), ("POST", format!("{path}/reset"))]
        {
            let detail = send(server().address, method, &path, host, "").problem(403);
            assert!(
                detail.contains("is not a name of this server; --admin-hosts adds names, and with an admin token"),
                "{detail}"
            );
        }
    }
    assert_eq!(tenant.everything(), before);
    for host in ["localhost", "127.0.0.1:1234", "[::1]:80", "LOCALHOST:8080"] {
        send(server().address, "GET", "/_emulator/tenants", host, "").done(200);
    }
}

#[test]
fn a_page_of_another_site_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let path = format!("/_emulator/tenants/{}", tenant.name());
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: http://localhost:3000\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n",
        "Origin: http://outer.example\r\nSec-Fetch-Site: same-site\r\n",
    ] {
        let detail = send(server().address, "DELETE", &path, "localhost:8080", headers).problem(403);
        assert_eq!(detail, "the request comes from a page of another site");
    }
    assert_eq!(tenant.everything(), before);
    // Another site has pointed its own name here: to the browser the origin is the same.
    let rebound = "Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n";
    send(server().address, "DELETE", &path, "evil.example", rebound).problem(403);
    assert_eq!(tenant.everything(), before);
    // Behind a proxy that rewrites Host, the origin differs.
    let behind = "Origin: https://outer.example\r\nSec-Fetch-Site: same-origin\r\n";
    send(server().address, "GET", &path, "localhost:8080", behind).done(200);
    let own = send(server().address, "GET", &path, "localhost:8080", "Origin: http://localhost:8080\r\n");
    // And no other site can read the response.
    assert!(!own.head.to_ascii_lowercase().contains("access-control"), "{own:?}");
    own.done(200);
}

#[test]
fn off_loopback_the_token_is_required() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let server = Process::start_on("0.0.0.0:0", &["--data", data]);
    let banner = server.banner.join("\n");
    let token =
        banner.lines().find_map(|line| line.split_once("generated for this start: ")).expect("a token").1.to_owned();
    assert_eq!(token.len(), 32);
    let addresses: Vec<IpAddr> = [IpAddr::from([127, 0, 0, 1])].into_iter().chain(other_address()).collect();
    for ip in addresses {
        let address = SocketAddr::new(ip, server.address.port());
        let host = address.to_string();
        let rejected = |headers: &str| {
            for (method, path) in [
                ("GET", "/_emulator/tenants"),
                ("POST", "/_emulator/tenants/demo/reset"),
                ("DELETE", "/_emulator/tenants/demo"),
            ] {
                let reply = send(address, method, path, &host, headers);
                assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer"), "{reply:?}");
                reply.problem(401);
            }
        };
        rejected("");
        rejected("Authorization: Bearer wrong\r\n");
        rejected(&format!("Authorization: Basic {token}\r\n"));
        rejected(&format!("Authorization: Bearer {}x\r\n", &token[..31]));
        rejected("Cookie: emulator_admin=wrong\r\n");
        rejected(&format!("Cookie: emulator_admin={token}\r\n"));
        let right = format!("Authorization: Bearer {token}\r\n");
        send(address, "GET", "/_emulator/tenants", &host, &right).done(200);
        // With the token every name is accepted, such as this container's name in others; a page of another site is not.
        for name in ["emulator", "emulator:8080", "emulator.internal.example", ""] {
            send(address, "GET", "/_emulator/tenants", name, &right).done(200);
            send(address, "GET", "/_emulator/tenants", name, "").problem(401);
        }
        let foreign = format!("{right}Origin: http://evil.example\r\n");
        send(address, "GET", "/_emulator/tenants", "emulator", &foreign).problem(403);
        let behind = format!("{right}Origin: https://outer.example\r\nSec-Fetch-Site: same-origin\r\n");
        send(address, "GET", "/_emulator/tenants", "inner:8080", &behind).done(200);
        // Without a token: the document, the docs page, health, and the vendor APIs.
        assert_eq!(send(address, "GET", "/_emulator/openapi.json", "evil.example", "").status, 200);
    }
    let client = Client {
        address: SocketAddr::from(([127, 0, 0, 1], server.address.port())),
        key: crate::support::process::DEMO_KEY.to_owned(),
    };
    client.get("/v1/customers/2").succeeds(200);
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn a_browser_at_the_root_is_redirected_to_the_inspector() {
    const BROWSER: &str = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    let at = |method: &str, path: &str, headers: &str| send(server().address, method, path, "test.example", headers);
    for method in ["GET", "HEAD"] {
        let redirect = at(method, "/", BROWSER);
        assert_eq!((redirect.status, redirect.header("Location")), (302, Some("/_emulator/")), "{redirect:?}");
        assert_eq!((redirect.header("Vary"), redirect.body.as_str()), (Some("Accept"), ""), "{redirect:?}");
    }
    let key = format!("{BROWSER}Ocp-Apim-Subscription-Key: 0123456789abcdef0123456789abcdef\r\n");
    for (method, path, headers) in [
        ("GET", "/", ""),
        ("GET", "/", "Accept: */*\r\n"),
        ("GET", "/", "Accept: application/json\r\n"),
        // Java's own client.
        ("GET", "/", "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\n"),
        ("GET", "/", key.as_str()),
        ("POST", "/", BROWSER),
        ("GET", "/v1", BROWSER),
        ("GET", "/v2/customers", BROWSER),
    ] {
        let reply = at(method, path, headers);
        let expected = r#"{ "statusCode": 404, "message": "Resource not found" }"#;
        assert_eq!((reply.status, reply.body.as_str()), (404, expected), "{method} {path} {headers}");
    }
}

#[test]
fn a_token_that_is_set_is_required_on_loopback_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let token = "my-own-long-secret";
    let server = Process::start(&["--data", data, "--admin-token", token]);
    assert!(!server.banner.join("\n").contains(token));
    send(server.address, "GET", "/_emulator/tenants", "localhost", "").problem(401);
    // Java's own client accepts pages too, and is not redirected to one.
    let java = "Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\n";
    send(server.address, "GET", "/_emulator/tenants", "localhost", java).problem(401);
    send(server.address, "GET", "/_emulator/tenants", "localhost", &format!("Authorization: Bearer {token}\r\n"))
        .done(200);
    // The command line sends it.
    let url = format!("http://{}", server.address);
    let run = |arguments: &[&str]| program(arguments).args(["--server", &url]).output().expect("the program");
    let rejected = run(&["tenants", "list"]);
    assert_eq!(rejected.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&rejected.stderr).contains("the server requires its admin token"), "{rejected:?}");
    assert!(run(&["tenants", "list", "--admin-token", token]).status.success());
    let shown = program(&["config", "--admin-token", token]).output().expect("the program");
    assert!(!String::from_utf8_lossy(&shown.stdout).contains(token), "{shown:?}");
    let short = program(&["config", "--admin-token", "short"]).output().expect("the program");
    assert_eq!(short.status.code(), Some(2));
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn the_token_can_be_required_on_loopback() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let open = Process::start(&["--data", &data("open")]);
    let banner = open.banner.join("\n");
    assert!(banner.contains("open to every program on this machine; --admin-token-required"), "{banner}");
    // As nginx forwards a request of another machine by default.
    send(open.address, "GET", "/_emulator/tenants", &open.address.to_string(), "Connection: close\r\n").done(200);
    for (number, argument) in ["--admin-token-required", "--admin-token-required=on"].into_iter().enumerate() {
        let server = Process::start(&["--data", &data(&number.to_string()), argument]);
        let banner = server.banner.join("\n");
        assert!(!banner.contains("open to every program"), "{banner}");
        let token = banner.lines().find_map(|line| line.split_once("generated for this start: ")).expect("a token").1;
        let host = server.address.to_string();
        for (method, path) in [("GET", "/_emulator/tenants"), ("DELETE", "/_emulator/tenants/demo")] {
            send(server.address, method, path, &host, "").problem(401);
        }
        let right = format!("Authorization: Bearer {token}\r\n");
        send(server.address, "GET", "/_emulator/tenants", &host, &right).done(200);
        server.client().get("/v1/customers/2").succeeds(200);
    }
}

#[test]
fn a_page_of_another_site_cannot_use_a_key_that_it_knows() {
    let tenant = tenant();
    let before = tenant.everything();
    // Such a request needs no preflight.
    let path = format!("/v1/customers?subscription-key={}", tenant.client.key);
    let body = crate::support::seeds::retail().to_string();
    let sent = |address: SocketAddr, path: &str, headers: &str| {
        Client { address, key: String::new() }.raw(&request(
            "POST",
            path,
            &format!("Content-Type: text/plain\r\n{headers}"),
            Some(&body),
        ))
    };
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
    ] {
        let reply = sent(server().address, &path, headers);
        assert_eq!(reply.status, 401, "{headers}: {reply:?}");
        assert!(reply.body.contains("invalid subscription key"), "{reply:?}");
    }
    assert_eq!(tenant.everything(), before);
    // Programs, own pages, pages behind a proxy of their own, and reads.
    for headers in [
        "",
        "Origin: http://test.example\r\n",
        "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-origin\r\n",
        "Sec-Fetch-Site: none\r\n",
    ] {
        let reply = sent(server().address, &path, headers);
        assert_ne!(reply.status, 401, "{headers}: {reply:?}");
    }
    let read = tenant.call("GET", "/v1/customers/2", "Origin: http://evil.example\r\n", None);
    assert_eq!(read.status, 200, "{read:?}");
    // An origin that the setting permits.
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let other = Process::start(&["--data", data.to_str().expect("a path"), "--cors-origin", "http://app.example"]);
    let path = format!("/v1/customers?subscription-key={}", crate::support::process::DEMO_KEY);
    assert_ne!(sent(other.address, &path, "Origin: http://app.example\r\n").status, 401);
    assert_eq!(sent(other.address, &path, "Origin: http://evil.example\r\n").status, 401);
}

#[test]
fn the_values_in_the_queries_of_urls_are_hidden() {
    const SECRET: &str = "secret-in-a-url";
    let receiver = Receiver::with_json(|_| (200, json!({})));
    let tenant = tenant();
    let url = |path: &str| receiver.url(&format!("{path}?code={SECRET}&v=1"));
    let id = "Associates.UpdateAssociate";
    let integration = json!({
        "extension": {
            "extension_token": "sent-along-to-hooks", "directscale_token": "calls-back-from-hooks", "hooks": { id: url("/hook") }
        },
        "events": { "subscriptions": [{ "url": url("/events") }], "retry_seconds": [] },
    });
    tenant.control("PUT", "/integration", Some(&integration)).done(204);
    tenant.patch("/v1/customers/2", &json!({ "FirstName": "Hooked" }));
    tenant.put("/v1/customers/upgrade/3", &crate::support::seeds::distributor());
    let tried = tenant.control("POST", &format!("/hooks/{id}/try"), Some(&json!({}))).done(200);
    let start = Instant::now();
    while !receiver.received().iter().any(|received| received.path == format!("/events?code={SECRET}&v=1")) {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", receiver.received());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(receiver.received().iter().any(|received| received.path == format!("/hook?code={SECRET}&v=1")));
    let page = |path: &str| {
        let path = format!("/_emulator/t/{}{path}", tenant.name());
        send(server().address, "GET", &path, "localhost", "Accept: text/html\r\n").body
    };
    let requests = tenant.requests("");
    let hooked = requests.iter().find(|request| request["hooks"] != json!([])).expect("a request with a hook");
    let newest = &hooked["request_id"];
    for (what, shown) in [
        ("hook try", tried.to_string()),
        ("integration", tenant.control("GET", "/integration", None).body),
        ("webhooks", tenant.control("GET", "/webhooks", None).body),
        ("journal", json!(tenant.requests("")).to_string()),
        ("request", tenant.control("GET", &format!("/requests/{}", newest.as_str().expect("an id")), None).body),
        ("page of webhooks", page("/webhooks")),
        ("page of the request", page(&format!("/requests/{}?tab=hooks", newest.as_str().expect("an id")))),
    ] {
        assert!(!shown.contains(SECRET), "{what}: {shown}");
        if what != "journal" {
            assert!(shown.contains("code=•••"), "{what}: {shown}");
        }
    }
}

#[test]
fn the_document_pages_cannot_be_framed_and_keep_no_key() {
    for path in ["/_emulator/docs/index.html", "/_emulator/docs/swagger-initializer.js", "/_emulator/coverage"] {
        let reply = send(server().address, "GET", path, "localhost", "Accept: text/html\r\n");
        let policy = reply.header("Content-Security-Policy").unwrap_or_else(|| panic!("a policy in {reply:?}"));
        assert!(policy.starts_with("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(reply.status == 200 && !reply.body.contains("\"persistAuthorization\": true"), "{path}");
    }
}

#[test]
fn the_control_api_can_have_its_own_listener() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let data = data.to_str().expect("a path");
    let server = Process::start(&["--data", data, "--admin-listen", "127.0.0.1:0"]);
    let banner = server.banner.join("\n");
    let admin = banner.lines().find_map(|line| line.trim().strip_prefix("inspector http://")).expect("an address");
    let admin: SocketAddr = admin.trim_end_matches("/_emulator/").parse().expect("an address");
    assert_ne!(admin, server.address);
    send(admin, "GET", "/_emulator/tenants", "localhost", "").done(200);
    assert_eq!(send(admin, "GET", "/livez", "localhost", "").status, 200);
    assert_eq!(send(admin, "GET", "/metrics", "localhost", "").status, 200);
    assert_eq!(send(admin, "GET", "/v1/customers/2", "localhost", "").status, 404);
    assert_eq!(send(admin, "GET", "/", "localhost", "Accept: text/html\r\n").header("Location"), Some("/_emulator/"));
    assert_eq!(send(server.address, "GET", "/", "localhost", "Accept: text/html\r\n").status, 404);
    for path in ["/_emulator/tenants", "/_emulator/docs", "/_emulator/openapi.json", "/_emulator", "/metrics"] {
        let reply = send(server.address, "GET", path, "localhost", "");
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (404, r#"{ "statusCode": 404, "message": "Resource not found" }"#)
        );
    }
    server.client().get("/v1/customers/2").succeeds(200);
    server.signal("TERM");
    assert!(server.wait().success());
}

#[test]
fn a_body_that_cannot_be_read_is_rejected_with_the_reason() {
    let tenant = tenant();
    let path = format!("/_emulator/tenants/{}/faults", tenant.name());
    for (body, reason) in [
        ("{", "EOF while parsing"),
        ("\u{0}", "must not contain the character NUL"),
        ("nonsense", "expected"),
        (r#"["GetCustomer", "hidden"]"#, "the body must be an object, not a list"),
    ] {
        let bytes = request("POST", &path, "", Some(body));
        let text = String::from_utf8(bytes).expect("text").replacen("test.example", "localhost", 1);
        let detail = Client { address: server().address, key: String::new() }.raw(text.as_bytes()).problem(400);
        assert!(detail.contains(reason) && !detail.contains("hidden"), "{detail}");
    }
    let yaml = "operation: GetCustomer\nresponse: truncated\n";
    let bytes = request("POST", &path, "Content-Type: application/yaml\r\n", Some(yaml));
    let text = String::from_utf8(bytes).expect("text").replacen("test.example", "localhost", 1);
    Client { address: server().address, key: String::new() }.raw(text.as_bytes()).done(201);
    for query in ["status=hidden", "customer=hidden", "limit=hidden", "request_id=hidden"] {
        let detail = control("GET", &format!("/tenants/{}/requests?{query}", tenant.name()), None).problem(400);
        let name = query.split('=').next().expect("a name");
        assert!(detail.contains(name) && !detail.contains("hidden"), "{detail}");
    }
    assert_eq!(control("GET", "/tenants/a%2Fb", None).problem(404), "there is no tenant 'a/b'");
    assert_eq!(control("GET", "/tenants/%FF", None).status, 400);
    assert!(
        control("POST", "/tenants", Some(&json!({ "name": "x".repeat(64) }))).problem(400).contains("is not a name")
    );
}

#[test]
fn a_name_with_a_nul_is_not_found() {
    let tenant = tenant();
    let before = tenant.everything();
    let token = "Authorization: Bearer x\r\nX-DirectScale-CallbackToken: x\r\n";
    for path in ["/api/extension/hooks/%00", "/api/extension/hooks/a%00b"] {
        assert_eq!(send(server().address, "POST", path, "localhost", token).status, 403, "{path}");
    }
    for (method, path, body) in [
        ("POST", "/keys/%00/revoke", json!({})),
        ("POST", "/keys/%00/rotate", json!({ "slot": "primary" })),
        ("POST", "/snapshots/a%00b/restore", json!({})),
        ("DELETE", "/snapshots/%00", Value::Null),
    ] {
        let reply = tenant.control(method, path, (!body.is_null()).then_some(&body));
        assert_ne!(reply.status, 500, "{path}: {reply:?}");
        assert!((400..500).contains(&reply.status), "{path}: {reply:?}");
    }
    let reply = tenant.control("POST", "/keys/%00/revoke", Some(&json!({})));
    let expected = json!({
        "status": 404, "title": "Not Found", "detail": "a name cannot contain the character U+0000"
    });
    assert_eq!((reply.status, reply.json()), (404, expected));
    let reply = control("POST", "/tenants/a%00b/reset", None);
    assert_eq!(reply.status, 404, "{reply:?}");
    assert_eq!(tenant.everything(), before);
}
