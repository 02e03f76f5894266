//! Search, customer-ids, websiteInfo2, countries, customFields, stats.

use serde_json::{Value, json};

use crate::support::server::server;
use crate::support::{Tenant, seeds, tenant, tenant_with, with};

fn found(tenant: &Tenant, query: &str) -> Vec<i64> {
    let response = tenant.get(&format!("/v1/customers/search/{query}")).succeeds(200).json();
    let items = response.as_array().expect("an array").iter();
    items.map(|item| item["CustomerId"].as_i64().expect("an id")).collect()
}

#[test]
fn search_finds_a_part_of_each_field_in_any_case() {
    let tenant = tenant();
    let mut body = seeds::full();
    body["PrimaryAddress"] = json!({
        "Street1": "1 Cinnamon Way", "City": "Bluffdale", "Region": "ON", "PostalCode": "K1A 0B1", "CountryCode": "CA"
    });
    let id = tenant.create(&with(&body, json!({ "PrimaryPhone": "+1 801 555-7777", "TextPhone": "+1 801 555-8888" })));
    for term in [
        "testBACKofficeid01",
        "ext123456",
        "directScaleTest@",
        "ryan",
        "TESTING",
        "555-7777",
        "555-8888",
        "cinnamon%20way",
        "bluffd",
        "k1a%200b1",
    ] {
        assert_eq!(found(&tenant, term), [id], "{term}");
    }
    for term in ["unknown", "%25", "_", "RyanTesting", "%00", "ryan%1Ftesting", "TAX-TEST", "Test%20Company"] {
        assert_eq!(found(&tenant, term), [0; 0], "{term}");
    }
}

#[test]
fn a_search_result_has_the_documented_members() {
    let tenant = tenant();
    let item = tenant.get("/v1/customers/search/dana").succeeds(200).json()[0].clone();
    let expected = json!({
        "AssociateType": "Distributor", "AssociateTypeId": 1, "BackOfficeId": "15F92", "CustomerId": 2,
        "EMail": "dana@demo.example", "FirstName": "Dana", "LastName": "Distributor", "LegalFirstName": "Dana",
        "LegalLastName": "Distributor", "Phone": null, "ProfileImageUrl": null
    });
    assert_eq!(item, expected);
    let with_aliases = tenant.get("/v1/customers/search/dana?INCLUDEWEBALIASES=True").succeeds(200).json();
    assert_eq!(with_aliases[0]["WebAliases"], json!(["dana"]));
}

#[test]
fn search_is_filtered_by_type_status_and_country() {
    let tenant = tenant();
    assert_eq!(found(&tenant, "demo.example"), [1, 2, 3, 4]);
    assert_eq!(found(&tenant, "demo.example?types=2,3"), [3, 4]);
    tenant.patch("/v1/customers/4", &json!({ "CustomerStatus": 2 })).succeeds(200);
    assert_eq!(found(&tenant, "demo.example?types=2,%203&statuses=2"), [4]);
    assert_eq!(found(&tenant, "demo.example?countries=us,CA&statuses=1,,"), [1, 2, 3]);
    assert_eq!(found(&tenant, "demo.example?countries=CA"), [0; 0]);
    let codes = "countries must be two-letter ISO 3166-1 country codes with commas between them.";
    for unknown in ["%00", "XX", "US,,usa"] {
        tenant.get(&format!("/v1/customers/search/demo?countries={unknown}")).rejects(500, codes);
    }
    tenant.get("/v1/customers/search/demo?types=2,x").rejects(500, "types must be an integer.");
    tenant.get("/v1/customers/search/demo?statuses=1.5").rejects(500, "statuses must be an integer.");
    let message = "includeWebAliases must be true or false.";
    tenant.get("/v1/customers/search/demo?includeWebAliases=1").rejects(500, message);
    tenant.get("/v1/customers/search/%FF").rejects(500, "The path must be UTF-8, percent-encoded.");
}

#[test]
fn search_returns_at_most_fifty() {
    let tenant = tenant();
    for number in 0..51 {
        let unique = json!({ "Username": format!("u{number}"), "EmailAddress": format!("{number}@fifty.example") });
        tenant.create(&with(&seeds::retail(), unique));
    }
    let ids = found(&tenant, "fifty.example");
    assert_eq!((ids.len(), ids[0], ids[49]), (50, 5, 54));
}

