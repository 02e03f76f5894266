//! A credential gives access to its own tenant only.

use serde_json::json;

use crate::support::{seeds, tenant, with};

#[test]
fn the_response_for_another_tenants_customer_is_that_for_an_unknown_one() {
    let (ours, theirs) = (tenant(), tenant());
    let id = theirs.create(&seeds::full());
    let before = theirs.everything();
    let unknown = "A Customer with the given Customer ID was not found.";
    let without_id = |mut body: serde_json::Value| {
        body.as_object_mut().expect("an object").remove("activityId");
        body
    };
    for (method, path, body) in [
        ("GET", "/v1/customers/", None),
        ("DELETE", "/v1/customers/", None),
        ("PUT", "/v1/customers/", Some(with(&seeds::distributor(), json!({ "SponsorId": 1 })))),
        ("PATCH", "/v1/customers/", Some(seeds::patch())),
        ("PUT", "/v1/customers/upgrade/", Some(seeds::distributor())),
    ] {
        let body = body.map(|body| body.to_string());
        let other_tenants_id = ours.call(method, &format!("{path}{id}"), "", body.as_deref()).rejects(404, unknown);
        let unknown_id = ours.call(method, &format!("{path}999"), "", body.as_deref()).rejects(404, unknown);
        assert_eq!(without_id(other_tenants_id.json()), without_id(unknown_id.json()));
    }
    for query in [
        "backOfficeId=TestBackOfficeId01",
        "externalId=EXT1234567890",
        "username=TestUsername01",
        "webAlias=TestWebAlias",
    ] {
        assert_eq!(ours.get(&format!("/v1/customers/?{query}")).succeeds(200).body, "[]");
    }
    assert_eq!(theirs.everything(), before);
}

#[test]
fn another_tenants_distributor_cannot_be_a_sponsor() {
    let (ours, theirs) = (tenant(), tenant());
    let id = theirs.create(&seeds::distributor());
    ours.post("/v1/customers", &with(&seeds::retail(), json!({ "SponsorId": id })))
        .rejects(500, &format!("SponsorId {id} is not an existing customer."));
}

#[test]
fn another_tenants_values_are_free() {
    let (ours, theirs) = (tenant(), tenant());
    theirs.create(&seeds::full());
    ours.put("/v1/customers/upgrade/3", &seeds::full()).succeeds(201);
}
