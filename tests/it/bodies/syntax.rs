//! Lenient JSON, and broken bodies.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{bydesign, directscale, storm};
use crate::support::control::as_request;
use crate::support::{Reply, Tenant, tenant};

/// Bodies that Json.NET reads, and the first name in them.
const LENIENT: [(&str, &str); 9] = [
    ("// a\n{\"FirstName\": /* b */ \"Ada\"} // c", "Ada"),
    ("/* a */{\"FirstName\":\"Ada\",}", "Ada"),
    ("{\"FirstName\":\"/* no // comment */,}\"}", "/* no // comment */,}"),
    ("{'FirstName': 'Ada'}", "Ada"),
    ("{FirstName: \"O'Hara\",}", "O'Hara"),
    ("{'FirstName': 'O\\'Hara \"x\"'}", "O'Hara \"x\""),
    ("{\"FirstName\":\"A\tb\"}", "A\tb"),
    ("{\"FirstName\":\"A\\ud800b\"}", "A\u{fffd}b"),
    ("\u{feff}{FirstName: 01234}", "01234"),
];

#[test]
fn lenient_json_is_read_by_directscale_and_bydesign() {
    let tenant = tenant();
    for (body, name) in LENIENT {
        directscale(&tenant).send("", body.as_bytes()).succeeds(200);
        assert_eq!(tenant.customer(3)["FirstName"], name, "{body}");
        let reply = bydesign(&tenant).send("Content-Type: text/json\r\nAccept: text/json\r\n", body.as_bytes());
        assert_eq!((reply.status, reply.json()["FirstName"].as_str()), (200, Some(name)), "{body}");
    }
}

#[test]
fn storm_reads_comments_and_trailing_commas_and_nothing_more() {
    let tenant = tenant();
    let target = storm(&tenant);
    let body = "\u{feff}{ // a\n\"Id\": 3, /* b */ \"FirstName\": \"Ada\", \"Flags\": [{\"Id\": 1,},], }";
    let reply = target.send("", body.as_bytes());
    assert_eq!((reply.status, reply.json()["FirstName"].as_str()), (200, Some("Ada")), "{reply:?}");
    for body in
        ["{'Id': 3}", "{Id: 3}", "{\"Id\": 3, \"FirstName\": \"\\ud800\"}", "{\"Id\": 3, \"FirstName\": \"a\nb\"}"]
    {
        assert_eq!(target.send("", body.as_bytes()).status, 400, "{body}");
    }
}

#[test]
fn syntax_errors_are_rejected_with_their_place() {
    let tenant = tenant();
    let before = tenant.everything();
    for (body, message) in [
        ("{\"a\":1", "EOF while parsing an object at line 1 column 6"),
        ("// c\n{\"a\" 1}", "expected `:` at line 2 column 6"),
        ("{\"a\":1,} x", "trailing characters at line 1 column 10"),
        ("[1,,]", "expected value at line 1 column 4"),
        ("{,}", "key must be a string at line 1 column 2"),
        ("{\"a\":tru}", "expected ident at line 1 column 9"),
        ("/* never ends", "expected value at line 1 column 1"),
        ("{\"a\":\"\\x\"}", "invalid escape at line 1 column 8"),
        ("# c\n{}", "expected value at line 1 column 1"),
    ] {
        let message = format!("The request body is not valid JSON: {message}.");
        directscale(&tenant).send("", body.as_bytes()).rejects(500, &message);
        let reply = bydesign(&tenant).send("Content-Type: application/json\r\n", body.as_bytes());
        let quoted = json!(message).to_string();
        assert!(reply.status == 400 && reply.body.contains(&quoted), "{quoted} in {reply:?}");
        let reply = storm(&tenant).send("", body.as_bytes());
        assert!(reply.status == 400 && reply.body.contains("is not valid JSON: "), "{reply:?}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn bodies_that_are_hard_to_parse_are_rejected_quickly() {
    let tenant = tenant();
    let most = 60_000;
    let nasty = |unit: &str| unit.repeat(most / unit.len());
    let [bydesign, storm, directscale] = [bydesign(&tenant), storm(&tenant), directscale(&tenant)];
    for unit in ["[", "/*x*/[", "{a:", "//\n{\"a\":", "/*", "'", "\"\\", "{'a':[", ",", "[1,", "\\u", "a", "\u{feff}"] {
        let body = nasty(unit);
        let start = Instant::now();
        for (target, status) in [(&directscale, 500), (&bydesign, 400), (&storm, 400)] {
            let reply = target.send("Content-Type: application/json\r\n", body.as_bytes());
            assert_eq!(reply.status, status, "{unit}: {reply:?}");
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{unit}: {:?}", start.elapsed());
    }
    let deep = format!("/**/{{\"FirstName\":{}{}}}", "[".repeat(2000), "]".repeat(2000));
    let reply = directscale.send("", deep.as_bytes());
    assert!(reply.message().starts_with("The request body is not valid JSON: recursion limit exceeded"), "{reply:?}");
}

#[test]
fn a_secret_in_lenient_json_is_not_kept() {
    let tenant = tenant();
    for body in [
        "{'Password': 'Hidden-Value-1'}",
        "{Password: \"Hidden-Value-1\", FirstName: 'x'}",
        "{\"Password\" /* : */ : /* , */ \"Hidden-Value-1\"}",
        "// a=b&c\n{\"Password\"//\n:\n\"Hidden-Value-1\",}",
    ] {
        let path = "/v1/customers/3/reset-password";
        tenant.call("PUT", path, "", Some(body)).succeeds(200);
        let journal = serde_json::to_string(&tenant.requests("?operation=ResetPassword")).expect("JSON");
        assert!(!journal.contains("Hidden-Value-1"), "{body}: {journal}");
    }
}

/// A request of the control API with these bytes as its body.
fn control(tenant: &Tenant, method: &str, path: &str, body: &str) -> Reply {
    let path = format!("/tenants/{}{path}", tenant.name());
    let mut bytes = as_request(method, &path, &format!("Content-Length: {}\r\n", body.len()), None);
    bytes.extend(body.as_bytes());
    tenant.raw(&bytes)
}

#[test]
fn the_control_api_and_seeds_read_comments_and_a_byte_order_mark() {
    let tenant = tenant();
    control(&tenant, "PUT", "/plan", "\u{feff}{ // c\n\"minimum_age\": 21, }").done(200);
    let plan = tenant.control("GET", "/plan", None).done(200);
    assert_eq!(plan["minimum_age"], 21);
    let message = control(&tenant, "PUT", "/plan", "{ /* c */ \"minimum_age\": 21 1}").problem(400);
    assert!(message.contains("at line 1 column 29"), "{message}");
    let message = control(&tenant, "PUT", "/plan", "\u{feff}{\"minimum_aje\": 21}").problem(400);
    assert!(message.contains("minimum_aje"), "{message}");
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("a.json", "\u{feff}{\"version\": 1, \"tenants\": [], } // c"),
        ("a.yaml", "\u{feff}version: 1\ntenants: []\n"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        let read = directscale_emulator::tenants::SeedSource::File(path).read();
        assert!(read.is_ok(), "{name}: {read:?}");
    }
}
