//! POST /v1/customers

use serde_json::{Value, json};

use crate::support::{seeds, tenant, tenant_with, with};

#[test]
fn the_response_is_the_new_id_as_a_number() {
    let tenant = tenant();

    let reply = tenant.post("/v1/customers", &seeds::retail()).succeeds(201);

    assert_eq!(reply.body, "5");
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
}

#[test]
fn the_path_may_end_in_a_slash() {
    let tenant = tenant();
    assert_eq!(tenant.post("/v1/customers/", &seeds::retail()).succeeds(201).body, "5");
}

#[test]
fn ids_count_up_from_the_seed_and_rejections_leave_no_gap() {
    let tenant = tenant();
    assert_eq!(tenant.create(&seeds::retail()), 5);
    tenant.post("/v1/customers", &seeds::retail()).rejects(
        500,
        "EmailAddress 'darthsidious66@testing.directscale.com' is already in use.; \
         Username 'Emperor Palpatine' is already in use.",
    );
    assert_eq!(tenant.create(&seeds::distributor()), 6);
}

#[test]
fn the_full_sample_is_stored_field_by_field() {
    let tenant = tenant();

    let id = tenant.create(&seeds::full());

    let mut expected = seeds::full();
    let fields = expected.as_object_mut().expect("an object");
    fields.remove("Password");
    let signed_up = fields.remove("SignUpDate").expect("a date");
    fields.insert("SignupDate".to_owned(), signed_up);
    fields.insert("CustomerId".to_owned(), json!(id));
    fields.insert("EnrollerId".to_owned(), json!(2));
    fields.insert("InactiveDate".to_owned(), json!("1900-01-01T00:00:00Z"));
    for (name, address_id) in [("PrimaryAddress", 9), ("DefaultShippingAddress", 10)] {
        fields[name]["AddressId"] = json!(address_id);
        fields[name]["Street3"] = json!("");
    }
    for number in 3..=10 {
        fields["AssociateCustom"][format!("Field{number}")] = Value::Null;
    }
    assert_eq!(tenant.customer(id), expected);
}

#[test]
fn every_member_is_always_present() {
    let tenant = tenant();

    let body = tenant.get("/v1/customers/1").succeeds(200).body;

    let names = [
        "AssociateCustom",
        "BackOfficeId",
        "BirthDate",
        "CompanyName",
        "CustomerId",
        "CustomerStatus",
        "CustomerType",
        "DefaultShippingAddress",
        "EmailAddress",
        "EnrollerId",
        "ExternalReferenceId",
        "FirstName",
        "InactiveDate",
        "LanguageCode",
        "LastName",
        "PrimaryAddress",
        "PrimaryPhone",
        "SecondaryPhone",
        "SendEmails",
        "SignupDate",
        "SponsorId",
        "TaxExempt",
        "TaxExemptId",
        "TaxId",
        "TermsAccepted",
        "TextPhone",
        "Username",
        "WebAlias",
    ];
    let mut position = 0;
    for name in names {
        let found = body[position..].find(&format!("\"{name}\":"));
        position += found.unwrap_or_else(|| panic!("{name} in its place in {body}"));
    }
    let root = tenant.customer(1);
    assert_eq!(root.as_object().map(serde_json::Map::len), Some(names.len()));
    assert_eq!((&root["SponsorId"], &root["EnrollerId"], &root["WebAlias"]), (&json!(0), &json!(0), &json!("company")));
    assert_eq!(tenant.customer(2)["CompanyName"], Value::Null);
}

#[test]
fn a_missing_shipping_address_is_shown_as_the_primary_one() {
    let tenant = tenant();
    let customer = tenant.customer(3);
    assert_eq!(customer["DefaultShippingAddress"], customer["PrimaryAddress"]);
    assert_eq!(customer["PrimaryAddress"]["AddressId"], 5);
}

#[test]
fn the_distributor_sample_is_accepted_and_placed() {
    let tenant = tenant();
    let id = tenant.create(&seeds::distributor());
    let nodes = tenant.rows(&format!(
        "select customer_id, upline_id from sponsor_tree where tenant_id = {{tenant}} and customer_id = {id}"
    ));
    assert_eq!(nodes, [json!({ "customer_id": id, "upline_id": 2 })]);
}

