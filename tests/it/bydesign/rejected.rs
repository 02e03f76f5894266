//! Creations that are rejected: all violations at once, in the vendor's words, and nothing written.

use serde_json::{Value, json};

use super::{FORMATS, Format, JSON, PATH, XML, api_result, casey, possible};
use crate::support::{tenant, with};

/// The violations of the vendor's sample.
const OF_THE_SAMPLE: [(&str, &str); 8] = [
    ("EMAIL_INVALID", "The field Email must be an e-mail address."),
    ("REP_DID_UNKNOWN", "The value 'sample string 5' is not valid for RepDID."),
    ("SHIPPING_COUNTRY_UNKNOWN", "The value 'sample string 13' is not valid for ShippingCountry."),
    ("BILLING_COUNTRY_UNKNOWN", "The value 'sample string 20' is not valid for BillingCountry."),
    ("REFER_CUSTOMER_ID_UNKNOWN", "The value 'sample string 27' is not valid for ReferCustomerID."),
    ("CUSTOMER_TYPE_UNKNOWN", "The field CustomerType must be one of 1, 2, 3."),
    ("RECIPROCAL_REP_DID_UNKNOWN", "The value 'sample string 33' is not valid for ReciprocalRepDID."),
    ("PREFERRED_CULTURE_UNKNOWN", "The value '34' is not valid for PreferredCulture."),
];

#[test]
fn the_vendors_sample_is_rejected_with_all_its_violations() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let [json, xml] = api_result(&OF_THE_SAMPLE);
    for format in FORMATS {
        for (accept, content_type, expected) in [("application/json", JSON, &json), ("application/xml", XML, &xml)] {
            let headers = format!("{}Accept: {accept}\r\n", format.header());
            let reply = client.call("POST", PATH, &headers, Some(&format.printed()));
            assert_eq!(&reply.says(400, content_type), expected, "{format:?}");
        }
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn each_value_that_is_not_valid_is_rejected_by_name() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let long = |member: &str, max_length: usize| {
        format!("The field {member} must be a string or array type with a maximum length of '{max_length}'.")
    };
    let (first, last, email, company) =
        (long("FirstName", 50), long("LastName", 50), long("Email", 100), long("Company", 100));
    for (member, value, key, sentence) in [
        ("FirstName", json!("a".repeat(51)), "FIRST_NAME_TOO_LONG", first.as_str()),
        ("LastName", json!("ä".repeat(51)), "LAST_NAME_TOO_LONG", &last),
        // .NET counts UTF-16: 26 of these are 52.
        ("LastName", json!("😀".repeat(26)), "LAST_NAME_TOO_LONG", &last),
        ("Email", json!(format!("{}@x.example", "a".repeat(91))), "EMAIL_TOO_LONG", &email),
        ("Company", json!("a".repeat(101)), "COMPANY_TOO_LONG", &company),
        ("Email", json!("not-an-address"), "EMAIL_INVALID", "The field Email must be an e-mail address."),
        ("Email", json!("Dana@Demo.example "), "EMAIL_IN_USE", "The Email 'Dana@Demo.example' is already in use."),
        ("TaxID", json!("demo-tax-0001"), "TAX_ID_IN_USE", "The TaxID is already in use."),
        ("RepDID", json!("99"), "REP_DID_UNKNOWN", "The value '99' is not valid for RepDID."),
        ("RepDID", json!("3"), "REP_DID_UNKNOWN", "The value '3' is not valid for RepDID."),
        ("RepDID", json!("-1"), "REP_DID_UNKNOWN", "The value '-1' is not valid for RepDID."),
        (
            "ReferCustomerID",
            json!(99_999_999_999_u64),
            "REFER_CUSTOMER_ID_UNKNOWN",
            "The value '99999999999' is not valid for ReferCustomerID.",
        ),
        (
            "ReciprocalRepDID",
            json!("4"),
            "RECIPROCAL_REP_DID_UNKNOWN",
            "The value '4' is not valid for ReciprocalRepDID.",
        ),
        ("BillingCountry", json!("CA"), "BILLING_COUNTRY_UNKNOWN", "The value 'CA' is not valid for BillingCountry."),
        ("CustomerType", json!(-1), "CUSTOMER_TYPE_UNKNOWN", "The field CustomerType must be one of 1, 2, 3."),
        ("CustomerType", json!("two"), "CUSTOMER_TYPE_INVALID", "The value 'two' is not valid for CustomerType."),
        ("CustomerType", json!(1.5), "CUSTOMER_TYPE_INVALID", "The value '1.5' is not valid for CustomerType."),
        (
            "ReferralMarketType",
            json!(2_147_483_648_u64),
            "REFERRAL_MARKET_TYPE_INVALID",
            "The value '2147483648' is not valid for ReferralMarketType.",
        ),
        (
            "PreferredCulture",
            json!(17),
            "PREFERRED_CULTURE_UNKNOWN",
            "The value '17' is not valid for PreferredCulture.",
        ),
        ("AgreedToTerms", json!("yes"), "AGREED_TO_TERMS_INVALID", "The value 'yes' is not valid for AgreedToTerms."),
        (
            "SendAutoresponders",
            json!("2"),
            "SEND_AUTORESPONDERS_INVALID",
            "The value '2' is not valid for SendAutoresponders.",
        ),
        (
            "DateOfBirth",
            json!("31/12/1980"),
            "DATE_OF_BIRTH_INVALID",
            "The value '31/12/1980' is not valid for DateOfBirth.",
        ),
        ("DateOfBirth", json!(0), "DATE_OF_BIRTH_INVALID", "The value '0' is not valid for DateOfBirth."),
        (
            "FirstName",
            json!("a\u{0}b"),
            "FIRST_NAME_CONTROL_CHARACTER",
            "The field FirstName must not contain control characters.",
        ),
        (
            "Phone4",
            json!("\u{85}1"),
            "PHONE4_CONTROL_CHARACTER",
            "The field Phone4 must not contain control characters.",
        ),
        ("Company", json!(["x"]), "COMPANY_INVALID", "The value 'an array' is not valid for Company."),
        ("TaxID2", json!({ "x": 1 }), "TAX_ID2_INVALID", "The value is not valid for TaxID2."),
        (
            "Password",
            json!("x".repeat(101)),
            "PASSWORD_TOO_WEAK",
            "The field Password must be 1 to 100 characters long.",
        ),
    ] {
        let body = client.post(PATH, &with(&casey(), json!({ member: value }))).says(400, JSON);
        assert_eq!(body, api_result(&[(key, sentence)])[0], "{member} {value}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn violations_of_the_reader_and_of_the_domain_are_listed_together() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let changes = json!({
        "FirstName": "a".repeat(51), "Email": "not-an-address", "CustomerType": "x", "DateOfBirth": "soon", "AgreedToTerms": "7",
        "BillingState": "x".repeat(51), "Phone3": "1".repeat(51),
    });
    let expected = [
        ("FIRST_NAME_TOO_LONG", "The field FirstName must be a string or array type with a maximum length of '50'."),
        ("EMAIL_INVALID", "The field Email must be an e-mail address."),
        ("PHONE3_TOO_LONG", "The field Phone3 must be a string or array type with a maximum length of '50'."),
        (
            "BILLING_STATE_TOO_LONG",
            "The field BillingState must be a string or array type with a maximum length of '50'.",
        ),
        ("AGREED_TO_TERMS_INVALID", "The value '7' is not valid for AgreedToTerms."),
        ("CUSTOMER_TYPE_INVALID", "The value 'x' is not valid for CustomerType."),
        ("DATE_OF_BIRTH_INVALID", "The value 'soon' is not valid for DateOfBirth."),
    ];
    for format in FORMATS {
        let reply = client.create_in(format, &format.written(&with(&possible(), changes.clone())));
        assert_eq!(reply.says(400, JSON), api_result(&expected)[0], "{format:?}");
    }
    assert_eq!(tenant.everything(), before);
}

