//! Files in the shapes of the programs that write them, odd files, and what is written.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::read::parse;
use super::*;
use crate::verify::{Request, Response};

/// Chrome and Edge: HTTP/2, members of their own, a preflight, an aborted request, a picture in Base64, a body that was not kept.
const CHROME: &str = r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"pages":[],"entries":[
{"_connectionId":"1","_initiator":{"type":"script"},"_priority":"High","_resourceType":"fetch","cache":{},"connection":"443",
 "request":{"method":"GET","url":"https://api.example/v1/customers/7?a=%20b#part","httpVersion":"http/2.0",
  "headers":[{"name":":authority","value":"api.example"},{"name":":method","value":"GET"},{"name":"accept","value":"*/*"},
   {"name":"accept-encoding","value":"gzip"},{"name":"Ocp-Apim-Subscription-Key","value":"0123456789abcdef0123456789abcdef"},
   {"name":"cookie","value":"session=1"}],
  "queryString":[{"name":"a","value":" b"}],"cookies":[],"headersSize":-1,"bodySize":0},
 "response":{"status":200,"statusText":"","httpVersion":"http/2.0",
  "headers":[{"name":"content-encoding","value":"br"},{"name":"content-type","value":"application/json"},
   {"name":"set-cookie","value":"session=2"}],
  "cookies":[],"content":{"size":8,"mimeType":"application/json","text":"{\"Id\":7}"},"redirectURL":"","headersSize":-1,
  "bodySize":-1,"_transferSize":312,"_error":null},
 "serverIPAddress":"192.0.2.1","startedDateTime":"2026-11-26T14:00:02.000Z","time":1.5,"timings":{"wait":1,"_queued":2}},
{"request":{"method":"OPTIONS","url":"https://api.example/v1/customers","headers":[],"queryString":[]},
 "response":{"status":204,"headers":[],"content":{"size":0,"mimeType":"x-unknown"},"bodySize":0},"startedDateTime":"2026-11-26T14:00:00Z"},
{"request":{"method":"GET","url":"https://api.example/v1/customers/8","headers":[]},
 "response":{"status":0,"statusText":"","headers":[],"content":{"size":0,"mimeType":"x-unknown"},"_error":"net::ERR_ABORTED"},
 "startedDateTime":"2026-11-26T14:00:00Z"},
{"request":{"method":"GET","url":"data:image/png;base64,AAAA","headers":[]},
 "response":{"status":200,"headers":[],"content":{"size":3}},"startedDateTime":"2026-11-26T14:00:00Z"},
{"request":{"method":"GET","url":"https://cdn.example/a.png","headers":[]},
 "response":{"status":200,"headers":[],"content":{"size":3,"mimeType":"image/png","text":"AAEC","encoding":"base64"}},
 "startedDateTime":"2026-11-26T14:00:01Z"},
{"request":{"method":"DELETE","url":"https://api.example/v1/customers/9","headers":[]},
 "response":{"status":200,"headers":[],"content":{"size":120,"mimeType":"application/json"}},"startedDateTime":"2026-11-26T14:00:03Z"}
]}}"#;

/// Firefox: a time with an offset, a form as text and parameters, an empty `postData` of a GET.
const FIREFOX: &str = r#"{"log":{"version":"1.2","creator":{"name":"Firefox","version":"140.0"},"entries":[
{"startedDateTime":"2026-11-26T15:00:01.123+01:00","time":9,"_securityState":"secure","request":{"bodySize":27,"method":"POST",
 "url":"https://api.example/api/token","httpVersion":"HTTP/2","headers":[{"name":"Content-Type","value":"application/x-www-form-urlencoded"}],
 "cookies":[],"queryString":[],"headersSize":100,
 "postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a","value":"1"}],"text":"a=1&b=%C3%A9"}},
 "response":{"status":400,"statusText":"","headers":[{"name":"content-type","value":"text/html; charset=ISO-8859-1"}],
 "content":{"mimeType":"text/html","size":5,"encoding":null,"text":"<p>é"},"redirectURL":"","headersSize":1,"bodySize":5},"cache":{}},
{"startedDateTime":"2026-11-26T15:00:02.000+01:00","request":{"bodySize":0,"method":"GET","url":"https://api.example",
 "headers":[],"postData":{"mimeType":"","params":[],"text":""}},
 "response":{"status":204,"headers":[],"content":{"mimeType":"text/plain","size":0},"bodySize":0}}
]}}"#;