#[test]
fn a_retail_customer_is_not_placed() {
    let tenant = tenant();
    let id = tenant.create(&seeds::retail());
    let nodes = tenant
        .rows(&format!("select customer_id from sponsor_tree where tenant_id = {{tenant}} and customer_id = {id}"));
    assert!(nodes.is_empty());
}

#[test]
fn the_preferred_sample_is_rejected_without_the_required_username() {
    let tenant = tenant();
    tenant.post("/v1/customers", &seeds::preferred()).rejects(500, "Username is required for CustomerType 3.");
    tenant.post("/v1/customers", &with(&seeds::preferred(), json!({ "Username": "boba" }))).succeeds(201);
}

#[test]
fn a_plan_may_make_the_username_optional_for_type_3() {
    let tenant = tenant_with(json!({ "required": { "Username": [1, 2] } }));
    tenant.post("/v1/customers", &seeds::preferred()).succeeds(201);
}

/// The required fields of each type (DirectScale, Upgrade Customer page).
fn required() -> [(Value, Vec<&'static str>); 3] {
    let for_all = vec![
        "CustomerType",
        "EmailAddress",
        "FirstName",
        "LastName",
        "PrimaryAddress.Street1",
        "PrimaryAddress.Region",
        "PrimaryAddress.CountryCode",
        "SponsorId",
        "Username",
    ];
    let mut for_retail = for_all.clone();
    for_retail.push("Password");
    let mut for_distributors = for_retail.clone();
    for_distributors.extend([
        "BirthDate",
        "DefaultShippingAddress.Street1",
        "DefaultShippingAddress.PostalCode",
        "DefaultShippingAddress.City",
        "DefaultShippingAddress.CountryCode",
        "TaxId",
        "TermsAccepted",
    ]);
    [
        (seeds::distributor(), for_distributors),
        (seeds::retail(), for_retail),
        (with(&seeds::preferred(), json!({ "Username": "boba" })), for_all),
    ]
}

/// The body with one field absent or blank.
fn without(body: &Value, field: &str, blank: Option<Value>) -> Value {
    let mut body = body.clone();
    let (object, name) = match field.split_once('.') {
        Some((address, part)) => (body[address].as_object_mut().expect("an address"), part),
        None => (body.as_object_mut().expect("an object"), field),
    };
    match blank {
        Some(blank) => object.insert(name.to_owned(), blank),
        None => object.remove(name),
    };
    body
}

#[test]
fn a_rejection_names_each_missing_field_of_each_type() {
    let tenant = tenant();
    let before = tenant.everything();
    let mut tried = 0;
    for (body, fields) in required() {
        let customer_type = &body["CustomerType"];
        for field in fields {
            let message = if field == "CustomerType" {
                "CustomerType is required.".to_owned()
            } else {
                format!("{field} is required for CustomerType {customer_type}.")
            };
            for blank in [None, Some(json!(" \t")), Some(Value::Null)] {
                tenant.post("/v1/customers", &without(&body, field, blank)).rejects(500, &message);
                tried += 1;
            }
        }
    }
    assert_eq!(tried, 3 * (17 + 10 + 9));
    assert_eq!(tenant.everything(), before);
}

#[test]
fn one_rejection_lists_all_missing_fields_in_the_order_of_the_table() {
    let tenant = tenant();
    let reply = tenant.post("/v1/customers", &json!({ "CustomerType": 1 }));
    let errors = reply.json()["errors"].clone();
    let fields: Vec<&str> =
        errors.as_array().expect("errors").iter().map(|e| e["field"].as_str().expect("a name")).collect();
    assert_eq!(
        fields,
        [
            "BirthDate",
            "DefaultShippingAddress.Street1",
            "DefaultShippingAddress.PostalCode",
            "DefaultShippingAddress.City",
            "DefaultShippingAddress.CountryCode",
            "EmailAddress",
            "FirstName",
            "LastName",
            "Password",
            "PrimaryAddress.Street1",
            "PrimaryAddress.Region",
            "PrimaryAddress.CountryCode",
            "SponsorId",
            "TaxId",
            "TermsAccepted",
            "Username",
        ]
    );
    assert!(errors.as_array().expect("errors").iter().all(|error| error["rule"] == "required"));
    assert_eq!(reply.status, 500);
}

#[test]
fn terms_must_be_accepted_by_a_distributor() {
    let tenant = tenant();
    let body = with(&seeds::distributor(), json!({ "TermsAccepted": false }));
    tenant.post("/v1/customers", &body).rejects(500, "TermsAccepted is required for CustomerType 1.");
}

#[test]
fn a_rejection_names_each_conflicting_unique_field() {
    let tenant = tenant();
    tenant.create(&seeds::full());
    let before = tenant.everything();
    for (field, value, message) in [
        ("BackOfficeId", "testbackofficeid01", "BackOfficeId 'testbackofficeid01' is already in use."),
        (
            "EmailAddress",
            " DIRECTSCALETEST@testing.directscale.com ",
            "EmailAddress 'DIRECTSCALETEST@testing.directscale.com' is already in use.",
        ),
        // A tax id is secret, so the message does not repeat it.
        ("TaxId", "tax-test-1111", "TaxId is already in use."),
        ("Username", "TESTUSERNAME01", "Username 'TESTUSERNAME01' is already in use."),
        ("WebAlias", "testwebalias", "WebAlias 'testwebalias' is already in use."),
    ] {
        let body = with(&seeds::distributor(), json!({ field: value }));
        let reply = tenant.post("/v1/customers", &body).rejects(500, message);
        assert_eq!(reply.json()["errors"], json!([{ "field": field, "rule": "unique", "message": message }]));
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn one_rejection_lists_all_conflicting_fields_and_the_sponsor() {
    let tenant = tenant();
    tenant.create(&seeds::full());
    tenant.post("/v1/customers", &with(&seeds::full(), json!({ "SponsorId": 99 }))).rejects(
        500,
        "BackOfficeId 'TestBackOfficeId01' is already in use.; \
         EmailAddress 'directScaleTest@testing.directscale.com' is already in use.; \
         SponsorId 99 is not an existing customer.; \
         TaxId is already in use.; \
         Username 'TestUsername01' is already in use.; \
         WebAlias 'TestWebAlias' is already in use.",
    );
}

#[test]
fn a_plan_may_allow_shared_values() {
    let tenant = tenant_with(json!({ "unique": ["Username"] }));
    tenant.create(&seeds::full());
    let body = with(&seeds::full(), json!({ "Username": "another" }));
    tenant.post("/v1/customers", &body).succeeds(201);
}

#[test]
fn the_same_values_are_free_in_another_tenant() {
    tenant().create(&seeds::full());
    tenant().create(&seeds::full());
}

#[test]
fn a_sponsor_must_exist_and_be_a_distributor() {
    let tenant = tenant();
    let before = tenant.everything();
    let sponsored = |by: i32| tenant.post("/v1/customers", &with(&seeds::retail(), json!({ "SponsorId": by })));
    sponsored(99).rejects(500, "SponsorId 99 is not an existing customer.");
    sponsored(-1).rejects(500, "SponsorId -1 is not an existing customer.");
    sponsored(3).rejects(500, "SponsorId 3 is not a customer of CustomerType 1.");
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_plan_may_allow_any_sponsor() {
    let tenant = tenant_with(json!({ "sponsor_must_be_distributor": false }));
    tenant.post("/v1/customers", &with(&seeds::retail(), json!({ "SponsorId": 3 }))).succeeds(201);
}

#[test]
fn a_back_office_id_is_generated_from_the_id() {
    let tenant = tenant();
    assert_eq!(tenant.customer(2)["BackOfficeId"], "15F92");
    let id = tenant.create(&seeds::retail());
    assert_eq!(tenant.customer(id)["BackOfficeId"], "15F95");
}

#[test]
fn a_back_office_id_that_is_in_use_is_skipped() {
    let tenant = tenant();
    tenant.create(&with(&seeds::distributor(), json!({ "BackOfficeId": "15f96" })));
    let id = tenant.create(&seeds::retail());
    assert_eq!((id, &tenant.customer(id)["BackOfficeId"]), (6, &json!("15F97")));
}

#[test]
fn a_plan_may_change_generated_back_office_ids() {
    let tenant = tenant_with(json!({ "back_office_id": { "seed": 1000, "format": "decimal" } }));
    assert_eq!(tenant.customer(2)["BackOfficeId"], "1002");
}

#[test]
fn a_web_alias_defaults_to_the_username_when_that_is_free() {
    let tenant = tenant();
    let id = tenant.create(&seeds::retail());
    assert_eq!(tenant.customer(id)["WebAlias"], "EmperorPalpatine");
    let second = with(&seeds::retail(), json!({ "Username": "emperorpalpatine", "EmailAddress": "b@x.example" }));
    let id = tenant.create(&second);
    assert_eq!(tenant.customer(id)["WebAlias"], Value::Null);
}

#[test]
fn a_rejection_names_the_field_with_an_invalid_format_or_length() {
    let tenant = tenant();
    let before = tenant.everything();
    for (field, value, message) in [
        ("EmailAddress", json!("not an address"), "EmailAddress must be an e-mail address."),
        ("LanguageCode", json!("english"), "LanguageCode must be a two-letter ISO 639-1 language code."),
        ("BirthDate", json!("12.05.1973"), "BirthDate must be a date such as 2020-02-20T15:47:52Z."),
        ("BirthDate", json!(19_730_512), "BirthDate must be a date such as 2020-02-20T15:47:52Z."),
        ("CustomerStatus", json!(9), "CustomerStatus must be one of 1, 2, 3, 4, 5."),
        ("CustomerStatus", json!("one"), "CustomerStatus must be an integer."),
        ("CustomerStatus", json!(1.5), "CustomerStatus must be an integer."),
        ("SponsorId", json!(3_000_000_000_u64), "SponsorId must be an integer."),
        ("SendEmails", json!("perhaps"), "SendEmails must be true or false."),
        ("FirstName", json!([5]), "FirstName must be a string."),
        ("FirstName", json!("a".repeat(101)), "FirstName must be at most 100 characters long."),
        ("FirstName", json!("a\u{0}b"), "FirstName must not contain control characters."),
        ("PrimaryPhone", json!("1".repeat(51)), "PrimaryPhone must be at most 50 characters long."),
        (
            "Password",
            json!("short"),
            "Password must be 8 to 30 characters long with at least a digit and a capital letter.",
        ),
        ("PrimaryAddress", json!("Lindon"), "PrimaryAddress must be an object."),
        ("AssociateCustom", json!({ "Field1": [] }), "AssociateCustom.Field1 must be a string."),
        (
            "AssociateCustom",
            json!({ "Field10": "x".repeat(501) }),
            "AssociateCustom.Field10 must be at most 500 characters long.",
        ),
    ] {
        let body = with(&seeds::retail(), json!({ field: value }));
        tenant.post("/v1/customers", &body).rejects(500, message);
    }
    let body = with(
        &seeds::retail(),
        json!({ "PrimaryAddress": { "Street1": "x".repeat(201), "Region": "UT", "CountryCode": "ZZ" } }),
    );
    tenant.post("/v1/customers", &body).rejects(
        500,
        "PrimaryAddress.Street1 must be at most 200 characters long.; \
         PrimaryAddress.CountryCode must be a two-letter ISO 3166-1 country code.",
    );
    assert_eq!(tenant.everything(), before);
}

#[test]
fn an_unknown_type_is_rejected_and_the_plan_may_add_it() {
    let body = with(&seeds::retail(), json!({ "CustomerType": 4 }));
    tenant().post("/v1/customers", &body).rejects(500, "CustomerType must be one of 1, 2, 3.");
    tenant_with(json!({ "types": { "4": "Wholesale" } })).post("/v1/customers", &body).succeeds(201);
}

#[test]
fn codes_are_accepted_in_any_case() {
    let tenant = tenant();
    let body = with(
        &seeds::retail(),
        json!({ "LanguageCode": "EN", "PrimaryAddress": { "Street1": "x", "Region": "UT", "CountryCode": "us" } }),
    );
    let customer = tenant.customer(tenant.create(&body));
    assert_eq!((&customer["LanguageCode"], &customer["PrimaryAddress"]["CountryCode"]), (&json!("en"), &json!("US")));
}

#[test]
fn a_distributor_must_have_the_minimum_age() {
    let tenant = tenant();
    let body = with(&seeds::distributor(), json!({ "BirthDate": "2020-01-01" }));
    tenant.post("/v1/customers", &body).rejects(500, "BirthDate must be at least 18 years ago for CustomerType 1.");
    let tenant = tenant_with(json!({ "minimum_age": 3 }));
    tenant.post("/v1/customers", &body).succeeds(201);
}

#[test]
fn a_plan_may_reject_with_400() {
    let tenant = tenant_with(json!({ "rejection_status": 400 }));
    tenant.post("/v1/customers", &seeds::preferred()).rejects(400, "Username is required for CustomerType 3.");
}

#[test]
fn the_password_is_hashed_and_never_shown() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    let rows = tenant.rows(&format!("select * from customers where tenant_id = {{tenant}} and customer_id = {id}"));
    assert!(rows[0]["password_hash"].as_str().expect("a hash").starts_with("$test-sha256$"));
    assert!(!rows[0].to_string().contains("PasswordHere1"));
    assert!(!tenant.customer(id).to_string().contains("assword"));
}

#[test]
fn the_response_is_the_customer_if_the_client_prefers_it() {
    let tenant = tenant();
    let body = seeds::retail().to_string();
    let reply = tenant.call("POST", "/v1/customers", "Prefer: return=representation\r\n", Some(&body)).succeeds(201);
    assert_eq!(reply.header("Preference-Applied"), Some("return=representation"));
    assert_eq!(reply.json(), tenant.customer(5));
}

/// "Set to `PrimaryPhone` if empty" (`TextNumber` of `Application`, vendor's C# reference): only for a new customer.
#[test]
fn an_empty_text_phone_of_a_new_customer_is_the_primary_one() {
    let [with_default, without_default] = [json!({}), json!({ "text_phone_default": "none" })].map(tenant_with);
    for (number, (sent, expected_with, expected_without)) in (0..).zip([
        (json!({}), Value::Null, Value::Null),
        (json!({ "PrimaryPhone": "+1" }), json!("+1"), Value::Null),
        (json!({ "PrimaryPhone": "+1", "TextPhone": null }), json!("+1"), Value::Null),
        (json!({ "PrimaryPhone": "+1", "TextPhone": "  " }), json!("+1"), Value::Null),
        (json!({ "PrimaryPhone": "+1", "TextPhone": "+2" }), json!("+2"), json!("+2")),
        (json!({ "SecondaryPhone": "+3" }), Value::Null, Value::Null),
        (json!({ "TextPhone": "+2" }), json!("+2"), json!("+2")),
    ]) {
        let unique = json!({ "Username": format!("u{number}"), "EmailAddress": format!("u{number}@x.example") });
        let body = with(&with(&seeds::retail(), unique), sent.clone());
        for (tenant, expected) in [(&with_default, expected_with), (&without_default, expected_without)] {
            let id = tenant.create(&body);
            assert_eq!(tenant.customer(id)["TextPhone"], expected, "{sent}");
            // "If a field is omitted or remains blank, the update will clear out the existing information."
            let body = with(&body, json!({ "TextPhone": null, "PrimaryPhone": "+9" }));
            tenant.put(&format!("/v1/customers/{id}"), &body).succeeds(200);
            assert_eq!(tenant.customer(id)["TextPhone"], Value::Null, "{sent}");
            tenant.patch(&format!("/v1/customers/{id}"), &json!({ "PrimaryPhone": "+8" })).succeeds(200);
            assert_eq!(tenant.customer(id)["TextPhone"], Value::Null, "{sent}");
        }
    }
    let upgrade = with(&seeds::distributor(), json!({ "PrimaryPhone": "+1" }));
    with_default.put("/v1/customers/upgrade/3", &upgrade).succeeds(201);
    assert_eq!(with_default.customer(3)["TextPhone"], Value::Null);
    // The other vendor APIs have a separate field for each phone and return only the phones that were sent.
    let created = with_default.bydesign().post("/api/users/customer", &json!({ "Phone1": "1" })).json();
    assert_eq!((&created["Phone1"], &created["Phone3"]), (&json!("1"), &Value::Null));
    let path = "/api/1.1/CustomerService.svc/rest/CreateCustomer?format=json";
    let created = with_default.storm().post(path, &json!({ "Phone": "1" })).json();
    assert_eq!((&created["Phone"], &created["CellPhone"]), (&json!("1"), &Value::Null));
}
