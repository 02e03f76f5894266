//! Valid credentials, and the response to all others.

use std::time::{Duration, Instant};

use directscale_emulator::tenants::{CredentialKind, NewCredential};
use serde_json::{Value, json};

use super::{FORMATS, JSON, LOOK_UP, PATH, XML, basic, casey, http_error, possible};
use crate::support::server::server;
use crate::support::vendors::VendorClient;
use crate::support::{Client, Reply, Tenant, tenant, with};

const DENIED: &str = "Authorization has been denied for this request.";

/// A key of this tenant under the user name `api`.
fn api(tenant: &Tenant, secret: &str, more: Value) -> Reply {
    let key = json!({ "name": "api", "kind": "basic", "account": "api", "key": secret });
    tenant.control("POST", "/keys", Some(&with(&key, more)))
}

#[track_caller]
fn denied(reply: Reply) {
    assert_eq!(reply.header("WWW-Authenticate"), Some("Basic"), "{reply:?}");
    assert!(!reply.head.to_ascii_lowercase().contains("x-directscale"), "{reply:?}");
    assert_eq!(reply.says(401, JSON), http_error(DENIED)[0]);
}

#[test]
fn only_its_own_credentials_are_valid() {
    let tenant = tenant();
    let password = "bydesign-password-0001";
    api(&tenant, password, json!({})).done(201);
    let key = &tenant.client.key;
    let encoded = |text: &str| basic(text, "").headers;
    let before = tenant.everything();
    let with_header = |value: String| VendorClient::new(format!("Authorization: {value}\r\n"));
    let mut clients = vec![
        VendorClient::new(String::new()),
        basic("api", "wrong"),
        basic("api", ""),
        basic("", password),
        basic("API", password),
        basic("api", &password.to_uppercase()),
        basic("api ", password),
        basic("unknown", password),
        basic(password, "api"),
        // DirectScale's key, in every place that a client could put it.
        basic("", key),
        basic(key, ""),
        basic("test-key", key),
        basic(key, key),
        VendorClient::new(format!("Ocp-Apim-Subscription-Key: {key}\r\n")),
        VendorClient::new(format!("Ocp-Apim-Subscription-Key: {password}\r\n")),
        with_header(format!("Bearer {password}")),
        with_header(format!("Bearer {key}")),
        with_header(format!("Basic {password}")),
        with_header("Basic".to_owned()),
        with_header("Basic ".to_owned()),
        with_header("Basic !!!".to_owned()),
        with_header("Basic /w==".to_owned()),
        with_header(String::new()),
        with_header("Digest username=\"api\"".to_owned()),
    ];
    // Without a colon there is no password.
    let line = encoded("api");
    clients.push(VendorClient::new(line.replace("YXBpOg==", "YXBp")));
    for client in &clients {
        denied(client.post(PATH, &possible()));
        denied(client.post(LOOK_UP, &json!({ "Email": "dana@demo.example" })));
        denied(client.get("/api/Admin/CustomerType"));
        denied(client.get("/api/customer/PublicInfo/GetInfo?CustomerDID=2"));
    }
    let xml = clients[0].call("POST", PATH, FORMATS[1].header(), Some("ignored"));
    assert_eq!(xml.says(401, XML), http_error(DENIED)[1]);
    // Its password is not valid for another vendor API.
    for key in [password, "api", &format!("basic\0api\0{password}").replace('\0', "%00")] {
        assert_eq!(Client { key: key.to_owned(), ..tenant.client.clone() }.get("/v1/customers/2").status, 401);
    }
    assert_eq!(basic("api", password).get("/v1/customers/2").status, 401);
    assert_eq!(tenant.everything(), before);
    basic("api", password).post(PATH, &casey()).says(200, JSON);
    // The scheme is read in any case.
    let lower = basic("api", password).headers.replace("Basic", "bAsIc");
    VendorClient::new(lower).post(PATH, &json!({})).says(200, JSON);
}

#[test]
fn a_password_may_hold_colons_and_other_letters() {
    let tenant = tenant();
    api(&tenant, "with:colons:in:it", json!({})).done(201);
    basic("api", "with:colons:in:it").post(PATH, &json!({})).says(200, JSON);
    assert_eq!(basic("api", "with").post(PATH, &json!({})).status, 401);
}

/// RFC 7617 requires padding and the standard alphabet; some clients omit the padding or use the other alphabet.
#[test]
fn credentials_are_read_without_padding_and_in_either_alphabet() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    let tenant = tenant();
    // Passwords whose base64 ends with two, one and no characters of padding, and one in which the alphabets differ.
    for password in ["password-00", "password-000", "password-0001", "\u{3bf}?\u{3bf}>\u{3ff}\u{7ff}??>>~~"] {
        let name = format!("user-{}", password.len());
        let key = json!({ "name": name, "kind": "basic", "account": name, "key": password });
        tenant.control("POST", "/keys", Some(&key)).done(201);
        let pair = format!("{name}:{password}");
        let forms = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|form| form.encode(&pair));
        for form in &forms {
            let client = VendorClient::new(format!("Authorization: Basic {form}\r\n"));
            client.get("/api/Admin/CustomerType").says(200, JSON);
        }
        // But not texts that are not base64, nor other credentials.
        let broken =
            [format!("{}-+/_", forms[0]), format!("{}=", forms[0]), format!("{}!", forms[1]), forms[1][1..].to_owned()];
        for form in broken {
            denied(VendorClient::new(format!("Authorization: Basic {form}\r\n")).get("/api/Admin/CustomerType"));
        }
    }
}

