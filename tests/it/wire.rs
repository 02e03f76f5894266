//! Requests as real clients send them (contract: quirks of public clients).

use serde_json::json;

use crate::support::http::NOT_UTF_8;
use crate::support::{Reply, seeds, tenant, tenant_with};

fn with_headers(headers: &str) -> Reply {
    let tenant = tenant();
    tenant.call("PUT", "/v1/customers/upgrade/3", headers, Some(&seeds::distributor().to_string()))
}

#[test]
fn any_content_type_is_json() {
    for headers in [
        "",
        "Content-Type: application/json (full)\r\n",
        "Content-Type: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n",
        "content-type: text/plain; charset=iso-8859-1\r\n",
        "Content-Type: \r\n",
        "Ocp-Apim-Trace: true\r\nExpect: 100-continue\r\n",
    ] {
        let reply = with_headers(headers);
        assert!(reply.status == 201 || reply.status == 100, "{headers}: {reply:?}");
    }
}

#[test]
fn headers_may_be_separated_by_a_bare_line_feed() {
    let tenant = tenant();
    let body = seeds::distributor().to_string();
    let request = format!(
        "PUT /v1/customers/upgrade/3 HTTP/1.1\nHost: test.example\nConnection: close\nContent-Type: application/json\n\
         Ocp-Apim-Subscription-Key: {}\nContent-Length: {}\n\n{body}",
        tenant.client.key,
        body.len()
    );
    tenant.raw(request.as_bytes()).succeeds(201);
}

#[test]
fn a_body_may_come_in_chunks() {
    let tenant = tenant();
    let body = seeds::distributor().to_string();
    let (first, second) = body.split_at(100);
    let request = format!(
        "PUT /v1/customers/upgrade/3 HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\
         Ocp-Apim-Subscription-Key: {}\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        tenant.client.key,
        first.len(),
        second.len()
    );
    tenant.raw(request.as_bytes()).succeeds(201);
}

#[test]
fn a_put_without_body_and_length_is_rejected_at_once() {
    let tenant = tenant();
    for (method, path) in [
        ("PUT", "/v1/customers/upgrade/3"),
        ("PUT", "/v1/customers/3"),
        ("PATCH", "/v1/customers/3"),
        ("POST", "/v1/customers"),
    ] {
        tenant.call(method, path, "", None).rejects(500, "The request body is empty.");
    }
}

