//! Paths, methods, content types and bodies that are not valid, and the variants that are accepted.

use serde_json::{Value, json};

use super::{FORMATS, Format, JSON, LOOK_UP, PATH, XML, api_result, casey, http_error};
use crate::support::http::NOT_UTF_8;
use crate::support::server::MAX_BODY_BYTES;
use crate::support::{Reply, tenant, with};

const ACCEPT_XML: &str = "Accept: application/xml\r\n";

#[test]
fn paths_are_read_in_any_case_and_behind_a_tenant() {
    let tenant = tenant();
    let client = tenant.bydesign();
    for path in [
        "/api/users/customer",
        "/API/Users/Customer",
        "/api/users/customer/",
        "/AdaptureDemo/api/users/customer",
        "/AdaptureDemo/Api/USERS/customer/",
        "/x/api/users/customer?a=b",
    ] {
        client.post(path, &json!({})).says(200, JSON);
        // The server removes the slash at the end of every path first.
        assert_eq!(tenant.requests("")[0]["path"], path.trim_end_matches('/'));
    }
    for path in ["/AdaptureDemo/api/admin/customertype/2", "/api/ADMIN/CustomerType/2/", "/x/api/Admin/CUSTOMERTYPE/2"]
    {
        let body = client.get(path).says(200, JSON);
        assert!(body.starts_with(r#"{"ID":2,"Description":"Retail Customer","Abbreviation":"RC","#), "{body}");
    }
    assert!(client.get("/api/Admin/CustomerType/").says(200, JSON).starts_with('['));
    client.post("/x/api/users/customer/customerlookup", &json!({ "Email": "dana@demo.example" })).says(200, JSON);
}

#[test]
fn an_unknown_path_is_named() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    for path in [
        "/api/reps/Create",
        "/AdaptureDemo/api/reps/Create?x=<1>",
        "/api",
        "/api/users/customer/7",
        "/api//users/customer",
        "/API/USERS",
    ] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let sentence = format!("No HTTP resource was found that matches the request URI 'http://test.example{path}'.");
        let [json, xml] = http_error(&sentence);
        assert_eq!(client.post(&path, &json!({})).says(404, JSON), json);
        assert_eq!(client.call("POST", &path, ACCEPT_XML, Some("")).says(404, XML), xml);
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_wrong_method_is_named_with_the_allowed_ones() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    for (path, methods, allowed) in [
        (PATH, &["GET", "PUT", "PATCH", "DELETE"] as &[&str], "POST"),
        ("/X/API/Users/Customer/", &["GET", "PUT"], "POST"),
        (LOOK_UP, &["GET", "DELETE"], "POST"),
        ("/api/Admin/CustomerType", &["POST", "DELETE"], "GET"),
        ("/api/admin/customertype/2", &["PUT"], "GET"),
        ("/api/customer/PublicInfo/GetInfo", &["POST"], "GET"),
    ] {
        for method in methods {
            let [json, xml] = http_error(&format!("The requested resource does not support http method '{method}'."));
            let reply = client.call(method, path, Format::Json.header(), Some("{}"));
            assert_eq!(reply.header("Allow"), Some(allowed), "{method} {path} {reply:?}");
            assert_eq!(reply.says(405, JSON), json);
            assert_eq!(client.call(method, path, ACCEPT_XML, None).says(405, XML), xml);
        }
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn head_is_allowed_and_options_is_not() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let got = client.get("/api/Admin/CustomerType");
    let head = client.call("HEAD", "/api/Admin/CustomerType", "", None);
    assert_eq!(
        (head.status, head.header("Content-Length"), head.body.as_str()),
        (200, got.header("Content-Length"), "")
    );
    assert_eq!(head.header("Content-Type"), Some(JSON));
    for (method, path) in [("HEAD", PATH), ("OPTIONS", PATH), ("OPTIONS", "/api/Admin/Country"), ("TRACE", PATH)] {
        let reply = client.call(method, path, "", None);
        assert_eq!(reply.status, 405, "{method} {path} {reply:?}");
        assert!(reply.header("Allow").is_some(), "{method} {path} {reply:?}");
    }
    assert_eq!(client.call("HEAD", "/api/nothing", "", None).status, 404);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_of_an_unsupported_type_is_rejected() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let missing = "The request contains an entity body but no Content-Type header. The inferred media type \
                   'application/octet-stream' is not supported for this resource.";
    let of = |name: &str| format!("The request entity's media type '{name}' is not supported for this resource.");
    for (headers, sentence) in [
        ("", missing.to_owned()),
        ("Content-Type: \r\n", missing.to_owned()),
        ("Content-Type: text/plain\r\n", of("text/plain")),
        ("Content-Type: text/plain; charset=utf-8\r\n", of("text/plain")),
        ("Content-Type: multipart/form-data; boundary=x\r\n", of("multipart/form-data")),
        ("Content-Type: application/problem+json\r\n", of("application/problem+json")),
    ] {
        let [json, xml] = http_error(&sentence);
        for path in [PATH, LOOK_UP] {
            assert_eq!(client.call("POST", path, headers, Some("{}")).says(415, JSON), json, "{headers}");
            let reply = client.call("POST", path, &format!("{headers}{ACCEPT_XML}"), Some("{}"));
            assert_eq!(reply.says(415, XML), xml, "{headers}");
        }
    }
    assert_eq!(tenant.everything(), before);
    for name in ["text/json", "Application/JSON; charset=UTF-8"] {
        let reply = client.call("POST", PATH, &format!("Content-Type: {name}\r\nAccept: text/json\r\n"), Some("{}"));
        reply.says(200, "text/json; charset=utf-8");
    }
    let reply = client.call("POST", PATH, "Content-Type: text/xml\r\n", Some("<CustomerCreationViewModel/>"));
    reply.says(200, "text/xml; charset=utf-8");
}

#[test]
fn an_unreadable_body_is_rejected_in_the_accepted_format() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let empty = ("BODY_EMPTY", "The request body is empty.");
    let utf_8 = ("BODY_INVALID", NOT_UTF_8);
    let model = |text: &str| format!("<CustomerCreationViewModel>{text}</CustomerCreationViewModel>");
    let latin_1 = b"<CustomerCreationViewModel><FirstName>L\xf6we</FirstName></CustomerCreationViewModel>";
    let utf_16: Vec<u8> = model("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let [json, xml, form] = FORMATS.map(Format::header);
    let octets = "Content-Type: application/octet-stream\r\n";
    for (headers, body, (key, sentence)) in [
        ("", b"" as &[u8], empty),
        (octets, b"", empty),
        (json, b"", empty),
        (json, b" \r\n\t", empty),
        (xml, b"", empty),
        (xml, b"\xef\xbb\xbf ", empty),
        (form, b"\r\n", empty),
        (json, b"[]", ("BODY_INVALID", "The request body must be a JSON object.")),
        (json, b"null", ("BODY_INVALID", "The request body must be a JSON object.")),
        (json, b"\"x\"", ("BODY_INVALID", "The request body must be a JSON object.")),
        (
            json,
            b"{",
            ("BODY_INVALID", "The request body is not valid JSON: EOF while parsing an object at line 1 column 1."),
        ),
        (
            json,
            b"{} {}",
            ("BODY_INVALID", "The request body is not valid JSON: trailing characters at line 1 column 4."),
        ),
        (json, b"{\"FirstName\":\"L\xf6we\"}", utf_8),
        (json, b"\xff\xfe{\0}\0", utf_8),
        (xml, latin_1, utf_8),
        (
            xml,
            &utf_16,
            ("BODY_INVALID", "The request body is not valid XML: the character U+0000 cannot stand in XML."),
        ),
        (xml, b"{}", ("BODY_INVALID", "The request body is not valid XML: there is text outside the root element.")),
        (
            xml,
            b"<Customer/>",
            (
                "BODY_INVALID",
                "The request body is not valid XML: the root element is 'Customer', not 'CustomerCreationViewModel'.",
            ),
        ),
        (
            xml,
            b"<CustomerCreationViewModel><FirstName>",
            ("BODY_INVALID", "The request body is not valid XML: it ends before its elements do."),
        ),
    ] {
        let expected = api_result(&[(key, sentence)]);
        for (accept, content_type, expected) in
            [("application/json", JSON, &expected[0]), ("application/xml", XML, &expected[1])]
        {
            let reply = client.send(&format!("{headers}Accept: {accept}\r\n"), body);
            assert_eq!(&reply.says(400, content_type), expected, "{headers} {}", String::from_utf8_lossy(body));
        }
    }
    // Without Content-Length there is no body.
    let reply = client.call("POST", PATH, "", None);
    assert_eq!(reply.says(400, JSON), api_result(&[empty])[0]);
    assert_eq!(tenant.everything(), before);
    // Bytes of a form that are not UTF-8 become U+FFFD, as in the framework.
    let reply = client.send(&format!("{form}Accept: application/json\r\n"), b"FirstName=L%F6we&LastName=\xf6");
    let customer: Value = serde_json::from_str(&reply.says(200, JSON)).expect("JSON");
    assert_eq!((&customer["FirstName"], &customer["LastName"]), (&json!("L\u{fffd}we"), &json!("\u{fffd}")));
}

#[test]
fn a_body_that_is_too_large_is_rejected() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let [json, xml] = http_error(&format!("The request entity is larger than the limit of {MAX_BODY_BYTES} bytes."));
    for format in FORMATS {
        let body = " ".repeat(MAX_BODY_BYTES + 1);
        let headers = format.header();
        let reply = client.call("POST", PATH, &format!("{headers}Accept: text/json\r\n"), Some(&body));
        assert_eq!(reply.says(413, "text/json; charset=utf-8"), json);
        assert_eq!(client.call("POST", PATH, &format!("{headers}{ACCEPT_XML}"), Some(&body)).says(413, XML), xml);
    }
    assert_eq!(tenant.everything(), before);
    // The maximum size. A text that only the profile keeps has at most 1,000 characters, so that a customer cannot fill the memory:
    // the rest of the body is white space.
    let body = with(&casey(), json!({ "Phone4": "4".repeat(1_000) })).to_string();
    let body = format!("{body}{}", " ".repeat(MAX_BODY_BYTES - body.len()));
    assert_eq!(client.create_in(Format::Json, &body).status, 200);
}

#[test]
fn the_response_has_the_accepted_type() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let text_xml = "text/xml; charset=utf-8";
    for (accept, format, expected) in [
        ("", Format::Json, JSON),
        ("", Format::Xml, XML),
        ("", Format::Form, JSON),
        ("Accept: */*\r\n", Format::Json, JSON),
        ("Accept: */*\r\n", Format::Xml, XML),
        ("Accept: */*\r\n", Format::Form, JSON),
        ("Accept: application/json\r\n", Format::Xml, JSON),
        ("Accept: application/xml\r\n", Format::Json, XML),
        ("Accept: text/xml\r\n", Format::Form, text_xml),
        ("Accept: text/html, application/json;q=0.4, text/xml;q=0.5\r\n", Format::Json, text_xml),
        ("Accept: text/html\r\nAccept: text/xml\r\n", Format::Json, text_xml),
        ("Accept: image/png\r\n", Format::Xml, XML),
        ("Accept: nonsense\r\n", Format::Json, JSON),
    ] {
        let body = format.written(&json!({ "FirstName": "A" }));
        let reply = client.call("POST", PATH, &format!("{}{accept}", format.header()), Some(&body));
        let body = reply.says(200, expected);
        assert_eq!(body.starts_with("<Customer>"), expected != JSON, "{accept} {format:?} {body}");
    }
    // Without a request body.
    client.get("/api/Admin/CustomerType").says(200, JSON);
    client.call("GET", "/api/Admin/CustomerType", ACCEPT_XML, None).says(200, XML);
}

#[test]
fn no_response_has_headers_of_another_vendor() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let replies: [Reply; 5] = [
        client.post(PATH, &json!({})),
        client.post(PATH, &json!({ "Email": "not-an-address" })),
        client.get("/api/Admin/CustomerType"),
        client.get(PATH),
        client.get("/api/nothing"),
    ];
    for reply in replies {
        let head = reply.head.to_ascii_lowercase();
        assert!(!head.contains("directscale") && !head.contains("x-emulator"), "{reply:?}");
    }
}
