//! The gateway's own responses, byte for byte.

use crate::support::server::{MAX_BODY_BYTES, server};
use crate::support::{Client, Reply, seeds, tenant};

const MISSING: &str = r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API." }"#;
const INVALID: &str = r#"{ "statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription." }"#;
const NOT_FOUND: &str = r#"{ "statusCode": 404, "message": "Resource not found" }"#;
const CHALLENGE: &str =
    r#"AzureApiManagementKey realm="http://test.example/v1/customers",name="Ocp-Apim-Subscription-Key",type="header""#;

fn unauthenticated() -> Client {
    Client { address: server().address, key: String::new() }
}

fn send(request: &str) -> Reply {
    unauthenticated().raw(request.as_bytes())
}

fn is_gateways(reply: &Reply) {
    assert_eq!(reply.header("Content-Type"), Some("application/json"), "{reply:?}");
    assert!(!reply.head.contains("X-DirectScale-"), "{reply:?}");
}

#[test]
fn a_missing_key_is_rejected() {
    for request in [
        "GET /v1/customers/3 HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n",
        "GET /v1/customers/3 HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\nOcp-Apim-Subscription-Key: \r\n\r\n",
        "PUT /v1/customers/upgrade/3 HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    ] {
        let reply = send(request);
        assert_eq!((reply.status, reply.body.as_str()), (401, MISSING));
        assert_eq!(reply.header("WWW-Authenticate"), Some(CHALLENGE));
        is_gateways(&reply);
    }
}

#[test]
fn a_wrong_key_is_rejected() {
    for key in ["00000000000000000000000000000000", "nonsense", "\u{e9}"] {
        let client = Client { address: server().address, key: key.to_owned() };
        let reply = client.get("/v1/customers/3");
        assert_eq!((reply.status, reply.body.as_str()), (401, INVALID));
        assert_eq!(reply.header("WWW-Authenticate"), Some(CHALLENGE));
        is_gateways(&reply);
    }
}

#[test]
fn the_query_may_have_the_key() {
    let tenant = tenant();
    let key = &tenant.client.key;
    for path in [
        format!("/v1/customers/3?subscription-key={key}"),
        format!("/v1/customers/?email=dana@demo.example&Subscription-Key={key}"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n");
        send(&request).succeeds(200);
    }
}

#[test]
fn a_revoked_key_is_rejected() {
    let tenant = tenant();
    tenant.get("/v1/customers/3").succeeds(200);
    server().execute(&format!("update subscription_keys set revoked_at = created_at where tenant_id = {}", tenant.id));
    tenant.was_changed_by_sql();
    assert_eq!(tenant.get("/v1/customers/3").body, INVALID);
}

#[test]
fn an_unmatched_route_is_not_found_before_the_key_is_checked() {
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v2/customers/3"),
        ("GET", "/v1/customers/3/nothing"),
        ("GET", "/v1/customers/upgrade/3"),
        ("POST", "/v1/customers/3"),
        ("PATCH", "/v1/customers"),
        ("OPTIONS", "/v1/customers/3"),
        ("POST", "/livez"),
    ] {
        let reply = send(&format!("{method} {path} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n"));
        assert_eq!((reply.status, reply.body.as_str()), (404, NOT_FOUND), "{method} {path}");
        is_gateways(&reply);
        assert!(reply.header("Allow").is_none(), "{reply:?}");
    }
}

#[test]
fn a_body_above_the_limit_is_too_large() {
    let tenant = tenant();
    let before = tenant.everything();
    let body = format!(r#"{{"FirstName":"{}"}}"#, "x".repeat(MAX_BODY_BYTES));
    let expected = format!(
        r#"{{ "statusCode": 413, "message": "Request body is larger than the limit of {MAX_BODY_BYTES} bytes." }}"#
    );
    for reply in [
        tenant.call("PUT", "/v1/customers/3", "", Some(&body)),
        tenant.call("PATCH", "/v1/customers/99", "", Some(&body)),
        tenant.raw(
            format!(
                "POST /v1/customers HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\
                 Ocp-Apim-Subscription-Key: {}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                tenant.client.key,
                body.len()
            )
            .as_bytes(),
        ),
    ] {
        assert_eq!((reply.status, reply.body.as_str()), (413, expected.as_str()));
        is_gateways(&reply);
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn the_realm_has_the_clients_scheme_and_host() {
    let reply = send(
        "GET /v1/customers/3 HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Host: api.example\r\nX-Forwarded-Proto: https\r\n\
         Connection: close\r\n\r\n",
    );
    let challenge = reply.header("WWW-Authenticate").expect("a challenge");
    assert!(challenge.contains(r#"realm="https://api.example/v1/customers""#), "{challenge}");
}

#[test]
fn health_and_metrics_need_no_key() {
    let client = unauthenticated();
    assert_eq!(client.get("/livez").body, r#"{"status":"alive"}"#);
    assert_eq!(client.get("/readyz").body, r#"{"status":"ready"}"#);
    tenant().put("/v1/customers/upgrade/3", &seeds::distributor()).succeeds(201);
    let metrics = client.get("/metrics").metrics();
    for line in [
        r#"emulator_requests_total{operation="UpgradeCustomer",status="201"} "#,
        r#"emulator_request_duration_seconds_bucket{operation="UpgradeCustomer",le="0.0005"} "#,
        "emulator_database_connections_in_use ",
        "emulator_database_connections_max ",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}
