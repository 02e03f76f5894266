//! Any creation, written in any format, reads back the same.

use chrono::NaiveDate;
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::Value;

use super::request::{CustomerCreation, MODEL, NAMES, read};
use super::{body, escape};
use crate::secret::Password;
use crate::vendors::bydesign::negotiate::BodyType;
use crate::wire::dates::DateForms;
use crate::wire::members::Notes;

/// The members as the vendor's own clients would write them.
fn members(sent: &CustomerCreation) -> Vec<(&'static str, Value)> {
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    let members = [
        ("FirstName", text(&sent.first_name)),
        ("LastName", text(&sent.last_name)),
        ("Email", text(&sent.email)),
        ("Password", sent.password.as_ref().map(|password| Value::from(password.reveal()))),
        ("RepDID", text(&sent.rep_did)),
        ("Company", text(&sent.company)),
        ("Phone1", text(&sent.phone1)),
        ("Phone2", text(&sent.phone2)),
        ("Phone3", text(&sent.phone3)),
        ("Phone4", text(&sent.phone4)),
        ("ShippingStreet1", text(&sent.shipping_street1)),
        ("ShippingStreet2", text(&sent.shipping_street2)),
        ("ShippingCountry", text(&sent.shipping_country)),
        ("ShippingPostalCode", text(&sent.shipping_postal_code)),
        ("ShippingCity", text(&sent.shipping_city)),
        ("ShippingState", text(&sent.shipping_state)),
        ("ShippingCounty", text(&sent.shipping_county)),
        ("BillingStreet1", text(&sent.billing_street1)),
        ("BillingStreet2", text(&sent.billing_street2)),
        ("BillingCountry", text(&sent.billing_country)),
        ("BillingPostalCode", text(&sent.billing_postal_code)),
        ("BillingCity", text(&sent.billing_city)),
        ("BillingState", text(&sent.billing_state)),
        ("BillingCounty", text(&sent.billing_county)),
        ("AgreedToTerms", sent.agreed_to_terms.map(Value::from)),
        ("ReferralMarketType", sent.referral_market_type.map(Value::from)),
        ("ReferralMarketTypeInput", text(&sent.referral_market_type_input)),
        ("ReferCustomerID", text(&sent.refer_customer_id)),
        ("TaxID", text(&sent.tax_id)),
        ("TaxID2", text(&sent.tax_id2)),
        ("ReplicatedSiteUrl", text(&sent.replicated_site_url)),
        ("CustomerType", sent.customer_type.map(Value::from)),
        ("SendAutoresponders", sent.send_autoresponders.map(Value::from)),
        ("DateOfBirth", sent.date_of_birth.map(|date| Value::from(date.format("%Y-%m-%dT%H:%M:%S%.f").to_string()))),
        ("ReciprocalRepDID", text(&sent.reciprocal_rep_did)),
        ("PreferredCulture", sent.preferred_culture.map(Value::from)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn json(members: &[(&str, Value)]) -> String {
    let object: serde_json::Map<_, _> =
        members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Value::Object(object).to_string()
}

fn xml(members: &[(&str, Value)]) -> String {
    let mut document = format!("<?xml version=\"1.0\"?><{MODEL}>");
    for (name, value) in members {
        document.extend(["\n<", name, ">"]);
        escape::text(&mut document, &bare(value));
        document.extend(["</", name, ">"]);
    }
    document + &format!("\n</{MODEL}>")
}

fn form(members: &[(&str, Value)]) -> String {
    let pairs = members.iter().map(|(name, value)| (name.to_lowercase(), bare(value)));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Texts that are not blank and that every format can hold.
fn text(longest: usize) -> impl Strategy<Value = Option<String>> {
    let characters = prop_oneof![
        8 => proptest::char::range(' ', '~'),
        1 => Just('\r'),
        1 => Just('\n'),
        1 => proptest::char::range('\u{a0}', '\u{d7ff}'),
        1 => proptest::char::range('\u{10000}', '\u{10ffff}'),
    ];
    let texts = proptest::collection::vec(characters, 1..longest).prop_map(String::from_iter);
    proptest::option::of(texts.prop_filter("blank is absent", |text| !text.trim().is_empty()))
}

fn date() -> impl Strategy<Value = Option<chrono::NaiveDateTime>> {
    // From the second day, for the first stands for none.
    let days = 2..NaiveDate::from_ymd_opt(9999, 12, 31).map_or(2, |last| chrono::Datelike::num_days_from_ce(&last));
    let date = (days, 0_u32..86_400, 0_u32..10_000_000).prop_filter_map("a date", |(day, second, ticks)| {
        let time = chrono::NaiveTime::from_num_seconds_from_midnight_opt(second, ticks * 100)?;
        Some(NaiveDate::from_num_days_from_ce_opt(day)?.and_time(time))
    });
    proptest::option::of(date)
}

/// A creation of a whole lot of parts: 30 texts and what is none.
fn creation() -> impl Strategy<Value = CustomerCreation> {
    let texts = proptest::collection::vec(text(20), 27);
    let bounded = (text(25), text(25), text(50));
    let flags = (any::<Option<bool>>(), any::<Option<bool>>());
    let numbers = (any::<Option<i32>>(), any::<Option<i32>>(), any::<Option<i32>>());
    (texts, bounded, flags, numbers, date()).prop_map(|(texts, bounded, flags, numbers, date_of_birth)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        CustomerCreation {
            first_name: bounded.0,
            last_name: bounded.1,
            email: bounded.2,
            password: next().map(Password::new),
            rep_did: next(),
            company: next(),
            phone1: next(),
            phone2: next(),
            phone3: next(),
            phone4: next(),
            shipping_street1: next(),
            shipping_street2: next(),
            shipping_country: next(),
            shipping_postal_code: next(),
            shipping_city: next(),
            shipping_state: next(),
            shipping_county: next(),
            billing_street1: next(),
            billing_street2: next(),
            billing_country: next(),
            billing_postal_code: next(),
            billing_city: next(),
            billing_state: next(),
            billing_county: next(),
            agreed_to_terms: flags.0,
            referral_market_type: numbers.0,
            referral_market_type_input: next(),
            refer_customer_id: next(),
            tax_id: next(),
            tax_id2: next(),
            replicated_site_url: next(),
            customer_type: numbers.1,
            send_autoresponders: flags.1,
            date_of_birth,
            reciprocal_rep_did: next(),
            preferred_culture: numbers.2,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_creation_reads_back_the_same(sent in creation()) {
        let members = members(&sent);
        for (content_type, bytes) in [
            ("application/json; charset=utf-8", json(&members)),
            ("application/xml", xml(&members)),
            ("application/x-www-form-urlencoded", form(&members)),
        ] {
            if members.is_empty() && bytes.is_empty() {
                continue;
            }
            let read_members = body::read_plain(&BodyType::of(Some(content_type)), bytes.clone().into_bytes().leak(), MODEL);
            let request = read(&read_members.expect("members"), Tz::America__New_York);
            prop_assert_eq!(&request.violations, &Vec::new());
            prop_assert_eq!(&request.ignored, &Notes::default());
            prop_assert_eq!(&request.wanted, &sent, "{}", bytes);
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[<>&;/!A-C\\[\\]=\"' {}:,-]{0,60}") {
        for content_type in ["text/json", "text/xml", "application/x-www-form-urlencoded"] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(members) = body::read_plain(&BodyType::of(Some(content_type)), bytes.to_vec().leak(), "A") {
                    let _ = read(&members, Tz::America__New_York);
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_dates_panic(text in "[0-9/:TZ+. -]{0,30}") {
        for zone in [Tz::America__New_York, Tz::Pacific__Apia, Tz::Asia__Kathmandu] {
            if let Some(wall) = super::dates::wall_clock(&text, zone, DateForms::JSON_NET) {
                let written = super::dates::Moment::of_wall(wall, zone).json();
                prop_assert_eq!(super::dates::wall_clock(&written, zone, DateForms::JSON_NET).map(|again| again.date()), Some(wall.date()));
            }
        }
    }
}

#[test]
fn every_member_is_written() {
    let full = CustomerCreation { first_name: Some("x".to_owned()), ..CustomerCreation::default() };
    assert_eq!(members(&full).len(), 1);
    assert_eq!(NAMES.len(), 36);
}
