//! Bodies, read.

use super::*;
use crate::vendors::storm::wire::request::Customer;
use crate::vendors::storm::wire::{Sent, read};
use crate::wire::json::JsonError;
use crate::wire::members::Notes;

fn read(bytes: &[u8], plan: &StormPlan) -> Result<Option<Parsed<Customer>>, JsonError> {
    read::read(Source { bytes, leniency: Leniency::Comments, buffer: &Rewritten::default() }, plan)
}

/// The sample of the UpdateCustomer page, its elided parts filled.
const SAMPLE: &str = r#"{
    "Id": 0, "Key": "KEY", "Code": "string", "Email": "string", "SSN": "string", "FirstName": "string",
    "LastName": "string", "Phone": "string", "CellPhone": "string", "ReferId": 0, "ReferUrl": "string",
    "Account": { "Id": 0, "LoginName": "string", "Roles": [0], "Authorizations": [{ "Id": 0 }], "IsActive": true },
    "Companies": [{ "Id": 0, "Name": "string", "DeliveryAddresses": [{}], "Info": [{ "Value": "string" }] }],
    "DeliveryAddresses": [{ "Zip": "string", "CountryId": 0 }], "InvoiceAddress": { "IsValidated": true },
    "Flags": [{ "Id": 0, "IsSelected": true }], "UseInvoiceAddressAsDeliveryAddress": true,
    "Info": [{ "Id": 0, "Value": "string", "Code": "string" }], "PricelistIds": [0], "CrmId": "string",
    "IsActive": true, "Created": "2019-08-24T14:15:22Z", "Updated": "2019-08-24T14:15:22Z"
}"#;

fn customer(text: &str) -> Parsed<Customer> {
    read(text.as_bytes(), &StormPlan::default()).expect("an object").expect("a customer")
}

fn rejected(text: &str) -> Vec<String> {
    customer(text).rejections.into_iter().map(|rejection| rejection.text).collect()
}

#[test]
fn the_sample_of_the_page_is_read_except_its_key_which_is_no_guid() {
    assert_eq!(rejected(&SAMPLE.replace("KEY", "string")), ["Key must be a Guid."]);
    let request = customer(&SAMPLE.replace("KEY", "6f9619ff-8b86-d011-b42d-00c04fc964ff"));
    assert_eq!((request.rejections, request.ignored), (Vec::new(), Notes::default()));
    assert_eq!(request.value.id, Sent::Absent);
    assert_eq!(request.value.ssn.value().map(String::as_str), Some("string"));
    assert_eq!(request.value.created, "2019-08-24T14:15:22Z".parse().ok());
    assert_eq!(request.value.companies[0].delivery_addresses.len(), 1);
    assert_eq!(request.value.pricelist_ids, [0]);
}

#[test]
fn names_are_case_sensitive_and_unknown_names_are_noted() {
    let request = customer(r#"{"id": 7, "__type": "x", "Companies": [{"name": "x"}], "Flags": [{"X": 1}]}"#);
    assert_eq!(request.value.id, Sent::Absent);
    assert_eq!(
        request.ignored.kept(),
        ["Companies[0].name (did you mean Name?)", "Flags[0].X", "id (did you mean Id?)"]
    );
}

#[test]
fn values_are_read_as_the_texts_of_xml() {
    let text = r#"{"Id": "7", "IsActive": "true", "Code": 5, "SSN": true, "UseInvoiceAddressAsDeliveryAddress": 1, "PricelistIds": [" 8 "], "InvoiceAddress": {"CountryId": "752"}}"#;
    let request = customer(text);
    assert_eq!(request.rejections, []);
    assert_eq!((request.value.id, request.value.is_active), (Sent::Value(7), Some(true)));
    assert_eq!((request.value.code, request.value.ssn), (Sent::Value("5".to_owned()), Sent::Value("true".to_owned())));
    assert_eq!(request.value.use_invoice_address_as_delivery_address, Some(true));
    assert_eq!(request.value.pricelist_ids, [8]);
    assert_eq!(request.value.invoice_address.map(|address| address.country_id), Some(Sent::Value(752)));
}

#[test]
fn all_unreadable_members_are_listed() {
    let text = r#"{
        "Id": "", "Key": "", "Code": [5], "ReferId": 2147483648, "IsActive": 2, "Created": "soon",
        "UseInvoiceAddressAsDeliveryAddress": null, "Account": [], "PricelistIds": [1, null], "Flags": {},
        "Companies": [{"Id": 1.5, "DeliveryAddresses": [{}, {"Zip": {}, "CountryId": null, "IsValidated": null}]}, null],
        "Info": [{"Id": null}]
    }"#;
    let expected = [
        "Id must be an integer.",
        "Key must be a Guid.",
        "Code must be a string.",
        "ReferId must be an integer.",
        "Account must be an object.",
        "Companies[0].Id must be an integer.",
        "Companies[0].DeliveryAddresses[1].Zip must be a string.",
        "Companies[0].DeliveryAddresses[1].CountryId must be an integer.",
        "Companies[0].DeliveryAddresses[1].IsValidated must be true or false.",
        "Companies[1] must be an object.",
        "Flags must be an array.",
        "UseInvoiceAddressAsDeliveryAddress must be true or false.",
        "Info[0].Id must be an integer.",
        "PricelistIds[1] must be an integer.",
        "IsActive must be true or false.",
        "Created must be a date such as /Date(1704161045678+0100)/.",
    ];
    assert_eq!(rejected(text), expected);
}

