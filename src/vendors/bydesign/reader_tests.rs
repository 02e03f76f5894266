//! The values that are read of a creation, and the violations of those that are not valid.

use chrono::NaiveDateTime;
use chrono_tz::Tz;
use serde_json::Value;

use super::body::read_lenient;
use super::creation::{CustomerCreation, MODEL, names};
use super::dates;
use super::negotiate::BodyType;
use super::reader::{ReadCreation, read};
use crate::secret::Password;
use crate::wire::dates::DateForms;
use crate::wire::members::Notes;

/// Writes the value of a member as the vendor's clients do.
pub(super) trait ToJson {
    fn to_json(&self) -> Value;
}

impl ToJson for String {
    fn to_json(&self) -> Value {
        Value::from(self.as_str())
    }
}

impl ToJson for Password {
    fn to_json(&self) -> Value {
        Value::from(self.reveal())
    }
}

impl ToJson for bool {
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl ToJson for i32 {
    fn to_json(&self) -> Value {
        Value::from(*self)
    }
}

impl ToJson for NaiveDateTime {
    fn to_json(&self) -> Value {
        Value::from(self.format("%Y-%m-%dT%H:%M:%S%.f").to_string())
    }
}

const NEW_YORK: Tz = Tz::America__New_York;

fn request(content_type: &str, bytes: &[u8]) -> ReadCreation {
    let bytes = bytes.to_vec().leak();
    let members = read_lenient(&BodyType::of(Some(content_type)), bytes, MODEL).expect("members");
    read(&members, NEW_YORK)
}

fn of_json(text: &str) -> ReadCreation {
    request("application/json", text.as_bytes())
}

fn messages(request: &ReadCreation) -> Vec<(&'static str, &str)> {
    request.violations.iter().map(|violation| (violation.member, violation.message.as_str())).collect()
}

#[test]
fn the_vendors_samples_have_the_same_values() {
    let json = of_json(include_str!("samples/request.json"));
    let xml = request("text/xml", include_bytes!("samples/request.xml"));
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            (1..=10).zip(names()).map(|(number, name)| (name.to_uppercase(), format!("sample string {number}"))),
        )
        .finish();
    let form = request("application/x-www-form-urlencoded", form.as_bytes());
    assert_eq!((&json.violations, &json.ignored), (&Vec::new(), &Notes::default()));
    assert_eq!((&xml.violations, &xml.ignored), (&Vec::new(), &Notes::default()));
    let date = |text| dates::wall_clock(text, NEW_YORK, DateForms::JSON_NET);
    assert_eq!(json.creation.date_of_birth, date("2025-11-03T07:40:09.7363348"));
    assert_eq!(xml.creation.date_of_birth, date("2025-11-03T07:40:09"));
    assert_eq!(json.creation, CustomerCreation { date_of_birth: json.creation.date_of_birth, ..xml.creation });
    assert_eq!(json.creation.first_name.as_deref(), Some("sample string 1"));
    assert_eq!(json.creation.phone4.as_deref(), Some("sample string 10"));
    assert_eq!(json.creation.shipping_county.as_deref(), Some("sample string 17"));
    assert_eq!(json.creation.billing_county.as_deref(), Some("sample string 24"));
    assert_eq!((json.creation.agreed_to_terms, json.creation.referral_market_type), (Some(true), Some(1)));
    assert_eq!((json.creation.customer_type, json.creation.preferred_culture), (Some(31), Some(34)));
    assert_eq!(json.creation.reciprocal_rep_did.as_deref(), Some("sample string 33"));
    assert_eq!(form.creation.password, json.creation.password);
    assert_eq!(form.creation.phone4, json.creation.phone4);
}

#[test]
fn the_vendors_sample_response_can_be_read() {
    let bytes = include_bytes!("samples/response.xml");
    let members = read_lenient(&BodyType::of(Some("text/xml")), bytes, "Customer").expect("members");
    assert_eq!(members.text("CustomerID").as_deref(), Some("0"));
    assert_eq!(members.text("CustomerDID"), None);
    assert_eq!(members.text("EmailOptOut_Upline").as_deref(), Some("False"));
    assert_eq!(read(&members, NEW_YORK).violations, []);
}

