//! Attacks with XML and other formats: rejected at once, without fetching anything, while the server keeps serving.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Format, JSON, PATH, XML, api_result, basic, http_error};
use crate::support::process::{DEMO_KEY, Process};
use crate::support::server::MAX_BODY_BYTES;
use crate::support::vendors::VendorClient;
use crate::support::{Reply, tenant};

/// For one rejection, without optimization and while other tests run.
const TIMEOUT: Duration = Duration::from_secs(2);

const DOCUMENT_TYPE: &str = "it has a document type (DOCTYPE), which is not read";

fn model(content: &str) -> String {
    format!("<CustomerCreationViewModel>{content}</CustomerCreationViewModel>")
}

/// Documents that are rejected, each with the reason.
fn documents(listener: &TcpListener) -> Vec<(Vec<u8>, &'static str)> {
    let url = format!("http://{}/dtd", listener.local_addr().expect("an address"));
    let laughs = (1..20).map(|level| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10)));
    let laughs: String = laughs.collect();
    let entity =
        |declared: &str, content: &str| format!("<!DOCTYPE CustomerCreationViewModel {declared}>{}", model(content));
    let name = "<FirstName>&x;</FirstName>";
    let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    vec![
        (entity(&format!("[<!ENTITY l0 \"lol\">{laughs}]"), "<FirstName>&l19;</FirstName>").into(), DOCUMENT_TYPE),
        (entity(&format!("[<!ENTITY x \"{}\">]", "x".repeat(30_000)), &name.repeat(1_000)).into(), DOCUMENT_TYPE),
        (entity("[<!ENTITY x SYSTEM \"file:///etc/passwd\">]", name).into(), DOCUMENT_TYPE),
        (entity(&format!("[<!ENTITY x SYSTEM \"{url}\">]"), name).into(), DOCUMENT_TYPE),
        (entity(&format!("[<!ENTITY % x SYSTEM \"{url}\"> %x;]"), "").into(), DOCUMENT_TYPE),
        (entity(&format!("SYSTEM \"{url}\""), "").into(), DOCUMENT_TYPE),
        (entity(&format!("PUBLIC \"-//X//Y\" \"{url}\""), "").into(), DOCUMENT_TYPE),
        ("<!DOCTYPE x [".into(), DOCUMENT_TYPE),
        (model(name).into(), "it refers to an entity that is not one of XML's five"),
        (model(&"<A>".repeat(10_000)).into(), "elements nest deeper than 3"),
        ("<CustomerCreationViewModel>".repeat(2_000).into(), "elements nest deeper than 3"),
        (model(&"<A/>".repeat((MAX_BODY_BYTES - 60) / 4)).into(), "it has more than 1000 elements"),
        (model(&"<FirstName><B/></FirstName>".repeat(2_000)).into(), "it has more than 1000 elements"),
        ("<a/>".into(), "the root element is 'a', not 'CustomerCreationViewModel'"),
        (
            utf_16("\u{feff}<a/>", u16::to_le_bytes),
            "it is written in UTF-16, which Content-Type does not declare, such as 'text/xml; charset=utf-16'",
        ),
        (
            utf_16("\u{feff}<a/>", u16::to_be_bytes),
            "it is written in UTF-16, which Content-Type does not declare, such as 'text/xml; charset=utf-16'",
        ),
        (utf_16("<a/>", u16::to_be_bytes), "the character U+0000 cannot stand in XML"),
        (
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><CustomerCreationViewModel/>".to_vec(),
            "its encoding is 'ISO-8859-1', which Content-Type does not declare, such as 'text/xml; charset=utf-16'",
        ),
        (
            b"<?xml version=\"1.0\" encoding=\"utf-16\"?><CustomerCreationViewModel/>".to_vec(),
            "its encoding is 'utf-16', which Content-Type does not declare, such as 'text/xml; charset=utf-16'",
        ),
        (model("<FirstName>&#1;</FirstName>").into(), "the character U+0001 cannot stand in XML"),
        (model("<FirstName>&#0;</FirstName>").into(), "a reference by number is no character"),
        (model("<FirstName>&#xFFFFFFFFFF;</FirstName>").into(), "a reference by number is no character"),
    ]
}

/// Sends a document; fails when the reply takes too long.
fn send_in_time(client: &VendorClient, body: &[u8]) -> Reply {
    let start = Instant::now();
    let reply = client.send(Format::Xml.header(), body);
    assert!(start.elapsed() < TIMEOUT, "{:?} for {reply:?}", start.elapsed());
    reply
}

#[test]
fn malicious_documents_are_rejected_at_once() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    for (body, why) in documents(&listener) {
        let [_, xml] = api_result(&[("BODY_INVALID", &format!("The request body is not valid XML: {why}."))]);
        assert_eq!(
            send_in_time(&client, &body).says(400, XML),
            xml,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(200)])
        );
        // The same in the other operation that reads a body.
        let headers = "Content-Type: text/xml\r\n";
        if let Ok(text) = std::str::from_utf8(&body) {
            let text = text.replace("CustomerCreationViewModel", "CustomerLookupModel");
            assert_eq!(client.call("POST", super::LOOK_UP, headers, Some(&text)).status, 400);
        }
    }
    assert_eq!(tenant.everything(), before);
    assert!(listener.accept().is_err(), "something was fetched");
    let reply = send_in_time(&client, model("<FirstName>A</FirstName>").as_bytes());
    assert_eq!(reply.status, 200);
}