/// mitmproxy: no response, an empty content, a binary request.
const MITMPROXY: &str = r#"{"log":{"version":"1.2","creator":{"name":"mitmproxy","version":"11.0"},"pages":[],"entries":[
{"startedDateTime":"2026-11-26T14:00:01.000001+00:00","time":4,"request":{"method":"PUT","url":"https://api.example:8443/v1/customers/7",
 "httpVersion":"HTTP/1.1","cookies":[],"headers":[{"name":"Content-Length","value":"3"}],"queryString":[],"headersSize":1,"bodySize":3,
 "postData":{"mimeType":"application/octet-stream","text":"AAEC","encoding":"base64","params":[]}},
 "response":{"status":500,"statusText":"","httpVersion":"","headers":[],"cookies":[],"content":{"size":0,"compression":0,"mimeType":"","text":""},
 "redirectURL":"","headersSize":1,"bodySize":0},"cache":{},"timings":{"connect":-1}},
{"startedDateTime":"2026-11-26T14:00:02+00:00","request":{"method":"GET","url":"https://api.example:8443/","headers":[]},
 "response":{"status":0,"headers":[],"content":{},"_error":"Connection killed."}}
]}}"#;

/// Charles and Fiddler: a byte order mark, tunnels, a form only as parameters, a query only as a list, no response at all.
const CHARLES: &str = r#"{"log":{"version":"1.2","creator":{"name":"Charles Proxy","version":"5.0"},"entries":[
{"startedDateTime":"2026-11-26T15:00:01.5000000+01:00","request":{"method":"CONNECT","url":"https://api.example:443","headers":[]},
 "response":{"status":200,"headers":[],"content":{"size":0}}},
{"startedDateTime":"2026-11-26T15:00:02+0100","request":{"method":"POST","url":"https://api.example/api/token",
 "queryString":[{"name":"x y","value":"é"},{"name":"Subscription-Key","value":"0123456789abcdef"}],"headers":null,
 "postData":{"mimeType":"application/x-www-form-urlencoded; charset=UTF-8","params":[{"name":"user name","value":"a&b"}]},"bodySize":20},
 "response":{"_charlesStatus":"COMPLETE","status":200,"headers":[],"content":{"size":2,"mimeType":"text/plain","text":"AAE","encoding":"base64"},
 "bodySize":2}},
{"startedDateTime":"2026-11-26T15:00:03.000+01:00","request":{"method":"GET","url":"https://api.example/lost","headers":[]}}
]}}"#;

fn read(text: &str) -> Recording {
    parse("x.har", text.as_bytes()).expect("a file")
}

