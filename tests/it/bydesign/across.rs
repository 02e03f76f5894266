//! A customer that ByDesign's API created, in DirectScale's API and in the database.

use serde_json::{Value, json};

use super::{FORMATS, JSON, LOOK_UP, PATH, casey, freeze, id_of, possible, profile};
use crate::support::{seeds, tenant, with};

#[test]
fn every_member_becomes_the_field_of_directscale() {
    for format in FORMATS {
        let tenant = tenant();
        freeze(&tenant, "2025-11-03T12:40:09Z");
        let created = tenant.bydesign().create_in(format, &format.written(&possible())).json();
        let id = id_of(&created);
        let mut customer = tenant.customer(id);
        for address in ["PrimaryAddress", "DefaultShippingAddress"] {
            customer[address].as_object_mut().expect("an address").remove("AddressId");
        }
        let sample = |number: u8| json!(format!("sample string {number}"));
        let address = |street1, street2, city, region, postal_code, country: &str| {
            json!({
                "Street1": sample(street1), "Street2": sample(street2), "Street3": "", "City": sample(city),
                "Region": sample(region), "PostalCode": sample(postal_code), "CountryCode": country
            })
        };
        for (field, value) in [
            ("CustomerId", json!(5)),
            ("BackOfficeId", json!("15F95")),
            ("BirthDate", json!("2025-11-03T07:40:09Z")),
            ("CompanyName", sample(6)),
            ("CustomerStatus", json!(1)),
            ("CustomerType", json!(2)),
            ("EmailAddress", json!("sample@bydesign.example")),
            ("SponsorId", json!(2)),
            ("EnrollerId", json!(2)),
            ("ExternalReferenceId", Value::Null),
            ("FirstName", sample(1)),
            ("LastName", sample(2)),
            ("LanguageCode", json!("es")),
            ("PrimaryPhone", sample(7)),
            ("SecondaryPhone", sample(8)),
            ("TextPhone", sample(9)),
            ("SendEmails", json!(true)),
            ("SignupDate", json!("2025-11-03T12:40:09Z")),
            ("TaxExempt", json!(false)),
            ("TaxExemptId", Value::Null),
            ("TaxId", sample(28)),
            ("TermsAccepted", json!(true)),
            ("Username", Value::Null),
            ("WebAlias", Value::Null),
            ("PrimaryAddress", address(18, 19, 22, 23, 21, "US")),
            ("DefaultShippingAddress", address(11, 12, 15, 16, 14, "CA")),
        ] {
            assert_eq!(customer[field], value, "{format:?} {field}");
        }
        let expected = json!({
            "RepDID": "15F92", "Phone4": sample(10), "ShippingCountry": "CANADA", "ShippingCounty": sample(17),
            "BillingCountry": "USA", "BillingCounty": sample(24), "ReferralMarketType": 1,
            "ReferralMarketTypeInput": sample(26), "ReferCustomerDID": "3", "ReferCustomerID": 3, "TaxID2": sample(29),
            "ReplicatedSiteUrl": sample(30), "ReciprocalRepDID": "2", "ReciprocalRepID": 2,
        });
        assert_eq!(profile(&tenant, id), expected, "{format:?}");
        let node = format!("select 1 from sponsor_tree where tenant_id = {{tenant}} and customer_id = {id}");
        assert!(tenant.rows(&node).is_empty(), "a retail customer is not placed");
    }
}

#[test]
fn the_rep_is_sponsor_and_enroller() {
    let tenant = tenant();
    let client = tenant.bydesign();
    for (sent, sponsor) in [
        (json!("15F92"), 2),
        (json!(" 15f92 "), 2),
        (json!("2"), 2),
        (json!(2), 2),
        (json!("1"), 1),
        (json!(1), 1),
        (json!("15F91"), 1),
        (json!(""), 1),
        (Value::Null, 1),
    ] {
        let body = json!({ "CustomerType": 1, "RepDID": sent.clone() });
        let id = id_of(&client.created(&body));
        let customer = tenant.customer(id);
        assert_eq!((&customer["SponsorId"], &customer["EnrollerId"]), (&json!(sponsor), &json!(sponsor)), "{sent}");
        let node = format!("select upline_id from sponsor_tree where tenant_id = {{tenant}} and customer_id = {id}");
        assert_eq!(tenant.rows(&node), [json!({ "upline_id": sponsor })], "{sent}");
    }
    // A customer that this API created can be the rep of the next.
    let id = id_of(&client.created(&json!({ "CustomerType": 1 })));
    let below = id_of(&client.created(&json!({ "CustomerType": 1, "RepDID": id.to_string() })));
    assert_eq!(tenant.customer(below)["SponsorId"], id);
    // Any customer can be the referrer; the rep of the account must be a rep.
    let referred = client.created(&json!({ "ReferCustomerID": "15F94", "ReciprocalRepDID": "15f92" }));
    assert_eq!((&referred["ReferCustomerID"], &referred["ReciprocalRepID"]), (&json!(4), &json!(2)));
}

