//! Rejections of seeds and of other bodies of the control API.

use serde_json::{Value, json};

use super::{send, stored, yaml};
use crate::support::{seeds, tenant, with};

#[test]
fn an_invalid_record_rejects_the_whole_seed() {
    let tenant = tenant();
    let before = tenant.everything();
    let recorded = |id: i32, record: Value| with(&stored(id), json!({ "record": with(&stored(id)["record"], record) }));
    let uuid = "6f9619ff-8b86-d011-b42d-00c04fc964aa";
    let company = |id: i32| json!({ "id": id, "key": uuid, "name": "A", "org_no": "1" });
    let points = |points: f64| json!([{ "id": uuid, "points": points, "entered_at": "2020-01-01T00:00:00Z" }]);
    let changes = |numbers: &[i64]| -> Value {
        let change = |(row, number): (usize, &i64)| {
            json!({ "id": format!("6f9619ff-8b86-d011-b42d-{row:012}"), "record_number": number, "old_type": 2, "new_type": 1,
                "changed_at": "2020-01-01T00:00:00Z", "changed_by": "a", "request_id": uuid })
        };
        json!({ "type_changes": numbers.iter().enumerate().map(change).collect::<Vec<_>>() })
    };
    // Too long for an index, even compressed.
    let endless =
        (0_u32..5_000).fold(String::new(), |text, number| text + &number.wrapping_mul(2_654_435_761).to_string());
    for (customers, why) in [
        (json!([with(&stored(7), json!({ "id": null }))]), "customer number 1: one with a record needs an id"),
        (json!([with(&stored(0), json!({}))]), "customer with id 0: an id is above zero"),
        (
            json!([with(&stored(7), json!({ "SignUpDate": null }))]),
            "customer with id 7: one with a record needs SignUpDate",
        ),
        (json!([with(&stored(7), json!({ "BackOfficeId": null }))]), "one with a record needs BackOfficeId"),
        (json!([with(&stored(7), json!({ "Password": "PasswordHere1" }))]), "has a password_hash and no Password"),
        (
            json!([with(&stored(7), json!({ "password_hash": "PasswordHere1" }))]),
            "must be an Argon2id hash in PHC form",
        ),
        (json!([stored(7), stored(7)]), "an id or a value that must be unique is used twice (customers_pkey)"),
        (
            json!([stored(7), with(&stored(8), json!({ "BackOfficeId": " b7 " }))]),
            "customers 7 to 8: an id or a value that must be unique is used twice (customers_back_office_id_key)",
        ),
        (
            json!([with(&stored(7), json!({ "SponsorId": 9 }))]),
            "customer 7: SponsorId 9 is not a customer of this tenant",
        ),
        (json!([recorded(7, json!({ "enroller_id": 9 }))]), "customer 7: record.enroller_id 9 is not a customer"),
        (
            json!([
                recorded(7, json!({ "tree": { "upline_id": 8, "placed_at": "2020-01-01T00:00:00Z" } })),
                recorded(8, json!({ "tree": { "upline_id": 7, "placed_at": "2020-01-01T00:00:00Z" } }))
            ]),
            "customer 7 stands below itself in the sponsor tree",
        ),
        (json!([recorded(7, json!({ "enroller_id": 7 }))]), "customer 7 stands below itself in the enrollment tree"),
        (json!([recorded(7, json!({ "modified_at": "+12020-01-01T00:00:00Z" }))]), "between the years 1 and 9999"),
        (json!([recorded(7, json!({ "modified_at": "soon" }))]), "invalid"),
        (json!([recorded(7, json!({ "colour": 1 }))]), "unknown field `colour`"),
        (json!([recorded(7, json!({ "reward_points": points(1e13) }))]), "record.reward_points.points must be between"),
        (
            json!([recorded(7, changes(&[4_611_686_018_427_387_904]))]),
            "record.type_changes.record_number must be at most 4611686018427387903",
        ),
        (
            json!([recorded(7, changes(&[5, 5]))]),
            "an id or a value that must be unique is used twice (crm_associatetypechanges_recordnumber_key)",
        ),
        (json!([recorded(7, json!({ "companies": [company(0)] }))]), "record.companies.id must be above zero"),
        (
            json!([recorded(7, json!({ "companies": [company(1), company(2)] }))]),
            "an id or a value that must be unique is used twice (companies_name_key)",
        ),
        (json!([with(&stored(7), json!({ "Username": endless }))]), "Username must be at most 600 characters long"),
        (json!([{ "CustomerType": 2, "Password": "PasswordHere1", "password_hash": "x" }]), "Argon2id"),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&json!({ "customers": customers }))).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }
    // YAML can express a NUL.
    let text = format!("customers: [{}]", stored(7)).replace("\"en\"", "\"e\\0n\"");
    let detail = yaml("PUT", &format!("/tenants/{}/seed", tenant.name()), &text).problem(400);
    assert!(detail.contains("a text contains the character NUL"), "{detail}");
    for (members, why) in [
        (json!({ "clock": { "frozen": "9500-01-01T00:00:00Z" } }), "between the years 1900 and 9000"),
        (json!({ "clock": { "ahead_by": i64::MAX } }), "between the years 1900 and 9000"),
        (json!({ "clock": "soon" }), "clock: unknown variant"),
        (json!({ "faults": [{ "rule": { "operation": "*" } }] }), "a rule needs delay_ms, response, or both"),
        (
            json!({ "faults": [{ "id": 1, "rule": { "event": "*", "action": "drop" } }, { "id": 1, "rule": { "event": "*", "action": "drop" } }] }),
            "faults: an id or a value that must be unique is used twice",
        ),
        (
            json!({ "extension": { "extension_token": "x", "hooks": {} } }),
            "either directscale_token or directscale_token_digest",
        ),
        (
            json!({ "extension": { "extension_token": "x", "directscale_token_digest": "ab", "hooks": {} } }),
            "64 hexadecimal digits",
        ),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&members)).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn numbers_above_the_maximum_are_rejected() {
    let tenant = tenant();
    let before = tenant.everything();
    let of = |customer: Value| json!({ "customers": [with(&stored(7), customer)] });
    let company = json!({ "modified_at": "2020-01-01T00:00:00Z", "companies":
        [{ "id": 2_147_483_647, "key": "00000000-0000-0000-0000-000000000001", "name": "x" }] });
    for (seed, why) in [
        (json!({ "counters": { "customers": i32::MAX } }), "counters.customers must be from 0 to 2000000000"),
        (json!({ "counters": { "companies": 2_000_000_001 } }), "counters.companies must be from 0 to 2000000000"),
        (json!({ "counters": { "customers": -1 } }), "counters.customers must be from 0 to 2000000000"),
        (json!({ "customers": [{ "id": i32::MAX, "CustomerType": 2 }] }), "an id is at most 2000000000"),
        (of(json!({ "id": i32::MAX })), "an id is at most 2000000000"),
        (of(json!({ "record": company })), "customer with id 7: record.companies.id must be at most 2000000000"),
        (
            json!({ "faults": [{ "id": i32::MAX, "rule": { "event": "*", "action": "drop" } }] }),
            "faults: an id is at most 2000000000",
        ),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&seed)).problem(400);
        assert!(detail.contains(why), "{why} in {detail}");
    }
    assert_eq!(tenant.everything(), before);
    // The highest allowed numbers leave numbers for customers that are created later.
    let seed = json!({ "counters": { "customers": 2_000_000_000, "companies": 2_000_000_000 },
        "customers": [stored(2)], "faults": [{ "id": 2_000_000_000, "rule": { "event": "*", "action": "drop" } }] });
    tenant.control("PUT", "/seed", Some(&seed)).done(200);
    assert_eq!(tenant.create(&seeds::retail()), 2_000_000_001);
    tenant.add_fault(&json!({ "event": "*", "action": "drop" }));
}