#[test]
fn values_of_other_json_types_are_converted() {
    let request = of_json(
        r#"{"CustomerType":" 2 ","PreferredCulture":1.0,"ReferralMarketType":2.0,"AgreedToTerms":"True","SendAutoresponders":0,"Phone1":5551234,
            "Company":true,"FirstName":null,"LastName":" ","customertype":3,"More":{"x":1},"less":[]}"#,
    );
    assert_eq!(messages(&request), []);
    assert_eq!(request.ignored.kept(), ["More", "less"]);
    let expected = CustomerCreation {
        customer_type: Some(3),
        preferred_culture: Some(1),
        referral_market_type: Some(2),
        agreed_to_terms: Some(true),
        send_autoresponders: Some(false),
        phone1: Some("5551234".to_owned()),
        company: Some("true".to_owned()),
        ..CustomerCreation::default()
    };
    assert_eq!(request.creation, expected);
}

#[test]
fn the_smallest_date_is_null() {
    for text in ["0001-01-01T00:00:00", "0001-01-01T00:00:00+01:00", "01/01/0001 00:00:00", "  "] {
        let request = of_json(&format!(r#"{{"DateOfBirth":"{text}"}}"#));
        assert_eq!((request.creation.date_of_birth, request.violations), (None, Vec::new()), "{text}");
    }
}

#[test]
fn values_that_are_not_valid_are_violations() {
    let request = of_json(
        r#"{"CustomerType":"x","ReferralMarketType":2147483648,"PreferredCulture":1.5,"AgreedToTerms":"yes",
            "SendAutoresponders":"2","DateOfBirth":"31/12/1980","FirstName":{},"Company":["a"],"TaxID":[],"Password":{},
            "Phone1":12345678901234567890123}"#,
    );
    assert_eq!(
        messages(&request),
        [
            ("FirstName", "The value 'an object' is not valid for FirstName."),
            ("Password", "The value is not valid for Password."),
            ("Company", "The value 'an array' is not valid for Company."),
            ("Phone1", "The value 'a number of too many digits' is not valid for Phone1."),
            ("AgreedToTerms", "The value 'yes' is not valid for AgreedToTerms."),
            ("ReferralMarketType", "The value '2147483648' is not valid for ReferralMarketType."),
            ("TaxID", "The value is not valid for TaxID."),
            ("CustomerType", "The value 'x' is not valid for CustomerType."),
            ("SendAutoresponders", "The value '2' is not valid for SendAutoresponders."),
            ("DateOfBirth", "The value '31/12/1980' is not valid for DateOfBirth."),
            ("PreferredCulture", "The value '1.5' is not valid for PreferredCulture."),
        ]
    );
    assert_eq!(request.creation, CustomerCreation::default());
}

#[test]
fn the_three_limits_count_as_dot_net_does() {
    let fits = of_json(&format!(
        r#"{{"FirstName":"{}","LastName":"{}","Email":"{}","Company":"{}"}}"#,
        "ä".repeat(50),
        "😀".repeat(25),
        "e".repeat(100),
        "c".repeat(1000)
    ));
    assert_eq!(messages(&fits), []);
    let beyond = of_json(&format!(
        r#"{{"FirstName":"{}","LastName":"{}","Email":"{}"}}"#,
        "ä".repeat(51),
        "😀".repeat(26),
        "e".repeat(101)
    ));
    let maximum = "must be a string or array type with a maximum length of";
    assert_eq!(
        messages(&beyond),
        [
            ("FirstName", format!("The field FirstName {maximum} '50'.").as_str()),
            ("LastName", format!("The field LastName {maximum} '50'.").as_str()),
            ("Email", format!("The field Email {maximum} '100'.").as_str()),
        ]
    );
}

#[test]
fn control_characters_are_rejected() {
    let request = of_json(r#"{"FirstName":"a\u0000","LastName":"b\tc\r\n","TaxID2":"\u001b"}"#);
    assert_eq!(
        messages(&request),
        [
            ("FirstName", "The field FirstName must not contain control characters."),
            ("TaxID2", "The field TaxID2 must not contain control characters."),
        ]
    );
    assert_eq!(request.creation.last_name.as_deref(), Some("b\tc\r\n"));
}