fn failing(text: &str) -> String {
    parse("x.har", text.as_bytes()).expect_err("no file").to_string()
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_file_of_a_chromium_browser_is_read() {
    let recording = read(CHROME);
    let paths: Vec<_> = recording.exchanges.iter().map(|one| (one.entry, one.exchange.request.path.as_str())).collect();
    assert_eq!(paths, [(5, "/a.png"), (1, "/v1/customers/7?a=%20b"), (6, "/v1/customers/9")], "by time");
    let [picture, customer, deleted] = &recording.exchanges[..] else { panic!("{recording:?}") };
    assert_eq!(picture.exchange.response.body, [0, 1, 2]);
    assert_eq!(customer.host, "api.example");
    assert_eq!(customer.exchange.request.headers, [header("accept", "*/*")], "no pseudo headers, no credentials");
    assert_eq!(customer.exchange.response.headers, [header("content-type", "application/json")]);
    assert_eq!(customer.exchange.response.body, br#"{"Id":7}"#);
    assert!(!customer.lacks_response_body && deleted.lacks_response_body, "{deleted:?}");
    assert_eq!(recording.left_out.to_string(), "1 without a response, 1 CORS preflights, 1 not HTTP");
    assert!(!recording.is_cut_off);

    assert_eq!(recording.main_host().as_deref(), Some("api.example"));
    let of_api = recording.of_host("API.example");
    assert_eq!((of_api.exchanges.len(), of_api.left_out.count(&Reason::OtherHost("cdn.example".to_owned()))), (2, 1));
    assert!(of_api.left_out.to_string().ends_with("1 to other hosts (cdn.example 1)"), "{}", of_api.left_out);
}

#[test]
fn a_file_of_firefox_is_read() {
    let recording = read(FIREFOX);
    let [token, root] = &recording.exchanges[..] else { panic!("{recording:?}") };
    assert_eq!(token.exchange.at.to_rfc3339(), "2026-11-26T14:00:01.123+00:00");
    assert_eq!(token.exchange.request.body, b"a=1&b=%C3%A9");
    assert_eq!(token.exchange.response.body, "<p>é".as_bytes());
    assert_eq!(token.exchange.response.header("Content-Type"), Some("text/html; charset=utf-8"), "as the body is here");
    assert_eq!(root.exchange.request.path, "/");
    assert!(!root.lacks_request_body && !root.lacks_response_body);
}

#[test]
fn a_file_of_mitmproxy_is_read() {
    let recording = read(MITMPROXY);
    let [put] = &recording.exchanges[..] else { panic!("{recording:?}") };
    assert_eq!((put.host.as_str(), put.exchange.request.body.as_slice()), ("api.example:8443", &[0, 1, 2][..]));
    assert!(!put.lacks_request_body && !put.lacks_response_body);
    assert_eq!(recording.left_out.count(&Reason::Aborted), 1);
}

#[test]
fn a_file_of_charles_is_read() {
    let recording = read(&format!("\u{feff}{CHARLES}"));
    let [token] = &recording.exchanges[..] else { panic!("{recording:?}") };
    assert_eq!(token.exchange.request.path, "/api/token?x+y=%C3%A9", "without the key");
    assert_eq!(token.exchange.request.body, b"user+name=a%26b");
    assert_eq!(token.exchange.response.body, [0, 1], "padding is missing");
    assert_eq!(recording.left_out.to_string(), "1 without a response, 1 not HTTP");
    let utf_16: Vec<u8> = format!("\u{feff}{CHARLES}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(parse("x.har", &utf_16).expect("a file").exchanges, recording.exchanges);
}

/// An entry with these members in the place of usual ones.
fn entry_with(request: Value, response: Value) -> String {
    let mut entry = json!({
        "startedDateTime": "2026-11-26T14:00:00Z",
        "request": { "method": "POST", "url": "http://h/x", "headers": [] },
        "response": { "status": 200, "headers": [], "content": { "text": "" } },
    });
    for (side, members) in [("request", request), ("response", response)] {
        let Value::Object(members) = members else { panic!("{members}") };
        entry[side].as_object_mut().expect("an object").extend(members);
    }
    json!({ "log": { "entries": [entry] } }).to_string()
}

#[test]
fn a_body_that_was_not_stored_is_marked() {
    for (request, lacks) in [
        (json!({}), false),
        (json!({ "bodySize": 0 }), false),
        (json!({ "bodySize": -1 }), false),
        (json!({ "bodySize": 9 }), true),
        (json!({ "bodySize": 9, "postData": { "mimeType": "x", "text": "" } }), true),
        (json!({ "headers": [{ "name": "content-length", "value": "9" }] }), true),
        (
            json!({ "bodySize": 9, "postData": { "mimeType": "multipart/form-data", "params": [{ "name": "a" }] } }),
            true,
        ),
        (json!({ "bodySize": 9, "postData": { "mimeType": "x", "text": "123456789" } }), false),
    ] {
        let recording = read(&entry_with(request.clone(), json!({})));
        assert_eq!(recording.exchanges[0].lacks_request_body, lacks, "{request}");
    }
    for (response, lacks) in [
        (json!({ "content": { "size": 0 } }), false),
        (json!({ "content": { "size": 0 }, "bodySize": 12 }), true),
        (json!({ "content": {} }), true),
        (json!({ "content": null }), true),
        (json!({ "content": {}, "status": 204 }), false),
        (json!({ "content": { "size": 5 }, "status": 304 }), false),
    ] {
        let recording = read(&entry_with(json!({}), response.clone()));
        assert_eq!(recording.exchanges[0].lacks_response_body, lacks, "{response}");
    }
}

#[test]
fn an_error_names_the_file_the_entry_and_the_member_and_no_value() {
    let of_second = |text: &str| {
        let first = entry_with(json!({}), json!({}));
        let first = first.strip_suffix("]}}").expect("the end");
        failing(&format!("{first},{text}]}}}}"))
    };
    let begin = r#"{"startedDateTime":"2026-11-26T14:00:00Z","request":"#;
    for (text, message) in [
        (r#"{"startedDateTime":"SECRET"}"#.to_owned(), "startedDateTime: it is not a time as"),
        (r#"{"request":{}}"#.to_owned(), "request: missing field `method`"),
        (format!(r#"{begin}{{"method":7}}}}"#), "request.method: invalid type: integer, expected a string"),
        (
            format!(r#"{begin}{{"method":"GET","url":"http://h/","headers":[{{"name":"a"}},{{}}]}}}}"#),
            "request.headers[1]: missing field `name`",
        ),
        (
            format!(r#"{begin}{{"method":"GET","url":"http://h/"}},"response":{{"status":"SECRET"}}}}"#),
            "response.status: invalid type: string",
        ),
        (
            format!(r#"{begin}{{"method":"G T","url":"http://h/"}},"response":{{"status":200}}}}"#),
            "request.method: it is not a method",
        ),
        (
            format!(r#"{begin}{{"method":"GET","url":"http://h/"}},"response":{{"status":1000}}}}"#),
            "response.status: it is not",
        ),
        (
            format!(
                r#"{begin}{{"method":"GET","url":"http://h/"}},"response":{{"status":200,"content":{{"text":"SECRET!","encoding":"base64"}}}}}}"#
            ),
            "response.content.text: it is not Base64",
        ),
        (
            format!(
                r#"{begin}{{"method":"GET","url":"http://h/","postData":{{"text":"SECRET","encoding":"rot13"}}}},"response":{{"status":200}}}}"#
            ),
            "request.postData.encoding: only base64 is known",
        ),
    ] {
        let error = of_second(&text);
        assert!(error.starts_with(&format!("x.har: entry 2: {message}")), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
    for (text, message) in [
        ("", "x.har is no HAR file: EOF while parsing"),
        ("PK\u{3}\u{4}", "x.har is no HAR file: expected value"),
        ("{}", "x.har is no HAR file: missing field `log`"),
        (r#"{"log":{}}"#, "x.har is no HAR file: missing field `entries`"),
        (r#"{"log":{"entries":7}}"#, "x.har is no HAR file: invalid type: integer, expected a list"),
    ] {
        let error = failing(text);
        assert!(error.starts_with(message), "{error}");
    }
}

#[test]
fn a_har_file_has_a_maximum_number_of_entries_and_size() {
    let entry = entry_with(json!({}), json!({}));
    let entry =
        entry.strip_prefix(r#"{"log":{"entries":["#).and_then(|rest| rest.strip_suffix("]}}")).expect("an entry");
    let of = |number: usize| format!(r#"{{"log":{{"entries":[{}]}}}}"#, vec![entry; number].join(","));
    assert_eq!(read(&of(MAX_HAR_ENTRIES)).exchanges.len(), MAX_HAR_ENTRIES);
    assert!(failing(&of(MAX_HAR_ENTRIES + 1)).contains("it has more than 10000 entries"));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("long.har");
    std::fs::File::create(&path).and_then(|file| file.set_len(MAX_HAR_BYTES + 1)).expect("a file without content");
    let error = read_har(&path).expect_err("too long").to_string();
    assert!(error.contains("long.har") && error.contains("longer than 134217728 bytes"), "{error}");
    let error = read_har(folder.path()).expect_err("a folder").to_string();
    assert!(error.contains("it is not a regular file"), "{error}");
}

fn exchange(method: &str, path: &str, body: &str, response: &str) -> Exchange {
    Exchange {
        at: "2026-11-26T14:00:00.25Z".parse().expect("a time"),
        request: Request {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: vec![header("Content-Type", "application/json")],
            body: body.as_bytes().to_vec(),
        },
        response: Response {
            status: 200,
            headers: vec![header("content-type", "application/json")],
            body: response.as_bytes().to_vec(),
        },
    }
}

fn stored(exchange: &Exchange) -> Stored<'_> {
    let took = Duration::from_millis(12);
    Stored { exchange, took, request_body: None, response_body: None, secrets: &[] }
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.har");
    let mut file = HarFile::create(&path, "https://api.example:8443", false).expect("a new file");
    let kept = exchange("PATCH", "/v1/customers/7?a=%20b", r#"{"FirstName":"Zoë","Price":1.10}"#, "");
    let long = exchange("GET", "/v1/customers/8", "", "");
    assert!(read_har(&path).expect("a file").exchanges.is_empty(), "a new file is one already");
    file.append(&stored(&kept)).expect("written");
    assert_eq!(read_har(&path).expect("a file").exchanges.len(), 1);
    let too_long = Stored { response_body: Some(LeftOutBody::TooLong), ..stored(&long) };
    file.append(&too_long).expect("written");
    let mut binary = exchange("PUT", "/v1/x", "", "");
    binary.request.body = vec![0x80, 0xfe, 0xfd];
    file.append(&stored(&binary)).expect("written");

    let recording = read_har(&path).expect("a file");
    let [first, second, third] = &recording.exchanges[..] else { panic!("{recording:?}") };
    assert_eq!((&first.exchange, first.host.as_str()), (&kept, "api.example:8443"));
    assert!(!first.lacks_request_body && !first.lacks_response_body && !first.is_masked);
    assert!(second.lacks_response_body && third.lacks_request_body);
    assert_eq!(HarFile::create(&path, "", false).expect_err("it exists").kind(), std::io::ErrorKind::AlreadyExists);
    HarFile::create(&path, "https://h", true).expect("it is replaced");
    assert!(read_har(&path).expect("a file").exchanges.is_empty());
    assert!(HarFile::create(folder.path(), "", true).is_err(), "a folder is not replaced");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_only_its_owners_and_a_link_is_not_followed() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let (path, link) = (folder.path().join("x.har"), folder.path().join("link.har"));
    std::fs::write(&path, "old").expect("a file");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    assert!(HarFile::create(&link, "", false).is_err() && HarFile::create(&link, "", true).is_err());
    HarFile::create(&path, "", true).expect("replaced");
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn bytes_after_the_end_of_a_file_are_ignored_and_reported() {
    let text = entry_with(json!({}), json!({}));
    let recording = read(&format!("{text}\n{{\"request\":{{\"meth"));
    assert_eq!((recording.exchanges.len(), recording.is_cut_off), (1, true));
    assert!(!read(&format!("{text}\n \n")).is_cut_off);
}

/// The entry that is written for an exchange.
fn written(stored: &Stored<'_>) -> (String, Value) {
    let text = super::write::entry("https://api.example", stored);
    let json = serde_json::from_str(&text).expect("JSON");
    (text, json)
}

#[test]
fn secrets_are_masked_wherever_they_stand() {
    let mut exchange = exchange(
        "PUT",
        "/v1/validate/tax-id/222-33-4444?subscription-key=key-in-query&x=1",
        r#"{"FirstName":"A","Password":"canary-password","TaxId":"999-88-7777","Nested":{"Password":["canary-list"]}}"#,
        r#"{"message":"The tax id 999-88-7777 is taken, canary-header-key is no key, nor canary-basic","TaxId":123456789,"id":7,
            "link":"https://office.example/login?token=canary-token"}"#,
    );
    exchange.request.headers.extend([
        header("Ocp-Apim-Subscription-Key", "canary-header-key"),
        header("Authorization", "Basic dXNlcjpjYW5hcnktYmFzaWM="),
        header("Cookie", "session=canary-cookie"),
        header("Referer", "https://api.example/v1/sso/token/canary-path"),
    ]);
    exchange.response.headers.extend([
        header("Set-Cookie", "session=canary-set"),
        header("Location", "https://office.example/?token=canary-token"),
        header("X-DirectScale-Message", "999-88-7777 is taken"),
    ]);
    let known = ["known-secret".to_owned()];
    let (text, entry) = written(&Stored { secrets: &known, ..stored(&exchange) });
    for canary in ["canary", "222-33", "999-88", "123456789", "key-in-query", "dXNlcj", "known-secret"] {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
    let body = |text: &Value| serde_json::from_str::<Value>(text.as_str().expect("a text")).expect("JSON");
    let response = body(&entry["response"]["content"]["text"]);
    assert_eq!((&response["TaxId"], &response["id"]), (&json!("•••"), &json!(7)));
    assert_eq!(response["message"], "The tax id ••• is taken, ••• is no key, nor •••");
    let request = body(&entry["request"]["postData"]["text"]);
    assert_eq!(
        request,
        json!({ "FirstName": "A", "Password": "•••", "TaxId": "•••", "Nested": { "Password": "•••" } })
    );
    assert!(entry["request"]["url"].as_str().expect("a URL").is_ascii());
    let document = format!(r#"{{"log":{{"entries":[{text}]}}}}"#);
    assert!(read(&document).exchanges[0].is_masked);
}

#[test]
fn a_form_is_masked_and_a_body_without_secrets_stays_as_it_is() {
    let mut token = exchange("POST", "/token", "grant_type=x&client_secret=canary%2Dsecret", "canary-secret is wrong");
    token.request.headers[0].1 = "application/x-www-form-urlencoded".to_owned();
    let (text, entry) = written(&stored(&token));
    assert!(!text.contains("canary"), "{text}");
    assert_eq!(entry["request"]["postData"]["text"], "grant_type=x&client_secret=•••");
    assert_eq!(entry["response"]["content"]["text"], "••• is wrong");

    let plain = r#"{"b": 1.10, "a": "https://h/x", "n": "\u00e9"}"#;
    let (_, entry) = written(&stored(&exchange("GET", "/x", "", plain)));
    assert_eq!(entry["response"]["content"]["text"], plain);
}

#[test]
fn a_full_file_takes_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.har");
    let mut file = HarFile::create(&path, "https://h", false).expect("a new file");
    let one = exchange("GET", "/x", "", "");
    for _ in 0..MAX_HAR_ENTRIES {
        assert_eq!(file.append(&stored(&one)).expect("written"), Appended::Yes);
    }
    assert_eq!(file.append(&stored(&one)).expect("nothing written"), Appended::Full);
    assert_eq!(read_har(&path).expect("a file").exchanges.len(), MAX_HAR_ENTRIES);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A file with any bytes changed or cut is read or rejected.
    #[test]
    fn an_odd_file_never_panics(which in 0_usize..4, at in 0_usize..4000, byte: u8, cut in 0_usize..4000) {
        let mut bytes = [CHROME, FIREFOX, MITMPROXY, CHARLES][which].as_bytes().to_vec();
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(bytes.len().min(cut.max(1)));
        let _ = parse("x.har", &bytes);
    }

    /// What is written can be read, whatever the exchange.
    #[test]
    fn any_exchange_is_written_as_a_file_that_can_be_read(path in "/[ -~é]{0,40}", body: Vec<u8>, response in ".{0,60}") {
        let mut exchange = exchange("POST", &path, "", &response);
        exchange.request.body = body;
        let (text, _) = written(&stored(&exchange));
        let document = format!(r#"{{"log":{{"entries":[{text}]}}}}"#);
        prop_assert_eq!(read(&document).exchanges.len(), 1);
    }
}
