//! Charsets and content codings.

use serde_json::{Value, json};

use super::{Target, bydesign, directscale, keyless, send, storm};
use crate::support::compress::{deflate, gzip, zlib};
use crate::support::control::as_request;
use crate::support::server::MAX_BODY_BYTES;
use crate::support::{Reply, Tenant, tenant};

/// Brotli without compression: one block of uncompressed bytes, and an empty last one (RFC 7932, 9.2).
fn brotli(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() - 1).expect("a short body");
    let head = (length << 4) | (1 << 20);
    let mut bytes = head.to_le_bytes()[..3].to_vec();
    bytes.extend_from_slice(body);
    bytes.push(3);
    bytes
}

fn utf_16(text: &str, mark: &str) -> Vec<u8> {
    format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).expect("Latin-1")).collect()
}

/// Each vendor API, and a body for it that sets the first name.
fn targets(tenant: &Tenant) -> [(Target, &'static str); 3] {
    [
        (directscale(tenant), r#"{"FirstName":"NAME"}"#),
        (bydesign(tenant), r#"{"FirstName":"NAME"}"#),
        (storm(tenant), r#"{"Id":3,"FirstName":"NAME"}"#),
    ]
}

/// The first name after a success; of DirectScale's API from the customer.
fn first_name(tenant: &Tenant, reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    if reply.body.is_empty() { tenant.customer(3)["FirstName"].clone() } else { reply.json()["FirstName"].clone() }
}

#[test]
fn a_declared_charset_is_decoded() {
    let tenant = tenant();
    for (target, body) in targets(&tenant) {
        for (number, (charset, encode)) in [
            ("utf-16", (|text| utf_16(text, "")) as fn(&str) -> Vec<u8>),
            ("UTF-16LE", |text| utf_16(text, "")),
            ("utf-16", |text| utf_16(text, "\u{feff}")),
            ("\"utf-16be\"", |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            ("ISO-8859-1", latin_1),
            ("windows-1252", latin_1),
            ("utf-8", |text| text.as_bytes().to_vec()),
            ("UTF8", |text| format!("\u{feff}{text}").into_bytes()),
            ("unknown", |text| text.as_bytes().to_vec()),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("Zoë {number}");
            let headers = format!("Content-Type: application/json; charset={charset}\r\nAccept: application/json\r\n");
            let reply = target.send(&headers, &encode(&body.replace("NAME", &name)));
            assert_eq!(first_name(&tenant, &reply), name, "{charset}");
        }
    }
    // The inspector shows the text, and sends it again as UTF-8.
    let entry = &tenant.requests("?operation=StormUpdateCustomer")[8];
    assert_eq!(entry["request_body"]["text"], r#"{"Id":3,"FirstName":"Zoë 0"}"#);
}

#[test]
fn xml_and_forms_are_decoded_too() {
    let tenant = tenant();
    let target = bydesign(&tenant);
    let model =
        |head: &str| format!("{head}<CustomerCreationViewModel><FirstName>Zoë</FirstName></CustomerCreationViewModel>");
    for (content_type, body) in [
        ("text/xml; charset=utf-16", utf_16(&model("<?xml version=\"1.0\" encoding=\"utf-16\"?>"), "\u{feff}")),
        ("application/xml; charset=iso-8859-1", latin_1(&model("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"))),
        ("application/xml; charset=windows-1252", latin_1(&model(""))),
        ("application/xml", format!("\u{feff}{}", model("")).into_bytes()),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", b"FirstName=Zo%EB".to_vec()),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", b"FirstName=Zo\xeb".to_vec()),
        ("application/x-www-form-urlencoded; charset=utf-16", utf_16("FirstName=Zoë", "")),
        ("application/x-www-form-urlencoded", b"FirstName=Zo%C3%AB".to_vec()),
    ] {
        let reply = target.send(&format!("Content-Type: {content_type}\r\nAccept: application/json\r\n"), &body);
        assert_eq!(first_name(&tenant, &reply), "Zoë", "{content_type}");
    }
}

#[test]
fn a_charset_that_is_not_declared_or_wrongly_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    for (target, body) in targets(&tenant) {
        for (content_type, body, message) in [
            ("application/json", latin_1(&body.replace("NAME", "Zoë")), "such as 'application/json; charset=utf-16'"),
            ("application/json; charset=unknown", latin_1(&body.replace("NAME", "Zoë")), "is not valid UTF-8"),
            ("application/json", utf_16(body, "\u{feff}"), "or 'charset=windows-1252'"),
            (
                "application/json; charset=utf-16",
                body.as_bytes().to_vec(),
                "is not valid UTF-16LE, which Content-Type declares",
            ),
            ("application/json; charset=utf-16", utf_16(body, "")[..7].to_vec(), "is not valid UTF-16LE"),
            ("application/json; charset=shift_jis", b"{\"FirstName\":\"\x81\xff\"}".to_vec(), "is not valid Shift_JIS"),
        ] {
            let reply = target.send(&format!("Content-Type: {content_type}\r\n"), &body);
            assert!(matches!(reply.status, 400 | 500), "{reply:?}");
            let text = reply.body.replace("&#39;", "'").replace("&apos;", "'");
            assert!(text.contains(message), "{message} in {reply:?}");
        }
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn content_codings_are_decoded_also_in_a_row() {
    let tenant = tenant();
    for (target, body) in targets(&tenant) {
        for (number, (coding, encode)) in [
            ("gzip", gzip as fn(&[u8]) -> Vec<u8>),
            ("GZIP", gzip),
            ("deflate", zlib),
            ("deflate", deflate),
            ("br", brotli),
            ("identity", <[u8]>::to_vec),
            ("gzip, br", |body| brotli(&gzip(body))),
            ("deflate, identity\r\nContent-Encoding: gzip", |body| gzip(&zlib(body))),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("Ada {number}");
            let headers =
                format!("Content-Type: application/json\r\nAccept: application/json\r\nContent-Encoding: {coding}\r\n");
            let reply = target.send(&headers, &encode(body.replace("NAME", &name).as_bytes()));
            assert_eq!(first_name(&tenant, &reply), name, "{coding}");
        }
        // Compressed and in another charset at once.
        let headers =
            "Content-Type: application/json; charset=utf-16\r\nAccept: application/json\r\nContent-Encoding: gzip\r\n";
        let reply = target.send(headers, &gzip(&utf_16(&body.replace("NAME", "Zoë"), "")));
        assert_eq!(first_name(&tenant, &reply), "Zoë");
    }
    let target = bydesign(&tenant);
    let accept = "Accept: application/json\r\nContent-Encoding: br\r\n";
    let form =
        target.send(&format!("Content-Type: application/x-www-form-urlencoded\r\n{accept}"), &brotli(b"FirstName=Ada"));
    assert_eq!(first_name(&tenant, &form), "Ada");
    // The journal keeps the body uncompressed.
    let entry = &tenant.requests("?operation=ByDesignCreateCustomer")[0];
    assert_eq!(entry["request_body"], json!({ "text": "FirstName=Ada", "bytes": 13, "is_truncated": false }));
}

#[test]
fn another_coding_is_415_in_the_vendors_own_form() {
    let tenant = tenant();
    let before = tenant.everything();
    let why = "Content-Encoding 'zstd' is not supported; supported are gzip, deflate and br.";
    let headers = "Content-Type: application/json\r\nAccept: application/json\r\nContent-Encoding: gzip, zstd\r\n";
    let [(directscale, _), (bydesign, _), (storm, _)] = targets(&tenant);
    let reply = directscale.send(headers, b"x").rejects(415, why);
    assert_eq!(reply.json()["errors"], json!([{ "field": "$", "rule": "contentEncoding", "message": why }]));
    assert_eq!(tenant.requests("")[0]["reasons"][0]["rule"], "contentEncoding");
    let answer = bydesign.send(headers, b"x").says(415, "application/json; charset=utf-8");
    assert_eq!(answer, json!({ "Message": why }).to_string());
    let page = storm.send(headers, b"x").says(415, "text/html; charset=UTF-8");
    assert!(page.contains("Content-Encoding"), "{page}");
    let headers = "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: compress\r\n";
    let token = send(&keyless(&tenant), "POST", "/connect/token", headers, b"x");
    assert_eq!((token.status, &token.json()["error"]), (415, &json!("invalid_request")));
    // The message has no character of a name that breaks a line, and only the beginning of a long name.
    let long = format!("Content-Encoding: {}\u{e9}\r\n", "x".repeat(500));
    let reply = directscale.send(&long, b"x");
    assert_eq!(reply.status, 415);
    assert!(reply.message().contains(&format!("'{}'", "x".repeat(40))), "{reply:?}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_that_is_not_what_it_says_is_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    for (target, body) in targets(&tenant) {
        let whole = gzip(body.as_bytes());
        for (coding, body) in [
            ("gzip", whole[..whole.len() - 1].to_vec()),
            ("gzip", whole[..whole.len() / 2].to_vec()),
            ("gzip", body.as_bytes().to_vec()),
            ("deflate", zlib(body.as_bytes())[..10].to_vec()),
            ("deflate", b"\xff\xff\xff\xff".to_vec()),
            ("br", brotli(body.as_bytes())[..10].to_vec()),
            ("br", b"{}".to_vec()),
        ] {
            let reply =
                target.send(&format!("Content-Type: application/json\r\nContent-Encoding: {coding}\r\n"), &body);
            let message = format!(
                "The request body is not valid {coding}, which Content-Encoding declares, or its end is missing."
            );
            assert!(matches!(reply.status, 400 | 500) && reply.body.contains(&message), "{coding}: {reply:?}");
        }
        // An empty body is empty with every coding.
        let reply = target.send("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", b"");
        assert!(matches!(reply.status, 400 | 500) && !reply.body.contains("gzip"), "{reply:?}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let tenant = tenant();
    let before = tenant.everything();
    let zeros = vec![b' '; 32 * 1024 * 1024];
    let bomb = gzip(&zeros);
    assert!(bomb.len() < MAX_BODY_BYTES);
    let fits = format!("{{\"FirstName\":\"Ada\"}}{}", " ".repeat(MAX_BODY_BYTES - 19));
    for (target, _) in targets(&tenant) {
        for (coding, body) in [
            ("gzip", bomb.clone()),
            ("deflate", zlib(&zeros)),
            ("gzip, gzip", gzip(&bomb)),
            ("gzip", gzip(format!("{fits} ").as_bytes())),
        ] {
            let headers = format!("Content-Type: application/json\r\nContent-Encoding: {coding}\r\n");
            let reply = target.send(&headers, &body);
            assert!(reply.status == 413 && reply.body.contains(&MAX_BODY_BYTES.to_string()), "{coding}: {reply:?}");
        }
    }
    assert_eq!(tenant.everything(), before);
    let reply = directscale(&tenant).send("Content-Encoding: gzip\r\n", &gzip(fits.as_bytes()));
    assert_eq!(first_name(&tenant, &reply), "Ada");
}

#[test]
fn the_control_api_decodes_bodies_too() {
    let tenant = tenant();
    let name = tenant.name();
    let put = |headers: &str, body: &[u8]| {
        let headers = format!("{headers}Content-Length: {}\r\n", body.len());
        let mut bytes = as_request("PUT", &format!("/tenants/{name}/plan"), &headers, None);
        bytes.extend_from_slice(body);
        tenant.raw(&bytes)
    };
    put("Content-Encoding: gzip\r\n", &gzip(br#"{"minimum_age":21}"#)).done(200);
    assert_eq!(tenant.control("GET", "/plan", None).done(200)["minimum_age"], 21);
    put("Content-Type: application/json; charset=utf-16\r\n", &utf_16(r#"{"minimum_age":22}"#, "\u{feff}")).done(200);
    assert_eq!(tenant.control("GET", "/plan", None).done(200)["minimum_age"], 22);
    let why = "Content-Encoding 'zstd' is not supported; supported are gzip, deflate and br.";
    assert_eq!(put("Content-Encoding: zstd\r\n", b"{}").problem(415), why);
    assert!(put("Content-Encoding: gzip\r\n", b"{}").problem(400).contains("is not valid gzip"));
    assert!(put("", b"{\"\xe9\"}").problem(400).contains("charset"));
    assert_eq!(tenant.control("GET", "/plan", None).done(200)["minimum_age"], 22);
}