#[test]
fn strict_json_converts_no_types() {
    let text = br#"{"Id": "7", "Code": 5, "IsActive": 1}"#;
    let source = Source { bytes: text, leniency: Leniency::Strict, buffer: &Rewritten::default() };
    let request = read::read::<Customer>(source, &StormPlan::default()).expect("an object").expect("a customer");
    let rejected: Vec<String> = request.rejections.into_iter().map(|rejection| rejection.text).collect();
    assert_eq!(rejected, ["Id must be an integer.", "Code must be a string.", "IsActive must be true or false."]);
}

#[test]
fn comments_are_skipped_and_unset_dates_are_none() {
    let text = r#"{ // c
        "Code": "a", /* b */ "Created": "/Date(-62135600400000+0100)/", "Updated": "0001-01-01T00:00:00+01:00", }"#;
    let request = customer(text);
    assert_eq!((request.rejections, request.value.code), (vec![], Sent::Value("a".to_owned())));
    assert_eq!((request.value.created, request.value.updated), (None, None));
}

#[test]
fn a_strict_plan_reads_no_iso_dates() {
    let plan = StormPlan { strict_dates: true, ..StormPlan::default() };
    let read = |date: &str| read(format!(r#"{{"Created": "{date}"}}"#).as_bytes(), &plan);
    let rejected = |date| read(date).expect("an object").expect("a customer").rejections.len();
    assert_eq!((rejected("2019-08-24T14:15:22Z"), rejected(r"\/Date(1)\/")), (1, 0));
}

#[test]
fn all_long_texts_and_control_characters_are_listed() {
    let (fits, long) = ("é".repeat(50), "é".repeat(51));
    let text = format!(
        r#"{{"FirstName": "{fits}", "LastName": "{long}", "Phone": "\u0000", "SSN": "a\tb\r\n",
            "InvoiceAddress": {{"Zip": "{long}"}}, "Info": [{{"Value": "{}"}}]}}"#,
        "x".repeat(9999)
    );
    let expected = [
        (ErrorCode::InvalidLength, "LastName must be at most 50 characters long."),
        (ErrorCode::InvalidCharacter, "Phone must not contain control characters."),
        (ErrorCode::InvalidLength, "InvoiceAddress.Zip must be at most 50 characters long."),
        (ErrorCode::InvalidLength, "Info[0].Value must be at most 4000 characters long."),
    ];
    assert_eq!(customer(&text).rejections, expected.map(|(code, text)| Rejection::new(code, text)));
}

#[test]
fn the_last_of_several_members_counts() {
    assert_eq!(customer(r#"{"Id": 1, "Id": 2}"#).value.id, Sent::Value(2));
}

#[test]
fn absurd_lists_are_rejected_and_absurd_depths_are_no_json() {
    let text = format!(r#"{{"PricelistIds": [{}0]}}"#, "0,".repeat(1000));
    assert_eq!(rejected(&text), ["PricelistIds must have at most 1000 items."]);
    let deep = "[".repeat(100_000);
    assert!(matches!(read(deep.as_bytes(), &StormPlan::default()), Err(JsonError::Syntax(_))));
}

#[test]
fn an_empty_body_is_no_customer_and_other_json_is_an_error() {
    let read = |bytes: &[u8]| read(bytes, &StormPlan::default());
    for empty in [&b""[..], b" \n", b"null"] {
        assert!(matches!(read(empty), Ok(None)));
    }
    assert!(matches!(read(b"[]"), Err(JsonError::NoObject)));
    assert!(matches!(read(b"\"x\""), Err(JsonError::NoObject)));
    assert!(matches!(read(b"{\"Id\":\xff}"), Err(JsonError::Encoding)));
    assert!(matches!(read(b"{} {}"), Err(JsonError::Syntax(_))));
    assert!(matches!(read(b"{\"Code\": \"\\ud800\"}"), Err(JsonError::Syntax(_))));
}

proptest::proptest! {
    #[test]
    fn no_body_causes_a_panic(text in "[-{}\\[\\]\":,0-9a-zA-Z/()+. ]{0,60}") {
        let _ = read(text.as_bytes(), &StormPlan::default());
    }
}