/// Customers with a record are written in batches. An error names the batch, not the customer after it.
#[test]
fn an_error_of_a_batch_names_its_customers() {
    let tenant = tenant();
    let customer = |id: i32| with(&stored(id), json!({ "BackOfficeId": format!("b{}", id.max(2)) }));
    let detail = |customers: Vec<Value>| {
        let seed = json!({ "customers": customers });
        tenant.control("PUT", "/seed", Some(&seed)).problem(400)
    };
    let why = "an id or a value that must be unique is used twice (customers_back_office_id_key)";
    let expected = format!("tenant '{}': customers 1 to 1000: {why}", tenant.name());
    assert_eq!(detail((1..=1001).map(customer).collect()), expected);
    let then_new = json!({ "CustomerType": 2, "SponsorId": 1 });
    let expected = format!("tenant '{}': customers 1 to 2: {why}", tenant.name());
    assert_eq!(detail(vec![customer(1), customer(2), then_new]), expected);
}

#[test]
fn the_message_of_a_violation_is_a_sentence() {
    let tenant = tenant();
    let before = tenant.everything();
    for (customer, why) in [
        (json!({ "CustomerType": 1, "SponsorId": 7 }), "SponsorId 7 is not an existing customer."),
        (json!({ "CustomerType": 9 }), "CustomerType must be one of 1, 2, 3."),
        (json!({ "FirstName": "x" }), "CustomerType is required."),
        (
            json!({ "CustomerType": 1, "Password": "weak" }),
            "Password must be 8 to 30 characters long with at least a digit and a capital letter.",
        ),
    ] {
        let detail = tenant.control("PUT", "/seed", Some(&json!({ "customers": [customer] }))).problem(400);
        assert!(detail.ends_with(&format!("customer number 1: {why}")), "{detail}");
    }
    assert_eq!(tenant.everything(), before);
}