#[test]
fn all_conflicts_are_listed_together() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let conflicting = json!({ "Email": "dana@demo.example", "TaxID": "DEMO-TAX-0001", "RepDID": "1" });
    let expected = [
        ("EMAIL_IN_USE", "The Email 'dana@demo.example' is already in use."),
        ("TAX_ID_IN_USE", "The TaxID is already in use."),
    ];
    let body = client.post(PATH, &with(&possible(), conflicting)).says(400, JSON);
    assert_eq!(body, api_result(&expected)[0]);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn a_rep_is_of_age() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let before = tenant.everything();
    let child = with(&casey(), json!({ "CustomerType": 1, "DateOfBirth": "2020-01-01" }));
    let sentence = "The field DateOfBirth must be at least 18 years ago.";
    assert_eq!(client.post(PATH, &child).says(400, JSON), api_result(&[("DATE_OF_BIRTH_TOO_YOUNG", sentence)])[0]);
    assert_eq!(tenant.everything(), before);
}

/// A retry after a lost response is rejected while e-mail addresses are unique, and creates no second customer.
#[test]
fn the_same_request_twice_creates_one_customer() {
    let tenant = tenant();
    let client = tenant.bydesign();
    client.created(&possible());
    let before = tenant.everything();
    let rejected = client.post(PATH, &possible()).says(400, JSON);
    let violations = [
        ("EMAIL_IN_USE", "The Email 'sample@bydesign.example' is already in use."),
        ("TAX_ID_IN_USE", "The TaxID is already in use."),
    ];
    assert_eq!(rejected, api_result(&violations)[0]);
    assert_eq!(tenant.everything(), before);
}

#[test]
fn no_rejection_repeats_a_secret() {
    let tenant = tenant();
    let client = tenant.bydesign();
    let secrets = json!({ "Password": "hunter-two", "TaxID": "t-hunter-two".repeat(9), "TaxID2": ["hunter-two"] });
    for format in FORMATS {
        let body = with(&casey(), secrets.clone());
        let reply = client.create_in(format, &format.written(&body));
        assert!(reply.status == 400 && !reply.body.contains("hunter"), "{reply:?}");
    }
    let unescaped = "<CustomerCreationViewModel><Password>hunter<two&hunter</Password></CustomerCreationViewModel>";
    let reply = client.create_in(Format::Xml, unescaped);
    assert!(reply.status == 400 && !reply.body.contains("hunter"), "{reply:?}");
    let reply = client.create_in(Format::Json, r#"{"Password":"hunter-two","#);
    assert!(reply.status == 400 && !reply.body.contains("hunter"), "{reply:?}");
    assert_eq!(tenant.requests("?status=200"), Vec::<Value>::new());
}
