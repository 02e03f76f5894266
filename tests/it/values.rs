//! Values of responses that public clients depend on, and the entries of a plan that change them.

use serde_json::{Value, json};

use crate::support::{Tenant, tenant, tenant_with, with};

fn stats(tenant: &Tenant) -> String {
    tenant.get("/v1/customers/2/stats").succeeds(200).body
}

#[test]
fn stats_have_the_counted_values_and_those_of_the_plan() {
    let counted = r#""Downline":{"Value":0},"PersonallyEnrolled":{"Value":2},"RewardPoints":{"Value":0.0}"#;
    for (plan, kit_level, stats_json) in [
        (json!({}), "null", counted.to_owned()),
        (json!({ "kit_level": "Gold" }), r#""Gold""#, counted.to_owned()),
        (json!({ "kit_level": 3 }), "3", counted.to_owned()),
        (
            json!({ "kit_level": null, "GVKPI": { "Value": 0 }, "Rank": { "Value": "Ruby" }, "A": { "Value": -1.5 } }),
            "null",
            format!(
                r#""A":{{"Value":-1.5}},"Downline":{{"Value":0}},"GVKPI":{{"Value":0}},{},"Rank":{{"Value":"Ruby"}},{}"#,
                r#""PersonallyEnrolled":{"Value":2}"#, r#""RewardPoints":{"Value":0.0}"#
            ),
        ),
        // The values of the plan come before the counted ones; a zero has no sign.
        (json!({ "RewardPoints": { "Value": 7 }, "Downline": { "Value": -0.0 } }), "null", counted.replace("0.0", "7")),
    ] {
        let tenant = tenant_with(json!({ "stats": plan }));
        let expected = format!(
            r#"{{"Name":"Dana Distributor","KitLevel":{kit_level},"Stats":{{{stats_json}}},"RankOptions":[]}}"#
        );
        assert_eq!(stats(&tenant), expected, "{plan}");
        let kept = tenant.control("GET", "/plan", None).done(200);
        assert_eq!(kept["stats"]["kit_level"], plan["kit_level"], "{plan}");
    }
}

#[test]
fn no_figure_is_a_negative_zero() {
    let tenant = tenant();
    assert!(stats(&tenant).contains(r#""RewardPoints":{"Value":0.0}"#), "{}", stats(&tenant));
    let points = |method: &str, body: Value| {
        tenant.call(method, "/v1/customers/2/reward-points", "", Some(&body.to_string()));
    };
    points("POST", json!({ "pointsToAdd": 5 }));
    points("DELETE", json!({ "pointsToDeduct": 5 }));
    assert!(stats(&tenant).contains(r#""RewardPoints":{"Value":0.0}"#), "{}", stats(&tenant));
    points("DELETE", json!({ "pointsToDeduct": 0.0001 }));
    points("POST", json!({ "pointsToAdd": 0.0001 }));
    assert!(stats(&tenant).contains(r#""RewardPoints":{"Value":0.0}"#), "{}", stats(&tenant));
    assert!(!tenant.get("/v1/customers/3/countries").succeeds(200).body.contains('-'));
}

#[test]
fn stats_that_are_no_statistics_are_rejected_by_name() {
    let tenant = tenant();
    for (stats, part) in [
        (json!({ "kit_levle": "Gold" }), "stats.kit_levle: invalid type: string, expected an object"),
        (json!({ "GVKPI": 0 }), "stats.GVKPI: invalid type: integer, expected an object"),
        (json!({ "GVKPI": { "value": 0 } }), "stats.GVKPI.value: unknown field `value`"),
        (json!({ "GVKPI": { "Value": [1] } }), "stats.GVKPI.Value: it is neither a number nor a text"),
    ] {
        let problem = tenant.control("PUT", "/plan", Some(&json!({ "stats": stats }))).problem(400);
        assert!(problem.contains(part), "{problem}");
    }
}

/// The names of the unset texts of a response.
fn unset(answer: &Value, is_unset: fn(&Value) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    let Some(members) = answer.as_object() else { return names };
    for (name, value) in members {
        if is_unset(value) {
            names.push(name.clone());
        }
        names.extend(unset(value, is_unset).into_iter().map(|inner| format!("{name}.{inner}")));
    }
    names
}

#[test]
fn the_second_and_third_street_are_empty_where_they_are_not_set() {
    let tenant = tenant();
    let address = |id: i64| {
        format!(
            r#"{{"AddressId":{id},"Street1":"250 South 400 West","Street2":"","Street3":"","City":"Lindon","Region":"UT","PostalCode":"84042","CountryCode":"US"}}"#
        )
    };
    for path in ["/v1/customers/3", "/v1/customers?username=riley"] {
        let body = tenant.get(path).succeeds(200).body;
        assert_eq!(body.matches(&address(5)).count(), 2, "{body}");
    }
    // A returned customer can be sent back.
    let returned = tenant.customer(3);
    let sent = with(&returned, json!({ "Password": "PasswordHere1", "DefaultShippingAddress": null }));
    let before = tenant.everything();
    tenant.put("/v1/customers/3", &sent).succeeds(200);
    assert_eq!(tenant.customer(3), returned);
    for row in ["primary_street2", "primary_street3", "shipping_street2"] {
        assert_eq!(tenant.everything()["customers"][2][row], before["customers"][2][row]);
    }
}

#[test]
fn unset_texts_are_null_or_empty_as_the_plan_says() {
    let (null, empty) = (tenant(), tenant_with(json!({ "empty_unset_texts": true })));
    let expected = [
        "AssociateCustom.Field1",
        "AssociateCustom.Field10",
        "CompanyName",
        "ExternalReferenceId",
        "PrimaryPhone",
        "SecondaryPhone",
        "TaxExemptId",
        "TaxId",
        "TextPhone",
    ];
    let (nulls, empties) = (unset(&null.customer(3), Value::is_null), unset(&empty.customer(3), |value| value == ""));
    for name in expected {
        assert!(nulls.contains(&name.to_owned()), "{name} in {nulls:?}");
    }
    let mut with_streets = nulls.clone();
    for address in ["PrimaryAddress", "DefaultShippingAddress"] {
        with_streets.extend(["Street2", "Street3"].map(|street| format!("{address}.{street}")));
    }
    with_streets.sort();
    let mut empties = empties;
    empties.sort();
    assert_eq!(empties, with_streets);
    assert_eq!(unset(&empty.customer(3), Value::is_null), [""; 0]);

    // The same in every response with a customer.
    let login = json!({ "username": "riley", "password": "PasswordHere1" });
    for (tenant, returned) in [(&null, json!(null)), (&empty, json!(""))] {
        let answers = [
            tenant.get("/v1/customers?username=riley").succeeds(200).json()[0]["CompanyName"].clone(),
            tenant.post("/v1/validate/login", &login).succeeds(200).json()["TextPhone"].clone(),
            tenant.get("/v1/customers/3/customFields").succeeds(200).json()["Field7"].clone(),
            tenant.get("/v1/customers/search/riley").succeeds(200).json()[0]["Phone"].clone(),
            tenant.get("/v1/customers/search/riley").succeeds(200).json()[0]["ProfileImageUrl"].clone(),
        ];
        assert!(answers.iter().all(|answer| *answer == returned), "{answers:?}");
        let address = tenant.get("/v1/sso/3").succeeds(200).body;
        let token = address.trim_matches('"').rsplit('=').next().expect("a token");
        let identity = tenant.get(&format!("/v1/sso?token={token}")).succeeds(200).json();
        assert_eq!(identity["ExternalReferenceId"], returned);
        let changed = tenant.call("PATCH", "/v1/customers/3", "Prefer: return=representation\r\n", Some("{}"));
        assert_eq!(changed.json()["SecondaryPhone"], returned, "{changed:?}");
    }
    // Dates and numbers are the same, and an unknown alias has an empty object.
    assert_eq!(empty.customer(1)["SponsorId"], 0);
    assert_eq!(empty.customer(3)["BirthDate"], "1900-01-01T00:00:00Z");
    assert_eq!(empty.get("/v1/customers/websiteInfo2?webAlias=unknown").succeeds(200).body, "{}");
    // Sending an empty text back does not set the field.
    let before = empty.everything();
    empty.patch("/v1/customers/3", &json!({ "CompanyName": "", "TextPhone": "" })).succeeds(200);
    assert_eq!(empty.everything()["customers"][2]["company_name"], before["customers"][2]["company_name"]);
}

#[test]
fn the_plan_sets_the_spelling_of_validate_responses() {
    for (plan, in_use, free, content_type) in [
        (json!({}), "false", "true", "application/json"),
        (json!({ "validate_booleans": "json" }), "false", "true", "application/json"),
        (json!({ "validate_booleans": "dotnet" }), "False", "True", "text/plain; charset=utf-8"),
        (
            json!({ "validate_booleans": "dotnet", "validate_polarity": "taken" }),
            "True",
            "False",
            "text/plain; charset=utf-8",
        ),
    ] {
        let tenant = tenant_with(plan);
        for (path, value) in [
            ("email-address/dana@demo.example", in_use),
            ("email-address/free@demo.example", free),
            ("username/dana", in_use),
            ("availability-check/usernames/free", free),
            ("tax-id/DEMO-TAX-0002", in_use),
            ("web-alias/free", free),
            ("back-office-id/15F92", in_use),
        ] {
            let reply = tenant.get(&format!("/v1/validate/{path}")).succeeds(200);
            assert_eq!((reply.body.as_str(), reply.header("Content-Type")), (value, Some(content_type)), "{path}");
        }
    }
}
