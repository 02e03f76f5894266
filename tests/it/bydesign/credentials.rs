//! Who is let in, and what the others are told.

use std::time::{Duration, Instant};

use directscale_emulator::clock::Clock;
use directscale_emulator::tenants::{CredentialKind, NewCredential, revoke_credential};
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
fn nothing_but_its_own_credentials_opens_the_door() {
    let tenant = tenant();
    let password = "bydesign-password-0001";
    api(&tenant, password, json!({})).done(201);
    let key = &tenant.client.key;
    let encoded = |text: &str| basic(text, "").headers;
    let before = tenant.everything();
    let with_header = |value: String| VendorClient::new(format!("Authorization: {value}\r\n"));
    let mut strangers = vec![
        VendorClient::new(String::new()),
        basic("api", "wrong"),
        basic("api", ""),
        basic("", password),
        basic("API", password),
        basic("api", &password.to_uppercase()),
        basic("api ", password),
        basic("nobody", password),
        basic(password, "api"),
        // DirectScale's key, as whatever it could be taken for.
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
    strangers.push(VendorClient::new(line.replace("YXBpOg==", "YXBp")));
    for stranger in &strangers {
        denied(stranger.post(PATH, &possible()));
        denied(stranger.post(LOOK_UP, &json!({ "Email": "dana@demo.example" })));
        denied(stranger.get("/api/Admin/CustomerType"));
        denied(stranger.get("/api/customer/PublicInfo/GetInfo?CustomerDID=2"));
    }
    let xml = strangers[0].call("POST", PATH, FORMATS[1].header(), Some("not looked at"));
    assert_eq!(xml.says(401, XML), http_error(DENIED)[1]);
    // Nor does its password open another door.
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

/// RFC 7617 asks for padding and for the standard alphabet; clients leave the one out and take the other.
#[test]
fn credentials_are_read_without_padding_and_in_either_alphabet() {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    let tenant = tenant();
    // Passwords whose base64 ends with two, one and no letters of padding, and one in which the alphabets differ.
    for password in ["password-00", "password-000", "password-0001", "\u{3bf}?\u{3bf}>\u{3ff}\u{7ff}??>>~~"] {
        let name = format!("user-{}", password.len());
        let key = json!({ "name": name, "kind": "basic", "account": name, "key": password });
        tenant.control("POST", "/keys", Some(&key)).done(201);
        let pair = format!("{name}:{password}");
        let forms = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|form| form.encode(&pair));
        for form in &forms {
            let door = VendorClient::new(format!("Authorization: Basic {form}\r\n"));
            door.get("/api/Admin/CustomerType").says(200, JSON);
        }
        // But not what is no base64, nor another's.
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
    // But not the same password with it, or nobody could tell them apart.
    let third = tenant();
    let taken = api(&third, "password-of-the-first", json!({}));
    assert_eq!(taken.status, 409, "{taken:?}");
}

#[test]
fn a_revoked_or_expired_key_opens_nothing() {
    let tenant = tenant();
    let name = tenant.name();
    api(&tenant, "soon-to-be-revoked", json!({})).done(201);
    let caller = basic("api", "soon-to-be-revoked");
    caller.post(PATH, &json!({})).says(200, JSON);
    let server = server();
    let revoked = revoke_credential(server.started.database(), &name, "api", None, Clock::Real.now());
    server.runtime.block_on(revoked).expect("revoked");
    let closes_within = |caller: &VendorClient, most: Duration| {
        let start = Instant::now();
        while caller.get("/api/Admin/CustomerType").status == 200 {
            assert!(start.elapsed() < most, "it still opens");
            std::thread::sleep(Duration::from_millis(20));
        }
        denied(caller.post(PATH, &json!({})));
    };
    closes_within(&caller, Duration::from_secs(2));
    let new = NewCredential {
        name: "short".to_owned(),
        kind: CredentialKind::Basic,
        account: Some("short".to_owned()),
        secret: Some("expires-in-a-second".to_owned()),
    };
    server.runtime.block_on(server.started.tenants.add_credential(&name, new, Some(2))).expect("a key");
    let caller = basic("short", "expires-in-a-second");
    caller.post(PATH, &json!({})).says(200, JSON);
    closes_within(&caller, Duration::from_secs(5));
}

#[test]
fn the_tenant_in_the_path_is_the_callers_own_or_nobodys() {
    let (ours, theirs) = (tenant(), tenant());
    let door = ours.bydesign();
    let before = (ours.everything(), theirs.everything());
    let name = theirs.name();
    for name in [name.clone(), name.to_uppercase(), name.replace("test", "Test")] {
        for api in ["api", "API"] {
            denied(door.post(&format!("/{name}/{api}/users/customer"), &possible()));
            denied(door.get(&format!("/{name}/{api}/Admin/CustomerType")));
        }
    }
    assert_eq!((ours.everything(), theirs.everything()), before);
    let own = ours.name();
    for name in [own.clone(), own.to_uppercase(), "AdaptureDemo".to_owned(), format!("{name}x"), "%20".to_owned()] {
        door.post(&format!("/{name}/api/users/customer"), &json!({})).says(200, JSON);
    }
    assert_eq!(theirs.everything(), before.1);
}
