//! There and back.

use chrono::NaiveDate;
use serde_json::{Map, json};
use uuid::Uuid;

use super::answer::answer;
use super::creation::{Mapped, Resolved, creation};
use crate::customers::{Address, Customer, CustomerFields, CustomerId, Profiled, Version};
use crate::plan::ByDesignPlan;
use crate::secret::Password;
use crate::vendors::bydesign::wire::request::CustomerCreation;

fn sent() -> CustomerCreation {
    CustomerCreation {
        first_name: Some("Ada".into()),
        last_name: Some("Lovelace".into()),
        email: Some("ada@x.y".into()),
        password: Some(Password::new("Engine1842".to_owned())),
        rep_did: Some("90001".into()),
        company: Some("Engines".into()),
        phone1: Some("1".into()),
        phone2: Some("2".into()),
        phone3: Some("3".into()),
        phone4: Some("4".into()),
        shipping_street1: Some("5 Way".into()),
        shipping_country: Some("canada".into()),
        shipping_county: Some("Kent".into()),
        billing_street1: Some("6 Way".into()),
        billing_state: Some("UT".into()),
        billing_country: Some("United States".into()),
        billing_county: Some("Utah".into()),
        agreed_to_terms: Some(true),
        referral_market_type: Some(0),
        referral_market_type_input: Some("a fair".into()),
        refer_customer_id: Some("C3".into()),
        tax_id: Some("111".into()),
        tax_id2: Some("222".into()),
        replicated_site_url: Some("ada".into()),
        customer_type: Some(0),
        date_of_birth: NaiveDate::from_ymd_opt(1980, 5, 1).and_then(|day| day.and_hms_nano_opt(7, 40, 9, 736_334_800)),
        reciprocal_rep_did: Some("R9".into()),
        preferred_culture: Some(2),
        ..CustomerCreation::default()
    }
}

const RESOLVED: Resolved = Resolved { sponsor: Some(1), refer_customer: Some(3), reciprocal_rep: Some(9) };

/// The customer that the domain would make of it.
fn kept(values: CustomerFields, fields: Map<String, serde_json::Value>) -> Profiled {
    let customer = Customer {
        id: CustomerId(7),
        enroller_id: values.sponsor_id,
        inactive_date: None,
        fields: CustomerFields {
            back_office_id: Some("15F97".to_owned()),
            customer_status: Some(1),
            sign_up_date: "2025-11-03T12:40:09Z".parse().ok(),
            ..values
        },
    };
    Profiled {
        customer,
        key: Uuid::nil(),
        modified_at: "2025-11-03T12:40:10.5Z".parse().expect("an instant"),
        version: Version(1),
        fields,
        companies: Vec::new(),
    }
}

