//! GET /v1/customers/?… and GET /v1/customers/{id}

use serde_json::{Value, json};

use crate::support::{Tenant, seeds, tenant, tenant_with, with};

fn ids(tenant: &Tenant, query: &str) -> Vec<i64> {
    let found = tenant.get(&format!("/v1/customers/?{query}")).succeeds(200).json();
    found.as_array().expect("an array").iter().map(|customer| customer["CustomerId"].as_i64().expect("an id")).collect()
}

#[test]
fn each_parameter_ignores_case() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    for query in [
        "backOfficeId=TestBackOfficeId01",
        "backofficeid=TESTBACKOFFICEID01",
        "externalReferenceId=EXT1234567890",
        "externalId=EXT1234567890",
        "email=directScaleTest@testing.directscale.com",
        "email=DIRECTscaletest%40testing.directscale.com",
        "emailAddress=directScaleTest@testing.directscale.com",
        "username=testusername01",
        "webAlias=testwebalias",
        "entities=true&WEBALIAS=TestWebAlias",
    ] {
        assert_eq!(ids(&tenant, query), [id], "{query}");
    }
}

#[test]
fn the_object_is_the_same_as_by_id() {
    let tenant = tenant();
    let found = tenant.get("/v1/customers?username=dana").succeeds(200).json();
    assert_eq!(found, json!([tenant.customer(2)]));
}

#[test]
fn no_customer_gives_an_empty_array() {
    let tenant = tenant();
    for query in ["email=unknown@x.example", "username=%00", "backOfficeId=dana", "webAlias='%20or%201=1"] {
        assert_eq!(tenant.get(&format!("/v1/customers/?{query}")).succeeds(200).body, "[]", "{query}");
    }
}

#[test]
fn a_reference_may_be_shared() {
    let tenant = tenant();
    let shared = json!({ "ExternalReferenceId": "E1" });
    let first = tenant.create(&with(&seeds::retail(), shared.clone()));
    let second = tenant.create(&with(&seeds::distributor(), shared));
    assert_eq!(ids(&tenant, "externalReferenceId=E1"), [first, second]);
}

#[test]
fn a_field_that_is_not_unique_is_still_found() {
    let tenant = tenant_with(json!({ "unique": [] }));
    let first = tenant.create(&seeds::full());
    let second = tenant.create(&seeds::full());
    for query in [
        "email=DIRECTSCALETEST@testing.directscale.com",
        "username=TESTUSERNAME01",
        "webAlias=TESTWEBALIAS",
        "backOfficeId=testbackofficeid01",
    ] {
        assert_eq!(ids(&tenant, query), [first, second], "{query}");
    }
}

#[test]
fn one_parameter_counts_and_the_rest_are_named() {
    let tenant = tenant();
    let reply = tenant.get("/v1/customers/?username=riley&email=dana@demo.example").succeeds(200);
    assert_eq!(reply.json()[0]["CustomerId"], 2);
    assert_eq!(reply.header("X-Emulator-Ignored"), Some("username"));
}

#[test]
fn a_request_without_a_parameter_is_rejected() {
    let tenant = tenant();
    let message = "One of the parameters backOfficeId, externalReferenceId, email, username or webAlias is required.";
    for path in [
        "/v1/customers",
        "/v1/customers/",
        "/v1/customers/?",
        "/v1/customers/?email=",
        "/v1/customers?email=%20",
        "/v1/customers?name=x",
    ] {
        tenant.get(path).rejects(500, message);
    }
}

#[test]
fn an_unknown_id_is_not_found() {
    let tenant = tenant();
    let message = "A Customer with the given Customer ID was not found.";
    for id in ["99", "0", "-3", "+3", "2147483648", "abc", "3.0", "%F0%9F%98%80", "upgrade"] {
        let reply = tenant.get(&format!("/v1/customers/{id}")).rejects(404, message);
        assert_eq!(reply.json()["errors"], json!([]), "{id}");
    }
}

#[test]
fn head_is_get_without_a_body() {
    let tenant = tenant();
    let reply = tenant.call("HEAD", "/v1/customers/3", "", None).succeeds(200);
    let length = tenant.get("/v1/customers/3").body.len().to_string();
    assert_eq!((reply.body.as_str(), reply.header("Content-Length")), ("", Some(length.as_str())));
}

#[test]
fn an_unset_date_is_1900() {
    let tenant = tenant();
    assert_eq!(tenant.customer(3)["BirthDate"], json!("1900-01-01T00:00:00Z"));
    let id = tenant.create(&with(&seeds::retail(), json!({ "BirthDate": "0001-01-01T00:00:00", "SponsorId": "2" })));
    assert_eq!(tenant.customer(id)["BirthDate"], json!("1900-01-01T00:00:00Z"));
    assert_ne!(tenant.customer(id)["SignupDate"], Value::Null);
}