#[test]
fn flags_and_dates_mean_the_same_in_both_apis() {
    let tenant = tenant();
    let client = tenant.bydesign();
    for (sent, sends, accepted) in [
        (json!({}), true, false),
        (json!({ "SendAutoresponders": true, "AgreedToTerms": true }), true, true),
        (json!({ "SendAutoresponders": false, "AgreedToTerms": false }), false, false),
    ] {
        let created = client.created(&sent);
        assert_eq!(created["EmailOptOut_Company"], !sends, "{sent}");
        let customer = tenant.customer(id_of(&created));
        assert_eq!((&customer["SendEmails"], &customer["TermsAccepted"]), (&json!(sends), &json!(accepted)), "{sent}");
    }
    let born = client.created(&json!({ "DateOfBirth": "05/01/1980 00:00:00" }));
    assert_eq!(tenant.customer(id_of(&born))["BirthDate"], "1980-05-01T00:00:00Z");
    assert_eq!(tenant.customer(id_of(&client.created(&json!({}))))["BirthDate"], "1900-01-01T00:00:00Z");
}

#[test]
fn a_customer_of_directscale_is_returned_here() {
    let tenant = tenant();
    let id = tenant.create(&with(&seeds::full(), json!({ "SignUpDate": "2020-02-20T15:47:52Z" })));
    let found = tenant.bydesign().post(LOOK_UP, &json!({ "Email": "directscaletest@testing.directscale.com" })).json();
    let customer = &found[0];
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    for (member, value) in [
        ("CustomerID", json!(id)),
        ("CustomerTypeID", json!(1)),
        ("BillCountry", json!("USA")),
        ("ShipStreet2", json!("Suite #225")),
        ("DateOfBirth", json!("1973-05-12T00:00:00-04:00")),
        ("ApplicationDate", json!("2020-02-20T10:47:52-05:00")),
        ("TaxExemptCodeID", json!("TAX-TEST-0000")),
        ("TaxID", json!("TAX-TEST-1111")),
        ("Phone3", json!("+1 801 555-1111")),
    ] {
        assert_eq!(customer[member], value, "{member}");
    }
    // A change there is returned here, and the values that only this API has stay.
    let client = tenant.bydesign();
    let created = client.created(&with(&casey(), json!({ "Phone4": "4", "BillingCountry": "GREAT BRITAIN" })));
    let id = id_of(&created);
    assert_eq!(created["BillCountry"], "GREAT BRITAIN");
    tenant
        .put(
            &format!("/v1/customers/{id}"),
            &with(&seeds::retail(), json!({ "EmailAddress": "casey@bydesign.example" })),
        )
        .succeeds(200);
    let customer = client.post(LOOK_UP, &json!({ "Email": "casey@bydesign.example" })).json()[0].clone();
    assert_eq!(
        (&customer["FirstName"], &customer["BillCountry"], &customer["Phone4"], &customer["guid"]),
        (&json!("Sheev"), &json!("USA"), &json!("4"), &created["guid"])
    );
}

#[test]
fn the_password_is_hashed_and_never_returned() {
    for format in FORMATS {
        for password in ["Qhxntxr2,vtwxq \"}\"&<x>", "Qhxntxr2]]> vtwxq", "Qhxntxr2\nvtwxq'", "Qhxntxr2;vtwxq\\"] {
            let tenant = tenant();
            let client = tenant.bydesign();
            let body = format.written(&with(&possible(), json!({ "Password": password })));
            let id = id_of(&client.create_in(format, &body).json());
            let hash =
                format!("select password_hash from customers where tenant_id = {{tenant}} and customer_id = {id}");
            let hash = tenant.rows(&hash)[0]["password_hash"].as_str().expect("a hash").to_owned();
            assert!(hash.starts_with("$test-sha256$"), "{hash}");
            let found = client.post(LOOK_UP, &json!({ "Email": "sample@bydesign.example" })).says(200, JSON);
            assert!(!found.contains("assword") && found.contains("sample@bydesign.example"), "{found}");
            let journal = tenant.control("GET", "/requests?limit=1000", None).body;
            let database = tenant.everything().to_string();
            for text in [&journal, &database, &found] {
                assert!(!text.contains("vtwxq") && !text.contains("hxntxr"), "{format:?} {password}: {text}");
            }
            assert!(!journal.contains("test-sha256"));
            // It is valid for DirectScale's login once the customer has a username.
            tenant.patch(&format!("/v1/customers/{id}"), &json!({ "Username": "casey" })).succeeds(200);
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("username", "casey")
                .append_pair("password", password)
                .finish();
            let login = tenant.get(&format!("/v1/validate/login?{query}"));
            assert_eq!(login.status, 200, "{format:?} {password}: {login:?}");
        }
    }
}

#[test]
fn both_apis_share_one_sequence_of_ids() {
    let tenant = tenant();
    let client = tenant.bydesign();
    assert_eq!(id_of(&client.created(&json!({}))), 5);
    assert_eq!(tenant.create(&seeds::retail()), 6);
    client.post(PATH, &json!({ "Email": "not-an-address" })).says(400, JSON);
    assert_eq!(id_of(&client.created(&json!({}))), 7);
}
