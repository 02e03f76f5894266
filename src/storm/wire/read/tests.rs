use super::*;
use crate::storm::wire::request::Customer;

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

fn customer(text: &str) -> Request<Customer> {
    read(text.as_bytes(), &StormPlan::default()).expect("an object").expect("a customer")
}

fn refused(text: &str) -> Vec<String> {
    customer(text).refused.into_iter().map(|refused| refused.text).collect()
}

#[test]
fn the_sample_is_read_but_for_its_key_which_is_no_guid() {
    assert_eq!(refused(&SAMPLE.replace("KEY", "string")), ["Key must be a Guid."]);
    let request = customer(&SAMPLE.replace("KEY", "6f9619ff-8b86-d011-b42d-00c04fc964ff"));
    assert_eq!((request.refused, request.ignored), (Vec::new(), Vec::new()));
    assert_eq!(request.wanted.id, Sent::Absent);
    assert_eq!(request.wanted.ssn.value().map(String::as_str), Some("string"));
    assert_eq!(request.wanted.created, "2019-08-24T14:15:22Z".parse().ok());
    assert_eq!(request.wanted.companies[0].delivery_addresses.len(), 1);
    assert_eq!(request.wanted.pricelist_ids, [0]);
}

#[test]
fn names_are_case_sensitive_and_unknown_ones_are_named() {
    let request = customer(r#"{"id": 7, "__type": "x", "Companies": [{"name": "x"}], "Flags": [{"X": 1}]}"#);
    assert_eq!(request.wanted.id, Sent::Absent);
    assert_eq!(request.ignored, ["Companies[0].name", "Flags[0].X", "id"]);
}

#[test]
fn numbers_and_booleans_may_be_quoted() {
    let text = r#"{"Id": "7", "IsActive": "true", "PricelistIds": [" 8 "], "InvoiceAddress": {"CountryId": "752"}}"#;
    let request = customer(text);
    assert_eq!(request.refused, []);
    assert_eq!((request.wanted.id, request.wanted.is_active), (Sent::Value(7), Some(true)));
    assert_eq!(request.wanted.pricelist_ids, [8]);
    assert_eq!(request.wanted.invoice_address.map(|address| address.country_id), Some(Sent::Value(752)));
}

#[test]
fn everything_that_cannot_be_read_is_named_at_once() {
    let text = r#"{
        "Id": "", "Key": "", "Code": 5, "ReferId": 2147483648, "IsActive": 1, "Created": "soon",
        "UseInvoiceAddressAsDeliveryAddress": null, "Account": [], "PricelistIds": [1, null], "Flags": {},
        "Companies": [{"Id": 1.5, "DeliveryAddresses": [{}, {"Zip": 1, "CountryId": null, "IsValidated": null}]}, null],
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
    assert_eq!(refused(text), expected);
}

#[test]
fn a_strict_plan_reads_no_iso_dates() {
    let plan = StormPlan { strict_dates: true, ..StormPlan::default() };
    let read = |date: &str| read::<Customer>(format!(r#"{{"Created": "{date}"}}"#).as_bytes(), &plan);
    let refused = |date| read(date).expect("an object").expect("a customer").refused.len();
    assert_eq!((refused("2019-08-24T14:15:22Z"), refused(r"\/Date(1)\/")), (1, 0));
}

#[test]
fn long_texts_and_control_characters_are_named_at_once() {
    let (fits, long) = ("é".repeat(50), "é".repeat(51));
    let text = format!(
        r#"{{"FirstName": "{fits}", "LastName": "{long}", "Phone": "\u0000", "SSN": "a\tb\r\n",
            "InvoiceAddress": {{"Zip": "{long}"}}, "Info": [{{"Value": "{}"}}]}}"#,
        "x".repeat(9999)
    );
    let expected = [
        (Key::InvalidLength, "LastName must be at most 50 characters long."),
        (Key::InvalidCharacter, "Phone must not contain control characters."),
        (Key::InvalidLength, "InvoiceAddress.Zip must be at most 50 characters long."),
    ];
    assert_eq!(customer(&text).refused, expected.map(|(key, text)| Refused::new(key, text)));
}

#[test]
fn the_last_of_several_members_counts() {
    assert_eq!(customer(r#"{"Id": 1, "Id": 2}"#).wanted.id, Sent::Value(2));
}

#[test]
fn absurd_lists_are_refused_and_absurd_depths_are_no_json() {
    let text = format!(r#"{{"PricelistIds": [{}0]}}"#, "0,".repeat(1000));
    assert_eq!(refused(&text), ["PricelistIds must have at most 1000 items."]);
    let deep = "[".repeat(100_000);
    assert!(matches!(read::<Customer>(deep.as_bytes(), &StormPlan::default()), Err(BodyError::Json(_))));
}

#[test]
fn nothing_is_no_customer_and_anything_else_is_no_body() {
    let read = |bytes: &[u8]| read::<Customer>(bytes, &StormPlan::default());
    for nothing in [&b""[..], b" \n", b"null", b"\xef\xbb\xbf"] {
        assert!(matches!(read(nothing), Ok(None)));
    }
    assert!(matches!(read(b"[]"), Err(BodyError::NoObject)));
    assert!(matches!(read(b"\"x\""), Err(BodyError::NoObject)));
    assert!(matches!(read(b"{\"Id\":\xff}"), Err(BodyError::Encoding)));
    assert!(matches!(read(b"{} {}"), Err(BodyError::Json(_))));
    assert!(matches!(read(b"{\"Code\": \"\\ud800\"}"), Err(BodyError::Json(_))));
}

proptest::proptest! {
    #[test]
    fn no_body_makes_it_panic(text in "[-{}\\[\\]\":,0-9a-zA-Z/()+. ]{0,60}") {
        let _ = read::<Customer>(text.as_bytes(), &StormPlan::default());
    }
}