#[test]
fn many_attacks_at_once_delay_no_other_request() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let documents = documents(&listener);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for turn in 0..8 {
            let (client, documents) = (&client, &documents);
            scope.spawn(move || {
                for (body, _) in documents.iter().cycle().skip(turn * 3).take(documents.len()) {
                    assert_eq!(client.send(Format::Xml.header(), body).status, 400);
                }
            });
        }
        let start = Instant::now();
        client.get("/api/Admin/CustomerType").says(200, JSON);
        assert!(start.elapsed() < TIMEOUT, "{:?}", start.elapsed());
    });
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(tenant.everything(), before);
    assert!(listener.accept().is_err(), "something was fetched");
}

/// The peak memory of the process, and its memory now, in MiB.
fn memory(process: &Process) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).expect("its status");
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    };
    (of("VmHWM:"), of("VmRSS:"))
}

/// A server whose limit allows large bodies needs a small multiple of their size while it reads them, and no more afterwards.
#[test]
fn large_documents_cost_no_more_than_their_size() {
    const MIB: usize = 1024 * 1024;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let limit = (8 * MIB).to_string();
    let process = Process::start(&["--data", data.to_str().expect("a path"), "--max-body-bytes", &limit]);
    let client = basic("demo", DEMO_KEY);
    client.send_to(process.address, Format::Xml.header(), model("<FirstName>A</FirstName>").as_bytes()).says(200, XML);
    let (_, before) = memory(&process);
    let attributes = (0..200_000).map(|number| format!(" a{number}=\"x\"")).collect::<Vec<_>>().concat();
    let empties = |name: &str, count: usize| format!("<{name}/>").repeat(count);
    let rejected = |body: &str, why: &str| {
        let start = Instant::now();
        let reply = client.send_to(process.address, Format::Xml.header(), body.as_bytes());
        assert!(start.elapsed() < 5 * TIMEOUT, "{:?} for {} bytes, {why}", start.elapsed(), body.len());
        let sentence = format!("The request body is not valid XML: {why}.");
        assert_eq!(reply.says(400, XML), api_result(&[("BODY_INVALID", &sentence)])[1]);
    };
    rejected(&model(&empties("A", 1_000_000)), "it has more than 1000 elements");
    rejected(&model(&empties("A", 8 * MIB / 4 - 20)), "it has more than 1000 elements");
    rejected(&"<A>".repeat(100_000).replacen("<A>", "<CustomerCreationViewModel>", 1), "elements nest deeper than 3");
    rejected(&format!("<CustomerCreationViewModel{attributes}>"), "it ends before its elements do");
    rejected(
        &model(&format!("<{}/>", "x".repeat(7 * MIB)))[..7 * MIB],
        "syntax error: tag not closed: `>` not found before end of input",
    );
    rejected(&format!("<!DOCTYPE x [{}]><x/>", "<!ENTITY a \"b\">".repeat(500_000)), DOCUMENT_TYPE);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let body = model(&empties("A", 1_000_000));
                assert_eq!(client.send_to(process.address, Format::Xml.header(), body.as_bytes()).status, 400);
            });
        }
    });
    // The same number of members in the other formats.
    let pairs = (0..200_000).map(|number| format!("\"a{number}\":1"));
    let json = format!("{{{}}}", pairs.collect::<Vec<_>>().join(","));
    let form = "a=1&".repeat(200_000);
    for (format, body, status) in [
        (Format::Json, json.as_str(), 200),
        (Format::Form, &form, 200),
        (Format::Json, &"[".repeat(8 * MIB), 400),
        (Format::Json, &format!("{{\"FirstName\":\"{}\"}}", "x".repeat(7 * MIB)), 400),
    ] {
        let start = Instant::now();
        let reply = client.send_to(process.address, format.header(), body.as_bytes());
        assert_eq!(reply.status, status, "{:?}", &reply.body[..reply.body.len().min(500)]);
        assert!(start.elapsed() < 10 * TIMEOUT, "{:?} {format:?} {}", start.elapsed(), body.len());
        assert!(reply.head.len() + reply.body.len() < 4_000, "{} {}", reply.head.len(), reply.body.len());
    }
    let (peak, after) = memory(&process);
    println!("{before} MiB before, {peak} at most, {after} after");
    assert!(peak < before + 256, "{before} MiB before, {peak} at most");
    assert!(after < before + 192, "{before} MiB before, {after} after");
    let body = " ".repeat(8 * MIB + 1);
    let reply = client.send_to(process.address, "Content-Type: text/json\r\n", body.as_bytes());
    let [json, _] = http_error(&format!("The request entity is larger than the limit of {limit} bytes."));
    assert_eq!(reply.says(413, "text/json; charset=utf-8"), json);
    let reply = client.send_to(process.address, Format::Json.header(), json!({}).to_string().as_bytes());
    assert_eq!(reply.status, 200, "{PATH} {reply:?}");
    process.signal("TERM");
    assert!(process.wait().success());
}