fn shown(profiled: &Profiled) -> serde_json::Value {
    let plan = ByDesignPlan::default();
    let bytes = answer(profiled, &plan).answer().bytes(crate::vendors::bydesign::negotiate::Format::Json);
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn a_creation_becomes_values_and_extras() {
    let Mapped { values, extras, violations } = creation(sent(), RESOLVED, &ByDesignPlan::default());
    assert_eq!(violations, []);
    assert_eq!(values.birth_date, "1980-05-01T07:40:09.736334Z".parse().ok());
    assert_eq!((values.customer_type, values.send_emails, values.sponsor_id), (Some(2), Some(true), Some(1)));
    assert_eq!(values.language_code.as_deref(), Some("es"));
    assert_eq!(values.primary_address.country_code.as_deref(), Some("US"));
    assert_eq!(values.shipping_address.country_code.as_deref(), Some("CA"));
    assert_eq!(values.text_phone.as_deref(), Some("3"));
    let expected = json!({
        "RepDID": "90001", "Phone4": "4", "ShippingCountry": "canada", "ShippingCounty": "Kent",
        "BillingCountry": "United States", "BillingCounty": "Utah", "ReferralMarketType": 0,
        "ReferralMarketTypeInput": "a fair", "ReferCustomerDID": "C3", "ReferCustomerID": 3, "TaxID2": "222",
        "ReplicatedSiteUrl": "ada", "ReciprocalRepDID": "R9", "ReciprocalRepID": 9,
    });
    assert_eq!(serde_json::Value::Object(extras), expected);
}

#[test]
fn what_was_sent_comes_back() {
    let Mapped { values, extras, .. } = creation(sent(), RESOLVED, &ByDesignPlan::default());
    let expected = json!({
        "CustomerID": 7, "CustomerDID": "7", "BCKey": 1, "CustomerTypeID": 2, "FirstName": "Ada", "LastName": "Lovelace",
        "Company": "Engines", "Email": "ada@x.y", "PreferredCulture": 2, "BillStreet1": "6 Way", "BillState": "UT",
        "BillCountry": "United States", "BillCounty": "Utah", "ShipStreet1": "5 Way", "ShipCountry": "canada",
        "ShipCounty": "Kent", "Phone1": "1", "Phone2": "2", "Phone3": "3", "Phone4": "4", "TaxExempt": false,
        "TaxID": "111", "TaxID2": "222", "ReferralMarketTypeID": 0, "ReferralMarketTypeInput": "a fair",
        "ReferCustomerID": 3, "DateOfBirth": "1980-05-01T07:40:09.736334-04:00",
        "ApplicationDate": "2025-11-03T07:40:09-05:00", "StatusTypeID": 1, "ContactStatusID": 1, "ReciprocalRepID": 9,
        "DateLastModified": "2025-11-03T07:40:10.5-05:00", "CreatedDate": "2025-11-03T07:40:09-05:00",
        "guid": "00000000-0000-0000-0000-000000000000", "EmailOptOut_Company": false, "EmailOptOut_Upline": false,
    });
    assert_eq!(shown(&kept(values, extras)), expected);
}

#[test]
fn a_customer_of_the_other_door_is_told_too() {
    let values = CustomerFields {
        birth_date: "1980-05-01T00:00:00Z".parse().ok(),
        customer_type: Some(1),
        language_code: Some("uk".into()),
        primary_address: Address { country_code: Some("US".into()), ..Address::default() },
        ..CustomerFields::default()
    };
    let shown = shown(&kept(values, Map::new()));
    assert_eq!(shown["DateOfBirth"], "1980-05-01T00:00:00-04:00");
    assert_eq!((&shown["BillCountry"], &shown["PreferredCulture"]), (&json!("USA"), &json!(1)));
    assert_eq!(shown["EmailOptOut_Company"], true);
    for absent in ["ShipCountry", "ShipStreet1", "Password", "ReferCustomerID", "FirstName"] {
        assert_eq!(shown.get(absent), None, "{absent}");
    }
}

#[test]
fn a_country_that_moved_is_called_as_the_list_has_it() {
    let Mapped { mut values, extras, .. } = creation(sent(), RESOLVED, &ByDesignPlan::default());
    values.primary_address.country_code = Some("GB".into());
    values.shipping_address.country_code = None;
    let shown = shown(&kept(values, extras));
    assert_eq!(shown["BillCountry"], "UNITED KINGDOM");
    assert_eq!(shown.get("ShipCountry"), None);
}

#[test]
fn what_names_nothing_known_is_rejected() {
    let sent = CustomerCreation {
        shipping_country: Some("CA".into()),
        billing_country: Some("ATLANTIS".into()),
        preferred_culture: Some(34),
        ..CustomerCreation::default()
    };
    let violations = creation(sent, Resolved::default(), &ByDesignPlan::default()).violations;
    let told: Vec<_> = violations.iter().map(|violation| (violation.key(), violation.sentence.as_str())).collect();
    assert_eq!(
        told,
        [
            ("CUSTOMER_SHIPPING_COUNTRY_UNKNOWN".to_owned(), "The value 'CA' is not valid for ShippingCountry."),
            ("CUSTOMER_BILLING_COUNTRY_UNKNOWN".to_owned(), "The value 'ATLANTIS' is not valid for BillingCountry."),
            ("CUSTOMER_PREFERRED_CULTURE_UNKNOWN".to_owned(), "The value '34' is not valid for PreferredCulture."),
        ]
    );
}

#[test]
fn a_customer_without_anything_is_a_retail_customer() {
    let Mapped { values, extras, violations } =
        creation(CustomerCreation::default(), Resolved::default(), &ByDesignPlan::default());
    assert_eq!((violations, extras), (Vec::new(), Map::new()));
    assert_eq!(values, CustomerFields { customer_type: Some(2), send_emails: Some(true), ..CustomerFields::default() });
}
