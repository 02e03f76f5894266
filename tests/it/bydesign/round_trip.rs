//! The values of a request are returned by the creation and by the look-up, in any format.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use super::{FORMATS, JSON, LOOK_UP};
use crate::support::tenant;

/// The texts of a request, and their names in responses.
const TEXTS: [(&str, &str); 21] = [
    ("FirstName", "FirstName"),
    ("LastName", "LastName"),
    ("Company", "Company"),
    ("Phone1", "Phone1"),
    ("Phone2", "Phone2"),
    ("Phone3", "Phone3"),
    ("Phone4", "Phone4"),
    ("ShippingStreet1", "ShipStreet1"),
    ("ShippingStreet2", "ShipStreet2"),
    ("ShippingPostalCode", "ShipPostalCode"),
    ("ShippingCity", "ShipCity"),
    ("ShippingState", "ShipState"),
    ("ShippingCounty", "ShipCounty"),
    ("BillingStreet1", "BillStreet1"),
    ("BillingStreet2", "BillStreet2"),
    ("BillingPostalCode", "BillPostalCode"),
    ("BillingCity", "BillCity"),
    ("BillingState", "BillState"),
    ("BillingCounty", "BillCounty"),
    ("ReferralMarketTypeInput", "ReferralMarketTypeInput"),
    ("TaxID2", "TaxID2"),
];

/// Dates as they are sent, and as they are returned.
const DATES: [(&str, &str); 6] = [
    ("1980-05-01T00:00:00", "1980-05-01T00:00:00-04:00"),
    ("02/29/2000 23:59:59", "2000-02-29T23:59:59-05:00"),
    ("1999-12-31T23:59:59.9999999Z", "1999-12-31T23:59:59.999999-05:00"),
    ("1850-06-01", "1850-06-01T00:00:00-04:56"),
    ("2025-11-03T07:40:09.7363348-05:00", "2025-11-03T07:40:09.736334-05:00"),
    ("9999-12-30T00:00:00", "9999-12-30T00:00:00-05:00"),
];

/// Texts that are not blank, that every format can hold and that fit everywhere.
fn text() -> impl Strategy<Value = String> {
    let characters = prop_oneof![
        8 => proptest::char::range(' ', '~'),
        1 => prop_oneof![Just('\r'), Just('\n'), Just('\t')],
        1 => proptest::char::range('\u{a0}', '\u{d7ff}'),
        1 => proptest::char::range('\u{10000}', '\u{10ffff}'),
    ];
    let texts = proptest::collection::vec(characters, 1..25).prop_map(String::from_iter);
    texts.prop_filter("blank is absent", |text| !text.trim().is_empty())
}

/// A request without an e-mail address, and the members of its response that follow from it.
fn requests() -> impl Strategy<Value = (Map<String, Value>, Map<String, Value>)> {
    let texts = proptest::collection::vec(proptest::option::of(text()), TEXTS.len());
    let countries = proptest::collection::vec(
        proptest::sample::select(vec!["", "USA", "us", "Canada", "JERSEY", "Great Britain", "DE"]),
        2,
    );
    let flags = (any::<Option<bool>>(), any::<Option<bool>>());
    let numbers = (any::<Option<i32>>(), 0..=3_i32, 0..=16_i32);
    let people = (0..=4_i32, proptest::sample::select(vec!["", "1", "2", "15F92"]));
    let date = proptest::option::of(proptest::sample::select(DATES.to_vec()));
    (texts, countries, flags, numbers, people, date).prop_map(|(texts, countries, flags, numbers, people, date)| {
        let (mut sent, mut returned) = (Map::new(), Map::new());
        let mut both = |member: &str, value: Value, name: &str, response: Value| {
            sent.insert(member.to_owned(), value);
            returned.insert(name.to_owned(), response);
        };
        for ((member, name), text) in TEXTS.into_iter().zip(texts) {
            if let Some(text) = text {
                both(member, json!(text), name, json!(text));
            }
        }
        for ((member, name), country) in
            [("ShippingCountry", "ShipCountry"), ("BillingCountry", "BillCountry")].into_iter().zip(countries)
        {
            both(member, json!(country), name, if country.is_empty() { Value::Null } else { json!(country) });
        }
        both("SendAutoresponders", json!(flags.0), "EmailOptOut_Company", json!(flags.0 == Some(false)));
        both("AgreedToTerms", json!(flags.1), "TaxExempt", json!(false));
        both("ReferralMarketType", json!(numbers.0), "ReferralMarketTypeID", json!(numbers.0));
        // Not 1: a distributor has a minimum age.
        let customer_type = if numbers.1 == 1 { 2 } else { numbers.1 };
        both(
            "CustomerType",
            json!(customer_type),
            "CustomerTypeID",
            json!(if customer_type == 0 { 2 } else { customer_type }),
        );
        both(
            "PreferredCulture",
            json!(numbers.2),
            "PreferredCulture",
            json!(if numbers.2 == 0 { 1 } else { numbers.2 }),
        );
        let (customer, rep): (i32, &str) = people;
        let referrer =
            if customer == 0 { (Value::Null, Value::Null) } else { (json!(customer.to_string()), json!(customer)) };
        both("ReferCustomerID", referrer.0, "ReferCustomerID", referrer.1);
        let number = match rep {
            "" => Value::Null,
            "1" => json!(1),
            _ => json!(2),
        };
        both("ReciprocalRepDID", json!(rep), "ReciprocalRepID", number);
        let date = date.map_or((Value::Null, Value::Null), |(sent, returned)| (json!(sent), json!(returned)));
        both("DateOfBirth", date.0, "DateOfBirth", date.1);
        // Null counts as absent, and the other formats have no null.
        sent.retain(|_, value| !value.is_null());
        returned.retain(|_, value| !value.is_null());
        (sent, returned)
    })
}

#[test]
fn the_values_of_a_request_are_returned() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config { cases: 90, ..Config::default() }, rng);
    let number = std::cell::Cell::new(0);
    let result = runner.run(&requests(), |(mut sent, mut returned)| {
        number.set(number.get() + 1);
        let email = format!("p{}@round.example", number.get());
        let tax_id = format!("round-{}", number.get());
        for (members, name) in [(&mut sent, "Email"), (&mut returned, "Email")] {
            members.insert(name.to_owned(), json!(email));
        }
        sent.insert("TaxID".to_owned(), json!(tax_id));
        returned.insert("TaxID".to_owned(), json!(tax_id));
        let format = FORMATS[number.get() % 3];
        let body = format.written(&Value::Object(sent));
        let created: Value = serde_json::from_str(&client.create_in(format, &body).says(200, JSON)).expect("JSON");
        let mut response = created.as_object().expect("an object").clone();
        for own in [
            "CustomerID",
            "CustomerDID",
            "BCKey",
            "StatusTypeID",
            "ContactStatusID",
            "guid",
            "EmailOptOut_Upline",
            "ApplicationDate",
            "CreatedDate",
            "DateLastModified",
        ] {
            prop_assert!(response.remove(own).is_some(), "{own}");
        }
        prop_assert_eq!(&Value::Object(response), &Value::Object(returned), "{:?} {}", format, body);
        let found = client.post(LOOK_UP, &json!({ "Email": email.to_uppercase() })).json();
        prop_assert_eq!(found, json!([created]));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