#[test]
fn member_names_may_be_in_any_case_and_unknown_members_are_ignored() {
    let tenant = tenant();
    let body = seeds::distributor().to_string();
    let mut parts: Vec<String> = body.split('"').map(str::to_owned).collect();
    // A name is in quotes and followed by a colon.
    for index in (1..parts.len() - 1).step_by(2) {
        if parts[index + 1].starts_with(':') {
            parts[index] = parts[index].to_lowercase();
        }
    }
    let lower = parts.join("\"");
    assert!(lower.contains("\"defaultshippingaddress\""), "{lower}");
    let body = lower.replacen('{', r#"{"shoesize":43,"nested":{"deep":[1,{}]},"#, 1);
    tenant.call("PUT", "/v1/customers/upgrade/3", "", Some(&body)).succeeds(201);
    assert_eq!(tenant.customer(3)["DefaultShippingAddress"]["PostalCode"], "84042");
}

#[test]
fn escapes_and_quoted_numbers_are_read() {
    let tenant = tenant();
    let body = seeds::distributor()
        .to_string()
        .replace("Minch", "Zo\\u00eb")
        .replace("\"CustomerType\":1", "\"CustomerType\":\"1\"");
    tenant.call("PUT", "/v1/customers/upgrade/3", "", Some(&body)).succeeds(201);
    assert_eq!(tenant.customer(3)["FirstName"], "Zoë");
}

#[test]
fn a_body_that_is_not_a_json_object_is_rejected_with_the_reason() {
    let tenant = tenant();
    let before = tenant.everything();
    for (body, message) in [
        (" \r\n", "The request body is empty."),
        ("[]", "The request body must be a JSON object."),
        ("\"x\"", "The request body must be a JSON object."),
        ("null", "The request body must be a JSON object."),
        ("{", "The request body is not valid JSON: EOF while parsing an object at line 1 column 1."),
        ("{} trailing", "The request body is not valid JSON: trailing characters at line 1 column 4."),
        ("{\"a\":1,,}", "The request body is not valid JSON: key must be a string at line 1 column 8."),
        ("a=b&c=d", "The request body is not valid JSON: expected value at line 1 column 1."),
    ] {
        for (method, path) in
            [("PUT", "/v1/customers/upgrade/3"), ("PATCH", "/v1/customers/99"), ("POST", "/v1/customers")]
        {
            tenant.call(method, path, "", Some(body)).rejects(500, message);
        }
    }
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let reply = tenant.call("POST", "/v1/customers", "", Some(&deep));
    assert!(reply.message().starts_with("The request body is not valid JSON: recursion limit exceeded"), "{reply:?}");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_body_that_is_not_utf_8_is_rejected() {
    let tenant = tenant();
    let mut request = format!(
        "POST /v1/customers HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\nOcp-Apim-Subscription-Key: {}\r\nContent-Length: 5\r\n\r\n",
        tenant.client.key
    )
    .into_bytes();
    request.extend(b"{\"\xe9\"}");
    tenant.raw(&request).rejects(500, NOT_UTF_8);
}

#[test]
fn the_message_in_the_header_is_ascii() {
    let tenant = tenant_with(json!({}));
    for (username, encoded) in [
        ("żółw", "%C5%BC%C3%B3%C5%82w"),
        ("100% sure", "100% sure"),
        ("100% żółw", "100%25 %C5%BC%C3%B3%C5%82w"),
        ("\u{1f422}", "%F0%9F%90%A2"),
    ] {
        let body = json!({ "Username": username });
        tenant.patch("/v1/customers/2", &body).succeeds(200);
        let reply = tenant.patch("/v1/customers/3", &body);
        assert_eq!(reply.message(), format!("Username '{encoded}' is already in use."));
        assert_eq!(reply.json()["message"], format!("Username '{username}' is already in use."));
    }
    let ignored = tenant.patch("/v1/customers/3", &json!({ "Größe": 43 })).succeeds(200);
    assert_eq!(ignored.header("X-Emulator-Ignored"), Some("Gr%C3%B6%C3%9Fe"));
}

#[test]
fn header_names_have_the_case_of_the_vendor() {
    let tenant = tenant();
    let reply = tenant.post("/v1/customers", &json!({ "CustomerType": 3 }));
    for name in ["X-DirectScale-Message: ", "X-DirectScale-RequestId: ", "Content-Type: ", "Content-Length: ", "Date: "]
    {
        assert!(reply.head.lines().any(|line| line.starts_with(name)), "{name} in {}", reply.head);
    }
}

#[test]
fn every_request_has_an_id_of_its_own() {
    let tenant = tenant();
    let id = || tenant.get("/v1/customers/3").header("X-DirectScale-RequestId").map(str::to_owned).expect("an id");
    let (first, second) = (id(), id());
    assert_ne!(first, second);
    assert!(uuid::Uuid::parse_str(&first).is_ok(), "{first}");
}

#[test]
fn invalid_chunks_are_reported() {
    let tenant = tenant();
    let before = tenant.everything();
    let key = &tenant.key;
    for (body, why) in [
        ("zz\r\n{}\r\n0\r\n\r\n", "its chunks are not written as HTTP says"),
        ("2\r\n{}XX0\r\n\r\n", "its chunks are not written as HTTP says"),
    ] {
        let request = format!(
            "PATCH /v1/customers/3 HTTP/1.1\r\nHost: h\r\nOcp-Apim-Subscription-Key: {key}\r\n\
             Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{body}"
        );
        tenant.raw(request.as_bytes()).rejects(500, &format!("The request body did not arrive: {why}."));
    }
    assert_eq!(tenant.everything(), before);
}
