//! Tokens: how a client gets one, which requests it is valid for, and when it expires.

use std::time::{Duration, Instant};

use base64::Engine as _;
use directscale_emulator::tenants::{Credential, CredentialKind, CredentialSlot, NewCredential};
use serde_json::json;

use super::*;
use crate::support::server::server;
use crate::support::{Client, tenant, tenant_of};

fn without_token() -> VendorClient {
    VendorClient::new(String::new())
}

fn form(key: &Credential, more: &str) -> String {
    format!("client_id={}&client_secret={}{more}", key.account().expect("a client"), key.reveal())
}

/// A rejection of the token endpoint (RFC 6749, 5.2).
#[track_caller]
fn denied(reply: Reply, error: &str, description: &str) {
    assert_eq!((reply.header("Cache-Control"), reply.header("Pragma")), (Some("no-store"), Some("no-cache")));
    let is_client = error == "invalid_client";
    let challenge = is_client.then_some(r#"Basic realm="connect/token""#);
    assert_eq!(reply.header("WWW-Authenticate"), challenge, "{reply:?}");
    let expected = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
    assert_eq!(reply.says(if is_client { 401 } else { 400 }, "application/json"), expected);
}

/// The header with Basic credentials.
fn basic(user: &str, password: &str) -> String {
    let credentials = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Authorization: Basic {credentials}\r\n")
}

#[track_caller]
fn token(reply: &Reply) -> VendorClient {
    assert_eq!(reply.status, 200, "{reply:?}");
    bearer(reply.json()["access_token"].as_str().expect("a token"))
}

fn bearer(token: &str) -> VendorClient {
    VendorClient::new(format!("Authorization: Bearer {token}\r\nApplicationId: 1\r\n"))
}

const GET: &str = "/api/1.1/CustomerService.svc/rest/GetCustomer?id=2&format=json";
const GRANT: &str = "&grant_type=client_credentials";

#[test]
fn a_client_gets_a_token_for_its_secret() {
    let tenant = tenant();
    let key = tenant.add_key(CredentialKind::OauthClient);
    let before = tenant.everything();
    for (path, more, scope) in [
        ("/1.0/connect/token", "&scope=lab%20qa", "lab qa"),
        ("/connect/token", "", "lab qa production"),
        ("/1.0/Connect/Token", "&scope=+", "lab qa production"),
        ("/identity/1.0/connect/token", "&scope=playground", "playground"),
        ("/Identity/1.0/Connect/Token/", "", "lab qa production"),
    ] {
        let reply = without_token().call("POST", path, "", Some(&form(&key, &format!("{GRANT}{more}"))));
        assert_eq!(reply.header("Cache-Control"), Some("no-store"));
        let body = reply.clone().says(200, "application/json");
        let given = reply.json()["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(given.len(), 64);
        let expected =
            format!(r#"{{"access_token":"{given}","expires_in":3600,"token_type":"Bearer","scope":"{scope}"}}"#);
        assert_eq!(body, expected);
        read(token(&reply).get(GET));
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn client_credentials_may_be_in_the_header() {
    let tenant = tenant();
    let server = server();
    let add = |name: &str, account: &str, secret: &str| {
        let (account, secret) = (Some(account.to_owned()), Some(secret.to_owned()));
        let key = NewCredential { name: name.to_owned(), kind: CredentialKind::OauthClient, account, secret };
        server.runtime.block_on(server.started.tenants.add_credential(&tenant.name(), key, None)).expect("a key");
    };
    let own = &tenant.client.key[..8];
    let (plain, odd) = (format!("client-{own}"), format!("cl ient+&=%-{own}"));
    let odd_secret = "p&s+w=r d%41:\u{e5}/";
    add("plain", &plain, "0123456789abcdef");
    add("odd", &odd, odd_secret);
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let send =
        |headers: &str, body: &str| without_token().call("POST", "/identity/1.0/connect/token", headers, Some(body));
    let grant = "grant_type=client_credentials";
    for (user, password, body) in [
        (plain.clone(), "0123456789abcdef".to_owned(), grant.to_owned()),
        (plain.replace('-', "%2d"), "%30123456789abcdef".to_owned(), grant.to_owned()),
        // Encoded, as in RFC 6749, 2.3.1, and unencoded, as many clients send it.
        (encoded(&odd), encoded(odd_secret), grant.to_owned()),
        (odd.clone(), odd_secret.to_owned(), grant.to_owned()),
        // The header comes before the form.
        (plain.clone(), "0123456789abcdef".to_owned(), format!("{grant}&client_id=x&client_secret=wrong-secret")),
    ] {
        let reply = send(&basic(&user, &password), &body);
        assert_eq!(reply.status, 200, "{user}:{password} {reply:?}");
        read(token(&reply).get(GET));
    }
    let wrong = "The client is unknown, revoked or expired.";
    for (user, password) in
        [(plain.as_str(), "0123456789abcdeF"), ("unknown", "0123456789abcdef"), (&plain, ""), ("", "")]
    {
        denied(send(&basic(user, password), grant), "invalid_client", wrong);
    }
    for header in ["Authorization: Basic\r\n", "Authorization: Basic ???\r\n", "Authorization: Bearer abc\r\n"] {
        denied(send(header, grant), "invalid_client", "client_id and client_secret are required.");
    }
}

#[test]
fn tokens_count_under_the_rate_limit() {
    let tenant = tenant_of(json!({ "plan": { "rate_limit": { "calls": 2, "renewal_seconds": 600 } } }));
    let key = tenant.add_key(CredentialKind::OauthClient);
    let send = || without_token().call("POST", "/1.0/connect/token", "", Some(&form(&key, GRANT)));
    let tokens = || tenant.rows("select 1 from access_tokens where tenant_id = {tenant}").len();
    for _ in 0..2 {
        assert_eq!(send().status, 200);
    }
    let before = tokens();
    let limited = send();
    let seconds = limited.header("Retry-After").expect("a number").to_owned();
    let description = format!("Too many requests. Try again in {seconds} seconds.");
    let expected = format!(r#"{{"error":"temporarily_unavailable","error_description":"{description}"}}"#);
    assert_eq!(limited.says(429, "application/json"), expected);
    assert_eq!((before, tokens()), (2, 2));
}

#[test]
fn the_token_endpoint_accepts_only_post() {
    let body = r#"{"error":"invalid_request","error_description":"The token endpoint takes POST only."}"#;
    for path in ["/1.0/connect/token", "/connect/token", "/identity/1.0/connect/token?grant_type=client_credentials"] {
        for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "post"] {
            let reply = without_token().call(method, path, "", None);
            assert_eq!(reply.header("Allow"), Some("POST"), "{method} {path} {reply:?}");
            assert_eq!(reply.says(405, "application/json"), body, "{method} {path}");
        }
        let head = without_token().call("HEAD", path, "", None);
        assert_eq!((head.status, head.header("Allow"), head.body.as_str()), (405, Some("POST"), ""));
    }
}

#[test]
fn an_invalid_client_gets_no_token() {
    let tenant = tenant();
    let (key, basic) = (tenant.add_key(CredentialKind::OauthClient), tenant.add_key(CredentialKind::Basic));
    let send = |body: &str| without_token().call("POST", "/1.0/connect/token", "", Some(body));
    let tokens = || tenant.rows("select 1 from access_tokens where tenant_id = {tenant}").len();
    for body in ["", "x", "client_id=a&client_secret=b", &form(&key, "")] {
        denied(
            send(body),
            "invalid_request",
            "grant_type is required, in a body of type application/x-www-form-urlencoded.",
        );
    }
    for grant in ["password", "authorization_code", "CLIENT_CREDENTIALS", ""] {
        let body = form(&key, &format!("&grant_type={grant}"));
        denied(send(&body), "unsupported_grant_type", "grant_type must be client_credentials.");
    }
    let account = key.account().expect("a client");
    for body in ["", "&client_id=a", "&client_secret=b"] {
        denied(
            send(&format!("grant_type=client_credentials{body}")),
            "invalid_client",
            "client_id and client_secret are required.",
        );
    }
    let wrong = "The client is unknown, revoked or expired.";
    for body in [
        format!("client_id={account}&client_secret=wrong-secret{GRANT}"),
        format!("client_id={account}&client_secret={}{GRANT}", key.reveal().to_uppercase() + "0"),
        format!("client_id=unknown&client_secret={}{GRANT}", key.reveal()),
        form(&basic, GRANT),
        format!("client_id=test-key&client_secret={}{GRANT}", tenant.client.key),
        format!("client_id=&client_secret={}{GRANT}", tenant.client.key),
    ] {
        denied(send(&body), "invalid_client", wrong);
    }
    assert_eq!(tokens(), 0);
}

#[test]
fn a_request_needs_a_token_and_an_application_id() {
    let tenant = tenant();
    let storm = tenant.storm();
    let (authorization, _) = storm.headers.split_once("\r\n").expect("a header");
    let before = tenant.everything();
    let missing = r#"{"Message":"Authorization has been denied: the headers Authorization (Bearer) and ApplicationId are required."}"#;
    let unknown = r#"{"Message":"Authorization has been denied: the access token is unknown or has expired."}"#;
    let basic = tenant.bydesign().headers;
    let cases = [
        (String::new(), missing),
        (format!("{authorization}\r\n"), missing),
        (format!("{authorization}\r\nApplicationId:  \r\n"), missing),
        ("ApplicationId: 1\r\n".to_owned(), missing),
        ("ApplicationId: 1\r\nAuthorization: Bearer\r\n".to_owned(), missing),
        (format!("ApplicationId: 1\r\n{basic}"), missing),
        (format!("ApplicationId: 1\r\nOcp-Apim-Subscription-Key: {}\r\n", tenant.client.key), missing),
        ("ApplicationId: 1\r\nAuthorization: Bearer nonsense\r\n".to_owned(), unknown),
        (format!("ApplicationId: 1\r\nAuthorization: Bearer {}\r\n", tenant.client.key), unknown),
    ];
    for (headers, body) in cases {
        for (method, path) in [("GET", GET.to_owned()), ("POST", path("UpdateCustomer", "&updatedBy=1"))] {
            let reply = VendorClient::new(headers.clone()).call(method, &path, "", Some(r#"{"Id":2,"FirstName":"A"}"#));
            assert_eq!(reply.header("WWW-Authenticate"), Some("Bearer"), "{headers}");
            assert_eq!(reply.says(401, JSON), body, "{headers}");
        }
    }
    assert_eq!(tenant.everything(), before);
    // Each spelling of the header, and any application id.
    for header in ["ApplicationId", "applicationId", "application-id", "APPLICATION-ID"] {
        read(
            VendorClient::new(format!("{}\r\n{header}: 1042\r\n", authorization.replace("Bearer", "bearer"))).get(GET),
        );
    }
    // A token is not valid for other vendors' APIs.
    let token = authorization.rsplit(' ').next().expect("a token");
    assert_eq!(Client { address: server().address, key: token.to_owned() }.get("/v1/customers/2").status, 401);
    assert_eq!(storm.get("/api/Admin/Country").status, 401);
}

/// Waits until the token is rejected.
#[track_caller]
fn ends(storm: &VendorClient) {
    let start = Instant::now();
    while storm.get(GET).status == 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "the token is still accepted");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    assert_eq!(storm.get(GET).status, 401);
}

#[test]
fn a_token_expires_after_an_hour() {
    let tenant = tenant();
    let storm = tenant.storm();
    let expiry = tenant.rows(
        "select expires_at between now() + interval '59 minutes' and now() + interval '61 minutes' as is_an_hour
           from access_tokens where tenant_id = {tenant}",
    );
    assert_eq!(expiry, [json!({ "is_an_hour": true })]);
    // In real time, whatever the tenant's clock says.
    tenant.control("POST", "/clock/set", Some(&json!({ "at": "2050-01-01T00:00:00Z" }))).done(200);
    read(storm.get(GET));
    server().execute(&format!("update access_tokens set expires_at = now() where tenant_id = {}", tenant.id));
    tenant.was_changed_by_sql();
    ends(&storm);
    // The next token deletes it.
    read(tenant.storm().get(GET));
    assert_eq!(tenant.rows("select 1 from access_tokens where tenant_id = {tenant}").len(), 1);
}

#[test]
fn a_token_ends_with_its_credential() {
    let tenant = tenant();
    let server = server();
    let name = tenant.name();
    let names = || -> Vec<String> {
        let keys =
            tenant.rows("select name from subscription_keys where tenant_id = {tenant} and name like 'vendor-%'");
        keys.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect()
    };
    let issue = |key: &Credential| token(&without_token().call("POST", "/connect/token", "", Some(&form(key, GRANT))));
    // Revoked.
    let revoked = issue(&tenant.add_key(CredentialKind::OauthClient));
    let key = names().remove(0);
    read(revoked.get(GET));
    tenant.control("POST", &format!("/keys/{key}/revoke"), Some(&json!({}))).done(204);
    ends(&revoked);
    // Deleted.
    let second = tenant.add_key(CredentialKind::OauthClient);
    let deleted = issue(&second);
    read(deleted.get(GET));
    let deleted_name = names().into_iter().find(|name| *name != key).expect("the second");
    tenant.control("DELETE", &format!("/keys/{deleted_name}"), None).done(204);
    ends(&deleted);
    denied(
        without_token().call("POST", "/connect/token", "", Some(&form(&second, GRANT))),
        "invalid_client",
        "The client is unknown, revoked or expired.",
    );
    // Rotated: the tokens of the other slot's secret stay.
    let first = tenant.add_key(CredentialKind::OauthClient);
    let key = names().into_iter().find(|name| *name != key).expect("the third");
    let rotate = |slot: CredentialSlot| {
        let rotated = server.started.tenants.rotate_credential(&name, &key, slot, None);
        server.runtime.block_on(rotated).expect("a new secret")
    };
    let of_first = issue(&first);
    let of_secondary = issue(&rotate(CredentialSlot::Secondary));
    read(of_first.get(GET));
    read(of_secondary.get(GET));
    let of_second = issue(&rotate(CredentialSlot::Primary));
    ends(&of_first);
    read(of_secondary.get(GET));
    read(of_second.get(GET));
}

#[test]
fn a_token_survives_a_reset_of_the_data() {
    let tenant = tenant();
    let storm = tenant.storm();
    let returned = customer(&storm, 2);
    updated(&storm, &with_first_name("Later"));
    tenant.control("PUT", "/snapshots/later", None).done(200);
    tenant.control("POST", "/reset", None).done(200);
    assert_eq!(customer(&storm, 2), returned);
    tenant.control("POST", "/snapshots/later/restore", None).done(200);
    assert_eq!(customer(&storm, 2)["FirstName"], "Later");
}

fn with_first_name(name: &str) -> serde_json::Value {
    json!({ "Id": 2, "FirstName": name })
}

#[test]
fn a_token_is_valid_for_its_own_tenant_only() {
    let (ours, theirs) = (tenant(), tenant_of(json!({})));
    let (our_api, their_api) = (ours.storm(), theirs.storm());
    let before = theirs.everything();
    let returned = updated(&our_api, &with_first_name("Ours"));
    let ours_created = created(&our_api, &full("ours"));
    assert_eq!(theirs.everything(), before);
    assert_eq!(customer(&their_api, 2)["FirstName"], "Dana");
    for query in [
        format!("GetCustomer?id={}", ours_created["Id"]),
        "GetCustomerByEmail?email=ours@storm.example".to_owned(),
        "GetCustomerByKey?key=00000000-0000-8000-8000-000000000005".to_owned(),
    ] {
        assert_eq!(their_api.get(&format!("/CustomerService.svc/rest/{query}")).body, "", "{query}");
    }
    let missing = [("CustomerMissing", "The customer is missing.")];
    rejects(&theirs, &their_api, &json!({ "Id": ours_created["Id"], "FirstName": "A" }), &missing);
    // The other tenant can use the same values, companies too.
    let copy = created(&their_api, &full("ours"));
    assert_eq!((&copy["Id"], &copy["Companies"][0]["Id"]), (&ours_created["Id"], &ours_created["Companies"][0]["Id"]));
    let text = "Companies[0].Id 3 is not the Id of a company of the customer.";
    created(&our_api, &full("more"));
    rejects(&theirs, &their_api, &json!({ "Id": 5, "Companies": [{ "Id": 3 }] }), &[("UnknownId", text)]);
    assert_eq!(customer(&our_api, 2), returned);
}

#[test]
fn the_journal_contains_no_secret_of_a_client() {
    let tenant = tenant();
    let key = tenant.add_key(CredentialKind::OauthClient);
    let given = without_token().call("POST", "/connect/token", "", Some(&form(&key, GRANT)));
    let token_text = given.json()["access_token"].as_str().expect("a token").to_owned();
    read(bearer(&token_text).get(GET));
    let entries = tenant.requests("");
    let operations: Vec<&str> = entries.iter().map(|entry| entry["operation"].as_str().expect("a name")).collect();
    assert_eq!(operations, ["StormGetCustomer", "StormToken"]);
    let journal = tenant.control("GET", "/requests?limit=1000", None).body;
    for secret in [key.reveal(), &token_text] {
        assert!(!journal.contains(secret), "{secret} in {journal}");
    }
}