/// The invalid value of a body of the control API may be a key, a token or a tax id, so no message repeats it.
#[test]
fn no_rejection_of_a_control_body_repeats_a_value() {
    let tenant = tenant();
    let seed = |customer: Value| json!({ "customers": [customer] });
    let event = |subscription: Value| json!({ "events": { "subscriptions": [subscription] } });
    for (method, path, body, why) in [
        ("POST", "/keys", json!({ "name": "ci", "key": 98765 }), "key: invalid type: integer, expected a string"),
        ("POST", "/keys", json!({ "name": "ci", "kind": "SECRET" }), "kind: unknown variant, expected one of"),
        ("POST", "/keys", json!([["SECRET"]]), "the body must be an object, not a list"),
        ("POST", "/keys/ci/rotate", json!({ "slot": "SECRET" }), "slot: unknown variant, expected "),
        ("POST", "/fork", json!({ "name": ["SECRET"] }), "name: invalid type: sequence, expected a string"),
        ("PUT", "/plan", json!({ "minimum_age": "SECRET" }), "minimum_age: invalid type: string, expected an integer"),
        ("PUT", "/plan", json!({ "countries": { "US": 98765 } }), "countries.US: invalid type: integer"),
        ("PUT", "/integration", event(json!({ "url": "SECRET" })), "url: "),
        ("PUT", "/integration", event(json!({ "url": "http://h", "secret": 98765 })), "secret: invalid type: integer"),
        ("POST", "/faults", json!({ "operation": "*", "delay_ms": "SECRET" }), "did not match any variant"),
        ("POST", "/faults", json!({ "operation": "*", "when": "SECRET" }), "unknown variant"),
        ("POST", "/clock/set", json!({ "at": "SECRET" }), "at: "),
        ("POST", "/clock/set", json!({ "at": 98765 }), "at: invalid type: integer"),
        ("PUT", "/seed", seed(json!({ "TaxId": 98765 })), "customers[0].TaxId: invalid type: integer"),
        ("PUT", "/seed", seed(json!({ "CustomerType": "SECRET" })), "customers[0].CustomerType: invalid type: string"),
        ("PUT", "/seed", seed(json!({ "CustomerType": 2, "BirthDate": "SECRET" })), "BirthDate is not a date"),
        ("PUT", "/seed", json!("customers: [{TaxExempt: SECRET}]"), "invalid"),
    ] {
        let path = format!("/tenants/{}{path}", tenant.name());
        let text = body.to_string();
        for (content_type, text) in [
            ("application/json", text.clone()),
            ("application/json", format!("// a comment\n{text}")),
            ("application/yaml", text),
        ] {
            let reply = send(method, &path, content_type, &text);
            // In YAML a number is also a text.
            if content_type == "application/yaml" && reply.status < 300 {
                continue;
            }
            let detail = reply.problem(400);
            assert!(!detail.contains("SECRET") && !detail.contains("98765"), "{path} {text}: {detail}");
            assert!(content_type == "application/yaml" || detail.contains(why), "{path} {why} in {detail}");
        }
    }
}
