//! The validate group: availability and login.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Tenant, seeds, tenant, tenant_with, with};

const CHECKS: [(&str, &str, &str); 6] = [
    ("email-address", "directScaleTest@testing.directscale.com", "free@x.example"),
    ("username", "TestUsername01", "free"),
    ("availability-check/usernames", "testusername01", "free"),
    ("tax-id", "TAX-TEST-1111", "TAX-FREE"),
    ("web-alias", "%20TestWebAlias%20", "free"),
    ("back-office-id", "TESTBACKOFFICEID01", "free"),
];

fn checks(tenant: &Tenant, in_use: &str, free: &str) {
    let id = tenant.create(&seeds::full());
    for _ in 0..2 {
        for (check, used_value, free_value) in CHECKS {
            let send = |value: &str| tenant.get(&format!("/v1/validate/{check}/{value}")).succeeds(200);
            assert_eq!(send(used_value).body, in_use, "{check}");
            assert_eq!(send(free_value).body, free, "{check}");
            assert_eq!(send("%20").body, free, "{check}: blank values never collide");
            assert_eq!(send("a%00").body, free, "{check}");
            assert_eq!(send(used_value).header("Content-Type"), Some("application/json"));
        }
        // A deleted customer keeps its unique values.
        tenant.call("DELETE", &format!("/v1/customers/{id}"), "", None).succeeds(200);
    }
}

#[test]
fn true_means_free() {
    checks(&tenant(), "false", "true");
}

#[test]
fn true_means_in_use_with_the_plans_switch() {
    checks(&tenant_with(json!({ "validate_polarity": "taken" })), "true", "false");
}

#[test]
fn a_value_that_is_not_unique_is_always_free() {
    let tenant = tenant_with(json!({ "unique": ["Username"] }));
    assert_eq!(tenant.get("/v1/validate/email-address/dana@demo.example").succeeds(200).body, "true");
    assert_eq!(tenant.get("/v1/validate/username/dana").succeeds(200).body, "false");
}

#[test]
fn another_tenants_values_are_free() {
    let (ours, theirs) = (tenant(), tenant());
    theirs.create(&seeds::full());
    for (check, in_use, _) in CHECKS {
        assert_eq!(ours.get(&format!("/v1/validate/{check}/{in_use}")).succeeds(200).body, "true", "{check}");
    }
}

#[test]
fn a_login_returns_the_customer() {
    let tenant = tenant();
    let body = json!({ "username": " DANA ", "password": "PasswordHere1" });
    assert_eq!(tenant.post("/v1/validate/login", &body).succeeds(200).json(), tenant.customer(2));
    let query = "/v1/validate/login?Username=dana&Password=PasswordHere1";
    assert_eq!(tenant.get(query).succeeds(200).json(), tenant.customer(2));
    // In every status.
    tenant.call("DELETE", "/v1/customers/2", "", None).succeeds(200);
    assert_eq!(tenant.post("/v1/validate/login", &body).succeeds(200).json()["CustomerStatus"], 3);
}