#[test]
fn customer_ids_are_filtered() {
    let tenant = tenant();
    let ids = |query: &str| tenant.get(&format!("/v1/customers/customer-ids{query}")).succeeds(200).json();
    assert_eq!(ids(""), json!([1, 2, 3, 4]));
    assert_eq!(ids("/"), json!([1, 2, 3, 4]));
    assert_eq!(ids("?customerType=1"), json!([1, 2]));
    assert_eq!(ids("?customertype=&CUSTOMERSTATUS=3"), json!([]));
    tenant.call("DELETE", "/v1/customers/4", "", None).succeeds(200);
    assert_eq!(ids("?customerStatus=3"), json!([4]));
    server().execute(&format!(
        "update customers set modified_at = '2020-01-01T00:00:00Z' where tenant_id = {} and customer_id < 3",
        tenant.id
    ));
    assert_eq!(ids("?modifiedSince=2020-01-01T00:00:01"), json!([3, 4]));
    assert_eq!(ids("?modifiedSince=2020-01-01T00:00:00Z"), json!([1, 2, 3, 4]));
    let get = |query: &str| tenant.get(&format!("/v1/customers/customer-ids{query}"));
    get("?customerType=two").rejects(500, "customerType must be an integer.");
    get("?modifiedSince=soon").rejects(500, "modifiedSince must be a date such as 2020-02-20T15:47:52Z.");
}

#[test]
fn a_web_alias_is_found_or_the_response_is_empty() {
    let tenant = tenant();
    let website = tenant.get("/v1/customers/websiteInfo2?webAlias=DANA").succeeds(200).json();
    assert_eq!(
        website,
        json!({
            "CustomerId": 2, "WebAlias": "dana", "BackOfficeId": "15F92", "DisplayName": "Dana Distributor",
            "EmailAddress": "dana@demo.example"
        })
    );
    assert_eq!(tenant.get("/v1/customers/websiteInfo2?webAlias=unknown").succeeds(200).body, "{}");
    tenant.get("/v1/customers/websiteInfo2?webAlias=%20").rejects(500, "webAlias is required.");
}

#[test]
fn countries_come_from_the_plan() {
    let shape = |code: &str, number: i64, currency: &str, name: &str, iso3: &str| {
        json!({
            "CountryId": number, "CountryCode": code, "Shop": true, "Enroll": true, "CurrencyCode": currency,
            "AddTax": false, "TaxRate": 0.0, "RequireFin": false, "CountryName": name, "ISO3": iso3,
            "CountryLanguages": null
        })
    };
    let usa = shape("us", 840, "USD", "United States of America", "USA");
    assert_eq!(tenant().get("/v1/customers/3/countries").succeeds(200).json(), json!([usa]));
    let german = tenant_with(json!({ "countries": { "DE": "EUR" } }));
    let germany = shape("de", 276, "EUR", "Germany", "DEU");
    assert_eq!(german.get("/v1/customers/3/countries").succeeds(200).json(), json!([germany]));
}

#[test]
fn custom_fields_are_read_as_they_were_written() {
    let tenant = tenant();
    let id = tenant.create(&seeds::full());
    let read = || tenant.get(&format!("/v1/customers/{id}/customFields")).succeeds(200).json();
    let mut expected: Value = (1..=10).map(|number| (format!("Field{number}"), Value::Null)).collect();
    expected["Field1"] = json!("CustomField Content");
    expected["Field2"] = json!("Available through Field10");
    assert_eq!(read(), expected);
    tenant.patch(&format!("/v1/customers/{id}"), &json!({ "AssociateCustom": { "field6": "six" } })).succeeds(200);
    expected["Field6"] = json!("six");
    assert_eq!(read(), expected);
}

#[test]
fn stats_are_counted_as_of_a_date() {
    let tenant = tenant();
    let stats = |id: i64, query: &str| tenant.get(&format!("/v1/customers/{id}/stats{query}")).succeeds(200).json();
    let a = tenant.create(&seeds::distributor());
    tenant.post(&format!("/v1/customers/{a}/reward-points"), &json!({ "pointsToAdd": 12.5 })).succeeds(201);

    assert_eq!(
        stats(2, ""),
        json!({
            "Name": "Dana Distributor",
            "KitLevel": null,
            "Stats": { "Downline": { "Value": 1 }, "PersonallyEnrolled": { "Value": 3 }, "RewardPoints": { "Value": 0.0 } },
            "RankOptions": []
        })
    );
    assert_eq!(stats(1, "")["Stats"]["Downline"]["Value"], 2);
    assert_eq!(stats(a, "?entities=true")["Stats"]["RewardPoints"]["Value"], 12.5);
    let before = stats(2, "?date=2001-01-01");
    assert_eq!(before["Stats"]["Downline"]["Value"], 0);
    assert_eq!(before["Stats"]["PersonallyEnrolled"]["Value"], 0);
    tenant
        .get("/v1/customers/2/stats?date=yesterday")
        .rejects(500, "date must be a date such as 2020-02-20T15:47:52Z.");
}