#[test]
fn two_tenants_may_have_the_same_user() {
    let (first, second) = (tenant(), tenant());
    api(&first, "password-of-the-first", json!({})).done(201);
    api(&second, "password-of-the-second", json!({})).done(201);
    let before = second.everything();
    let created = basic("api", "password-of-the-first").created(&casey());
    assert_eq!(second.everything(), before);
    assert_eq!(first.customer(super::id_of(&created))["FirstName"], "Casey");
    basic("api", "password-of-the-second").created(&casey());
    // But not with the same password: the credential would not say which tenant it belongs to.
    let third = tenant();
    let conflict = api(&third, "password-of-the-first", json!({}));
    assert_eq!(conflict.status, 409, "{conflict:?}");
}

#[test]
fn a_revoked_or_expired_credential_is_not_valid() {
    let tenant = tenant();
    let name = tenant.name();
    api(&tenant, "soon-to-be-revoked", json!({})).done(201);
    let client = basic("api", "soon-to-be-revoked");
    client.post(PATH, &json!({})).says(200, JSON);
    let server = server();
    let revoked = server.started.tenants.revoke_credential(&name, "api", None);
    server.runtime.block_on(revoked).expect("revoked");
    let ends_within = |client: &VendorClient, limit: Duration| {
        let start = Instant::now();
        while client.get("/api/Admin/CustomerType").status == 200 {
            assert!(start.elapsed() < limit, "it is still valid");
            std::thread::sleep(Duration::from_millis(20));
        }
        denied(client.post(PATH, &json!({})));
    };
    ends_within(&client, Duration::from_secs(2));
    let new = NewCredential {
        name: "short".to_owned(),
        kind: CredentialKind::Basic,
        account: Some("short".to_owned()),
        secret: Some("expires-in-a-second".to_owned()),
    };
    server.runtime.block_on(server.started.tenants.add_credential(&name, new, Some(2))).expect("a key");
    let client = basic("short", "expires-in-a-second");
    client.post(PATH, &json!({})).says(200, JSON);
    ends_within(&client, Duration::from_secs(5));
}

/// The vendor has its client's name there. Here the credential says which tenant it is.
#[test]
fn no_path_says_which_names_tenants_have() {
    let (ours, theirs) = (tenant(), tenant());
    let client = ours.bydesign();
    let before = theirs.everything();
    let (own, other) = (ours.name(), theirs.name());
    let encoded = own.replace('t', "%74");
    let names = [&own, &own.to_uppercase(), &encoded, &other, &other.to_uppercase(), "AdaptureDemo", "%20", "%00"];
    let mut bodies = std::collections::BTreeSet::new();
    for name in names {
        client.post(&format!("/{name}/api/users/customer"), &json!({})).says(200, JSON);
        bodies.insert(client.get(&format!("/{name}/API/Admin/CustomerType")).says(200, JSON));
        // Nor without a valid credential.
        denied(basic("api", "wrong").get(&format!("/{name}/api/Admin/CustomerType")));
    }
    assert_eq!((bodies.len(), theirs.everything()), (1, before));
}

#[test]
fn nothing_of_a_short_password_is_shown() {
    let tenant = tenant();
    for (name, password, ending) in
        [("short", "12345678", ""), ("almost", "abcdefghijklmno", ""), ("long", "abcdefghijklmnop", "mnop")]
    {
        let key = json!({ "name": name, "kind": "basic", "key": password });
        tenant.control("POST", "/keys", Some(&key)).done(201);
        let listed = tenant.control("GET", "/keys", None).done(200);
        let found = listed.as_array().expect("keys").iter().find(|key| key["name"] == name).expect("the key");
        assert_eq!(found["ending"], ending, "{name}");
        basic(name, password).get("/api/Admin/CustomerType").says(200, JSON);
        let rotate = json!({ "key": format!("{password}!") });
        tenant.control("POST", &format!("/keys/{name}/rotate"), Some(&rotate)).done(200);
    }
    // A row of an earlier version, which kept the ending of every password.
    server().execute(&format!(
        "update subscription_keys set ending = '5678' where name = 'short' and tenant_id = {}",
        tenant.id
    ));
    let listed = tenant.control("GET", "/keys", None).done(200);
    let shown: Vec<&str> = listed.as_array().expect("keys").iter().filter_map(|key| key["ending"].as_str()).collect();
    assert_eq!(shown, ["mno!", "nop!", "", &tenant.client.key[28..]]);
    let page = tenant.control("GET", "/export", None).body;
    assert!(!page.contains("5678"), "{page}");
}