#[test]
fn every_wrong_login_gets_the_same_response() {
    let tenant = tenant();
    let theirs = crate::support::tenant();
    theirs.create(&with(&seeds::retail(), json!({ "Username": "theirs" })));
    let login = |username: &str, password: &str| {
        tenant.post("/v1/validate/login", &json!({ "username": username, "password": password }))
    };
    let mut bodies = Vec::new();
    // A missing, null or blank value fails too.
    for body in [
        json!({}),
        json!({ "username": "dana" }),
        json!({ "password": "PasswordHere1" }),
        json!({ "username": null, "password": null }),
        json!({ "username": "dana", "password": null }),
        json!({ "username": "  ", "password": " " }),
        json!({ "user": "dana", "pass": "PasswordHere1" }),
    ] {
        let reply = tenant.post("/v1/validate/login", &body).rejects(400, "Username or password is incorrect.");
        bodies.push(with(&reply.json(), json!({ "activityId": null })));
    }
    for query in
        ["", "?", "?username=dana", "?password=PasswordHere1", "?username=&password=", "?username=dana&password=%20"]
    {
        let reply = tenant.get(&format!("/v1/validate/login{query}"));
        let reply = reply.rejects(400, "Username or password is incorrect.");
        bodies.push(with(&reply.json(), json!({ "activityId": null })));
    }
    for (username, password) in [
        ("dana", "passwordHere1"),
        ("dana", ""),
        ("unknown", "PasswordHere1"),
        ("", "PasswordHere1"),
        ("da\u{0}na", "PasswordHere1"),
        ("theirs", "Password123!"),
        // Type 3 has no password.
        ("pat", ""),
        ("pat", "PasswordHere1"),
    ] {
        let reply = login(username, password).rejects(400, "Username or password is incorrect.");
        bodies.push(with(&reply.json(), json!({ "activityId": null })));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    let wrong = json!({ "username": [7], "password": "x" });
    tenant.post("/v1/validate/login", &wrong).rejects(500, "username must be a string.");
}

/// At the OWASP cost the duration shows neither whether a user exists nor the cost of its hash.
#[test]
fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    use crate::support::process::Process;

    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    // Its customers have hashes of the test cost.
    let server = Process::start(&["--data", data]);
    server.signal("TERM");
    assert!(server.wait().success());
    let server = Process::start(&["--data", data, "--password-cost", "owasp"]);
    let client = server.client();
    let login = |username: &str, password: &str| {
        client.post("/v1/validate/login", &json!({ "username": username, "password": password })).status
    };
    assert_eq!(login("dana", "PasswordHere1"), 200);
    client.put("/v1/customers/3/reset-password", &json!({ "Password": "PasswordHere3" })).succeeds(200);
    assert_eq!(login("riley", "PasswordHere3"), 200);
    let once = |username: &str| {
        let start = Instant::now();
        assert_eq!(login(username, "PasswordHere2"), 400);
        start.elapsed().as_secs_f64()
    };
    // The shortest of many alternating requests, because the rest is noise of the machine.
    let (mut known, mut with_cheap_hash, mut unknown) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..25 {
        known = known.min(once("riley"));
        with_cheap_hash = with_cheap_hash.min(once("dana"));
        unknown = unknown.min(once("unknown"));
    }
    // Without a hash it would take a twentieth of the time.
    for other in [with_cheap_hash, unknown] {
        assert!(other > known * 0.4 && other < known * 2.5, "{known}, {with_cheap_hash}, {unknown}");
    }
}

#[test]
fn only_the_reset_password_is_valid() {
    let tenant = tenant();
    let login =
        |password: &str| tenant.post("/v1/validate/login", &json!({ "username": "dana", "password": password })).status;
    let path = "/v1/customers/2/reset-password";
    for (body, password) in
        [(json!({ "Password": "AnotherOne2" }), "AnotherOne2"), (json!({ "newPassword": "AThirdOne3" }), "AThirdOne3")]
    {
        assert_eq!(tenant.put(path, &body).succeeds(200).body, "");
        assert_eq!((login("PasswordHere1"), login(password)), (400, 200));
    }
    let before = tenant.everything();
    let rule = "Password must be 8 to 30 characters long with at least a digit and a capital letter.";
    tenant.put(path, &json!({ "Password": "weak" })).rejects(500, rule);
    for nothing in [json!({}), json!({ "Password": null }), json!({ "Password": "  " })] {
        tenant.put(path, &nothing).rejects(500, "Password is required.");
    }
    tenant.put(path, &json!({ "Password": ["a"] })).rejects(500, "Password must be a string.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn no_response_contains_a_password() {
    let tenant = tenant();
    let reply = tenant.put("/v1/customers/2/reset-password", &json!({ "Password": "weak-and-secret" }));
    assert!(!format!("{reply:?}").contains("weak-and-secret"));
    let returned: Value = tenant.customer(2);
    assert!(!returned.to_string().contains("test-sha256"));
}
