//! The request bodies that the vendor prints (DirectScale, Upgrade Customer page), and the one of its PATCH page.

use serde_json::{Value, json};

/// Every property.
pub fn full() -> Value {
    json!({
        "BackOfficeId": "TestBackOfficeId01",
        "BirthDate": "1973-05-12T00:00:00Z",
        "CompanyName": "Test Company Name Inc.",
        "CustomerStatus": 1,
        "CustomerType": 1,
        "DefaultShippingAddress": {
            "Street1": "250 South 400 West",
            "Street2": "Suite #225",
            "PostalCode": "84042",
            "City": "Lindon",
            "Region": "UT",
            "CountryCode": "US"
        },
        "EmailAddress": "directScaleTest@testing.directscale.com",
        "ExternalReferenceId": "EXT1234567890",
        "FirstName": "Ryan",
        "LanguageCode": "en",
        "LastName": "Testing",
        "Password": "PasswordHere1",
        "PrimaryAddress": {
            "Street1": "250 South 400 West",
            "Street2": "Suite #225",
            "PostalCode": "84042",
            "City": "Lindon",
            "Region": "UT",
            "CountryCode": "US"
        },
        "PrimaryPhone": "+1 801 555-1111",
        "SecondaryPhone": "+1 801 555-2222",
        "SendEmails": true,
        "SignUpDate": "1988-01-01T00:00:00Z",
        "SponsorId": 2,
        "TaxExempt": false,
        "TaxExemptId": "TAX-TEST-0000",
        "TaxId": "TAX-TEST-1111",
        "TermsAccepted": true,
        "TextPhone": "+1 801 555-1111",
        "Username": "TestUsername01",
        "WebAlias": "TestWebAlias",
        "AssociateCustom": {
            "Field1": "CustomField Content",
            "Field2": "Available through Field10"
        }
    })
}

/// The least for a distributor.
pub fn distributor() -> Value {
    json!({
        "BirthDate": "1973-05-12T00:00:00Z",
        "CustomerType": 1,
        "DefaultShippingAddress": {
            "Street1": "250 South 400 West",
            "PostalCode": "84042",
            "City": "Lindon",
            "CountryCode": "US"
        },
        "EmailAddress": "yodaminch@testing.directscale.com",
        "FirstName": "Minch",
        "LastName": "Yoda",
        "Password": "Password123!",
        "PrimaryAddress": { "Street1": "250 South 400 West", "Region": "UT", "CountryCode": "US" },
        "SponsorId": 2,
        "TaxExempt": false,
        "TaxId": "TAX-TEST-3333",
        "TermsAccepted": true,
        "Username": "YodaIAm"
    })
}

/// The least for a retail customer.
pub fn retail() -> Value {
    json!({
        "CustomerType": 2,
        "EmailAddress": "darthsidious66@testing.directscale.com",
        "FirstName": "Sheev",
        "LastName": "Palpatine",
        "Password": "Password123!",
        "PrimaryAddress": { "Street1": "250 South 400 West", "Region": "UT", "CountryCode": "US" },
        "SponsorId": 2,
        "Username": "Emperor Palpatine"
    })
}

/// The least for a preferred customer, as printed: without the Username that the page's list requires.
pub fn preferred() -> Value {
    json!({
        "CustomerType": 3,
        "EmailAddress": "bobafett@testing.directscale.com",
        "FirstName": "Boba",
        "LastName": "Fett",
        "PrimaryAddress": { "Street1": "250 South 400 West", "Region": "UT", "CountryCode": "US" },
        "SponsorId": 2
    })
}

/// The body of the PATCH page.
pub fn patch() -> Value {
    json!({ "WebAlias": "my-web-alias", "Username": "myUsername", "CustomerType": 1, "CustomerStatus": 1 })
}
