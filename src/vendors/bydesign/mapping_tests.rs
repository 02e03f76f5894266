//! A creation as it is stored, and as it is returned.

use chrono::NaiveDate;
use serde_json::{Map, json};
use uuid::Uuid;

use super::*;
use crate::customers::{Profiled, Version};
use crate::model::{Address, Customer, CustomerId};
use crate::secret::Password;
use crate::vendors::bydesign::customer::customer;
use crate::vendors::bydesign::negotiate::Format;

/// A creation in which nearly every member is set.
pub(in super::super) fn sample() -> CustomerCreation {
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

const REFERENCES: References = References { sponsor: Some(1), refer_customer: Some(3), reciprocal_rep: Some(9) };

/// The customer that the domain stores.
pub(in super::super) fn stored(creation: CustomerCreation) -> Profiled {
    let MappedCreation { fields, profile, .. } = map_creation(creation, REFERENCES, &ByDesignPlan::default());
    profiled(fields, profile)
}

fn profiled(fields: CustomerFields, profile: Map<String, Value>) -> Profiled {
    let customer = Customer {
        id: CustomerId(7),
        enroller_id: fields.sponsor_id,
        inactive_date: None,
        fields: CustomerFields {
            back_office_id: Some("15F97".to_owned()),
            customer_status: Some(1),
            sign_up_date: "2025-11-03T12:40:09Z".parse().ok(),
            ..fields
        },
    };
    Profiled {
        customer,
        uuid: Uuid::nil(),
        modified_at: "2025-11-03T12:40:10.5Z".parse().expect("an instant"),
        version: Version(1),
        fields: profile,
        companies: Vec::new(),
    }
}

fn returned(profiled: &Profiled) -> Value {
    let bytes = customer(profiled, &ByDesignPlan::default()).bytes(Format::Json);
    serde_json::from_slice(&bytes).expect("JSON")
}

#[test]
fn a_creation_becomes_fields_and_a_profile() {
    let MappedCreation { fields, profile, violations } = map_creation(sample(), REFERENCES, &ByDesignPlan::default());
    assert_eq!(violations, []);
    assert_eq!(fields.birth_date, "1980-05-01T07:40:09.736334Z".parse().ok());
    assert_eq!((fields.customer_type, fields.send_emails, fields.sponsor_id), (Some(2), Some(true), Some(1)));
    assert_eq!(fields.language_code.as_deref(), Some("es"));
    assert_eq!(fields.primary_address.country_code.as_deref(), Some("US"));
    assert_eq!(fields.shipping_address.country_code.as_deref(), Some("CA"));
    assert_eq!(fields.text_phone.as_deref(), Some("3"));
    let expected = json!({
        "RepDID": "90001", "Phone4": "4", "ShippingCountry": "canada", "ShippingCounty": "Kent",
        "BillingCountry": "United States", "BillingCounty": "Utah", "ReferralMarketType": 0,
        "ReferralMarketTypeInput": "a fair", "ReferCustomerDID": "C3", "ReferCustomerID": 3, "TaxID2": "222",
        "ReplicatedSiteUrl": "ada", "ReciprocalRepDID": "R9", "ReciprocalRepID": 9,
    });
    assert_eq!(Value::Object(profile), expected);
}

#[test]
fn what_was_sent_is_returned() {
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
    assert_eq!(returned(&stored(sample())), expected);
}

#[test]
fn a_customer_of_another_vendor_api_is_returned() {
    let fields = CustomerFields {
        birth_date: "1980-05-01T00:00:00Z".parse().ok(),
        customer_type: Some(1),
        language_code: Some("uk".into()),
        primary_address: Address { country_code: Some("US".into()), ..Address::default() },
        ..CustomerFields::default()
    };
    let returned = returned(&profiled(fields, Map::new()));
    assert_eq!(returned["DateOfBirth"], "1980-05-01T00:00:00-04:00");
    assert_eq!((&returned["BillCountry"], &returned["PreferredCulture"]), (&json!("USA"), &json!(1)));
    assert_eq!(returned["EmailOptOut_Company"], true);
    for absent in ["ShipCountry", "ShipStreet1", "Password", "ReferCustomerID", "FirstName"] {
        assert_eq!(returned.get(absent), None, "{absent}");
    }
}

#[test]
fn a_changed_country_is_named_as_in_the_list() {
    let mut profiled = stored(sample());
    profiled.customer.primary_address.country_code = Some("GB".into());
    profiled.customer.shipping_address.country_code = None;
    let returned = returned(&profiled);
    assert_eq!(returned["BillCountry"], "UNITED KINGDOM");
    assert_eq!(returned.get("ShipCountry"), None);
}

#[test]
fn unknown_countries_and_cultures_are_rejected() {
    let creation = CustomerCreation {
        shipping_country: Some("CA".into()),
        billing_country: Some("ATLANTIS".into()),
        preferred_culture: Some(34),
        ..CustomerCreation::default()
    };
    let violations = map_creation(creation, References::default(), &ByDesignPlan::default()).violations;
    let found: Vec<_> = violations.iter().map(|violation| (violation.key(), violation.message.as_str())).collect();
    assert_eq!(
        found,
        [
            ("CUSTOMER_SHIPPING_COUNTRY_UNKNOWN".to_owned(), "The value 'CA' is not valid for ShippingCountry."),
            ("CUSTOMER_BILLING_COUNTRY_UNKNOWN".to_owned(), "The value 'ATLANTIS' is not valid for BillingCountry."),
            ("CUSTOMER_PREFERRED_CULTURE_UNKNOWN".to_owned(), "The value '34' is not valid for PreferredCulture."),
        ]
    );
}

#[test]
fn an_empty_creation_is_a_retail_customer() {
    let MappedCreation { fields, profile, violations } =
        map_creation(CustomerCreation::default(), References::default(), &ByDesignPlan::default());
    assert_eq!((violations, profile), (Vec::new(), Map::new()));
    assert_eq!(fields, CustomerFields { customer_type: Some(2), send_emails: Some(true), ..CustomerFields::default() });
}
